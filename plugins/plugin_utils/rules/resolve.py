# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate does a client get, and why: the published precedence (F1.10) over one host's records."""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cached_property

from ..model.endpoint import ANY_OTHER_NAME, Answer, Endpoint
from ..model.host import CENTRAL_STORE, Certificate, Host, RecordValue
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, is_ipv6, shown_host, store_key
from .assumptions import DEFAULT, Assumptions
from .key_health import key_health

#: All that answers know of an address on one port: its own record, is it IPv6, does http.sys listen there.
Standing = tuple[RecordKey | None, bool, bool]

_RULE_WORDS = {
    "exact_address": "a record on this very address and port outranks every name",
    "exact_name": "the record for this name and port",
    "wildcard_name": "the record for a wildcard that stands for this name",
    "central_store": "the central certificate store of this port has a file for this name",
    "any_ipv6": "the record for every IPv6 address on this port",
    "any_address": "the record for every address on this port",
}
#: Rules that outrank everything a switch is about.
_CERTAIN = ("exact_address", "scoped_central_store", "exact_name")
_SCOPED = "a central store record for this one name ({}): no source says how Windows ranks it, so nothing is predicted (F1.24)"


class Resolver:
    """Answers endpoints of one host. Build once, ask often: a look-up is a handful of dictionary accesses."""

    def __init__(self, host: Host, assumptions: Assumptions = DEFAULT) -> None:
        self.host = host
        self.assumptions = assumptions
        self._records = host.record_values
        self._by_port: dict[int, dict[tuple[str, str], RecordKey]] = {}
        for key in self._records:
            self._by_port.setdefault(key.port, {})[key.family, key.name] = key
        self._certificates: dict[tuple[str, str], Certificate] = {}
        for certificate in host.certificates:
            self._certificates.setdefault((store_key(certificate.store), certificate.thumbprint), certificate)
        self._certificates_unread, self._records_unread = "certificates" in host.unread, "records" in host.unread
        #: Is there any central store record for a single name?
        self.scoped = any(key.family == "scopedccs" for key in self._records)
        self._wild_ports = {key.port for key in self._records if key.name.startswith("*.")}

    def answer(self, endpoint: Endpoint) -> Answer:
        """The prediction for one endpoint, with the deciding record, the rule, and what it shadows."""
        if not self.listening(endpoint):
            here = self.host.http_ports is None or endpoint.port in self.host.http_ports
            reason = "the IP listen list of http.sys leaves this address out" if here else "nobody listens there"
            listed = ("listen_list_decides",) if here else ()
            return Answer("not_listening", None, None, None, (), f"{reason}, as far as http.sys goes", None, listed)
        found = self._ranks(endpoint)
        used = self._debatable(endpoint, found)
        for place, (rule, key) in enumerate(found):
            shadowed = tuple([other for _rule, other in found[place + 1 :]])
            answer = self._by(rule, key, shadowed, endpoint, used)
            if answer is not None:
                return answer
            used = (*used, "key_failure_ends_selection" if key.family != "ccs" else "central_store_falls_through")
        reason = "no record matches; the handshake fails without a certificate"
        if self._records_unread:
            reason = "no record is known to match, but not all records could be read"
        return Answer("no_record", None, None, None, (), reason, None, used)

    def listening(self, endpoint: Endpoint) -> bool:
        """Does http.sys take connections there (F7.10)? Unknown ports count as listening."""
        ports = self.host.http_ports
        if ports is not None and endpoint.port not in ports:
            return False
        return not self.assumptions.listen_list_decides or listens_on(self.host, endpoint.address)

    def ports(self) -> set[int]:
        """Ports with a record or an https binding."""
        bound = {binding.parts[1] for site in self.host.sites for binding in site.bindings if binding.is_https}
        return (bound | {key.port for key in self._records}) - {0}

    def names(self, port: int) -> Set[str]:
        """Server names that a record or a binding of the port speaks of."""
        return self._names.get(port, frozenset())

    @cached_property
    def _names(self) -> dict[int, set[str]]:
        named: dict[int, set[str]] = {}
        for key in self._records:
            if key.family in ("hostnameport", "scopedccs"):
                named.setdefault(key.port, set()).add(key.name)
        for site in self.host.sites:
            for binding in site.bindings:
                if binding.is_https and binding.parts[2]:
                    named.setdefault(binding.parts[1], set()).add(binding.parts[2])
        return named

    def record(self, key: RecordKey) -> RecordValue | None:
        return self._records.get(key)

    def certificate(self, value: RecordValue) -> Certificate | None:
        """The certificate a record names, if it is in that store (F6.01)."""
        return self._certificates.get(value.certificate) if value.certificate else None

    def exact(self, address: str, port: int) -> RecordKey | None:
        """The record on this very address, which outranks all others there."""
        return self._by_port.get(port, {}).get(("ipport", address))

    def standing(self, address: str, port: int) -> Standing:
        """Two addresses of one standing get the same answer to every name."""
        return (self.exact(address, port), is_ipv6(address), self.listening(Endpoint(address, port, None)))

    def _ranks(self, endpoint: Endpoint) -> list[tuple[str, RecordKey]]:
        """The records that match, best rank first (F1.10; wildcard names F1.22, F1.23; scoped central stores F1.24)."""
        port, name = endpoint.port, endpoint.sni
        here = self._by_port.get(port)
        if here is None:
            return []
        found: list[tuple[str, RecordKey]] = []
        if (key := here.get(("ipport", endpoint.address))) is not None:
            found.append(("exact_address", key))
        if name is not None:
            if self.scoped and (key := here.get(("scopedccs", name))) is not None:
                found.append(("scoped_central_store", key))
            if (key := here.get(("hostnameport", name))) is not None:
                found.append(("exact_name", key))
            key = here.get(("ccs", ""))
            central = [] if key is None else [("central_store", key)]
            wildcards = self._wildcard_ranks(here, name) if port in self._wild_ports else []
            early = self.assumptions.wildcard_name_before_central_store
            found += wildcards + central if early else central + wildcards
        if is_ipv6(endpoint.address) and (key := here.get(("ipport", ANY_IPV6))) is not None:
            found.append(("any_ipv6", key))
        if (key := here.get(("ipport", ANY_IPV4))) is not None:
            found.append(("any_address", key))
        return found

    def _wildcard_ranks(self, here: Mapping[tuple[str, str], RecordKey], name: str) -> list[tuple[str, RecordKey]]:
        nearest, others = _wildcards(name)
        parents = nearest if self.assumptions.wildcard_one_label else nearest + others
        keys = (here.get(("hostnameport", parent)) for parent in parents)
        return [("wildcard_name", key) for key in keys if key is not None]

    def _debatable(self, endpoint: Endpoint, found: list[tuple[str, RecordKey]]) -> tuple[str, ...]:
        """The switches about wildcard names that this selection rests on."""
        name = endpoint.sni
        if name is None or endpoint.port not in self._wild_ports or (found and found[0][0] in _CERTAIN):
            return ()
        rules = [rule for rule, _key in found]
        used: tuple[str, ...] = ()
        if "wildcard_name" in rules and "central_store" in rules:
            used = ("wildcard_name_before_central_store",)
        here = self._by_port[endpoint.port]
        if any(("hostnameport", other) in here for other in _wildcards(name)[1]):
            used = (*used, "wildcard_one_label")
        return used

    def _by(
        self, rule: str, key: RecordKey, shadowed: tuple[RecordKey, ...], endpoint: Endpoint, used: tuple[str, ...]
    ) -> Answer | None:
        """The answer if this record decides; None where the next rank is asked (F1.16)."""
        if key.family == "ccs":
            return self._central(key, shadowed, endpoint.sni or "", used)
        if key.family == "scopedccs":
            return Answer("unsupported", None, key, rule, shadowed, _SCOPED.format(key.text), None, used)
        value = self._records[key]
        certificate = self.certificate(value)
        failure = None
        if certificate is not None and certificate.archived:
            used = (*used, "archived_certificate_is_found")
        if certificate is None and not self._certificates_unread:
            where = store_key(value.store)
            failure = ("certificate_missing", f"record {key} names a certificate that is not in LocalMachine\\{where}")
        elif certificate is not None and certificate.archived and not self.assumptions.archived_certificate_is_found:
            failure = ("certificate_missing", f"record {key} names a certificate that is archived")
        elif certificate is not None and (health := key_health(certificate)).unusable:
            failure = ("key_unusable", f"record {key}: {health.reason}")
        if failure is not None:
            if not self.assumptions.key_failure_ends_selection:
                return None
            used = (*used, "key_failure_ends_selection")
            return Answer(failure[0], None, key, rule, shadowed, failure[1], None, used)
        reason, served = _RULE_WORDS[rule], value.thumbprint
        if certificate is not None and certificate.renewed_by:
            # F12.01: only a handshake can tell which of the two a client meets
            reason += f"; the record says {served}, a renewal link leads to {certificate.renewed_by}"
            used = (*used, "renewal_link_not_followed")
            served = served if self.assumptions.renewal_link_not_followed else certificate.renewed_by
        return Answer("served", served, key, rule, shadowed, reason, None, used)

    def _central(
        self, key: RecordKey, shadowed: tuple[RecordKey, ...], name: str, used: tuple[str, ...]
    ) -> Answer | None:
        """By the central store of a port (F1.16 to F1.18)."""
        if not self.assumptions.central_store_serves_every_name and not self._asks_central(name, key.port):
            return None
        file, why = self._central_file(name)
        if file is None:
            if self.assumptions.central_store_falls_through or name == ANY_OTHER_NAME:
                return None
            reason = f"the central certificate store of port {key.port} has no file for this name"
            used = (*used, "central_store_falls_through")
            return Answer("no_record", None, key, "central_store", shadowed, reason, None, used)
        used = (*used, "central_store_serves_every_name", *why)
        return Answer("central_store", None, key, "central_store", shadowed, _RULE_WORDS["central_store"], file, used)

    def _central_file(self, name: str) -> tuple[str | None, tuple[str, ...]]:
        """The file the central store would serve, and the switches by which."""
        files, file = self.host.central_store_files, central_file(self.host, name)
        if name == ANY_OTHER_NAME or file is None:
            return None, ()
        if files is None:
            held = self.assumptions.unlisted_share_holds_the_name
            return (file, ("unlisted_share_holds_the_name",)) if held else (None, ())
        if file != f"{shown_host(name)}.pfx":
            tried = self.assumptions.central_store_wildcard_files
            return (file, ("central_store_wildcard_files",)) if tried else (None, ())
        return file, ()

    def _asks_central(self, name: str, port: int) -> bool:
        return any(
            binding.is_https and binding.flags & CENTRAL_STORE and binding.parts[1:] == (port, name)
            for site in self.host.sites
            for binding in site.bindings
        )


def _wildcards(name: str) -> tuple[list[str], list[str]]:
    """The wildcard that stands for a name by exchanging one label, and those that would by a wider reading (F1.23)."""
    labels = name.split(".")
    parents = ["*." + ".".join(labels[cut:]) for cut in range(1, len(labels))]
    if labels[0] == "*":
        return [], parents[1:]  # the first one is the exact name
    return parents[:1], [*parents[1:], f"*.{name}"]


def listens_on(host: Host, address: str) -> bool:
    """Does the IP listen list let http.sys take connections for a local address?"""
    if not host.ip_listen or address in host.ip_listen:
        return True
    return (ANY_IPV6 if is_ipv6(address) else ANY_IPV4) in host.ip_listen


def file_names(name: str) -> list[str]:
    """Files of the central store that can hold the certificate for a name, in the order in which they are looked for.

    Those of names beyond ASCII carry the Unicode name, not the xn-- form (F12.02). No file name holds a star.
    """
    shown = shown_host(name)
    wildcard = f"_.{shown.partition('.')[2]}.pfx"
    return [wildcard] if name.startswith("*.") else [f"{shown}.pfx", wildcard]


def central_file(host: Host, name: str) -> str | None:
    """File the central store would serve for a name (F1.18); without a listing of the share the first choice is assumed."""
    choices, known = file_names(name), host.known_files
    return choices[0] if known is None else next((choice for choice in choices if choice in known), None)

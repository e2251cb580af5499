# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate does a client get, and why: the published precedence (F1.10) over one host's records."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.endpoint import ANY_OTHER_NAME, Answer, Endpoint, EndpointClass
from ..model.host import Certificate, Host, RecordValue, binding_record
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, is_ipv6, store_key
from .assumptions import DEFAULT, Assumptions
from .key_health import key_health

_RULE_WORDS = {
    "exact_address": "a record on this very address and port outranks every name",
    "exact_name": "the record for this name and port",
    "wildcard_name": "the record for a wildcard that stands for this name",
    "central_store": "the central certificate store of this port has a file for this name",
    "any_ipv6": "the record for every IPv6 address on this port",
    "any_address": "the record for every address on this port",
}


class Resolver:
    """Answers endpoints of one host. Build once, ask often: a look-up is a handful of dictionary accesses."""

    def __init__(self, host: Host, assumptions: Assumptions = DEFAULT) -> None:
        self.host = host
        self.assumptions = assumptions
        self._records = {record.key: record.value for record in host.records}
        self._by_port: dict[int, dict[tuple[str, str], RecordKey]] = {}
        for key in self._records:
            self._by_port.setdefault(key.port, {})[key.family, key.name] = key
        self._certificates: dict[tuple[str, str], Certificate] = {}
        for certificate in host.certificates:
            self._certificates.setdefault((store_key(certificate.store), certificate.thumbprint), certificate)
        self._certificates_unread = any(item.layer == "certificates" for item in host.incomplete)

    def answer(self, endpoint: Endpoint) -> Answer:
        """The prediction for one endpoint, with the deciding record, the rule, and what it shadows."""
        if not self.listening(endpoint):
            return Answer("not_listening", None, None, None, (), "nothing listens there through http.sys")
        found = list(self._ranks(endpoint))
        while found:
            rule, key = found.pop(0)
            answer = self._by(rule, key, tuple(other for _rule, other in found), endpoint)
            if answer is None:
                continue
            failed = answer.outcome in ("certificate_missing", "key_unusable")
            if failed and not self.assumptions.key_failure_ends_selection:
                continue
            return answer
        reason = "no record matches; the handshake fails without a certificate"
        if any(item.layer == "records" for item in self.host.incomplete):
            reason = "no record is known to match, but not all records could be read"
        return Answer("no_record", None, None, None, (), reason)

    def listening(self, endpoint: Endpoint) -> bool:
        """Does http.sys take connections there (F7.10)? Unknown ports count as listening."""
        host = self.host
        if host.http_ports is not None and endpoint.port not in host.http_ports:
            return False
        any_address = ANY_IPV6 if is_ipv6(endpoint.address) else ANY_IPV4
        return not host.ip_listen or endpoint.address in host.ip_listen or any_address in host.ip_listen

    def classes(self) -> tuple[EndpointClass, ...]:
        """All endpoints with one answer each: per port and name, addresses with the same record and rule together."""
        result = []
        for port in sorted(self.ports()):
            names: tuple[str | None, ...] = (None, *sorted(self.names(port)), ANY_OTHER_NAME)
            for name in names:
                groups: dict[tuple[RecordKey | None, str | None, str], list[tuple[str, Answer]]] = {}
                for address in self.host.addresses:
                    answer = self.answer(Endpoint(address, port, name))
                    groups.setdefault((answer.record, answer.rule, answer.outcome), []).append((address, answer))
                for members in groups.values():
                    answer = members[0][1]
                    result.append(EndpointClass(tuple(address for address, _answer in members), port, name, answer))
        return _without_repeats(result)

    def ports(self) -> set[int]:
        """Ports with a record or an https binding."""
        bound = {binding.parts[1] for site in self.host.sites for binding in site.bindings if binding.is_https}
        return (bound | {key.port for key in self._records}) - {0}

    def names(self, port: int) -> set[str]:
        """Server names that a record or a binding of the port speaks of."""
        named = {key.name for key in self._records if key.port == port and key.family in ("hostnameport", "scopedccs")}
        for site in self.host.sites:
            for binding in site.bindings:
                if binding.is_https and binding.parts[1] == port:
                    named.add(binding.parts[2])
        return named - {""}

    def record(self, key: RecordKey) -> RecordValue | None:
        return self._records.get(key)

    def certificate(self, value: RecordValue) -> Certificate | None:
        """The certificate a record names, if it is in that store (F6.01)."""
        return self._certificates.get(value.certificate) if value.certificate else None

    def _ranks(self, endpoint: Endpoint) -> Iterator[tuple[str, RecordKey]]:
        """The records that match, best rank first (F1.10; wildcard names F1.22, F1.23)."""
        port, name = endpoint.port, endpoint.sni
        here = self._by_port.get(port)
        if here is None:
            return
        wanted = [("exact_address", "ipport", endpoint.address)]
        if name is not None:
            wanted.append(("exact_name", "hostnameport", name))
            wildcards = [("wildcard_name", "hostnameport", parent) for parent in self._parents(name)]
            central = [("central_store", "ccs", "")]
            early = self.assumptions.wildcard_name_before_central_store
            wanted += wildcards + central if early else central + wildcards
        if is_ipv6(endpoint.address):
            wanted.append(("any_ipv6", "ipport", ANY_IPV6))
        wanted.append(("any_address", "ipport", ANY_IPV4))
        for rule, family, record_name in wanted:
            key = here.get((family, record_name))
            if key is not None:
                yield rule, key

    def _parents(self, name: str) -> list[str]:
        labels = name.split(".")
        depth = 2 if self.assumptions.wildcard_one_label else len(labels)
        return ["*." + ".".join(labels[cut:]) for cut in range(1, min(depth, len(labels)))]

    def _by(self, rule: str, key: RecordKey, shadowed: tuple[RecordKey, ...], endpoint: Endpoint) -> Answer | None:
        """The answer if this record decides; None where a central store has no file and the next rank is asked (F1.16)."""
        used = ("wildcard_name_before_central_store", "wildcard_one_label") if rule == "wildcard_name" else ()
        if key.family == "ccs":
            file = self._central_file(endpoint.sni or "")
            if file is None:
                return None
            return Answer("central_store", None, key, rule, shadowed, _RULE_WORDS[rule], file, used)
        value = self._records[key]
        certificate = self.certificate(value)
        if certificate is None and not self._certificates_unread:
            where = store_key(value.store)
            reason = f"record {key} names a certificate that is not in LocalMachine\\{where}"
            return self._failed("certificate_missing", key, rule, shadowed, reason, used)
        if certificate is not None and (health := key_health(certificate)).unusable:
            return self._failed("key_unusable", key, rule, shadowed, f"record {key}: {health.reason}", used)
        reason = _RULE_WORDS[rule]
        if certificate is not None and certificate.renewed_by:
            # F12.01: only a handshake can tell which of the two a client meets
            reason += f"; the record says this certificate, a renewal link leads to {certificate.renewed_by}"
        return Answer("served", value.thumbprint, key, rule, shadowed, reason, None, used)

    @staticmethod
    def _failed(
        outcome: str, key: RecordKey, rule: str, shadowed: tuple[RecordKey, ...], reason: str, used: tuple[str, ...]
    ) -> Answer:
        return Answer(outcome, None, key, rule, shadowed, reason, None, (*used, "key_failure_ends_selection"))

    def _central_file(self, name: str) -> str | None:
        """File the central store would serve (F1.18); without a listing of the share the first choice is assumed."""
        files = self.host.central_store_files
        choices = [f"{name}.pfx", f"_.{name.partition('.')[2]}.pfx"]
        if name == ANY_OTHER_NAME:
            return None
        if files is None:
            return choices[0]
        known = {file.lower() for file in files}
        return next((choice for choice in choices if choice in known), None)


def _without_repeats(classes: list[EndpointClass]) -> tuple[EndpointClass, ...]:
    """Drop a name's class where "any other name" says the same for the same addresses and nothing binds the name to more."""
    others = {
        (item.port, item.addresses, item.answer.record, item.answer.rule)
        for item in classes
        if item.sni == ANY_OTHER_NAME
    }
    exact = "exact_address"
    return tuple(
        item
        for item in classes
        if item.sni in (None, ANY_OTHER_NAME)
        or item.answer.rule != exact
        or (item.port, item.addresses, item.answer.record, item.answer.rule) not in others
    )


def bindings_by_record(host: Host) -> dict[RecordKey, list[tuple[int, int]]]:
    """(site index, binding index) of every https binding that relies on a record; stopped sites count too (design §5)."""
    users: dict[RecordKey, list[tuple[int, int]]] = {}
    for site_index, site in enumerate(host.sites):
        for index, binding in enumerate(site.bindings):
            if (key := binding_record(binding)) is not None:
                users.setdefault(key, []).append((site_index, index))
    return users

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wanted binding against one host: which binding it is, by which record it is served, with which certificate."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..model.host import SNI, Binding, Certificate, Host, RecordValue, binding_record
from ..model.keys import ANY_IPV4, RecordKey, bracketed, shown_host, store_key, store_name
from ..model.problems import Problem
from ..rules.capabilities import capabilities
from ..rules.eligibility import Eligibility, Wanted, eligibility
from ..rules.key_health import key_health
from ..rules.names import covers
from ..rules.resolve import bindings_by_record
from .draft import Draft
from .request import WantedBinding

Identity = tuple[str, str, int, str]


class Matcher:
    """Works wanted bindings into a draft; what cannot be done goes into ``problems``, never half of it into the draft."""

    def __init__(self, host: Host, now: datetime, draft: Draft, problems: list[Problem]) -> None:
        self.host, self.now, self.draft, self.problems = host, now, draft, problems
        self._able = capabilities(host)
        self._records = {record.key: record for record in host.records}
        self._sharers = bindings_by_record(host)
        self._sites = {site.name.lower(): index for index, site in enumerate(host.sites)}
        self._bindings: dict[Identity, tuple[int, int]] = {}
        self._twins: dict[Identity, list[tuple[int, int]]] = {}  # ``*:443:`` and ``0.0.0.0:443:`` are one binding to us
        self._elsewhere: dict[tuple[str, int, str], list[Identity]] = {}
        for site_index, site in enumerate(host.sites):
            for index, binding in enumerate(site.bindings):
                if binding.is_https:
                    identity = (site.name.lower(), *binding.parts)
                    self._bindings.setdefault(identity, (site_index, index))
                    self._twins.setdefault(identity, []).append((site_index, index))
                    self._elsewhere.setdefault(binding.parts, []).append(identity)
        self._certificates: dict[str, list[Certificate]] = {}
        for certificate in host.certificates:
            self._certificates.setdefault(certificate.thumbprint, []).append(certificate)
        self._leaving: set[Identity] = set()

    def absent(self, wanted: WantedBinding) -> None:
        """Remove a binding; its record is released and goes when nobody else relies on it."""
        for place in self._twins.get(wanted.identity, ()):
            self._leaving.add(wanted.identity)
            self.draft.changed[place] = None
            key = binding_record(self._at(place))
            if key is not None:
                self.draft.released.setdefault(key, f"{wanted.subject} was its last user")

    def present(self, wanted: WantedBinding) -> None:
        """Add or change a binding and its record."""
        site_index = self._sites.get(wanted.site.lower())
        if site_index is None:
            known = ", ".join(site.name for site in self.host.sites) or "none"
            self._refuse(wanted, "site", f"no site {wanted.site!r} on {self.host.name} (there are: {known})")
            return
        place = self._bindings.get(wanted.identity)
        before = self._at(place) if place else None
        if before is None and self._taken(wanted):
            return
        flags = self._flags(wanted, before)
        if flags is None:
            return
        after = self._binding(wanted, before, flags)
        key = binding_record(after)
        if key is None or not self._record(wanted, key, before):
            return
        if before is None:
            self.draft.added.setdefault(site_index, []).append((wanted, after))
        elif after != before and place is not None:
            self.draft.changed[place] = after
            old_key = binding_record(before)
            if old_key is not None and old_key != key:
                self.draft.released.setdefault(old_key, f"{wanted.subject} moved to record {key}")

    def _at(self, place: tuple[int, int]) -> Binding:
        return self.host.sites[place[0]].bindings[place[1]]

    def _refuse(self, wanted: WantedBinding, key: str, message: str) -> None:
        self.problems.append(Problem(f"{wanted.path}.{key}" if key else wanted.path, message))

    def _taken(self, wanted: WantedBinding) -> bool:
        """The same binding in another site: both cannot run (F3.03); stopped sites count, they may be started."""
        others = self._elsewhere.get((wanted.address, wanted.port, wanted.host), [])
        staying = [identity for identity in others if identity not in self._leaving]
        if staying:
            site = self.host.sites[self._bindings[staying[0]][0]]
            self._refuse(
                wanted,
                "",
                f"site {site.name!r} ({site.state}) has this very binding; two sites cannot both run with it",
            )
        return bool(staying)

    def _flags(self, wanted: WantedBinding, before: Binding | None) -> int | None:
        """sslFlags the binding will have; None when refused. All other bits stay (L7)."""
        old = before.flags if before else 0
        wish = "auto" if wanted.sni == "keep" and before is None else wanted.sni
        if wish == "keep" or (wish == "never" and not old & SNI):
            return old
        if wish == "never":
            return old & ~SNI
        verdict = eligibility(self.host, Wanted(wanted.address, wanted.port, wanted.host), self.now, self._able)
        if verdict.eligible:
            return old | SNI
        if wish == "required":
            self._refuse(wanted, "sni", _with_alternatives(verdict))
            return None
        if self._fits_without_sni(wanted, before):
            return old & ~SNI
        self._refuse(wanted, "sni", f"record for this address and port serves others: {_with_alternatives(verdict)}")
        return None

    def _fits_without_sni(self, wanted: WantedBinding, before: Binding | None) -> bool:
        """sni: auto without SNI: the record is free, already this binding's alone, or its certificate covers every name on it."""
        key = RecordKey("ipport", wanted.address, wanted.port)
        leaving = {place for place, item in self.draft.changed.items() if item is None}
        staying = [place for place in self._sharers.get(key, []) if place not in leaving]
        users = [self._at(place) for place in staying]
        users += [item for listed in self.draft.added.values() for _wish, item in listed if binding_record(item) == key]
        users = [item for item in users if item is not before]
        if not users:
            return True
        thumbprint = wanted.thumbprint
        if thumbprint is None:
            record = self._records.get(key)
            thumbprint = record.value.thumbprint if record else None
        facts = next((item.facts for item in self._certificates.get(thumbprint or "", []) if item.facts), None)
        names = {item.parts[2] for item in users} | {wanted.host}
        return facts is not None and all(covers(facts.names, name) for name in names)

    def _binding(self, wanted: WantedBinding, before: Binding | None, flags: int) -> Binding:
        if before is not None:
            return before if flags == before.flags else replace(before, ssl_flags=flags)
        address = "*" if wanted.address == ANY_IPV4 else bracketed(wanted.address)
        # IIS 7.5 has no such attribute (F3.30): writing it would fail there
        ssl_flags = flags if self._able.sni.ok else None
        return Binding("https", f"{address}:{wanted.port}:{shown_host(wanted.host)}", ssl_flags)

    def _record(self, wanted: WantedBinding, key: RecordKey, before: Binding | None) -> bool:
        """Put the record into the draft. False when refused."""
        if key.family == "ccs":
            if wanted.thumbprint is not None:
                self._refuse(wanted, "certificate", "the binding takes its certificate from the central store")
                return False
            return True
        if not key.shown and key.family == "hostnameport" and shown_host(key.name) != key.name:
            key = replace(key, shown=shown_host(key.name))
        held = self._records.get(key)
        value = self._value(wanted, key, before, held.value if held else None)
        if value is None:
            return False
        other = self.draft.wishes.get(key)
        if other is not None and self.draft.records[key] != value:
            if wanted.path.startswith("repair"):
                self.draft.notes.append(f"{wanted.subject} is not repaired: {other.subject} decides record {key}")
                return False
            self._refuse(wanted, "certificate", f"{other.path} wants another certificate in the same record {key}")
            return False
        key = held.key if held else key
        self.draft.wishes.setdefault(key, wanted)
        self.draft.records[key] = value
        self.draft.reasons.setdefault(key, f"{wanted.subject} is served by it")
        return True

    def _value(
        self, wanted: WantedBinding, key: RecordKey, before: Binding | None, held: RecordValue | None
    ) -> RecordValue | None:
        old_key = binding_record(before) if before else None
        moved = self._records.get(old_key) if old_key is not None and old_key != key else None
        base = held or (moved.value if moved else None)
        if wanted.thumbprint is None:
            if base is None or base.thumbprint is None:
                self._refuse(wanted, "certificate", f"is needed: record {key} does not exist yet")
                return None
            # a record that moves is a new one for Windows, which looks at the key (1312)
            return base if held is not None or self._usable(wanted, base) else None
        store = self._store(wanted, base)
        if store is None:
            return None
        if base is not None and base.certificate == (store_key(store), wanted.thumbprint):
            return base
        if base is None:
            return RecordValue(wanted.thumbprint, store_name(store))
        return replace(base, thumbprint=wanted.thumbprint, store=store_name(store))

    def _usable(self, wanted: WantedBinding, value: RecordValue) -> bool:
        found = [
            item for item in self._certificates.get(value.thumbprint or "", []) if item.store == store_key(value.store)
        ]
        reason = key_health(found[0]).reason if found else f"it is not in LocalMachine\\{store_key(value.store)}"
        if not found or key_health(found[0]).unusable:
            message = f"is needed: Windows would refuse {value.thumbprint}, the one in place (error 1312): {reason}"
            self._refuse(wanted, "certificate", message)
            return False
        return True

    def _store(self, wanted: WantedBinding, base: RecordValue | None) -> str | None:
        """The LocalMachine store the certificate is taken from; refused where it is not there or its key cannot work (1312)."""
        found = self._certificates.get(wanted.thumbprint or "", [])
        if wanted.store is not None:
            found = [item for item in found if store_key(item.store) == store_key(wanted.store)]
        if not found:
            where = f"LocalMachine\\{wanted.store}" if wanted.store else "any LocalMachine store that was read"
            self._refuse(wanted, "certificate.thumbprint", f"{wanted.thumbprint} is not in {where} of {self.host.name}")
            return None
        preferred = [store_key(base.store)] if base else []
        order = [*preferred, "MY", "WEBHOSTING"]
        best = min(found, key=lambda item: (order.index(item.store) if item.store in order else len(order), item.store))
        health = key_health(best)
        if health.unusable:
            message = f"Windows would refuse {wanted.thumbprint} (error 1312): {health.reason}"
            self._refuse(wanted, "certificate.thumbprint", message)
            return None
        return best.store


def _with_alternatives(verdict: Eligibility) -> str:
    return f"{verdict.reason}. Instead: {'; '.join(verdict.alternatives)}"

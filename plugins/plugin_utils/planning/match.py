# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wanted binding against one host: which binding it is, by which record it is served, with which certificate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ..model.host import CENTRAL_STORE, Binding, RecordValue
from ..model.keys import IIS_APP_ID, RecordKey, address_text, shown_host, store_key, store_name
from ..rules.capabilities import capabilities
from ..rules.options import record_bits
from .certificates import Certificates
from .draft import Draft
from .flags import BindingFlags
from .options import differing, lost_in_central_store, unknown_options
from .sites import no_site
from .wanted import Identity, WantedBinding


class Matcher:
    """Works wanted bindings into a draft. What cannot be done is refused there, and nothing of it goes in."""

    def __init__(self, draft: Draft, now: datetime) -> None:
        host = draft.host
        self.host, self.draft = host, draft
        self.certificates = Certificates(draft, now)
        self._able = capabilities(host)
        self._records = {record.key: record for record in host.records}
        self._sites = {site.name.lower(): index for index, site in enumerate(host.sites)}
        self._no_site: dict[str, str] = {}  # refusals, which take long to word
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
        self._flags = BindingFlags(draft, now, self._able, self.certificates)
        self._leaving: set[Identity] = set()
        self._coming: dict[tuple[str, int, str], WantedBinding] = {}

    def match(self, wishes: Iterable[WantedBinding]) -> None:
        """Work in all wishes: what leaves first, so that its place is free for what comes."""
        listed = list(wishes)
        for wanted in listed:
            if not wanted.present:
                self._absent(wanted)
            elif (replaced := wanted.replaced) in self._bindings and wanted.identity not in self._bindings:
                self._leaving.add(replaced)
        for wanted in listed:
            if wanted.present:
                self._present(wanted)
        self._flags.check_joined()

    def _absent(self, wanted: WantedBinding) -> None:
        """Remove a binding; its record is released and goes when nobody else relies on it."""
        for place in self._twins.get(wanted.identity, ()):
            self._leaving.add(wanted.identity)
            self._remove(place, wanted.subject)

    def _remove(self, place: tuple[int, int], subject: str) -> None:
        self.draft.changed[place] = None
        key = self._at(place).record
        if key is not None:
            self.draft.released.setdefault(key, f"{subject} was its last user")

    def _present(self, wanted: WantedBinding) -> None:
        """Add or change a binding and its record."""
        site_index = self._sites.get(wanted.site.lower())
        if site_index is None:
            if wanted.site not in self._no_site:
                self._no_site[wanted.site] = no_site(self.host, wanted.site)
            self.draft.refuse(wanted, "site", self._no_site[wanted.site])
            return
        place = self._place(wanted)
        if place is None and wanted.replaces is not None:
            return
        before = self._at(place) if place else None
        if wanted.identity not in self._bindings and self._taken(wanted):
            return
        chosen = self.certificates.chosen(wanted)
        if chosen is None:
            return
        wanted = chosen
        flags = self._flags.of(wanted, before)
        if flags is None:
            return
        if before is not None and flags != before.flags and self.host.schema_ssl_flags is False:
            message = (
                f"the binding has sslFlags {before.flags}, an attribute that the IIS schema of this host does not have"
            )
            self.draft.refuse(
                wanted, "", f"{message}: IIS cannot change it. Take it out of applicationHost.config by hand"
            )
            return
        after = self._binding(wanted, before, flags)
        key = after.record
        if key is None:
            self._nameless(wanted)
            return
        if not self._record(wanted, key, before, after):
            return
        if before is None:
            self.draft.added.setdefault(site_index, []).append((wanted, after))
        elif after != before and place is not None:
            self.draft.changed[place] = after
            old_key = before.record
            if old_key is not None and old_key != key:
                self.draft.released.setdefault(old_key, f"{wanted.subject} moved to record {key}")
            if before.parts == wanted.replaces:
                for twin in self._twins[wanted.replaced or wanted.identity]:
                    if twin != place:  # the old name in another spelling
                        self._remove(twin, wanted.old_subject)

    def _nameless(self, wanted: WantedBinding) -> None:
        """A binding that has SNI and no host name can have no record: nobody could ask for it."""
        message = "the binding has SNI and no host name to select by"
        if wanted.path.startswith("repair"):
            self.draft.notes.append(f"{wanted.subject} is not repaired: {message}")
        else:
            self.draft.refuse(wanted, "sni", f"{message}; sni: never would make it one for any name")

    def _at(self, place: tuple[int, int]) -> Binding:
        return self.host.sites[place[0]].bindings[place[1]]

    def _place(self, wanted: WantedBinding) -> tuple[int, int] | None:
        """The binding a wish is about: of its own name, or the one it replaces. None: a new one, or refused."""
        own, replaced = self._bindings.get(wanted.identity), wanted.replaced
        if replaced is None:
            return own
        old = self._bindings.get(replaced)
        if own is not None and old is not None:
            message = f"{wanted.old_subject} and {wanted.subject} are both there; remove one of them (state: absent)"
            self.draft.refuse(wanted, "replaces", message)
            return None
        if own is None and old is None:
            message = f"neither {wanted.old_subject} nor {wanted.subject} is there; leave 'replaces' out for a new one"
            self.draft.refuse(wanted, "replaces", message)
        return own or old

    def _taken(self, wanted: WantedBinding) -> bool:
        """The same binding in another site: both cannot run (F3.03); stopped sites count, they may be started."""
        others = self._elsewhere.get((wanted.address, wanted.port, wanted.host), [])
        staying = [identity for identity in others if identity not in self._leaving]
        if staying:
            site = self.host.sites[self._bindings[staying[0]][0]]
            self.draft.refuse(
                wanted,
                "",
                f"site {site.name!r} ({site.state}) has this very binding; two sites cannot both run with it",
            )
            return True
        first = self._coming.setdefault((wanted.address, wanted.port, wanted.host), wanted)
        if first is not wanted:
            self.draft.refuse(
                wanted, "", f"is wanted by {first.path} for site {first.site!r}; two sites cannot both run with it"
            )
        return first is not wanted

    def _binding(self, wanted: WantedBinding, before: Binding | None, flags: int) -> Binding:
        if before is not None and before.parts == (wanted.address, wanted.port, wanted.host):
            return before if flags == before.flags else Binding(before.protocol, before.information, flags)
        information = f"{address_text(wanted.address)}:{wanted.port}:{shown_host(wanted.host)}"
        if before is not None:
            kept = before.ssl_flags if flags == before.flags else flags
            return Binding(before.protocol, information, kept)
        # IIS 7.5 has no such attribute (F3.30): writing it would fail there
        return Binding("https", information, flags if self._able.sni.ok else None)

    def _record(self, wanted: WantedBinding, key: RecordKey, before: Binding | None, after: Binding) -> bool:
        """Put the record into the draft. False when refused."""
        if not key.shown and key.family == "hostnameport" and shown_host(key.name) != key.name:
            key = key.spelled(shown_host(key.name))
        held = self._records.get(key)
        old_key = before.record if before else None
        moved = self._records[old_key].value if old_key != key and old_key in self._records else None
        if key.family == "ccs":
            if held is None and not self._able.central_store.ok:
                return True  # a binding that is kept as it is, on a host without a central store
            value = self._central_value(wanted, before, moved, held.value if held else None)
        elif key.family == "hostnameport" and held is None and not self._able.sni.ok:
            # its SNI flag was kept from a configuration of a newer Windows
            self.draft.refuse(wanted, "sni", self._flags.ineligible(wanted))
            return False
        else:
            value = self._value(wanted, key, after, moved, held.value if held else None)
        if value is None:
            return False
        other = self.draft.wishes.get(key)
        if other is not None and self.draft.records[key] != value:
            if wanted.path.startswith("repair"):
                self.draft.notes.append(f"{wanted.subject} is not repaired: {other.subject} decides record {key}")
                return False
            same = self.draft.records[key].certificate == value.certificate
            what, place = ("other options", "options") if same else ("another certificate", "certificate")
            self.draft.refuse(wanted, place, f"{other.path} wants {what} in the same record {key}")
            return False
        key = held.key if held else key
        self.draft.wishes.setdefault(key, wanted)
        self.draft.records[key] = value
        self.draft.reasons.setdefault(key, f"{wanted.subject} is served by it")
        return True

    def _central_value(
        self, wanted: WantedBinding, before: Binding | None, moved: RecordValue | None, held: RecordValue | None
    ) -> RecordValue | None:
        """The one record of a port whose certificates come from the central store: as it is, or a plain one (F4.16)."""
        switched = before is not None and not before.flags & CENTRAL_STORE
        lost = lost_in_central_store(before, moved, wanted.options) if switched else []
        if lost:
            message = f"the binding has {', '.join(lost)}, which the port's one record cannot hold"
            way = "Set the options to false (texts to empty) to do without, or remove the binding first"
            self.draft.refuse(wanted, "central_store", f"{message}. {way}")
            return None
        return held or RecordValue(None)

    def _value(
        self,
        wanted: WantedBinding,
        key: RecordKey,
        after: Binding,
        moved: RecordValue | None,
        held: RecordValue | None,
    ) -> RecordValue | None:
        """What the record will say. ``moved``: the record the binding leaves; its options and certificate go along."""
        if moved is not None and moved.thumbprint is None:
            moved = None  # from the central store nothing can be carried along
        if held is not None and moved is not None and not self._carried(wanted, key, moved, held):
            return None
        bits = record_bits(self.host, after.flags)
        fresh = moved._replace(app_id=IIS_APP_ID) if moved else RecordValue(None, flags=bits)
        base = held or fresh
        unknown = unknown_options(self.host, wanted, base)
        self.draft.problems += unknown
        value = None if unknown else wanted.options.value(base)
        return None if value is None else self._with_certificate(wanted, key, value, held)

    def _carried(self, wanted: WantedBinding, key: RecordKey, moved: RecordValue, held: RecordValue) -> bool:
        """Does a binding that moves to a record which is there already keep what it has? Refused where it would not."""
        lost = differing(moved, held, wanted.options)
        if lost:
            message = f"record {key}, to which the binding would move, is there and differs in {', '.join(lost)}"
            self.draft.refuse(wanted, "options", f"{message}. Say here what shall hold, or delete that record first")
        other = wanted.thumbprint is None and moved.certificate != held.certificate
        if other:
            message = f"record {key} is there with certificate {held.thumbprint}, the binding has {moved.thumbprint}"
            self.draft.refuse(wanted, "certificate", f"is needed: {message}")
        return not lost and not other

    def _with_certificate(
        self, wanted: WantedBinding, key: RecordKey, value: RecordValue, held: RecordValue | None
    ) -> RecordValue | None:
        if wanted.thumbprint is None:
            if value.thumbprint is None:
                self.draft.refuse(wanted, "certificate", f"is needed: record {key} does not exist yet")
                return None
            # whatever is written, Windows looks at the key (1312)
            return value if value == held or self.certificates.usable(wanted, value) else None
        store = self.certificates.store(wanted, value if value.thumbprint else None)
        if store is None:
            return None
        if value.certificate == (store_key(store), wanted.thumbprint):
            return value
        return value._replace(thumbprint=wanted.thumbprint, store=store_name(store))

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sslFlags a wanted binding will have: SNI, central store, and the bits of its options."""

from __future__ import annotations

from datetime import datetime

from ..model.host import CENTRAL_STORE, SNI, Binding
from ..model.keys import RecordKey, shown_host
from ..rules.capabilities import Capabilities
from ..rules.eligibility import Judge, Wanted, sni_verdict
from ..rules.resolve import central_file, file_names
from .certificates import Certificates
from .draft import Draft
from .wanted import WantedBinding


class BindingFlags:
    """Works out sslFlags one wish after the other; what cannot be had is refused in the draft."""

    def __init__(self, draft: Draft, now: datetime, able: Capabilities, certificates: Certificates) -> None:
        self._host, self._draft = draft.host, draft
        self._able, self._certificates = able, certificates
        self._judge = Judge(draft.host, now, able)
        self._joining: list[WantedBinding] = []

    def of(self, wanted: WantedBinding, before: Binding | None) -> int | None:
        """sslFlags the binding will have; None when refused. Bits nobody asked about stay (L7)."""
        old = before.flags if before else 0
        if wanted.central_store is not None:
            old = old | CENTRAL_STORE if wanted.central_store else old & ~CENTRAL_STORE
        if old & CENTRAL_STORE and not self._central_fits(wanted):
            return None
        flags = self._with_sni(wanted, before, old)
        return None if flags is None else wanted.options.binding_flags(self._host, flags)

    def _with_sni(self, wanted: WantedBinding, before: Binding | None, old: int) -> int | None:
        wish = "auto" if wanted.sni == "keep" and before is None else wanted.sni
        if (
            wish == "keep"
            and old & SNI
            and before is not None
            and before.parts != (wanted.address, wanted.port, wanted.host)
        ):
            wish = "required"  # under its new name the binding may not be able to
        if wish == "keep" or (wish == "never" and not old & SNI):
            return old
        if wish == "never":
            return old & ~SNI
        asked = Wanted(wanted.address, wanted.port, wanted.host)
        if sni_verdict(asked, self._able).ok:
            return old | SNI
        if wish == "required":
            self._draft.refuse(wanted, "sni", self.ineligible(wanted))
            return None
        key = RecordKey("ipport", wanted.address, wanted.port)
        if not old & CENTRAL_STORE and (before is None or before.record != key):
            # one that shares the record already stays; whom a new certificate concerns is asked elsewhere
            self._joining.append(wanted)
        return old & ~SNI

    def ineligible(self, wanted: WantedBinding) -> str:
        """Why the binding cannot have SNI, and what else it could have."""
        verdict = self._judge.eligibility(Wanted(wanted.address, wanted.port, wanted.host))
        return f"{verdict.reason}. Instead: {'; '.join(verdict.alternatives)}"

    def check_joined(self) -> None:
        """sni: auto without SNI: the record the binding joins has to be free, or its certificate to cover every name on it.

        Asked when all wishes are worked in: others may have left the record by then, or have come to it.
        """
        if not self._joining:
            return
        joining = {wanted.identity for wanted in self._joining}
        names: dict[RecordKey, list[str]] = {}
        for index, site in enumerate(self._host.sites):
            for binding in self._draft.bindings_of(index):
                key = binding.record
                if key is not None and (site.name.lower(), *binding.parts) not in joining:
                    names.setdefault(key, []).append(binding.parts[2])
        held = {**self._host.record_values, **self._draft.records}
        covered: dict[tuple[RecordKey, str | None], int] = {}  # so many of the names there, or -1: not all of them
        for wanted in self._joining:
            key = RecordKey("ipport", wanted.address, wanted.port)
            there = names.setdefault(key, [])
            thumbprint = wanted.thumbprint or (held[key].thumbprint if key in held else None)
            known = covered.get((key, thumbprint), 0)
            # names only come: those that were looked at need not be looked at again
            if known >= 0:
                fits = self._certificates.covers(thumbprint, there[known:])
                known = covered[key, thumbprint] = len(there) if fits else -1
            if there and (known < 0 or not self._certificates.covers(thumbprint, [wanted.host])):
                told = self.ineligible(wanted)
                self._draft.refuse(wanted, "sni", f"record for this address and port serves others: {told}")
            there.append(wanted.host)

    def _central_fits(self, wanted: WantedBinding) -> bool:
        """Can the binding take its certificate from the central store? Refused where not; asked only of what is wished for."""
        if wanted.thumbprint is not None:
            message = "the binding takes its certificate from the central store; central_store: false would change that"
            self._draft.refuse(wanted, "certificate", message)
            return False
        for name in wanted.options.wanted:
            message = "the binding uses the central store, whose one record of the port takes no options (F4.16)"
            self._draft.refuse(wanted, f"options.{name}", message)
        if wanted.options.wanted:
            return False
        if not wanted.central_store:
            return True
        reason = None
        if not self._able.central_store.ok:
            reason = self._able.central_store.reason
        elif self._host.central_store_files is not None and not central_file(self._host, wanted.host):
            reason = f"the central store has no file for {shown_host(wanted.host)} ({file_names(wanted.host)[0]})"
        if reason is not None:
            self._draft.refuse(wanted, "central_store", reason)
        return reason is None

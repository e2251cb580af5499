# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate of a wish: named or chosen by a rule, looked for in the stores, refused where Windows would refuse it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from ..model.host import Certificate, RecordValue
from ..model.keys import store_key
from ..rules.key_health import key_health
from ..rules.names import covers
from ..rules.select import Cabinet, Choice, Selection, unfit
from .draft import Chosen, Draft
from .wanted import WantedBinding

#: So many losing certificates are named in a sentence; a result names all.
_TOLD = 10


class Certificates:
    """The certificates of one host as wishes need them. What cannot be used is refused in the draft."""

    def __init__(self, draft: Draft, now: datetime) -> None:
        self._host, self._now, self._draft = draft.host, now, draft
        self._by_thumbprint: dict[str, list[Certificate]] = {}
        for certificate in draft.host.certificates:
            self._by_thumbprint.setdefault(certificate.thumbprint, []).append(certificate)
        self._choices: dict[Selection, tuple[Choice, tuple[str, ...]]] = {}

    def covers(self, thumbprint: str | None, names: Iterable[str]) -> bool:
        """Does a certificate of the host cover every name? Not where it is unknown."""
        facts = next((item.facts for item in self._by_thumbprint.get(thumbprint or "", []) if item.facts), None)
        return facts is not None and all(covers(facts.names, name) for name in names)

    def chosen(self, wanted: WantedBinding) -> WantedBinding | None:
        """The wish with the thumbprint its rule leads to; None where that is none, or no single one."""
        if wanted.selection is None:
            return wanted
        choice, losers = self._choice(wanted.selection)
        if choice.certificate is None:
            more = [f"and {len(losers) - _TOLD} more"] if len(losers) > _TOLD else []
            told = "; ".join([choice.reason, *losers[:_TOLD], *more])
            self._draft.refuse(wanted, "certificate.select", told)
            return None
        thumbprint = choice.certificate.thumbprint
        self._draft.chosen.append(Chosen(wanted.subject, thumbprint, choice.reason, losers))
        return wanted._replace(thumbprint=thumbprint)

    @cached_property
    def _cabinet(self) -> Cabinet:
        return Cabinet(self._host, self._now)

    def _choice(self, wish: Selection) -> tuple[Choice, tuple[str, ...]]:
        """Many bindings may ask by one rule: it is answered once."""
        found = self._choices.get(wish)
        if found is None:
            choice = self._cabinet.choose(wish)
            found = self._choices[wish] = (choice, self._cabinet.losers(wish, choice.certificate))
        return found

    def usable(self, wanted: WantedBinding, value: RecordValue) -> bool:
        """Would Windows take the certificate of a value that is to be written? Refused where not (1312)."""
        found = self._in_store(value)
        if found is None or key_health(found).unusable:
            reason = (
                f"it is not in LocalMachine\\{store_key(value.store)}" if found is None else key_health(found).reason
            )
            message = f"is needed: Windows would refuse {value.thumbprint}, the one in place (error 1312): {reason}"
            self._draft.refuse(wanted, "certificate", message)
            return False
        return True

    def _in_store(self, value: RecordValue) -> Certificate | None:
        listed = self._by_thumbprint.get(value.thumbprint or "", [])
        return next((item for item in listed if item.store == store_key(value.store)), None)

    def store(self, wanted: WantedBinding, base: RecordValue | None) -> str | None:
        """The LocalMachine store the certificate is taken from; refused where it is not there or its key cannot work (1312)."""
        found = self._by_thumbprint.get(wanted.thumbprint or "", [])
        if wanted.store is not None:
            found = [item for item in found if store_key(item.store) == store_key(wanted.store)]
        if wanted.selection is not None and len(found) > 1:
            found = [item for item in found if unfit(item, wanted.selection, self._now) is None]
        if not found:
            where = f"LocalMachine\\{wanted.store}" if wanted.store else "any LocalMachine store that was read"
            there = sorted({item.store for item in self._by_thumbprint.get(wanted.thumbprint or "", [])})
            elsewhere = f", but in {' and '.join(there)}" if there else ""
            message = f"{wanted.thumbprint} is not in {where} of {self._host.name}{elsewhere}"
            self._draft.refuse(wanted, "certificate.thumbprint", message)
            return None
        preferred = [store_key(base.store)] if base else []
        order = [*preferred, "MY", "WEBHOSTING"]
        best = min(found, key=lambda item: (order.index(item.store) if item.store in order else len(order), item.store))
        health = key_health(best)
        if health.unusable:
            message = f"Windows would refuse {wanted.thumbprint} (error 1312): {health.reason}"
            self._draft.refuse(wanted, "certificate.thumbprint", message)
            return None
        return best.store

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate of a host fits a set of names best, or why none or no single one does."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import NamedTuple

from ..model.host import Certificate, Host
from .key_health import key_health
from .names import covers
from .strength import flaw


#: X509ChainStatusFlags.Revoked.
REVOKED = 0x4


class Choice(NamedTuple):
    """``certificate`` or None; ``reason`` says why this one, or why none."""

    certificate: Certificate | None
    reason: str


class Cabinet:
    """The certificates of one host that could be bound now, found by name without looking at every one."""

    def __init__(self, host: Host, now: datetime) -> None:
        self.usable = [item for item in host.certificates if disqualified(item, (), now) is None]
        self._by_name: dict[str, list[Certificate]] = {}
        for item in self.usable:
            for name in item.facts.names if item.facts else ():
                self._by_name.setdefault(name, []).append(item)

    def covering(self, names: tuple[str, ...]) -> list[Certificate]:
        """The usable certificates that cover every one of these names."""
        if not names:
            return self.usable
        first = names[0]
        wildcard = "" if first.startswith("*.") else f"*.{first.partition('.')[2]}"
        near = {id(item): item for name in (first, wildcard) for item in self._by_name.get(name, ())}
        return [item for item in near.values() if item.facts and all(covers(item.facts.names, name) for name in names)]

    def best(self, names: tuple[str, ...]) -> Choice:
        """The longest-lived certificate that covers every name; an issued one beats a self-signed one.

        An exact tie is refused: two equally good certificates mean that a person has to choose.
        """
        found = self.covering(names)
        if not found:
            what = ", ".join(names) or "it"
            return Choice(None, f"no certificate on this host is valid, has a usable key and covers {what}")
        most = max(merit(item) for item in found)
        first = [item for item in found if merit(item) == most]
        ties = {item.thumbprint for item in first}
        if len(ties) > 1:
            return Choice(None, f"equally good certificates, name one: {', '.join(sorted(ties))}")
        until = f", valid until {first[0].facts.not_after:%Y-%m-%d}" if first[0].facts else ""
        return Choice(first[0], f"covers {', '.join(names) or 'any name'}{until}")


def best_certificate(host: Host, names: tuple[str, ...], now: datetime) -> Choice:
    """One question to a :class:`Cabinet` of its own; for many questions keep the cabinet."""
    return Cabinet(host, now).best(names)


def disqualified(certificate: Certificate, names: tuple[str, ...], now: datetime) -> str | None:
    """Why a certificate cannot serve these names now; None when it can."""
    facts = certificate.facts
    if facts is None:
        return "it cannot be parsed"
    if certificate.archived:
        return "it is archived"
    if now > facts.not_after:
        return f"it expired on {facts.not_after:%Y-%m-%d}"
    if now < facts.not_before:
        return f"it is not valid before {facts.not_before:%Y-%m-%d}"
    if certificate.chain is not None and certificate.chain.status & REVOKED:
        return "it is revoked"
    if (weakness := flaw(facts)) is not None:
        return weakness
    if key_health(certificate).state != "ok":
        return key_health(certificate).reason
    missing = [name for name in names if not covers(facts.names, name)]
    return f"it does not cover {', '.join(missing)}" if missing else None


def merit(certificate: Certificate) -> tuple[bool, datetime]:
    """What is better comes later: issued by an authority, then the later end."""
    facts = certificate.facts
    return (not facts.self_signed, facts.not_after) if facts else (False, datetime.min.replace(tzinfo=timezone.utc))

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


class Choice(NamedTuple):
    """``certificate`` or None; ``reason`` says why this one, or why none."""

    certificate: Certificate | None
    reason: str


def best_certificate(host: Host, names: tuple[str, ...], now: datetime) -> Choice:
    """The longest-lived valid certificate with a usable key that covers every name; an issued one beats a self-signed one.

    An exact tie is refused: two equally good certificates mean that a person has to choose.
    """
    usable = [item for item in host.certificates if disqualified(item, names, now) is None]
    if not usable:
        return Choice(
            None, f"no certificate on this host is valid, has a usable key and covers {', '.join(names) or 'it'}"
        )
    ranked = sorted(usable, key=_merit, reverse=True)
    first = ranked[0]
    ties = {item.thumbprint for item in ranked if _merit(item) == _merit(first)}
    if len(ties) > 1:
        return Choice(None, f"equally good certificates, name one: {', '.join(sorted(ties))}")
    until = f", valid until {first.facts.not_after:%Y-%m-%d}" if first.facts else ""
    return Choice(first, f"covers {', '.join(names) or 'any name'}{until}")


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
    if key_health(certificate).state != "ok":
        return key_health(certificate).reason
    missing = [name for name in names if not covers(facts.names, name)]
    return f"it does not cover {', '.join(missing)}" if missing else None


def _merit(certificate: Certificate) -> tuple[bool, datetime]:
    facts = certificate.facts
    return (not facts.self_signed, facts.not_after) if facts else (False, datetime.min.replace(tzinfo=timezone.utc))

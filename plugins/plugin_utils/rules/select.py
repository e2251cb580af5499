# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate of a host fits a set of names best, or why none or no single one does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import NamedTuple

from ..model.host import Certificate, Host
from ..model.keys import store_key
from .key_health import key_health
from .names import covers
from .strength import flaw

#: X509ChainStatusFlags.Revoked.
REVOKED = 0x4


class Choice(NamedTuple):
    """``certificate`` or None; ``reason`` says why this one, or why none."""

    certificate: Certificate | None
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What a certificate has to fulfil. An empty part asks for nothing.

    ``names``: canonical host names it must cover. ``issuers``: whole distinguished names, or one part of them, with or
    without its ``CN=``. ``min_days``: whole days it must still be valid. ``key_types``: rsa, ec. ``stores``: names.
    """

    names: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()
    min_days: int = 0
    key_types: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()


class Cabinet:
    """The certificates of one host, found by name without looking at every one; ``usable`` are those that could be bound now."""

    def __init__(self, host: Host, now: datetime) -> None:
        self._now = now
        self._parsed = [item for item in host.certificates if item.facts is not None]
        self._flaws = {id(item): _flawed(item, now) for item in self._parsed}
        self.usable = [item for item in self._parsed if self._flaws[id(item)] is None]
        self._best: dict[tuple[str, ...], Choice] = {}
        self._by_name: dict[str, list[Certificate]] = {}
        for item in self._parsed:
            for name in item.facts.names if item.facts else ():
                self._by_name.setdefault(name, []).append(item)

    def covering(self, names: tuple[str, ...]) -> list[Certificate]:
        """The usable certificates that cover every one of these names."""
        if not names:
            return self.usable
        near = [item for item in self._near(names[:1]) if self._flaws[id(item)] is None]
        return [item for item in near if item.facts and all(covers(item.facts.names, name) for name in names)]

    def _near(self, names: tuple[str, ...]) -> list[Certificate]:
        """The certificates, usable or not, that cover one of these names at least; without names, all that could be parsed."""
        if not names:
            return self._parsed
        spelled = [
            key for name in names for key in (name, "" if name.startswith("*.") else f"*.{name.partition('.')[2]}")
        ]
        return list({id(item): item for key in spelled for item in self._by_name.get(key, ())}.values())

    def best(self, names: tuple[str, ...]) -> Choice:
        """The choice where nothing but names is asked for. Many findings may ask for the same names."""
        found = self._best.get(names)
        if found is None:
            found = self._best[names] = self.choose(Selection(names))
        return found

    def choose(self, wish: Selection) -> Choice:
        """The longest-lived valid certificate with a usable key that fulfils a selection; an issued one beats a self-signed one.

        An exact tie is refused: two equally good certificates mean that a person has to choose.
        """
        return _best([item for item in self.covering(wish.names) if not _short(item, wish, self._now)], wish)

    def losers(self, wish: Selection, winner: Certificate | None) -> tuple[str, ...]:
        """Why each certificate that covers one of the names at least was not chosen, the better ones first."""
        told: dict[str, None] = {}  # each certificate once
        for item in sorted(self._near(wish.names), key=merit, reverse=True):
            if winner is None or item.thumbprint != winner.thumbprint:
                reason = self._flaws[id(item)] or _lacking(item, wish.names) or _short(item, wish, self._now)
                reason = reason or _worse(item, winner)
                told[f"{item.thumbprint} in LocalMachine\\{item.store}: {reason}"] = None
        return tuple(told)


def _worse(certificate: Certificate, winner: Certificate | None) -> str:
    """In which way a certificate that fits falls behind the one that was chosen."""
    facts, best = certificate.facts, winner.facts if winner else None
    if facts is None or best is None:
        return "it is as good as another one"
    if facts.self_signed and not best.self_signed:
        return "it is self-signed, the chosen one is issued by an authority"
    return f"it is valid until {facts.not_after.date()} only"


def _best(usable: list[Certificate], wish: Selection) -> Choice:
    if not usable:
        return Choice(None, f"no certificate on this host is valid, has a usable key and {_asked(wish)}")
    best = max(usable, key=merit)
    most = merit(best)
    ties = {item.thumbprint for item in usable if merit(item) == most}
    if len(ties) > 1:
        return Choice(None, f"equally good certificates, name one: {', '.join(sorted(ties))}")
    until = f", valid until {best.facts.not_after.date()}" if best.facts else ""
    return Choice(best, f"covers {', '.join(wish.names) or 'any name'}{until}")


def unfit(certificate: Certificate, wish: Selection, now: datetime) -> str | None:
    """Why a certificate is not among those that a selection leaves; None when it is."""
    return _flawed(certificate, now) or _lacking(certificate, wish.names) or _short(certificate, wish, now)


def _short(certificate: Certificate, wish: Selection, now: datetime) -> str | None:
    """Why a certificate that could serve the names is not what a selection asks for."""
    facts = certificate.facts
    if facts is None:
        return "it cannot be parsed"
    if (facts.not_after - now).days < wish.min_days:
        return f"it is valid until {facts.not_after:%Y-%m-%d} only"
    if wish.stores and certificate.store not in {store_key(name) for name in wish.stores}:
        return f"it is in the store {certificate.store}"
    if wish.issuers and not {_folded(text) for text in wish.issuers} & _issuer_names(facts.issuer):
        return f"its issuer is {facts.issuer}"
    if wish.key_types and facts.key_type.lower() not in wish.key_types:
        return f"its key is {facts.key_type or 'of an unknown kind'}"
    return None


def _asked(wish: Selection) -> str:
    parts = [f"covers {', '.join(wish.names) or 'it'}"]
    if wish.issuers:
        parts.append(f"is issued by {' or '.join(wish.issuers)}")
    if wish.min_days:
        parts.append(f"is valid for {wish.min_days} more days")
    if wish.key_types:
        parts.append(f"has a key of type {' or '.join(wish.key_types)}")
    if wish.stores:
        parts.append(f"is in store {' or '.join(wish.stores)}")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _issuer_names(issuer: str) -> set[str]:
    """Everything an issuer may be called: the whole name, each part, and each part's value."""
    parts = [_folded(part) for part in issuer.replace("\\,", "\0").split(",")]
    values = [part.partition("=")[2] for part in parts]
    return {text.replace("\0", ",") for text in (*parts, *values)} | {_folded(issuer.replace("\\,", ","))}


def _folded(text: str) -> str:
    return ",".join(part.strip() for part in text.lower().split(","))


def _flawed(certificate: Certificate, now: datetime) -> str | None:
    """Why a certificate can serve no name at all now."""
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
    health = key_health(certificate)
    return health.reason if health.state != "ok" else None


def _lacking(certificate: Certificate, names: tuple[str, ...]) -> str | None:
    facts = certificate.facts
    missing = [name for name in names if facts is None or not covers(facts.names, name)]
    return f"it does not cover {', '.join(missing)}" if missing else None


def merit(certificate: Certificate) -> tuple[bool, datetime]:
    """What is better comes later: issued by an authority, then the later end."""
    facts = certificate.facts
    return (not facts.self_signed, facts.not_after) if facts else (False, datetime.min.replace(tzinfo=timezone.utc))

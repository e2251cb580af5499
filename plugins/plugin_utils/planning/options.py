# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a wish against the host: what this Windows does not know, what a move would lose, whom a change would meet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ..model.host import Binding, Host, RecordValue
from ..model.listing import first_of
from ..model.problems import Problem
from ..rules.options import OPTIONS, TEXTS, OptionWish, knows_record_bit
from ..rules.scene import subject_of
from .draft import Draft
from .wanted import Identity, WantedBinding

_NAMED = sum(option.record_bit for option in OPTIONS)
_PLAIN = RecordValue(None)


class _Settings(NamedTuple):
    """Everything a record says beside its certificate."""

    flags: int
    check_mode: int
    freshness: int
    timeout: int
    ctl_identifier: str | None
    ctl_store: str | None


def _settings(value: RecordValue) -> _Settings:
    ctl = (value.ctl_identifier, value.ctl_store)
    return _Settings(value.flags, value.check_mode, value.freshness, value.timeout, *ctl)


def _by_name(held: _Settings) -> dict[str, object]:
    """Settings by the name an option has, or by the record's own name for it."""
    found: dict[str, object] = {option.name: bool(held.flags & option.record_bit) for option in OPTIONS}
    # CTL texts compare without case
    found |= {name: (getattr(held, name) or "").lower() for name in TEXTS}
    found |= {name: getattr(held, name) for name in ("check_mode", "freshness", "timeout")}
    found["flags"] = held.flags & ~_NAMED
    return found


def unknown_options(host: Host, wanted: WantedBinding, held: RecordValue) -> list[Problem]:
    """Options asked for that this Windows does not know, each with what else leads there (F2.05)."""
    return [
        Problem(
            f"{wanted.path}.options.{option.name}",
            f"{knows_record_bit(host, option).reason}. Instead: {option.instead}",
        )
        for option in wanted.options.unknown(host, held.flags)
    ]


def differing(one: RecordValue, other: RecordValue, wish: OptionWish) -> list[str]:
    """Settings in which two records differ and of which the wish says nothing."""
    return list(_differing(_settings(one), _settings(other), wish))


@lru_cache(maxsize=1024)  # the records of a host have few settings
def _differing(one: _Settings, other: _Settings, wish: OptionWish) -> tuple[str, ...]:
    if one == other:
        return ()
    asked = {*(name for name, _on in wish.flags), *(name for name in TEXTS if getattr(wish, name) is not None)}
    theirs = _by_name(other)
    return tuple(name for name, value in _by_name(one).items() if value != theirs[name] and name not in asked)


def lost_in_central_store(before: Binding | None, moved: RecordValue | None, wish: OptionWish) -> list[str]:
    """Settings a binding has and did not give up, which the central store's record cannot hold (F2.07, F4.16)."""
    bits = {option.name for option in OPTIONS if before is not None and before.flags & option.binding_bit}
    lost = {*differing(moved or _PLAIN, _PLAIN, OptionWish()), *bits} - wish.given_up
    return [name for name in _by_name(_settings(_PLAIN)) if name in lost]


def option_consent(draft: Draft, spoken: frozenset[Identity], allowed: frozenset[str]) -> list[Problem]:
    """Bindings outside the request whose record would get other options: refused unless their sites are allowed.

    Such a change shows no other certificate, so that no handshake would tell. ``spoken``: bindings of the request.
    """
    current = draft.host.record_values
    changed = {
        key: names
        for key, value in draft.records.items()
        if key in current and (names := differing(current[key], value, OptionWish()))
    }
    if not changed:
        return []
    problems = []
    sharers = draft.host.users_of
    for key, names in sorted(changed.items(), key=lambda item: item[0]):
        others = _outside(draft, sharers.get(key, []), spoken, allowed)
        if others:
            message = f"would change {', '.join(names)} of record {key}, which serves {first_of(others)}, too"
            problems.append(Problem("allow.shared_change", f"{message}. Name the sites there to allow it"))
    return problems


def _outside(
    draft: Draft, places: Sequence[tuple[int, int]], spoken: frozenset[Identity], allowed: frozenset[str]
) -> list[str]:
    found = []
    for site_index, index in places:
        site = draft.host.sites[site_index]
        parts = site.bindings[index].parts
        if (site.name.lower(), *parts) not in spoken and site.name.lower() not in allowed:
            found.append(subject_of(site.name, *parts))
    return found

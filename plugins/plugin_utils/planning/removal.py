# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``remove_others``: https bindings that a request does not name become wishes that they be absent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..model.host import Host
from ..model.listing import first_of
from ..model.problems import Problem
from ..rules.ownership import owners
from ..rules.scene import subject_of
from .wanted import Identity

#: More removals than this are refused unless the request says otherwise.
AT_MOST = 10


class Removal(NamedTuple):
    """``scope``: ``none``, ``listed_sites`` or ``host``. ``at_most``: more removals are refused.

    ``keep``: sites or subjects; ``*`` is any text.
    """

    scope: str = "none"
    at_most: int = AT_MOST
    keep: tuple[str, ...] = ()


NOTHING = Removal()


class Unwanted(NamedTuple):
    """One binding that nobody named, as the host spells its site. ``stays``: somebody else uses its record, so it does not go."""

    site: str
    identity: Identity
    stays: bool


def parse_removal(args: Mapping[str, Any], problems: list[Problem]) -> Removal:
    """The argument ``remove_others``; what makes no sense goes into ``problems``."""
    given = args.get("remove_others") or {}
    at_most = given.get("at_most")
    removal = Removal(
        given.get("scope") or "none", AT_MOST if at_most is None else at_most, tuple(given.get("keep") or ())
    )
    if removal.at_most < 0:
        problems.append(Problem("remove_others.at_most", f"must be 0 or more, is {removal.at_most}"))
    for index, text in enumerate(removal.keep):
        if not text.strip():
            problems.append(Problem(f"remove_others.keep[{index}]", "is empty; name a site or a binding"))
    bindings = args.get("bindings")
    if removal.scope == "listed_sites" and not bindings:
        problems.append(Problem("remove_others.scope", "'listed_sites' needs 'bindings', which list the sites"))
    elif removal.scope == "host" and bindings is None:
        message = "'host' needs 'bindings'; write 'bindings: []' if no HTTPS binding at all is to stay"
        problems.append(Problem("remove_others.scope", message))
    return removal


def unwanted(
    host: Host, removal: Removal, named: frozenset[Identity], notes: list[str], problems: list[Problem]
) -> list[Unwanted]:
    """The https bindings in scope that no one named. Those whose record somebody else uses stay, each with a note.

    More than ``at_most`` of them are a problem: a wrong scope shall not empty a host.
    """
    if removal.scope == "none":
        return []
    patterns = [_pattern(text) for text in removal.keep]
    used = [False] * len(patterns)
    listed = {identity[0] for identity in named}
    owner = owners(host)
    found: dict[Identity, Unwanted] = {}
    staying: dict[Identity, Unwanted] = {}
    for site in host.sites:
        for binding in site.bindings:
            if not binding.is_https:
                continue
            kept = False
            if patterns:
                subject = subject_of(site.name, *binding.parts)
                hits = [bool(pattern.fullmatch(site.name) or pattern.fullmatch(subject)) for pattern in patterns]
                used = [before or hit for before, hit in zip(used, hits, strict=True)]
                kept = any(hits)
            identity = (site.name.lower(), *binding.parts)
            if kept or identity in named or (removal.scope == "listed_sites" and identity[0] not in listed):
                continue
            key = binding.record
            held = host.record_values.get(key) if key is not None else None
            who = owner(key, held) if key is not None and held is not None else None
            if who is not None:
                notes.append(f"{subject_of(site.name, *binding.parts)} stays: its record {key} is used by {who.text}")
                staying[identity] = Unwanted(site.name, identity, stays=True)
                continue
            found.setdefault(identity, Unwanted(site.name, identity, stays=False))
    # two spellings of one binding may rely on two records; removing the one would remove the other
    found = {identity: item for identity, item in found.items() if identity not in staying}
    notes += [
        f"remove_others.keep: no HTTPS binding is like {text!r}"
        for text, hit in zip(removal.keep, used, strict=True)
        if not hit
    ]
    if len(found) > removal.at_most:
        problems.append(Problem("remove_others.at_most", _too_many(removal, list(found.values()))))
    return [*staying.values(), *found.values()]


def _pattern(text: str) -> re.Pattern[str]:
    """``*`` stands for any text, also where it is meant as an address: so a pattern keeps rather too much than too little."""
    return re.compile(".*".join(re.escape(part) for part in text.strip().split("*")), re.IGNORECASE | re.DOTALL)


def _too_many(removal: Removal, found: Sequence[Unwanted]) -> str:
    shown = first_of([subject_of(item.site, *item.identity[1:]) for item in found])
    return (
        f"HTTPS bindings that are not named would be removed: {len(found)}, allowed are {removal.at_most}: {shown}. "
        "Raise at_most, name what stays in bindings or keep, or choose a narrower scope"
    )

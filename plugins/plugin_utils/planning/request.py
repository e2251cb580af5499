# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user asks for, checked for sense before any host is looked at. All faults at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from ..model.problems import Invalid, Problem
from ..rules.findings import KINDS, REPAIRABLE
from .removal import NOTHING, Removal, parse_removal
from .wanted import Identity, WantedBinding, identities_of, parse_wanted

#: Finding ids that ``repair`` understands; those without a safe repair lead to a note.
FINDING_IDS = tuple(sorted(KINDS))
#: The parts of a wish that say which bindings it is about.
_NAMING = ("site", "address", "port", "host", "replaces")


@dataclass(frozen=True)
class Request:
    """A checked request. ``shared_change`` names the sites whose served certificate may change; ``gap`` allows a gap.

    ``removal``: which bindings go that are not named. ``foreign``: records, or owners of records, that may change although
    others than IIS use them; all in lower case. ``shared_configuration``: a configuration that other hosts read may change.
    """

    bindings: tuple[WantedBinding, ...]
    repair: tuple[str, ...] = ()
    shared_change: frozenset[str] = frozenset()
    gap: bool = False
    removal: Removal = NOTHING
    foreign: frozenset[str] = frozenset()
    shared_configuration: bool = False

    @cached_property
    def identities(self) -> frozenset[Identity]:
        """The bindings the request names, under their old names, too."""
        return identities_of(self.bindings)


def parse_request(args: Mapping[str, Any]) -> Request:
    """Check the arguments of ``https_bindings`` (shapes are checked already). Raises :class:`Invalid` with every problem."""
    problems: list[Problem] = []
    bindings = [
        parse_wanted(item, f"bindings[{index}]", problems) for index, item in enumerate(args.get("bindings") or ())
    ]
    repair = tuple(args.get("repair") or ())
    for index, text in enumerate(repair):
        kind = text.split(" ", 1)[0]
        if kind not in FINDING_IDS:
            near = get_close_matches(kind, FINDING_IDS, 3)
            told = f"nearest: {', '.join(near)}" if near else f"with a repair are: {', '.join(REPAIRABLE)}"
            problems.append(Problem(f"repair[{index}]", f"{text!r} begins with no finding id ({told})"))
    unsure = {_entry(problem.path) for problem in problems}
    _duplicates([wanted for wanted in bindings if wanted.path not in unsure], problems)
    removal = parse_removal(args, problems)
    allow = args.get("allow") or {}
    if problems:
        raise Invalid(problems)
    shared, foreign = (
        frozenset(str(name).strip().lower() for name in allow.get(key) or ()) for key in ("shared_change", "foreign")
    )
    whole_farm = bool(allow.get("shared_configuration"))
    return Request(tuple(bindings), repair, shared, bool(allow.get("gap")), removal, foreign, whole_farm)


def _entry(path: str) -> str:
    """The entry of ``bindings`` of which a fault leaves unsure which binding it means; empty where it does not."""
    entry, _dot, rest = path.partition(".")
    return entry if rest.partition(".")[0] in _NAMING else ""


def _duplicates(bindings: Sequence[WantedBinding], problems: list[Problem]) -> None:
    """No binding may be declared twice, replaced twice, or both: a second run would not know what was meant."""
    first: dict[Identity, WantedBinding] = {}
    for wanted in bindings:
        other = first.setdefault(wanted.identity, wanted)
        if other is not wanted:
            problems.append(Problem(wanted.path, f"is the same binding as {other.path} ({wanted.subject})"))
    replacing: dict[Identity, WantedBinding] = {}
    for wanted in bindings:
        replaced = wanted.replaced
        if replaced is None or replaced == wanted.identity:
            continue
        other = replacing.setdefault(replaced, wanted)
        if other is not wanted:
            message = f"{wanted.old_subject} is replaced by {other.path} already"
            problems.append(Problem(f"{wanted.path}.replaces", message))
        if replaced in first:
            message = f"{wanted.old_subject} is declared by {first[replaced].path}; it cannot be replaced, too"
            problems.append(Problem(f"{wanted.path}.replaces", message))

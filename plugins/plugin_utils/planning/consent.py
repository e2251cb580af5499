# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consent: what a plan does to others, or for a moment to everybody, is refused unless the request allows it by name."""

from __future__ import annotations

import json
from collections.abc import Sequence, Set

from ..model.keys import RecordKey
from ..model.listing import first_of
from ..model.problems import Problem
from ..rules.ownership import Owner
from .impact import Affected
from .request import Request

_GAP = "this Windows cannot replace a record in place; for a moment there is no certificate"


def consent(request: Request, affected: Sequence[Affected], written: Set[RecordKey], problems: list[Problem]) -> None:
    """Refuse what changes for other sites, for other programs, and gaps, each with the words that would allow it.

    ``written``: records whose change was refused or allowed already, where their owner was asked.
    """
    by_sites: dict[tuple[str, ...], list[Affected]] = {}
    theirs: list[Affected] = []
    for item in affected:
        if item.requested:
            continue
        key, owner = item.record, item.other
        if key is not None and owner is not None and not owner.allowed(key, request.foreign):
            if key not in written:
                theirs.append(item)
        elif not {site.lower() for site in item.sites} <= request.shared_change:
            by_sites.setdefault(item.sites, []).append(item)
    for sites, items in by_sites.items():
        message = f"would change what clients of {', '.join(sites)} meet: {_changes(items)}"
        way = f"To allow that: shared_change: {json.dumps(sites, ensure_ascii=False)}"
        problems.append(Problem("allow.shared_change", f"{message}. {way}"))
    problems += [Problem("allow.foreign", message) for message in refused_for_owners(theirs)]
    gaps = [item for item in affected if item.gap]
    if gaps and not request.gap:
        problems.append(Problem("allow.gap", f"{_GAP} for {_places(gaps)}. Set allow.gap: true to accept that"))


def refused_for_owners(affected: Sequence[Affected]) -> list[str]:
    """One refusal for each record of others whose clients would meet another certificate, with what would allow it."""
    by_owner: dict[tuple[RecordKey, Owner], list[Affected]] = {}
    for item in affected:
        if item.record is not None and item.other is not None:
            by_owner.setdefault((item.record, item.other), []).append(item)
    return [
        f"would change what record {key} serves for {owner.text}: {_changes(items)}. {how_to_allow(key, owner)}"
        for (key, owner), items in by_owner.items()
    ]


def how_to_allow(key: RecordKey, owner: Owner) -> str:
    """A sentence: the words in ``allow.foreign`` that would allow a change of this owner's record, if any do."""
    if owner.fixed:
        return "Nothing allows that"
    names = " or ".join(json.dumps([name], ensure_ascii=False) for name in (owner.name, str(key)) if name)
    return f"To allow that: foreign: {names}"


def _changes(items: Sequence[Affected]) -> str:
    """Each pair of certificates once, with the endpoints where clients will meet the second instead of the first."""
    pairs: dict[tuple[str | None, str | None], list[Affected]] = {}
    for item in items:
        pairs.setdefault((item.before, item.after), []).append(item)
    return "; ".join(
        f"{before or 'nothing'} -> {after or 'nothing'} on {_places(changed)}"
        for (before, after), changed in pairs.items()
    )


def _places(items: Sequence[Affected]) -> str:
    return first_of([item.endpoint.text for item in items])

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else who writes while a run waits to be undone: a change of what its plan is about, or of something else."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from engine.cases import Steps
from engine.harness.pair import Pair, State, folded, place

#: A binding of somebody else.
STRANGER = {"protocol": "http", "information": "*:4711:", "ssl_flags": None}


class Meddling:
    """What somebody else has done after the process died: nothing, or a change of what the plan is about, or of something else."""

    def __init__(self, pair: Pair, chance: Random, steps: Steps) -> None:
        self.kind = chance.choice(("nothing", "nothing", "nothing", "touched record", "other record", "touched site"))
        #: Index in the list of records, or of sites, and what stands there since.
        self.record: dict[str, Any] | None = None
        self.site: str | None = None
        records, sites = pair.state()
        keys = {place(step) for step in steps if "family" in step}
        if self.kind.endswith("record"):
            mine = [item for item in records if (place(item) in keys) == (self.kind == "touched record")]
            mine = [item for item in mine if item["family"] in ("ipport", "hostnameport")]
            if mine:
                self.record = chance.choice(mine)
                self.record["timeout"] = 4711
        elif self.kind == "touched site":
            names = sorted({edit["site"] for step in steps for edit in step.get("edits", ())})
            self.site = chance.choice([site["name"] for site in sites if site["name"] in names] or [None])
            self.at = chance.randint(0, 3)
        if self.record is None and self.site is None:
            self.kind = "nothing"
        else:
            pair.put(*self.over((records, sites)))

    def over(self, state: State) -> State:
        """A state with this change on top."""
        records, sites = copy.deepcopy(state)
        if self.record is not None:
            others = [item for item in records if place(item) != place(self.record)]
            records = sorted([*others, self.record], key=lambda item: (item["family"], item["key"].lower()))
        for site in sites:
            if site["name"] == self.site:
                site["bindings"].insert(self.at, dict(STRANGER))
        return records, sites

    def kept_over(self, before: State, now: State) -> bool:
        """Is this the state before with the change on top? Their binding is there, and the others have their order around it. The central
        store may be back under its other name.
        """
        wanted, found = self.over(before), copy.deepcopy(now)
        for site in (*wanted[1], *found[1]):
            if site["name"] == self.site:
                if STRANGER not in site["bindings"]:
                    return False
                site["bindings"].remove(STRANGER)
        return found == wanted or folded(found) == folded(wanted)

    def overran(self, dead: State, before: State) -> bool:
        """Had the dead run changed the very record?"""
        if self.record is None:
            return False
        mine = [[item for item in folded(state)[0] if place(item) == place(self.record)] for state in (dead, before)]
        return mine[0] != mine[1]

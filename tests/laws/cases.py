# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One random case: a host, what was read of it, a request, the plan for it, and what came of it. Each part is made once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property
from random import Random
from typing import Any, NamedTuple

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid, Problem
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan, make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.explain import explain
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import info
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.plan_words import plan_lines
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.results import predicted
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.reply import applier_args
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.steps import step_to_wire
from lab.httpsys import Spot

from . import oddities, strategies
from .world import NOW, World

READ = {"certificates": "candidates", "key_check": "open"}
PROBE = {"on_unverified": "fail", "timeout": 5, "retries": 0}
#: Every endpoint that a law looks at: (address, port, server name).
ENDPOINTS = [
    (address, port, name)
    for address in strategies.ADDRESSES
    for port in strategies.PORTS
    for name in (None, *strategies.NAMES, "stranger.example.net", "example.com")
]


class Outcome(NamedTuple):
    """A plan carried out. ``seen``: what each endpoint showed before, after every single call, and at the end.

    ``moments``: the calls.
    """

    answer: dict[str, Any]
    moments: list[str]
    seen: dict[Spot, list[str | None]]


class Case:
    """Shown without certificates, so that a failing case can be read. ``real``: the simulated host is as the document says."""

    def __init__(self, chance: Random) -> None:
        self.description = strategies.description(chance)
        self.world = World(self.description)
        self.document = self.world.read()
        self.real = bool(chance.randrange(9))
        if not self.real:
            self.document = copy.deepcopy(self.document)
            oddities.unread(self.document, chance)
        self.host: Host = parse_document(self.document)
        #: For choices that a law makes itself.
        self.chance = Random(chance.randrange(2**32))
        #: Do the laws that have much to look at in every case look at this one?
        self.looked_at = bool(self.chance.randrange(2))
        #: What was refused before the rest was planned.
        self.problems: list[Problem] = []
        self.args, self.plan = _accepted(self.host, strategies.request(chance, self.document), self.problems)

    def __repr__(self) -> str:
        return f"{self.world!r}\n  request {self.args!r}" + ("" if self.real else "\n  (and the document was changed)")

    @property
    def refused(self) -> set[str]:
        """Places of what was refused, inside their binding."""
        return {problem.path.partition(".")[2] for problem in self.problems}

    @property
    def steps(self) -> bool:
        """Is there something to do?"""
        return self.plan is not None and bool(self.plan.steps)

    @property
    def wire(self) -> list[dict[str, Any]]:
        """The steps of the plan as they travel, not packed."""
        return [step_to_wire(step) for step in self.plan.steps] if self.plan else []

    @cached_property
    def shown(self) -> dict[str, Any]:
        """What is said of the host as it was read."""
        return info(self.host, [], NOW)

    @cached_property
    def told(self) -> list[str]:
        """The same in words."""
        return explain(self.shown)

    @cached_property
    def prediction(self) -> dict[str, Any]:
        """What is said of the plan."""
        assert self.plan is not None
        return predicted(self.plan)

    @cached_property
    def promised(self) -> list[str]:
        """The same in words."""
        return plan_lines(self.prediction, self.shown["certificates"])

    @cached_property
    def left(self) -> Host:
        """The host as it was read after the plan."""
        return parse_document(self.outcome.answer["document"])

    @cached_property
    def outcome(self) -> Outcome:
        """What comes of the plan on a fresh host of the same kind."""
        assert self.plan is not None
        world = World(self.description)
        seen = {spot: [shown] for spot, shown in world.shown(ENDPOINTS).items()}
        moments: list[str] = []

        def look(moment: str) -> None:
            moments.append(moment)
            for spot, shown in world.shown(ENDPOINTS).items():
                seen[spot].append(shown)

        answer = world.apply(applier_args(self.plan.host.name, self.plan.steps, PROBE, READ), look)
        return Outcome(answer, moments, seen)


def planned(host: Host, args: dict[str, Any]) -> Plan | None:
    """The plan for a request as a user writes it; None where it is refused, with every problem in words."""
    try:
        return make_plan(host, parse_request(args), NOW)
    except Invalid as refusal:
        assert refusal.problems and all(problem.message for problem in refusal.problems)
        return None


def _accepted(host: Host, args: dict[str, Any], problems: list[Problem]) -> tuple[dict[str, Any], Plan | None]:
    """The request without the wishes that are refused, and its plan; the whole request and None where it is refused as such.

    A refusal says little to most laws; what it leaves of a request says the more.
    """
    try:
        return args, make_plan(host, parse_request(args), NOW)
    except Invalid as refusal:
        assert refusal.problems and all(problem.message for problem in refusal.problems)
        problems += refusal.problems
        less = reduced(args, refusal.problems)
    return less, planned(host, less)


def reduced(args: dict[str, Any], problems: Sequence[Problem]) -> dict[str, Any]:
    """A request without what was refused, and with more consent."""
    paths = {problem.path.partition(".")[0] for problem in problems}
    kept = [item for index, item in enumerate(args["bindings"]) if f"bindings[{index}]" not in paths]
    repair = [text for index, text in enumerate(args["repair"]) if f"repair[{index}]" not in paths]
    shared = list(strategies.SITES) if "allow" in paths else args["allow"]["shared_change"]
    less = {
        **args,
        "bindings": kept,
        "repair": repair,
        "allow": {**args["allow"], "shared_change": shared, "gap": True},
    }
    if "remove_others" in paths or not kept:
        less["remove_others"] = {**args["remove_others"], "scope": "none"}
    return less

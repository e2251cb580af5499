# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One random farm: hosts with one IIS configuration, a request, its phases, and what came of them. Each part is made once."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from functools import cached_property
from random import Random
from typing import Any, NamedTuple

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid, Problem
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import Expectation, ProbeStep, Step
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.approved import approved_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.farm import Phase, farm_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.text import plan_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.planfile import plan_from_file
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.reply import applier_args
from lab.httpsys import Spot

from . import strategies
from .cases import ENDPOINTS, PROBE, READ, reduced
from .world import NOW, World

#: A handshake where nobody listens: whatever was done before it is undone.
IMPOSSIBLE = ProbeStep((Expectation("10.0.0.5", 1, None, "0" * 40),), "break off here")


class Passed(NamedTuple):
    """All phases carried out. ``seen``: by host, what each endpoint showed before, after every call on any host, and at the end.

    ``turns``: the plan files as they were carried out, each with the host as read after it. ``left``: all hosts afterwards.
    ``fault``: what stopped it, None where nothing did.
    """

    fault: str | None
    turns: list[tuple[Plan, Host]]
    seen: list[dict[Spot, list[str | None]]]
    left: list[Host]


class Broken(NamedTuple):
    """Phases that broke off in the middle of one host's plan, which undid itself; then all the others were undone, last first.

    ``errors``: of every call of an applier that should have worked, the undo of the broken one included. Documents of all
    hosts: ``first`` of all, just ``before`` the broken plan and just ``after`` it, at ``last``.
    """

    errors: list[dict[str, Any]]
    first: list[dict[str, Any]]
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    last: list[dict[str, Any]]


class Farm:
    """Its hosts have the same sites and bindings; often also the same records. ``phases``: None where refused.

    ``refused``: every refusal by a host or for the farm, first of the whole request, then of what was left of it.
    """

    def __init__(self, chance: Random) -> None:
        first = {**strategies.description(chance), "shared_configuration": True}
        self.descriptions = [_member(chance, first, number) for number in range(chance.choice((2, 2, 2, 3)))]
        self.worlds = [World(item) for item in self.descriptions]
        self.documents = [world.read() for world in self.worlds]
        self.hosts = [parse_document(document) for document in self.documents]
        self.refused: list[Invalid] = []
        self._problems: Sequence[Problem] = ()
        args = strategies.request(chance, self.documents[0])
        self.args = {**args, "allow": {**args["allow"], "shared_configuration": True}}
        self.chance = Random(chance.randrange(2**32))
        self.phases = self.planned(self.hosts)
        for _again in range(2):  # wishes are refused first, then what is left of them for want of consent
            if self.phases is None:
                self.args = reduced(self.args, self._problems)
                self.phases = self.planned(self.hosts)

    def __repr__(self) -> str:
        return "\n".join([*map(repr, self.worlds), f"  request {self.args!r}"])

    def planned(self, hosts: list[Host]) -> tuple[Phase, ...] | None:
        """The phases of the request for these hosts; None where it is refused."""
        try:
            request = parse_request(self.args)
        except Invalid as refusal:
            self._problems = refusal.problems
            return None
        try:
            return farm_plan(hosts, request, NOW).phases
        except Invalid as refusal:
            self._problems = refusal.problems
            self.refused.append(refusal)
            return None

    @property
    def steps(self) -> bool:
        """Is there something to do?"""
        return any(plan.steps for phase in self.phases or () for plan in phase.plans)

    @cached_property
    def passed(self) -> Passed:
        """What comes of the plan files on fresh hosts: phase by phase, the hosts of each in a random order."""
        worlds = self._fresh()
        seen = [{spot: [shown] for spot, shown in world.shown(ENDPOINTS).items()} for world in worlds]
        turns: list[tuple[Plan, Host]] = []
        fault = None
        for index, plan in self._turns():
            if fault is None:
                left, fault = _carried_out(plan, worlds, index, seen)
                turns.append((plan, left))
        return Passed(fault, turns, seen, [parse_document(world.read()) for world in worlds])

    @cached_property
    def broken(self) -> Broken:
        """What comes of the plans where one of them stops somewhere."""
        worlds = self._fresh()
        errors: list[dict[str, Any]] = []

        def call(index: int, steps: Sequence[Step]) -> None:
            """An applier, which either works or meets the probe that cannot succeed, and undoes what it did."""
            name = self.hosts[index].name
            answer = worlds[index].apply(applier_args(name, steps, PROBE, READ, shared_configuration=True))
            stopped = answer["error"] is not None and IMPOSSIBLE in steps
            errors.extend(answer["undo_errors"] if stopped else [answer["error"]] if answer["error"] else [])
            for world in worlds:
                if world is not worlds[index]:
                    world.follow(worlds[index])

        def look() -> list[dict[str, Any]]:
            return [world.read() for world in worlds]

        first = look()
        turns = [(index, plan.steps) for index, plan in self._turns() if plan.steps]
        turns = turns[: self.chance.randint(1, len(turns))]
        for index, steps in turns[:-1]:
            call(index, steps)
        before = look()
        index, steps = turns[-1]
        call(index, [*steps[: self.chance.randint(0, len(steps))], IMPOSSIBLE])
        after = look()
        for index, steps in reversed(turns[:-1]):
            call(index, [inverse for step in reversed(steps) if (inverse := step.inverse()) is not None])
        return Broken(errors, first, before, after, look())

    def _fresh(self) -> list[World]:
        return [World(item) for item in self.descriptions]

    def _turns(self) -> Iterator[tuple[int, Plan]]:
        """The plans of each phase in a random order of the hosts, each with the number of its host."""
        for phase in self.phases or ():
            for index in self.chance.sample(range(len(self.hosts)), len(self.hosts)):
                yield index, phase.plans[index]


def _carried_out(
    plan: Plan, worlds: list[World], index: int, seen: list[dict[Spot, list[str | None]]]
) -> tuple[Host, str | None]:
    """Carry out the plan file of one host, and look at all hosts after every call. The host afterwards, and what went wrong."""
    acting = worlds[index]

    def look(_moment: str) -> None:
        for world, shown in zip(worlds, seen, strict=True):
            if world is not acting:
                world.follow(acting)
            for spot, now in world.shown(ENDPOINTS).items():
                shown[spot].append(now)

    host, filed = parse_document(acting.read()), plan_from_file(plan_document(plan, "2026-11-24T12:00:00Z"))
    try:
        steps = approved_plan(host, filed, NOW).steps
    except Invalid as refusal:
        return host, f"{host.name}: {refusal}"
    answer = acting.apply(applier_args(filed.host, steps, PROBE, READ, filed.shared_configuration), look)
    fault = None if answer["error"] is None else f"{host.name}: {answer['error']}"
    return parse_document(answer["document"]), fault


def _member(chance: Random, first: dict[str, Any], number: int) -> dict[str, Any]:
    """A host like the first one; the later ones may have other records, stopped sites and listeners."""
    made = {**copy.deepcopy(first), "slug": f"web0{number + 1}"}
    if number and chance.randrange(2):
        sni = not made["os"]["build"].startswith(("6.0", "6.1"))
        other = strategies.records(chance, sni, made["update_exported"], made["sites"])
        share = chance.choice((1, 4, 10))
        held = {(item["family"], item["key"]): item for item in made["records"]}
        held.update({(item["family"], item["key"]): item for item in other if not chance.randrange(share)})
        made["records"] = [item for item in held.values() if chance.randrange(8)]
        made["http_ports"] = chance.choice((made["http_ports"], [8443]))
        for item in made["sites"]:
            item["state"] = chance.choice((item["state"], item["state"], item["state"], "Stopped"))
    return made

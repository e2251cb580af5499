# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that share one IIS configuration, planned together: records of all hosts first, bindings once, old records last.

The configuration is everybody's, certificate records are each host's own (A4.20 ff). Each phase has a plan per host, which may be
empty, and has to be carried out on all hosts before the next one begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ..model.host import Host
from ..model.problems import Invalid, Problem
from ..model.steps import BindingsStep, ProbeStep, RecordStep, Step
from .impact import Impact
from .planner import Plan, make_plan
from .predict import after_steps
from .request import Request

#: The phases in order, by the names of their directories.
PHASES = ("1-records", "2-configuration", "3-old-records")


class Phase(NamedTuple):
    """One phase: a plan for each host, in the order of the hosts."""

    name: str
    plans: tuple[Plan, ...]


class Farm(NamedTuple):
    """``wholes``: the plan of each host, as if it were alone; ``phases``: what of it is carried out when, and by whom."""

    wholes: tuple[Plan, ...]
    phases: tuple[Phase, ...]


def farm_plan(hosts: Sequence[Host], request: Request, now: datetime) -> Farm:
    """A request planned for all hosts of one farm. Raises :class:`Invalid` with every refusal, and whose it is."""
    problems = _one_farm(hosts)
    if problems:
        raise Invalid(problems)
    wholes: list[Plan] = []
    for host in hosts:
        try:
            wholes.append(make_plan(host, request, now))
        except Invalid as refusal:
            problems += [Problem(item.path, f"{host.name}: {item.message}") for item in refusal.problems]
    if problems:
        raise Invalid(problems)
    commits = [_parts(plan)[1] for plan in wholes]
    for host, commit in zip(hosts, commits, strict=True):
        if commit != commits[0]:
            message = f"{host.name} and {hosts[0].name} would need different bindings in the configuration they share"
            raise Invalid([Problem("documents", message)])
    for plan in wholes:
        problems += _opened_on_old_records(plan)
    if problems:
        raise Invalid(problems)
    rows = [_phased(plan, leads=index == 0, now=now) for index, plan in enumerate(wholes)]
    phases = tuple(Phase(name, tuple(row[number] for row in rows)) for number, name in enumerate(PHASES))
    return Farm(tuple(wholes), phases)


def _one_farm(hosts: Sequence[Host]) -> list[Problem]:
    """Do these documents show hosts of one farm, at one moment?"""
    if len(hosts) < 2:
        return [Problem("documents", "a farm has at least two hosts; give 'document' for a single one")]
    problems, seen = [], set()
    first = {site.name: site.bindings for site in hosts[0].sites}
    for index, host in enumerate(hosts):
        path = f"documents[{index}]"
        if host.name.lower() in seen:
            problems.append(Problem(path, f"{host.name} is there twice"))
        seen.add(host.name.lower())
        if not host.shared_configuration:
            problems.append(Problem(path, f"{host.name} does not share its IIS configuration"))
        elif {site.name: site.bindings for site in host.sites} != first:
            message = f"{host.name} and {hosts[0].name} have different sites or bindings; read all hosts again"
            problems.append(Problem(path, message))
    return problems


def _parts(plan: Plan) -> tuple[list[Step], list[Step], list[Step]]:
    """Before the commit, the commit, after it; without a commit everything comes first. Handshakes are planned per phase.

    Where nobody listens yet, a single host lets go of a record just before the commit. Here a phase ends in between, so
    that a record waits for the last one as long as a binding relies on it.
    """
    calls: list[Step] = [step for step in plan.steps if not isinstance(step, ProbeStep)]
    at = next((index for index, step in enumerate(calls) if isinstance(step, BindingsStep)), len(calls))
    waiting = _needed_until_the_commit(plan)
    early = [step for step in calls[:at] if step not in waiting]
    return early, calls[at : at + 1], [*calls[at + 1 :], *(step for step in calls[:at] if step in waiting)]


def _needed_until_the_commit(plan: Plan) -> list[RecordStep]:
    """Deletes of standing records on which bindings rely by now."""
    bound = plan.host.users_of.keys() & plan.host.record_values.keys()
    return [step for step in plan.steps if isinstance(step, RecordStep) and step.after is None and step.key in bound]


def _opened_on_old_records(plan: Plan) -> list[Problem]:
    """Records that would have to wait for the last phase on a port that opens by then: refused, for clients would meet them."""
    opened = plan.after.known_ports - plan.host.known_ports
    return [
        Problem(
            "documents",
            f"{plan.host.name}: record {step.key} belongs to a stopped site's binding that goes, while port {step.key.port} "
            "opens: clients would meet it for a while. Remove that binding by a request of its own first",
        )
        for step in _needed_until_the_commit(plan)
        if step.key.port in opened
    ]


def _phased(plan: Plan, leads: bool, now: datetime) -> list[Plan]:
    """The plan of one host, cut into phases; only the host that leads commits, the others find the bindings changed.

    What was noted, and which certificates were chosen, stands in the first phase.
    """
    result, host = [], plan.host
    for number, steps in enumerate(_parts(plan)):
        after = after_steps(host, steps)
        mine = steps if leads or number != 1 else []
        part = _phase(plan, host, after, mine, now) if mine else Plan(host, (), host, (), now)
        result.append(replace(part, notes=plan.notes, chosen=plan.chosen) if number == 0 else part)
        host = after
    return result


def _phase(plan: Plan, host: Host, after: Host, steps: Sequence[Step], now: datetime) -> Plan:
    """Some steps of a plan as a plan of their own, with whom they affect and the handshakes that prove them."""
    spoken = {item.endpoint for item in plan.affected if item.requested}
    # ports that no site needs any more; whether another program still listens there cannot be known
    closing = plan.host.known_ports - plan.after.known_ports
    records = [step for step in steps if isinstance(step, RecordStep)]
    touched = {step.key for step in records}
    impact = Impact(host, after)
    affected = [item._replace(requested=item.endpoint in spoken) for item in impact.affected(records)]
    # the whole plan has looked at those ports as if somebody still listened
    affected += [
        item for item in plan.affected if item.gap and item.record in touched and item.endpoint.port in closing
    ]
    expected = impact.expectations(affected, touched)
    endpoints = tuple(item for item in expected if item.expect is not None or item.port not in closing)
    probes = [ProbeStep(endpoints, "see that every endpoint shows the expected certificate")] if endpoints else []
    return Plan(host, (*steps, *probes), after, tuple(affected), now)

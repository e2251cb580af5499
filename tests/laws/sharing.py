# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws about farms, whose hosts share one IIS configuration. In the form of :mod:`laws.changing`, with a farm for a case."""

from __future__ import annotations

from itertools import chain
from typing import Any

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import BindingsStep, ProbeStep, RecordStep
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.farm import PHASES

from .changing import joins_unknown_listeners, never_a_third, outside, scoped
from .farms import Farm


def carried_out_phases_leave_nothing_to_plan(farm: Farm) -> bool:
    if farm.phases is None:
        return False
    plans = [plan for phase in farm.phases for plan in phase.plans]
    if joins_unknown_listeners(farm.args, chain.from_iterable(plan.notes for plan in plans)):
        return False
    if farm.passed.fault is not None:
        return False
    again = farm.planned(farm.passed.left)
    assert again is not None, farm.refused[-1].problems
    assert all(plan.empty for phase in again for plan in phase.plans), again
    return True


def endpoints_outside_the_request_change_on_no_host(farm: Farm) -> bool:
    if not farm.steps or farm.args["repair"] or farm.passed.fault is not None:
        return False
    for document, seen in zip(farm.documents, farm.passed.seen, strict=True):
        for spot in outside(document, farm.args):
            shown = seen.get(spot)
            if shown is not None and not scoped(document, spot):
                assert set(shown) == {shown[0]}, (document["name"], spot, shown)
    return True


def no_endpoint_of_any_host_shows_a_third_certificate_between_any_two_calls(farm: Farm) -> bool:
    """Calls on all hosts: what one host commits, all hosts meet, whatever their records are by then."""
    if farm.phases is None or not farm.steps or farm.passed.fault is not None:
        return False
    for index, (document, seen) in enumerate(zip(farm.documents, farm.passed.seen, strict=True)):
        never_a_third([phase.plans[index] for phase in farm.phases], document, seen)
    return True


def each_phase_leaves_every_host_as_its_plan_says(farm: Farm) -> bool:
    if not farm.steps:
        return False
    assert farm.passed.fault is None, farm.passed.fault
    for plan, left in farm.passed.turns:
        if plan.steps:
            assert (left.sites, left.records) == (plan.after.sites, plan.after.records), plan.host.name
    return True


def whatever_breaks_off_is_undone_on_every_host_and_so_is_all_before_it(farm: Farm) -> bool:
    """Records and bindings, in their order. A record whose key was unusable before cannot be set back; such a farm says nothing."""
    if not farm.steps or any(error["code"] == "key_unusable" for error in farm.broken.errors):
        return False
    broken = farm.broken
    assert not broken.errors, broken.errors
    for was, stands in ((broken.before, broken.after), (broken.first, broken.last)):
        for mine, now in zip(was, stands, strict=True):
            assert mine["sites"] == now["sites"], now["name"]
            assert _records(mine) == _records(now), now["name"]
    return True


def _records(document: dict[str, Any]) -> list[dict[str, Any]]:
    """No store is the store MY to http.sys, and steps leave it out."""
    return [{**item, "store": item["store"] or ("MY" if item["thumbprint"] else None)} for item in document["records"]]


def records_come_first_then_one_commit_of_one_host_then_old_records(farm: Farm) -> bool:
    if farm.phases is None:
        return False
    assert tuple(phase.name for phase in farm.phases) == PHASES
    for phase, kind in zip(farm.phases, (RecordStep, BindingsStep, RecordStep), strict=True):
        assert [plan.host.name for plan in phase.plans] == [host.name for host in farm.hosts]
        assert all(isinstance(step, kind | ProbeStep) for plan in phase.plans for step in plan.steps)
    committing = [plan for plan in farm.phases[1].plans if plan.steps]
    assert len(committing) <= 1
    assert all(sum(isinstance(step, BindingsStep) for step in plan.steps) == 1 for plan in committing)
    return bool(committing)


def a_refusal_names_the_host_or_the_farm(farm: Farm) -> bool:
    names = tuple(f"{host.name}: " for host in farm.hosts)
    for refusal in farm.refused:
        assert refusal.problems
        for problem in refusal.problems:
            assert problem.path.startswith("documents") or problem.message.startswith(names), problem
    return bool(farm.refused)


def the_order_of_the_hosts_changes_only_who_commits(farm: Farm) -> bool:
    if farm.phases is None or not farm.steps:
        return False
    turned = farm.planned(farm.hosts[::-1])
    assert turned is not None
    for one, other in zip(farm.phases, turned, strict=True):
        mine, theirs = (
            [[step for step in plan.steps if isinstance(step, RecordStep)] for plan in plans]
            for plans in (one.plans, other.plans[::-1])
        )
        assert mine == theirs
    commits = [
        [step for plan in phases[1].plans for step in plan.steps if isinstance(step, BindingsStep)]
        for phases in (farm.phases, turned)
    ]
    assert commits[0] == commits[1]
    return True

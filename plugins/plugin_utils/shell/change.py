# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a wish to a result: plan on the controller, carry out on the host unless there is nothing to do or check mode."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ..model.host import Host
from ..model.problems import Invalid
from ..planning.approved import approved_plan
from ..planning.planner import Plan, make_plan
from ..planning.request import Request
from ..render.results import applied, failure, predicted
from ..render.text import left_wrong, not_undone
from ..wire.planfile import FiledPlan
from .remote import Remote

_ANEW = (
    "The plan does not fit this host as it is now, and nothing was done. Make a new plan, and have that one approved."
)
_LATER = (
    "The plan does not fit this host as it is now, and nothing was done. A host takes over a shared configuration "
    "within some minutes: try again then, or make new plans for the farm."
)


def planned(host: Host, wish: Request | FiledPlan, now: datetime) -> Plan:
    """The plan for a request, or an approved plan held against the host. Raises Invalid with every refusal."""
    with collector_at_rest():
        if isinstance(wish, Request):
            return make_plan(host, wish, now)
        try:
            return approved_plan(host, wish, now)
        except Invalid as fault:
            raise Invalid(fault.problems, _what_next(host, wish)) from None


def _what_next(host: Host, filed: FiledPlan) -> str:
    if filed.host.lower() != host.name.lower():
        return ""
    return _LATER if filed.shared_configuration else _ANEW


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Planning makes very many small objects that live until its end and form no circles: looking for some again and again
    costs a fifth of the time for 10,000 bindings and a third for 100,000."""
    working = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if working:
            gc.enable()


def carry_out(
    remote: Remote,
    plan: Plan,
    probe: Mapping[str, Any],
    now: datetime,
    check_mode: bool,
    guard_minutes: int | None = None,
) -> dict[str, Any]:
    """The result of a changing action, of one shape whatever happened. ``guard_minutes``: None without a guard."""
    if plan.empty:
        return predicted(plan)
    if check_mode:
        return _warned(predicted(plan), plan.host, plan.after)
    outcome = remote.apply(plan, probe, guard_minutes)
    result = applied(plan, outcome.after, now, changed=outcome.changed, undone=outcome.undone, probes=outcome.probes)
    if outcome.error is not None:
        left = [*outcome.undo_errors]
        if outcome.undone == "partial" and outcome.after is not None:
            left += not_undone(plan, outcome.after)
        return {**result, **failure(outcome.error, outcome.undone, left)}
    if outcome.after is None:
        warning = f"the changes were carried out, but the host could not be read again: {outcome.unread}"
        return {**result, "warnings": [warning]}
    return _warned(result, plan.host, outcome.after)


def _warned(result: dict[str, Any], before: Host, after: Host) -> dict[str, Any]:
    told = left_wrong(before, after, result["findings"])
    return {**result, "warnings": told} if told else result

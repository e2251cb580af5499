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
from ..planning.approved import approved_plan
from ..planning.planner import Plan, make_plan
from ..planning.request import Request
from ..render.results import applied, failure, predicted
from ..render.text import not_undone
from ..wire.planfile import FiledPlan
from .remote import Remote


def planned(host: Host, wish: Request | FiledPlan, now: datetime) -> Plan:
    """The plan for a request, or an approved plan held against the host. Raises Invalid with every refusal."""
    with collector_at_rest():
        return make_plan(host, wish, now) if isinstance(wish, Request) else approved_plan(host, wish, now)


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
    if plan.empty or check_mode:
        return predicted(plan)
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
    return result

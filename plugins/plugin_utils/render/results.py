# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the actions (docs/contracts.md §7): what was done or would be, refusals, and errors of a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..model.host import Host
from ..model.problems import Problem
from ..planning.planner import Plan
from ..rules.capabilities import support_tier
from ..rules.findings import find
from ..wire.planfile import steps_view
from ..wire.reply import HostError
from ..wire.views import host_view
from .lines import message
from .text import affected_view, diff, finding_view, stays_view

_UNDONE = {
    "complete": "Everything done so far was undone",
    "partial": "Undoing it worked in part only: see after for what stands now",
}
#: What to do about errors of which the host says only what it saw.
_ADVICE = {
    "probe_wrong": "Another record, or a program beside IIS, answers there: https_bindings_info tells which, with that endpoint",
    "probe_unverified": "See whether the site runs and what listens or filters there. Where the host cannot look at itself, "
    "probe.on_unverified: ignore lets the change stand",
}


def predicted(plan: Plan) -> dict[str, Any]:
    """The result where nothing is, or was, to be called: check mode, a plan for a file, an empty plan."""
    return {
        "changed": not plan.empty,
        "simulated": plan.host.simulated,
        "before": host_view(plan.host),
        "after": host_view(plan.after),
        "plan": steps_view(plan.steps),
        "affected": affected_view(plan.affected),
        "findings": [finding_view(item) for item in plan.findings],
        "diff": diff(plan.host, plan.after),
        "undone": None,
        "support_tier": support_tier(plan.host),
        "probes": [],
        "stays": stays_view(plan.host, plan.after),
        "notes": list(plan.notes),
        "chosen": [{**item._asdict(), "losers": list(item.losers)} for item in plan.chosen],
    }


def applied(
    plan: Plan,
    after: Host | None,
    now: datetime,
    *,
    changed: bool,
    undone: str | None,
    probes: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The result of a plan that was called. ``after`` None: the host could not be read again, nothing is claimed about it."""
    return {
        **predicted(plan),
        "changed": changed,
        "after": None if after is None else host_view(after),
        "findings": None if after is None else [finding_view(item) for item in find(after, now)],
        "diff": None if after is None else diff(plan.host, after),
        "undone": undone,
        "probes": [dict(probe) for probe in probes],
    }


def failure(error: HostError, undone: str | None = None, undo_errors: Sequence[str] = ()) -> dict[str, Any]:
    """What an error adds to a result: the sentence, what was undone, what to do."""
    parts = [error.message, _UNDONE.get(undone or "", ""), *(f"Not undone: {item}" for item in undo_errors)]
    parts.append(_ADVICE.get(error.code, "") if error.hint in error.message else error.hint)
    said = " ".join(_sentence(part) for part in parts if part)
    return {"failed": True, "msg": message(said), "error": error.view()}


def host_error(error: HostError, host: Host | None) -> dict[str, Any]:
    """The result where the host could not even be read."""
    return {"changed": False, **failure(error), **_marked(host)}


def refusal(problems: Sequence[Problem], host: Host | None, hint: str = "") -> dict[str, Any]:
    """The result for input that cannot be used: every problem begins on a line of its own, then comes what to do, where there is
    a ``hint``. ``host``: None before it was read."""
    return {
        "failed": True,
        "changed": False,
        "msg": message("\n".join([*map(str, problems), *([hint] if hint else [])])),
        "problems": [{"path": problem.path, "message": problem.message} for problem in problems],
        **_marked(host),
    }


def _marked(host: Host | None) -> dict[str, Any]:
    return {} if host is None else {"simulated": host.simulated, "support_tier": support_tier(host)}


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."

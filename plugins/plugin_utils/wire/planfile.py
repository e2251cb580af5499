# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan file (docs/contracts.md §5): what was planned for one host, to be approved by a person and applied exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..model.problems import Invalid, Problem
from ..model.steps import Step
from .fields import Fields
from .steps import step_from_wire, step_to_wire

FORMAT, VERSION = "tlsfleet.iis/plan", 1
_KEYS = frozenset(
    [
        "format",
        "version",
        "host",
        "created_at",
        "simulated",
        "steps",
        "affected",
        "findings",
        "diff",
        "shared_configuration",
    ]
)


class FiledPlan(NamedTuple):
    """What a plan file says: the host it is for, its steps, and whether they were approved for a configuration of many hosts."""

    host: str
    steps: tuple[Step, ...]
    shared_configuration: bool = False


def steps_view(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Steps for people: numbered, with the reason and the inverse."""
    views = []
    for number, step in enumerate(steps, 1):
        inverse = step.inverse()
        head = {"id": str(number), "reason": step.reason}
        views.append({**head, **step_to_wire(step), "inverse": step_to_wire(inverse) if inverse else None})
    return views


def plan_from_file(data: Any) -> FiledPlan:
    """Read a plan file. Raises :class:`Invalid` with every fault, paths beginning with ``plan``."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise Invalid([Problem("plan", f"is not a plan file (format {FORMAT!r})")])
    if data.get("version") != VERSION:
        raise Invalid([Problem("plan.version", f"only version {VERSION} is understood, is {data.get('version')!r}")])
    problems: list[Problem] = []
    fields = Fields(data, "plan", problems, _KEYS)
    steps = data.get("steps")
    if not isinstance(steps, list):
        fields.fault("steps", "must be a list")
        steps = []
    read = tuple(step_from_wire(step, f"plan.steps[{index}]", problems) for index, step in enumerate(steps))
    host = fields.words("host")
    shared = fields.truth("shared_configuration") if "shared_configuration" in data else False
    if problems:
        raise Invalid(problems)
    return FiledPlan(host, read, shared)

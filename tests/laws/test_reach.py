# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the random cases reach: every kind of finding and every kind of step, once per hundred cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import BindingsStep, RecordStep, Step
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import KINDS, find
from laws.cases import Case
from laws.world import NOW
from support.schema import valid

HUNDREDS = 5
#: What a plan can consist of: steps, and edits of bindings by what they do.
STEPS = {
    "record_set",
    "record_update",
    "record_replace",
    "record_delete",
    "record_replace: bridged",
    "record_set: bridge",
    "record_delete: bridge",
    "probe",
    "bindings",
    "bindings: add",
    "bindings: change",
    "bindings: remove",
}

#: What wishes lead to.
WISHES = {
    "renamed",
    "to the central store",
    "from the central store",
    "new in the central store",
    "options of a binding",
    "options of a record",
    "trusted issuers of a record",
    "certificate chosen by a rule",
}
#: Places of refusals that only such wishes meet.
REFUSED = {"replaces", "central_store", "options", "certificate.select"}


def test_random_cases_have_every_kind_of_finding_and_of_step_once_per_hundred() -> None:
    seen: Counter[str] = Counter()

    for number in range(100 * HUNDREDS):
        case = Case(Random(number))
        valid(case.document)
        seen.update({item.id for item in find(case.host, NOW)})
        seen.update({name for step in (case.plan.steps if case.plan else ()) for name in _names(step)})
        seen.update(set(_fulfilled(case.plan)) if case.plan else ())
        seen.update({place for place in REFUSED if any(path.startswith(place) for path in case.refused)})
    assert {name: seen[name] for name in (*KINDS, *STEPS, *WISHES, *REFUSED) if seen[name] < HUNDREDS} == {}
    assert set(seen) == set(KINDS) | STEPS | WISHES | REFUSED


def _names(step: Step) -> Iterator[str]:
    yield step.op
    if "bridge" in step.reason:
        yield f"{step.op}: {'bridged' if step.reason.endswith('bridged') else 'bridge'}"
    for edit in step.edits if isinstance(step, BindingsStep) else ():
        does = "add" if edit.before is None else "remove" if edit.after is None else "change"
        yield f"bindings: {does}"


def _fulfilled(plan: Plan) -> Iterator[str]:
    """Which of the wishes a plan fulfils."""
    edits = [edit for step in plan.steps if isinstance(step, BindingsStep) for edit in step.edits]
    for edit in edits:
        if edit.before is None and edit.after is not None and edit.after.flags & 2:
            yield "new in the central store"
        if edit.before is None or edit.after is None:
            continue
        if edit.before.information != edit.after.information:
            yield "renamed"
        if (edit.before.flags ^ edit.after.flags) & 2:
            yield "to the central store" if edit.after.flags & 2 else "from the central store"
        if (edit.before.flags ^ edit.after.flags) & ~3:
            yield "options of a binding"
    for step in plan.steps:
        if isinstance(step, RecordStep) and step.before is not None and step.after is not None:
            if step.before.flags != step.after.flags:
                yield "options of a record"
            if step.before.ctl_store != step.after.ctl_store:
                yield "trusted issuers of a record"
    if plan.chosen:
        yield "certificate chosen by a rule"

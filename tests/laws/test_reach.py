# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the random cases reach: every kind of finding and every kind of step, once per hundred cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import BindingsStep, Step
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
    "probe",
    "bindings",
    "bindings: add",
    "bindings: change",
    "bindings: remove",
}


def test_random_cases_have_every_kind_of_finding_and_of_step_once_per_hundred() -> None:
    seen: Counter[str] = Counter()

    for number in range(100 * HUNDREDS):
        case = Case(Random(number))
        valid(case.document)
        seen.update({item.id for item in find(case.host, NOW)})
        seen.update({name for step in (case.plan.steps if case.plan else ()) for name in _names(step)})
    assert {name: seen[name] for name in (*KINDS, *STEPS) if seen[name] < HUNDREDS} == {}
    assert set(seen) == set(KINDS) | STEPS


def _names(step: Step) -> Iterator[str]:
    yield step.op
    for edit in step.edits if isinstance(step, BindingsStep) else ():
        does = "add" if edit.before is None else "remove" if edit.after is None else "change"
        yield f"bindings: {does}"

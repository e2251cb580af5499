# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and findings take time in step with the number of bindings: a ratio within one run, whatever the machine.

The stated budgets (docs/figures.md) are measured by ``make bench``; this notices what grows with the square.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import BindingsStep, RecordStep
from bench import core

SMALL, LARGE = 300, 2400
#: Above 1.1, which is the budget over a wider range: short times on a busy machine waver. The square would be 2.
AT_MOST = 1.4
TITLES = [kind.title for kind in core.KINDS]


@pytest.mark.parametrize("kind", core.KINDS, ids=TITLES)
def test_a_plan_takes_time_in_step_with_the_bindings(kind: core.Kind) -> None:
    assert core.exponent({size: core.plan_seconds(kind, size, 2) for size in (SMALL, LARGE)}) < AT_MOST


@pytest.mark.parametrize("took", [core.findings_seconds, core.judging_seconds])
def test_findings_and_judgements_take_time_in_step_with_the_bindings(took: Callable[[int, int], float]) -> None:
    assert core.exponent({size: took(size, 2) for size in (SMALL, LARGE)}) < AT_MOST


@pytest.mark.parametrize("kind", core.KINDS, ids=TITLES)
def test_what_is_measured_does_something(kind: core.Kind) -> None:
    """Every binding of the request is a step, or a refusal."""
    where, args = kind.host(20), kind.request(20)
    if kind.refused:
        refused = core.outcome(where, args)
        assert isinstance(refused, tuple)
        assert [problem.path for problem in refused] == [f"bindings[{at}].sni" for at in range(20)]
        return
    steps = core.plan(where, args).steps
    records = [step for step in steps if isinstance(step, RecordStep)]
    edits = [edit for step in steps if isinstance(step, BindingsStep) for edit in step.edits]
    assert max(len(records), len(edits)) >= kind.share * 20


def test_the_square_is_told_from_what_is_in_step() -> None:
    assert core.exponent({1: 1.0, 8: 64.0}) == pytest.approx(2)
    assert core.exponent({10: 3.0, 100: 30.0, 1000: 300.0}) == pytest.approx(1)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and findings take time in step with the number of bindings: a ratio within one run, whatever the machine.

The stated budgets (docs/figures.md) are measured by ``make bench``; this notices what grows with the square.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bench import core

SMALL, FACTOR = 500, 8
#: Above 1.1, which is the budget over a wider range: short times on a busy machine waver. The square would be 2.
AT_MOST = 1.4


@pytest.mark.parametrize(
    "took",
    [
        lambda size: core.plan_seconds(size, core.rotation, 2),
        lambda size: core.plan_seconds(size, core.addition, 2),
        lambda size: min(core.findings_seconds(size), core.findings_seconds(size)),
    ],
    ids=["another certificate for all", "as many bindings again", "findings"],
)
def test_time_grows_in_step_with_the_bindings(took: Callable[[int], float]) -> None:
    assert core.exponent(took(SMALL), took(SMALL * FACTOR), FACTOR) < AT_MOST


def test_the_plans_that_are_measured_do_something() -> None:
    where = core.host(20)
    turned, added = core.plan(where, core.rotation(20)), core.plan(where, core.addition(20))
    assert [step.op for step in turned.steps] == ["record_update"] * 20 + ["probe"]
    assert [step.op for step in added.steps] == ["record_set"] * 20 + ["bindings", "probe"]


def test_the_square_is_told_from_what_is_in_step() -> None:
    assert core.exponent(1.0, 64.0, 8) == pytest.approx(2) and core.exponent(1.0, 8.0, 8) == pytest.approx(1)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# applier is killed at every point of random plans; what the next run makes of it (L10)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from engine.crashes import Bench, attempt
from engine.harness.dying import Forked, Replaced
from engine.harness.lane import missing
from engine.harness.longrun import MEMORY
from engine.harness.servers import Servers
from hypothesis import settings

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
LONG = not settings().derandomize


def test_killed_at_every_point() -> None:
    """Each call, before and after, and each addition to the journal, at none, one, some and all of its bytes."""
    with Forked() as engine, Servers() as servers, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        counted, wrong = attempt(Bench(engine, servers, Path(folder) / "host"), range(2500 if LONG else 20), True)
    assert not wrong, wrong
    plans = counted.pop("plans")
    assert plans >= 15 and counted.total() >= 15 * plans, counted
    for outcome in ("before", "before, killed twice", "conflict, touched record", "before, touched site"):
        assert counted[outcome] >= 5, counted


def test_a_process_killed_at_random_and_another_one() -> None:
    """With probes, and a process that has just started recovers. Four of five cases have something to do."""
    with Replaced() as engine, Servers() as servers, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        counted, wrong = attempt(Bench(engine, servers, Path(folder) / "host"), range(5000 if LONG else 15), False)
    assert not wrong, wrong
    assert counted["before"] >= 3 and counted["plans"] >= 8, counted

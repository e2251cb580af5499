# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# applier is killed at random points of random plans; what the next run makes of it (L10)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from engine.crashes import Bench, Mortal, attempt
from engine.differential import MEMORY
from engine.harness.lane import missing
from engine.harness.servers import Servers
from hypothesis import settings

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
#: About a fifth of them has something to do. A process that is killed costs the start of another.
CASES = 120 if settings().derandomize else 10_000


def test_killed_at_random() -> None:
    with Mortal() as mortal, Servers() as servers, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        counted, wrong = attempt(Bench(mortal, servers, Path(folder) / "host"), range(CASES))
    assert not wrong, wrong
    assert counted["before"] >= 5 and sum(counted.values()) >= 20, counted

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# applier, under Mono, against the lab's model: same host, same steps, same errors, same state in the end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine.differential import Bench, compare
from engine.harness.lane import Lane, missing
from engine.harness.longrun import MEMORY
from engine.harness.servers import Servers
from hypothesis import settings

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
CASES = 1000 if settings().derandomize else 50_000


@pytest.fixture(scope="module")
def bench(lane: Lane) -> Iterator[Bench]:
    with Servers() as servers, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Bench(lane, servers, Path(folder) / "host")


def test_both_engines_do_the_same(bench: Bench) -> None:
    counted, broken = compare(bench, range(CASES))
    assert not broken, broken
    # that something has been tried: every error that single steps can have, with and without an undo
    assert sum(count for outcome, count in counted.items() if not outcome.startswith("no such host")) > 0.95 * CASES
    codes = (
        "changed_meanwhile",
        "key_unusable",
        "probe_wrong",
        "probe_unverified",
        "not_supported_here",
        "config_conflict",
    )
    for code in (*codes, "update_unsupported"):
        for undone in ("None", "complete"):
            assert counted[f"{code}, undone {undone}"], (code, undone)
    assert counted["None, undone None"] > 0.25 * CASES

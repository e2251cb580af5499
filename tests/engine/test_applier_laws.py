# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the design on the shipped C# applier: what clients meet between any two calls, and what an undo leaves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from engine.differential import Bench
from engine.harness.lane import Lane, missing
from engine.harness.longrun import MEMORY
from engine.harness.pair import JOURNAL, Pair
from engine.harness.servers import Servers
from hypothesis import settings
from lab.httpsys import Spot
from laws import cases
from laws.laws import LAWS
from laws.world import new_host

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
EXAMPLES = 60 if settings().derandomize else 5000
NAMES = ("L1", "L2", "L3", "L6")
WRONG = "0123456789ABCDEF0123456789ABCDEF01234567"


@pytest.fixture(scope="module")
def bench(lane: Lane) -> Iterator[Bench]:
    with Servers() as servers, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Bench(lane, servers, Path(folder) / "host")


def outcome(bench: Bench, pair: Pair, case: cases.Case) -> cases.Outcome:
    """What comes of the plan when the C# carries it out; after every single write the host is looked at."""
    pair.keep_beginning()
    answer = bench.lane.ask(pair.task(pair.args(case.wire, read=cases.READ)))
    judge = new_host(case.description)
    states = [pair.beginning, *pair.between()]
    seen: dict[Spot, list[str | None]] = {spot: [] for spot in cases.ENDPOINTS}
    for state in states:
        judge.adopt(*state)
        for spot, shown in judge.shown(cases.ENDPOINTS).items():
            seen[spot].append(shown)
    # on which ports http.sys listens is nothing that a state folder finds out
    answer["document"]["http_ports"] = judge.read()["http_ports"]
    return cases.Outcome(answer, [f"write {number}" for number in range(len(states))], seen)


def examples(bench: Bench, each: Callable[[cases.Case, Pair], bool]) -> int:
    """How many cases ``each`` had something to say about, until there are enough."""
    held = 0
    for number in range(50 * EXAMPLES):
        case = cases.Case(Random(number))
        if not case.steps or not case.real:
            continue
        try:
            held += each(case, bench.pair(case.description))
        except ValueError:
            continue  # no state folder can hold such a host
        if held == EXAMPLES:
            break
    return held


def test_between_any_two_calls(bench: Bench) -> None:
    """L1, L2, L3 and L6 as they stand in the laws, on what the C# has done."""

    def each(case: cases.Case, pair: Pair) -> bool:
        case.__dict__["outcome"] = outcome(bench, pair, case)
        held = [LAWS[name](case) for name in NAMES]  # every law looks, whatever the first one says
        return any(held)

    assert examples(bench, each) == EXAMPLES


def test_undoing_any_prefix_restores_the_host_exactly(bench: Bench) -> None:
    """L5: behind a prefix of the plan stands a probe that is wrong for sure. Bindings are back in their places."""

    def kept(records: list[dict[str, Any]], lost: set[str]) -> list[dict[str, Any]]:
        return [item for item in records if f"{item['family']} {item['key']}" not in lost]

    def each(case: cases.Case, pair: Pair) -> bool:
        changes = [step for step in case.wire if step["op"] != "probe"]
        done = changes[: case.chance.randint(1, len(changes))]
        seen = {"address": "10.0.0.5", "port": 443, "sni": None, "expect": WRONG}
        before = pair.state()
        answer = bench.lane.ask(pair.task(pair.args([*done, {"op": "probe", "endpoints": [seen]}])))
        assert answer["error"]["code"] in ("probe_wrong", "probe_unverified"), (case, answer["error"])
        # what http.sys does not take back, because its key is unusable, is named; everything else is back
        lost = {error["place"] for error in answer["undo_errors"]}
        assert {error["code"] for error in answer["undo_errors"]} <= {"key_unusable"}, (case, answer)
        assert answer["undone"] == ("partial" if lost else "complete"), (case, answer)
        records, sites = pair.state()
        assert (kept(records, lost), sites) == (kept(before[0], lost), before[1]), case
        assert answer["changed"] == bool(lost) and not (pair.folder / JOURNAL).exists()
        return True

    assert examples(bench, each) == EXAMPLES

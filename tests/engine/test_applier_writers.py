# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two appliers at once on one host, one and somebody without our lock, and a host with ten thousand bindings."""

from __future__ import annotations

import itertools
import json
import os
import socket
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from engine import applying
from engine.applying import GOOD, OTHER, edit, edits, standing, step
from engine.cases import Case
from engine.crashes import Bench, Doomed, but_for, named
from engine.fakes.example import binding, record
from engine.harness import journals
from engine.harness.dying import Forked
from engine.harness.lane import Lane, missing
from engine.harness.longrun import MEMORY
from engine.harness.pair import Endpoints, Pair, errors, folded
from engine.harness.servers import Servers
from engine.meddling import STRANGER, Meddling
from hypothesis import settings
from lab.simhost import APPLIER

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
LONG = not settings().derandomize
ROUNDS = 500 if LONG else 15


def test_two_writers_end_as_one_after_the_other(lane: Lane) -> None:
    """Both have planned for the same state. Whatever the order, nothing is lost or mixed: it is what the model gets in that order."""
    tried, refused = 0, 0
    with (
        Lane() as other,
        Servers() as servers,
        ThreadPoolExecutor(2) as both,
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
    ):
        endpoints = Endpoints(servers)
        for number in range(20 * ROUNDS):
            case = Case(number, damaged=False)
            halves = [case.steps, Case(number).steps if number % 3 == 0 else case.steps[len(case.steps) // 2 :]]
            try:
                pair = Pair(endpoints, Path(folder) / "host", case.description)
            except ValueError:
                continue
            if not all(halves):
                continue
            args = [pair.args(steps) for steps in halves]
            asked = [both.submit(one.ask, pair.task(item)) for one, item in zip((lane, other), args, strict=True)]
            answers = [item.result() for item in asked]
            outcomes = []
            for order in ((0, 1), (1, 0)):
                model = Pair(endpoints, Path(folder) / "model", case.description)
                told = {index: model.model.call(APPLIER, args[index], False) for index in order}
                outcomes.append(([errors(told[index]) for index in (0, 1)], folded(model.model_state())))
            assert ([errors(item) for item in answers], folded(pair.state())) in outcomes, (case, halves, answers)
            tried += 1
            refused += any(item["error"] for item in answers)
            if tried == ROUNDS:
                break
    assert tried == ROUNDS and refused


class Third:
    """Somebody who knows nothing of our lock or journal, as IIS Manager does not: writes once, while the applier waits in a call.

    ``at``: after that writing call, or just before that commit, counted from 1.
    """

    def __init__(self, plan: Doomed, at: int, before_commit: bool) -> None:
        self._plan, self._at, self._event = plan, at, "before" if before_commit else "after"
        self._count = 0
        self.written: Meddling | None = None

    def hear(self, connection: socket.socket) -> None:
        with connection.makefile("rw", encoding="ascii", newline="\n") as lines:
            for line in lines:
                told = json.loads(line)
                self._count += told["event"] == self._event and (
                    self._event == "after" or told["call"] == "CommitChanges"
                )
                if self._count == self._at and self.written is None:
                    self.written = Meddling(self._plan.pair, self._plan.chance, self._plan.steps)
                lines.write("{}\n")
                lines.flush()


#: What a run may meet of somebody else, by name.
TYPED = {"changed_meanwhile", "config_conflict", "probe_wrong", "probe_unverified", "key_unusable"}


def test_a_third_writer_without_the_lock() -> None:
    """Its change stands in the end, and all else is as after the run, or before it; what could not be put back is named."""
    counted: Counter[str] = Counter()
    with Forked() as engine, Servers() as servers, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        bench = Bench(engine, servers, Path(folder) / "host")
        for number in itertools.count():
            chance = Random(number)
            try:
                plan = Doomed(bench, Case(number, damaged=False), chance, looks=True)
            except ValueError:
                continue  # no state folder can hold such a host
            commits = sum(step["op"] == "bindings" for step in plan.steps)
            before_commit = commits > 0 and chance.random() < 0.3
            at = chance.randint(1, commits if before_commit else max(1, plan.pair.model.writes))
            third = Third(plan, at, before_commit)
            answer = engine.ask(plan.pair.task(plan.pair.args(plan.steps), watch=servers.add(third.hear)))
            if third.written is not None and third.written.kind != "nothing":
                counted[judged(plan, third.written, answer)] += 1
            if counted.total() == 4 * ROUNDS:
                break
    assert any("changed_meanwhile" in outcome for outcome in counted), counted
    assert any("None, undone None" in outcome for outcome in counted), counted


def judged(plan: Doomed, other: Meddling, answer: dict[str, Any]) -> str:
    """What came out, in few words."""
    error, now = answer["error"], folded(plan.pair.state())
    codes = {item["code"] for item in (error, *answer["undo_errors"]) if item}
    assert codes <= TYPED, (plan.steps, answer)
    lost = {item["place"].lower() for item in answer["undo_errors"]}
    assert answer["undone"] == ("partial" if lost else answer["undone"]), answer
    story = (plan.number, other.kind, other.record, plan.steps, error, answer["undo_errors"])
    if other.record is not None:
        assert folded(([other.record], []))[0][0] in now[0], story
        lost.add(named(other.record))
    for site in now[1]:
        if site["name"] == other.site:
            assert STRANGER in site["bindings"], story
            site["bindings"].remove(STRANGER)
    wanted, found = (but_for(state, lost) for state in (folded(plan.after if error is None else plan.before), now))
    for site in (*wanted[1], *found[1]):
        if site["name"] == other.site and error is None:
            site["bindings"].sort(key=str)  # a number that a binding is put at is another place beside a binding of his
    assert wanted[0] == found[0], (story, wanted[0], found[0])
    assert wanted[1] == found[1] or any(place.startswith("edits[") for place in lost), (story, wanted[1], found[1])
    return f"{other.kind}: {error and error['code']}, undone {answer['undone']}"


@pytest.mark.skipif(not LONG, reason="only in the long profile: it takes a while")
def test_500_changes_on_a_host_with_10000_bindings(lane: Lane, tmp_path: Path) -> None:
    """Figures for docs/figures.md are printed; the limits are generous."""
    names = [f"n{number}.example.com" for number in range(10_000)]
    sites = [
        {
            "id": part + 1,
            "name": f"S{part}",
            "state": "started",
            "bindings": [binding(f"*:443:{name}", 1) for name in names[part::20]],
        }
        for part in range(20)
    ]
    records = [record(f"{name}:443", "hostnameport") for name in names]
    folder = applying.host(tmp_path / "host", sites=sites, records=records)
    chance = Random(1)
    chosen = chance.sample(range(10_000), 400)
    held = {"thumbprint": GOOD}
    steps = [step("update", ("hostnameport", f"{names[n]}:443"), held, {"thumbprint": OTHER}) for n in chosen]
    added = [edit(None, None, binding(f"*:443:new{n}.example.com", 1), f"S{n % 20}") for n in range(100)]
    before = standing(folder)
    last = {"op": "probe", "endpoints": [{"address": "10.0.0.5", "port": 443, "sni": None, "expect": GOOD}]}
    told = {}
    for name, tail in (("undone", [last]), ("done", [])):
        started, memory = time.monotonic(), lane.peak_megabytes()
        answer = lane.apply(folder, [*steps, edits(*added), *tail])
        told[name] = f"{time.monotonic() - started:.1f} s, peak {lane.peak_megabytes()} MB ({memory} before)"
        assert (answer["error"] is None) == (name == "done")
        assert (standing(folder) == before) == (name == "undone")
    assert len(standing(folder)[1][0]["bindings"]) == 505
    with pytest.raises((RuntimeError, OSError)), Lane() as mortal:
        back = [{**item, "before": item["after"], "after": item["before"]} for item in steps]
        mortal.apply(folder, back, crash={"call": 400, "when": "after"})
    size = os.path.getsize(folder / journals.PATH)
    print(f"\n500 changes on 10,000 bindings: {told}; journal after 400 of 400 steps {size} bytes (simulated)")
    assert size < 1 << 20
    assert lane.peak_megabytes() < 2000

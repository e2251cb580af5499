# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the design on the shipped C# applier: what clients meet between any two calls, and what an undo leaves."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from engine.differential import Bench
from engine.harness.lane import Lane, build, missing, shipped
from engine.harness.longrun import MEMORY
from engine.harness.pair import JOURNAL, Pair, State
from engine.harness.servers import Servers
from hypothesis import settings
from lab.httpsys import Spot
from laws import cases
from laws.laws import LAWS
from laws.world import new_host

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
EXAMPLES = 60 if settings().derandomize else 2000
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


def examples(bench: Bench) -> Iterator[tuple[cases.Case, Pair]]:
    """Random cases with something to do, on their hosts."""
    found = 0
    for number in itertools.count():
        case = cases.Case(Random(number))
        if not case.steps or not case.real:
            continue
        try:
            pair = bench.pair(case.description)
        except ValueError:
            continue  # no state folder can hold such a host
        yield case, pair
        found += 1
        if found == EXAMPLES:
            return


class Done(NamedTuple):
    """A plan that the C# has carried out. ``strays``: what it did, between any two writes, to what no step of the plan names."""

    case: cases.Case
    strays: list[str]

    @property
    def real(self) -> cases.Case:
        """With what was read afterwards in the place of what the core has predicted: a law about the former is one about the C#."""
        case = copy.copy(self.case)
        assert case.plan is not None
        case.plan = dataclasses.replace(case.plan, after=case.left)
        return case


def others(case: cases.Case, state: State) -> list[tuple[str, Any]]:
    """All that no step of the plan names, in its order."""
    records = {(step["family"], step["key"].lower()) for step in case.wire if "family" in step}
    edits = [edit for step in case.wire for edit in step.get("edits", ())]
    images = [(edit["site"], image) for edit in edits for image in (edit["before"], edit["after"]) if image]
    named = {(site.lower(), image["information"].lower()) for site, image in images}
    found: list[tuple[str, Any]] = []
    for record in state[0]:
        if (record["family"], record["key"].lower()) not in records:
            found.append((f"{record['family']} {record['key']}", record))
    for site in state[1]:
        kept = [item for item in site["bindings"] if (site["name"].lower(), item["information"].lower()) not in named]
        found.append((f"site {site['name']}", {**site, "bindings": kept}))
    return found


def carried_out(bench: Bench) -> Iterator[Done]:
    """Plans of random cases, carried out by the C#."""
    for case, pair in examples(bench):
        case.__dict__["outcome"] = outcome(bench, pair, case)
        before = others(case, pair.beginning)
        after = [others(case, state) for state in pair.between()]
        compared = (both for now in after for both in itertools.zip_longest(before, now))
        yield Done(case, [f"{one}, now {two}" for one, two in compared if one != two])


@pytest.fixture(scope="module")
def plans(bench: Bench) -> list[Done]:
    return list(carried_out(bench))


@pytest.mark.parametrize("name", ["L1", "L2", "L3", "L6"])
def test_between_any_two_calls(plans: list[Done], name: str) -> None:
    """As they stand in the laws, on what the C# has done."""
    assert sum(LAWS[name](done.case) for done in plans) >= EXAMPLES // 4


def nothing_else_is_touched(done: Done) -> bool:
    """L4: neither between two writes nor in the end, and what is there in the end is what the law says of a plan."""
    assert not done.strays, (done.case, done.strays)
    return all([LAWS["L4 others"](done.real), LAWS["L4 references"](done.real)])


def what_was_not_asked_for_survives(done: Done) -> bool:
    """L7: options of records, unknown bits and flags of bindings, by what was read afterwards."""
    return LAWS["L7"](done.real)


def test_nothing_else_is_touched(plans: list[Done]) -> None:
    assert sum(nothing_else_is_touched(done) for done in plans) == EXAMPLES


def test_what_was_not_asked_for_survives(plans: list[Done]) -> None:
    assert sum(what_was_not_asked_for_survives(done) for done in plans) == EXAMPLES


#: Law, file of the shipped C#, what stands there, and what a fault would make of it.
FAULTS = [
    (
        nothing_else_is_touched,
        "TlsFleetHttpWrite.cs",
        'Call("HttpSetServiceConfiguration", api.Set, family, key, value);',
        'Call("HttpSetServiceConfiguration", api.Set, family, key, value);'
        ' if (Find("ipport", "0.0.0.0:443") != null) Delete("ipport", "0.0.0.0:443");',
    ),
    (
        what_was_not_asked_for_survives,
        "TlsFleetHttpWrite.cs",
        "CheckMode = (uint)value.CheckMode",
        "CheckMode = 0",
    ),
    (
        what_was_not_asked_for_survives,
        "TlsFleetHttpWrite.cs",
        "Flags = (uint)value.Flags",
        "Flags = (uint)value.Flags & 0x7FF",
    ),
]


@pytest.mark.parametrize(("law", "file", "right", "wrong"), FAULTS)
def test_a_faulty_engine_breaks_the_law(
    tmp_path: Path, law: Callable[[Done], bool], file: str, right: str, wrong: str
) -> None:
    sources = [tmp_path / path.name for path in shipped()]
    for path, source in zip(shipped(), sources, strict=True):
        source.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert text.count(right) == 1
    (tmp_path / file).write_text(text.replace(right, wrong), encoding="utf-8")
    with Lane(build(sources)) as lane, Servers() as servers, pytest.raises(AssertionError):
        for done in carried_out(Bench(lane, servers, tmp_path / "host")):
            law(done)


def test_undoing_any_prefix_restores_the_host_exactly(bench: Bench) -> None:
    """L5: behind a prefix of the plan stands a probe that is wrong for sure. Bindings are back in their places."""

    def kept(records: list[dict[str, Any]], lost: set[str]) -> list[dict[str, Any]]:
        return [item for item in records if f"{item['family']} {item['key']}" not in lost]

    for case, pair in examples(bench):
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

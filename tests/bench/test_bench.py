# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measuring itself: what is counted is right, what went wrong is not taken for a measurement, and the words of the runner."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from bench import __main__ as runner
from bench import peers
from bench.rig import Broken, Cost, Rig, Skipped, rig, same
from bench.table import table, verdict
from e2e import hosts


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("bench") / "lab", [hosts.host("web01"), hosts.host("web02")]) as started:
        yield started


def test_a_task_is_timed_and_its_requests_are_counted(lab: Rig) -> None:
    lab.reset()
    ran = lab.run([{"name": "all of them", "hosts": "all", "tasks": [{"name": "nothing", "slim_noop": {}}] * 2}])
    cost = same(lab.costs().values())
    assert (cost.calls, cost.requests) == (2, 12)
    # Up: at least the wrapper that every module has. Down: envelopes.
    assert 50_000 < cost.up < 500_000 and 2_000 < cost.down < 50_000
    assert [(item.play, item.task) for item in ran.took] == [("all of them", "nothing")] * 2
    assert all(item.wall > 0 for item in ran.took) and sum(item.cpu for item in ran.took) > 0
    assert set(ran.results) == {("nothing", "web01"), ("nothing", "web02")}


def test_a_task_that_fails_or_is_not_understood_is_no_measurement(lab: Rig) -> None:
    lab.reset()
    with pytest.raises(Broken, match="UNREACHABLE!"):
        lab.run([{"hosts": "web01", "vars": {"ansible_password": "wrong"}, "tasks": [{"slim_noop": {}}]}])
    with pytest.raises(Broken, match="refused"):
        lab.costs()
    lab.reset()


def test_hosts_that_differ_are_not_one_cost() -> None:
    assert same([Cost(1, 6, 10, 3), Cost(1, 6, 20, 4), Cost(1, 6, 30, 5)]) == Cost(1, 6, 20, 4)
    with pytest.raises(Broken, match="should have cost the same"):
        same([Cost(1, 6, 10, 3), Cost(2, 10, 10, 3)])


def test_every_case_of_the_comparison_starts_equal_and_has_its_own_host() -> None:
    described = {item["slug"]: item for item in peers.fleet()}
    assert len(described) == len(peers.TOOLS) * len(peers.LAYOUTS) * len(peers.COUNTS) + 1
    for layout in peers.LAYOUTS:
        for count in peers.COUNTS:
            cases = [peers.Place(tool, layout, count) for tool in peers.TOOLS]
            hosts_of_it = [{**described[case.slug], "slug": ""} for case in cases]
            assert hosts_of_it[0] == hosts_of_it[1] == hosts_of_it[2]
            assert len(cases[0].wanted) == len(set(cases[0].wanted)) == count


def test_our_part_of_the_comparison_runs_without_the_others(tmp_path: Path) -> None:
    places = [peers.Place(peers.OURS, layout, 10) for layout in peers.LAYOUTS]
    described = [*(peers.description(place) for place in places), hosts.many(1, peers.UNIT)]
    with rig(tmp_path / "lab", described) as lab:
        for (_title, certificate), changed, calls in zip(
            peers.ROUNDS, (True, False, True, False), (2, 1, 2, 1), strict=True
        ):
            for figure in peers.measure(lab, certificate, places):
                assert (figure.changed, figure.cost.calls, figure.complete) == (changed, calls, True)
        # The measure of completeness notices what is missing and what is too much.
        wrong = peers.Place(peers.OURS, "one site", 10)
        lab.run(
            [
                {
                    "hosts": wrong.slug,
                    "tasks": [
                        {
                            "name": "task",
                            peers.OURS: {"bindings": [{"site": "Site 1", "host": "n1.example.com", "state": "absent"}]},
                        }
                    ],
                }
            ]
        )
        standing = peers.standing(lab, wrong, lab.thumbprint(wrong.slug, hosts.SHOP_NEW))
        assert standing == (9, 9, 0)
        assert peers.standing(lab, wrong, lab.thumbprint(wrong.slug, hosts.SHOP)) == (9, 0, 9)


def test_tables_and_verdicts() -> None:
    assert list(table(("", "n"), [("a", "10"), ("longer", "5")])) == ["           n", "  a       10", "  longer   5"]
    assert verdict("bytes", 250, 250) == "  kept  bytes: 250 (budget 250)"
    assert verdict("bytes", 251, 250).startswith("  OVER")


def _section(monkeypatch: pytest.MonkeyPatch, fault: Exception | None) -> None:
    def report() -> Iterator[str]:
        yield "a line"
        if fault:
            raise fault

    monkeypatch.setitem(sys.modules, "bench.sections.wire", SimpleNamespace(TITLE="made up", report=report))
    monkeypatch.setattr(sys, "argv", ["run", "wire"])


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [(None, 0, "a line"), (Broken("lost"), 1, "BROKEN: lost"), (Skipped("no index"), 0, "NOT RUN: wire: no index")],
)
def test_the_runner_says_how_each_section_ended(
    fault: Exception | None, status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _section(monkeypatch, fault)
    assert runner.main() == status
    assert said in capsys.readouterr().out


def test_the_runner_knows_its_sections() -> None:
    program = Path(runner.__file__).with_name("run")
    done = subprocess.run([str(program), "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "no such section: nothing; there are core, peers, wire" in done.stderr


def test_without_the_package_the_comparison_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess[str]([], 1)
    monkeypatch.setattr(subprocess, "run", lambda *words, **more: failed)
    with pytest.raises(Skipped, match="package ansible cannot be installed"):
        peers.environment()

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with the stand-ins, and an ansible-playbook whose tasks are timed and counted."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.fleet import CALLBACKS, ROOT, Fleet

BENCH = Path(__file__).resolve().parent
HANDLERS = "bench.standins"
SECONDS = 900


class Broken(Exception):
    """A measurement that cannot be trusted; the text says why."""


class Skipped(Exception):
    """Something the measurement needs is not on this machine; the text says what, and how to get it."""


@dataclass(frozen=True)
class Took:
    """Seconds of one task over all its hosts: by the clock, and of the controller's processor."""

    play: str
    task: str
    wall: float
    cpu: float


@dataclass(frozen=True)
class Cost:
    """What one host counted. ``up`` and ``down`` are bytes of HTTP bodies to and from the host."""

    calls: int
    requests: int
    up: int
    down: int


@dataclass(frozen=True)
class Run:
    """A finished ansible-playbook: what its tasks took, and the result of each task by (task, host)."""

    took: tuple[Took, ...]
    results: dict[tuple[str, str], dict[str, Any]]

    def of(self, task: str) -> list[Took]:
        return [item for item in self.took if item.task == task]


class Rig(Fleet):
    """Simulated hosts that also answer for the peers' modules and for the yardsticks."""

    def __init__(self, place: Path, descriptions: Sequence[Mapping[str, Any]], programs: Path | None = None) -> None:
        """``programs``: the directory of ansible-playbook; by default that of the Python that runs this."""
        self._programs = programs or Path(os.environ.get("IIS_CORE_BIN", Path(sys.executable).parent))
        with _variable("LAB_HANDLERS", HANDLERS):
            super().__init__(place, descriptions)

    def run(self, plays: Sequence[Mapping[str, Any]], *, forks: int = 5, collect: bool = True) -> Run:
        """Run plays. Every task on every host must succeed. Raises Broken. ``collect``: keep the results, at some cost."""
        self._number += 1
        book, clock, results = (self.place / f"{name}-{self._number}.json" for name in ("book", "clock", "results"))
        book.write_text(json.dumps([{"gather_facts": False, **play} for play in plays]), encoding="utf-8")
        values = {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".env" / "collections"),
            "ANSIBLE_CALLBACK_PLUGINS": f"{CALLBACKS}:{BENCH / 'callback'}",
            "ANSIBLE_CALLBACKS_ENABLED": "clock,collect" if collect else "clock",
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "ANSIBLE_FORKS": str(forks),
            "ANSIBLE_INVENTORY": str(self.place / "inventory.yml"),
            "ANSIBLE_LIBRARY": str(BENCH / "modules"),
            "ANSIBLE_NOCOLOR": "1",
            "BENCH_CLOCK": str(clock),
            "E2E_RESULTS": str(results),
        }
        done = subprocess.run(
            [str(self._programs / "ansible-playbook"), str(book)],
            cwd=self.place,
            env={**os.environ, **values},
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
        )
        if done.returncode:
            raise Broken(f"ansible-playbook ended with status {done.returncode}:\n{done.stdout[-3000:]}")
        collected = {(item["task"], item["host"]): item["result"] for item in _lines(results)}
        return Run(tuple(Took(**item) for item in _lines(clock)), collected)

    def costs(self) -> dict[str, Cost]:
        """What every host counted since the last reset. Raises Broken where a host was not understood."""
        self._lab("status")
        counted = json.loads((self.place / "counters.json").read_text(encoding="utf-8"))
        found = {}
        for host, counts in counted.get("hosts", counted).items():
            for name in ("unknown", "faults", "refused"):
                if counts[name]:
                    raise Broken(f"{host} counted {counts[name]} {name}")
            if counts["shells_opened"] != counts["shells_closed"]:
                raise Broken(f"{host} was left with an open shell")
            found[host] = Cost(counts["calls"], counts["requests"], counts["bytes"], counts["bytes_sent"])
        return found


@contextmanager
def rig(place: Path, descriptions: Sequence[Mapping[str, Any]], programs: Path | None = None) -> Iterator[Rig]:
    """A rig that is stopped in the end."""
    started = Rig(place, descriptions, programs)
    try:
        yield started
    finally:
        started.stop()


def same(costs: Iterable[Cost]) -> Cost:
    """The cost that all hosts have in calls and requests; bytes are the median. Raises Broken where counts differ."""
    found = list(costs)
    counts = {(cost.calls, cost.requests) for cost in found}
    if len(counts) != 1:
        raise Broken(f"hosts that should have cost the same counted {sorted(counts)} (calls, requests)")
    (calls, requests) = counts.pop()
    up, down = (round(statistics.median(values)) for values in zip(*((c.up, c.down) for c in found), strict=True))
    return Cost(calls, requests, up, down)


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    """An environment variable for as long as the context lasts."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)

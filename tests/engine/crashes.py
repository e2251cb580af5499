# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random plans during which the Mono process is killed at a random point: before or after a call, inside of a journal write.

What the next run makes of it is exactly before or after, or a stated conflict where somebody else has written since.
``python -m engine.crashes --cases 2000`` for many.
"""

from __future__ import annotations

import argparse
import copy
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

from engine.cases import Case, Steps
from engine.differential import MEMORY
from engine.fakes import state
from engine.harness import coverage
from engine.harness.lane import Lane
from engine.harness.pair import JOURNAL, Endpoints, Pair, State, folded
from engine.harness.servers import Servers
from lab.contract import BadArgument


class Mortal:
    """A Mono process that is replaced when it was killed. The next one starts while this one works."""

    def __init__(self) -> None:
        # a process that is killed has nothing to say about coverage
        self._folder = os.environ.pop(coverage.FOLDER, None)
        self._now, self._next = Lane(), Lane()

    def __enter__(self) -> Mortal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._now.close()
        self._next.close()
        if self._folder is not None:
            os.environ[coverage.FOLDER] = self._folder

    def ask(self, task: dict[str, Any]) -> dict[str, Any] | None:
        """The answer; None where the process was killed."""
        try:
            answer: dict[str, Any] = self._now.ask(task)
            return answer
        except (RuntimeError, OSError):
            if self._now.process.wait(10) != -9:
                raise
        self._now.close()
        self._now, self._next = self._next, Lane()
        return None


class Bench:
    """Where a case is tried."""

    def __init__(self, mortal: Mortal, servers: Servers, folder: Path) -> None:
        self.mortal, self.folder = mortal, folder
        self.endpoints = Endpoints(servers)

    def pair(self, description: dict[str, Any]) -> Pair:
        """A fresh host. Raises ValueError for one that no state folder can hold."""
        return Pair(self.endpoints, self.folder, description)


def point(chance: Random, writes: int, steps: int) -> dict[str, Any]:
    """A place to be killed at: at one of so many calls, or in an addition to the journal, of which there are two per step and two more."""
    if chance.random() < 0.6:
        return {"call": chance.randint(1, max(1, writes)), "when": chance.choice(("before", "after"))}
    written = chance.choice((0, 1, chance.randint(2, 60), chance.randint(2, 3000), 10**6))
    return {"journal": chance.randint(1, 2 * steps + 2), "bytes": written}


def sound(document: dict[str, Any]) -> bool:
    """Do all certificates of records work? Then http.sys takes back whatever an undo writes."""
    full = state.complete(document)
    works = {(item["store"].upper(), item["thumbprint"]) for item in full["certificates"] if state.accepted(item)}
    bound = [item for item in full["records"] if item["family"] in ("ipport", "hostnameport")]
    return all(((item["store"] or "MY").upper(), item["thumbprint"]) in works for item in bound)


#: A binding of somebody else.
STRANGER = {"protocol": "http", "information": "*:4711:", "ssl_flags": None}


class Meddling:
    """What somebody else has done after the process died: nothing, or a change of what the plan is about, or of something else."""

    def __init__(self, pair: Pair, chance: Random, steps: Steps) -> None:
        self.kind = chance.choice(("nothing", "nothing", "nothing", "touched record", "other record", "touched site"))
        #: Index in the list of records, or of sites, and what stands there since.
        self.record: dict[str, Any] | None = None
        self.site: str | None = None
        records, sites = pair.state()
        keys = {place(step) for step in steps if "family" in step}
        if self.kind.endswith("record"):
            mine = [item for item in records if (place(item) in keys) == (self.kind == "touched record")]
            mine = [item for item in mine if item["family"] in ("ipport", "hostnameport")]
            if mine:
                self.record = chance.choice(mine)
                self.record["timeout"] = 4711
        elif self.kind == "touched site":
            names = sorted({edit["site"] for step in steps for edit in step.get("edits", ())})
            self.site = chance.choice([site["name"] for site in sites if site["name"] in names] or [None])
        if self.record is None and self.site is None:
            self.kind = "nothing"
        else:
            pair.put(*self.over((records, sites)))

    def over(self, state: State) -> State:
        """A state with this change on top."""
        records, sites = copy.deepcopy(state)
        if self.record is not None:
            others = [item for item in records if place(item) != place(self.record)]
            records = sorted([*others, self.record], key=lambda item: (item["family"], item["key"].lower()))
        for site in sites:
            if site["name"] == self.site:
                site["bindings"].insert(0, dict(STRANGER))
        return records, sites

    def kept_over(self, before: State, now: State) -> bool:
        """Is this the state before with the change on top? Where there is a binding more, the others come back to their numbers, which
        is another order then.
        """
        wanted, found = self.over(before), copy.deepcopy(now)
        for site in (*wanted[1], *found[1]):
            if site["name"] == self.site:
                site["bindings"].sort(key=str)
        return found == wanted

    def overran(self, dead: State, before: State) -> bool:
        """Had the dead run changed the very record?"""
        if self.record is None:
            return False
        mine = [[item for item in state[0] if place(item) == place(self.record)] for state in (dead, before)]
        return mine[0] != mine[1]


def place(item: dict[str, Any]) -> tuple[str, str]:
    return (item["family"], item["key"].lower())


def is_open(folder: Path) -> bool:
    """Does the journal speak of a run that began and did not come to its end? Torn lines at the end do not count."""
    if not (folder / JOURNAL).exists():
        return False
    whole = (folder / JOURNAL).read_text(encoding="ascii").rpartition("\n")[0].split("\n")
    names = [line.split("\t")[1] for line in whole if line]
    return "steps" in names and "end" not in names


def crash(bench: Bench, case: Case, chance: Random) -> tuple[str, str]:
    """What came out, in few words; what is wrong with it, empty where nothing is."""
    pair = bench.pair(case.description)
    if not case.steps or not sound(pair.model.read("all", "sign")):
        return "nothing to do", ""
    steps, before = case.steps, pair.state()
    pair.model.apply(pair.args(steps))
    first = point(chance, pair.model.writes, len(steps))
    if bench.mortal.ask(pair.task(pair.args(steps), crash=first)) is not None:
        return "not reached", ""
    story = f"{case!r}\nkilled at {first}"
    if not is_open(pair.folder):
        ends = [folded(before), folded(pair.model_state())]
        wrong = "" if folded(pair.state()) in ends else "neither before nor after, and no journal"
        return "at the very beginning or end", wrong and f"{story}\n{wrong}"
    twice = ""
    if chance.random() < 0.3:
        second = point(chance, pair.model.writes, len(steps))
        if bench.mortal.ask(pair.task(pair.args([]), crash=second)) is None:
            story, twice = f"{story}, then at {second}", ", killed twice"
        if not is_open(pair.folder):
            return f"before{twice}", "" if pair.state() == before else f"{story}\nnot before"
    dead = pair.state()
    other = Meddling(pair, chance, steps)
    found = pair.state()
    asked = [] if chance.random() < 0.7 else steps
    answer = bench.mortal.ask(pair.task(pair.args(asked)))
    assert answer is not None
    now, error = pair.state(), answer["error"]
    wrong = ""
    if error and error["code"] == "journal_conflict":
        named = "edits[" if other.site else other.record and f"{other.record['family']} {other.record['key']}"
        if other.kind not in ("touched record", "touched site") or not str(error["place"]).startswith(str(named)):
            wrong = "no reason for a conflict, or another one"
        elif now != found:
            wrong = "a conflict, and something was changed"
        outcome = f"conflict, {other.kind}"
    else:
        outcome = "before" + ("" if other.kind == "nothing" else f", {other.kind}")
        if (error and error["code"]) != ("journal_unfinished" if asked else None):
            wrong = "not the error that was to be expected"
        elif not other.kept_over(before, now):
            wrong = "not the state before"
        elif other.overran(dead, before):
            wrong = "somebody else's change was taken for the run's own"
        elif (pair.folder / JOURNAL).exists():
            wrong = "a journal is left"
    if answer["changed"] != (now != found):
        wrong = f"changed is {answer['changed']}"
    lines = (pair.folder / JOURNAL).read_text(encoding="ascii") if (pair.folder / JOURNAL).exists() else ""
    told = f"{story}; meanwhile: {other.kind}\nbefore {before}\ndead {dead}\nnow {now}\n{error}\n{wrong}\n{lines}"
    return outcome + twice, told if wrong else ""


def attempt(bench: Bench, numbers: Iterable[int]) -> tuple[Counter[str], str]:
    """How often what came out, and the first case that went wrong, in words."""
    counted: Counter[str] = Counter()
    for number in numbers:
        try:
            outcome, wrong = crash(bench, Case(number), Random(-number))
        except (ValueError, BadArgument):
            continue  # no state folder can hold such a host, or these are no steps
        if wrong:
            return counted, wrong
        counted[outcome] += outcome != "nothing to do"
    return counted, ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m engine.crashes", description=__doc__)
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first case; the same number is the same case"
    )
    parser.add_argument(
        "--cases", type=int, default=6000, help="so many cases; about a third of them has something to do"
    )
    asked = parser.parse_args()
    started = time.monotonic()
    with Mortal() as mortal, Servers() as servers, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        numbers = range(asked.first, asked.first + asked.cases)
        counted, wrong = attempt(Bench(mortal, servers, Path(folder) / "host"), numbers)
    print(f"{sum(counted.values())} plans from {asked.first} on, {time.monotonic() - started:.0f} s")
    for outcome, count in counted.most_common():
        print(f"{count:>7}  {outcome}")
    print(wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

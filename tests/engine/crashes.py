# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random plans during which the process that carries them out is killed: before and after each call, and inside of each journal write.

What the next run makes of it is exactly before or after, or a stated conflict where somebody else has written since.
``python -m engine.crashes --cases 2500`` for many.
"""

from __future__ import annotations

import copy
import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from engine.cases import Case, Steps
from engine.fakes import state
from engine.harness import longrun
from engine.harness.dying import Engine, Forked
from engine.harness.pair import JOURNAL, Endpoints, Pair, State, folded
from engine.harness.servers import Servers
from engine.meddling import Meddling
from lab.contract import BadArgument
from laws.world import new_host

#: More bytes than an addition to a journal has: all of it.
WHOLE = 10**6
#: A step that finds nothing of what it expects.
FAILING: dict[str, Any] = {
    "op": "record_delete",
    "family": "ipport",
    "key": "192.0.2.99:1",
    "before": {"thumbprint": "0" * 40, "store": "MY"},
    "after": None,
}


class Bench:
    """Where a case is tried."""

    def __init__(self, engine: Engine, servers: Servers, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.endpoints = Endpoints(servers)

    def pair(self, description: dict[str, Any]) -> Pair:
        """A fresh host. Raises ValueError for one that no state folder can hold."""
        return Pair(self.endpoints, self.folder, description)


def point(chance: Random, writes: int, steps: int) -> dict[str, Any]:
    """A place to be killed at: at one of so many calls, or in an addition to the journal, of which there are two per step and two more."""
    if chance.random() < 0.6:
        return {"call": chance.randint(1, max(1, writes)), "when": chance.choice(("before", "after"))}
    written = chance.choice((0, 1, chance.randint(2, 60), chance.randint(2, 3000), WHOLE))
    return {"journal": chance.randint(1, 2 * steps + 2), "bytes": written}


def everywhere(killed: Callable[[dict[str, Any]], bool], journal: Path, chance: Random) -> Iterator[dict[str, Any]]:
    """Every place to be killed at, given when ``killed`` has been there: each call, before and after; each addition to the journal, when
    none, one, some and all of its bytes are written.
    """
    for number in itertools.count(1):
        reached = False
        for when in ("before", "after"):  # a call that was refused has no "after"
            here: dict[str, Any] = {"call": number, "when": when}
            if killed(here):
                reached = True
                yield here
        if not reached:
            break
    size = 0
    for number in itertools.count(1):
        if not killed({"journal": number, "bytes": WHOLE}):
            break
        added = journal.stat().st_size - size
        size += added
        yield {"journal": number, "bytes": WHOLE}
        for written in (0, 1, chance.randint(2, added - 1)):
            here = {"journal": number, "bytes": written}
            if not killed(here):
                raise RuntimeError(f"not reached again: {here}")
            yield here


def unusable(document: dict[str, Any]) -> set[str]:
    """Records that http.sys would not take back, since certificate or key cannot be used: as an error names them, in lower case."""
    full = state.complete(document)
    works = {(item["store"].upper(), item["thumbprint"]) for item in full["certificates"] if state.accepted(item)}
    bound = [item for item in full["records"] if item["family"] in ("ipport", "hostnameport")]
    return {named(item) for item in bound if ((item["store"] or "MY").upper(), item["thumbprint"]) not in works}


def named(item: dict[str, Any]) -> str:
    return f"{item['family']} {item['key']}".lower()


def but_for(state: State, lost: set[str]) -> State:
    """Without some records."""
    return [item for item in state[0] if named(item) not in lost], state[1]


def is_open(folder: Path) -> bool:
    """Does the journal speak of a run that began and did not come to its end? Torn lines at the end do not count."""
    if not (folder / JOURNAL).exists():
        return False
    whole = (folder / JOURNAL).read_text(encoding="ascii").rpartition("\n")[0].split("\n")
    names = [line.split("\t")[1] for line in whole if line]
    return "steps" in names and "end" not in names


def without_looks(pair: Pair, case: Case) -> Steps:
    """The steps for a process that cannot probe: a probe looks at nothing, and one that would find something wrong is a step that fails."""
    error = new_host(case.description).apply(pair.args(case.steps))["error"]
    steps = copy.deepcopy(case.steps)
    for index, step in enumerate(steps):
        if step["op"] == "probe":
            steps[index] = dict(FAILING) if error and error["step"] == index else {"op": "probe", "endpoints": []}
    return steps


class Doomed:
    """A plan on its host, to be killed again and again. Raises ValueError for a host that no state folder can hold, and BadArgument."""

    def __init__(self, bench: Bench, case: Case, chance: Random, looks: bool) -> None:
        self.engine, self.chance, self.number = bench.engine, chance, case.number
        self.pair = bench.pair(case.description)
        self.steps = case.steps if looks else without_looks(self.pair, case)
        self.kept, self.before = self.pair.kept(), self.pair.state()
        self.dead_keys = unusable(self.pair.model.read("all", "sign"))
        self.pair.model.apply(self.pair.args(self.steps))
        self.after = self.pair.model_state()

    def killed(self, here: dict[str, Any]) -> bool:
        """From the beginning up to there."""
        self.pair.put_back(self.kept)
        return self.engine.killed(self.pair.task(self.pair.args(self.steps), crash=here))

    def next(self, steps: Steps) -> tuple[dict[str, Any], State]:
        """The next run's answer, and what stands there then."""
        return self.engine.ask(self.pair.task(self.pair.args(steps))), self.pair.state()

    def outcome(self) -> tuple[str, str]:
        """What is made of it, in few words; and what is wrong with that, empty where nothing is."""
        folder, chance = self.pair.folder, self.chance
        if not is_open(folder):
            there = self.pair.state()
            if folded(there) not in (folded(self.before), folded(self.after)):
                return (
                    "",
                    f"neither before nor after, and no journal\nbefore {self.before}\nafter {self.after}\nnow {there}",
                )
            answer, now = self.next([])
            broken = answer["error"] or answer["changed"] or now != there
            return "at the very beginning or end", "it had come to its end, and something was done" if broken else ""
        twice = ""
        if chance.random() < 0.3:
            second = point(chance, self.pair.model.writes, len(self.steps))
            if self.engine.killed(self.pair.task(self.pair.args([]), crash=second)):
                twice = f", killed twice (at {second})"
            if not is_open(folder):
                # it was at the end, which is written where nothing was lost; or it was not killed, and its answer told
                told = set() if twice else self.dead_keys
                now, before = (but_for(one, told) for one in (self.pair.state(), self.before))
                return f"before{twice}", "" if folded(now) == folded(before) else "not before"
        dead = self.pair.state()
        other = Meddling(self.pair, chance, self.steps)
        outcome, wrong = self.judged(other, dead)
        return outcome + twice, wrong

    def judged(self, other: Meddling, dead: State) -> tuple[str, str]:
        """What the next run does: after a run that died when ``dead`` stood there, and what somebody else wrote since."""
        found, asked = self.pair.state(), [] if self.chance.random() < 0.7 else self.steps
        noted = "\tlost\t" in (self.pair.folder / JOURNAL).read_text(encoding="ascii")
        answer, now = self.next(asked)
        error, wrong = answer["error"], ""
        if error and error["code"] == "journal_conflict":
            touched = "edits[" if other.site else other.record and f"{other.record['family']} {other.record['key']}"
            if other.kind not in ("touched record", "touched site") or not str(error["place"]).startswith(str(touched)):
                wrong = "no reason for a conflict, or another one"
            elif now != found:
                wrong = "a conflict, and something was changed"
            outcome = f"conflict, {other.kind}"
        else:
            lost = {item["place"].lower() for item in answer["undo_errors"]}
            outcome = (
                f"before{' but for dead keys' if lost else ''}{'' if other.kind == 'nothing' else f', {other.kind}'}"
            )
            if (error and error["code"]) != ("journal_unfinished" if asked or lost else None):
                wrong = "not the error that was to be expected"
            elif not lost <= self.dead_keys or answer["undone"] != ("partial" if lost else None):
                wrong = "something else was lost, or it was not told"
            elif not other.kept_over(but_for(self.before, lost), but_for(now, lost)):
                wrong = "not the state before"
            elif other.overran(dead, self.before) and not (
                noted and other.record and named(other.record) in self.dead_keys
            ):
                wrong = "somebody else's change was taken for the run's own"
            elif (self.pair.folder / JOURNAL).exists():
                wrong = "a journal is left"
        if answer["changed"] != (now != found):
            wrong = f"changed is {answer['changed']}"
        told = f"meanwhile: {other.kind}\nbefore {self.before}\ndead {dead}\nnow {now}\n{error}\n{wrong}"
        return outcome, wrong and told


def crash(bench: Bench, case: Case, chance: Random, all_points: bool) -> Iterator[tuple[str, str]]:
    """What came out, in few words, and what is wrong with it: at a random point, or at each."""
    if not case.steps:
        return
    doomed = Doomed(bench, case, chance, not all_points)
    if all_points:
        doomed.next(doomed.steps)  # what is compiled then is not compiled in each child
        places = everywhere(doomed.killed, doomed.pair.folder / JOURNAL, chance)
    else:
        drawn = point(chance, doomed.pair.model.writes, len(doomed.steps))
        places = iter([drawn] if doomed.killed(drawn) else [])
    for here in places:
        outcome, wrong = doomed.outcome()
        yield (
            outcome.partition(" (")[0],
            wrong and f"{case!r}\nsteps {doomed.steps}\nkilled at {here}{outcome}\n{wrong}",
        )


def attempt(bench: Bench, numbers: Iterable[int], all_points: bool) -> tuple[Counter[str], str]:
    """How often what came out, and the first case that went wrong, in words. "plans": how many were killed at all."""
    counted: Counter[str] = Counter()
    for number in numbers:
        try:
            reached = False
            for outcome, wrong in crash(bench, Case(number), Random(-number), all_points):
                if wrong:
                    return counted, wrong
                counted[outcome] += 1
                reached = True
            counted["plans"] += reached
        except (ValueError, BadArgument):
            continue  # no state folder can hold such a host, or these are no steps
    return counted, ""


def trial(servers: Servers, folder: Path, numbers: range) -> tuple[Counter[str], str]:
    with Forked() as engine:
        return attempt(Bench(engine, servers, folder), numbers, True)


if __name__ == "__main__":
    sys.exit(longrun.main("engine.crashes", __doc__, 2500, trial))

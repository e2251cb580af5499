# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random hosts and lists of steps on both engines: the shipped C# under Mono, and the lab's model, which knows nothing of it.

``python -m engine.differential --first 100000 --cases 50000`` for many; in ``make test`` there are a thousand.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.cases import Case, Steps
from engine.harness import longrun
from engine.harness.lane import Lane
from engine.harness.pair import JOURNAL, Endpoints, Pair, errors, folded
from engine.harness.servers import Servers
from lab.simhost import APPLIER


class Bench:
    """Both engines, and a place for the state of the host that they have in common."""

    def __init__(self, lane: Lane, servers: Servers, folder: Path) -> None:
        self.lane, self.folder = lane, folder
        self.endpoints = Endpoints(servers)

    def pair(self, description: dict[str, Any]) -> Pair:
        """A fresh host. Raises ValueError for one that no state folder can hold."""
        return Pair(self.endpoints, self.folder, description)


def difference(bench: Bench, case: Case, steps: Steps) -> tuple[str, str]:
    """What came out, in few words; and what differs between the engines, empty where nothing does."""
    pair = bench.pair(case.description)
    before = folded(pair.state())
    args = pair.args(steps, **case.more)
    model = pair.model.call(APPLIER, copy.deepcopy(args), False)
    mono = bench.lane.ask(pair.task(args))
    told, expected = errors(mono), errors(model)
    found = [
        f"{name}: {told[name]}, but in the model {expected[name]}" for name in told if told[name] != expected[name]
    ]
    after = folded(pair.state())
    wanted = folded(pair.model_state())
    if after != wanted:
        found += [f"there is {item}" for part in (0, 1) for item in after[part] if item not in wanted[part]]
        found += [f"there is not {item}" for part in (0, 1) for item in wanted[part] if item not in after[part]]
    if mono["changed"] != (after != before):
        found.append(f"changed: {mono['changed']}")
    if (pair.folder / JOURNAL).exists():
        found.append("a journal is left")
    return f"{model['error'] and model['error']['code']}, undone {model.get('undone')}", "\n".join(found)


def smaller(bench: Bench, case: Case) -> Steps:
    """Steps of a case on which the engines differ, without those that the difference does not need."""
    steps, index = copy.deepcopy(case.steps), 0
    while index < len(steps):
        less = steps[:index] + steps[index + 1 :]
        if difference(bench, case, less)[1]:
            steps = less
        else:
            index += 1
    return steps


def compare(bench: Bench, numbers: Iterable[int]) -> tuple[Counter[str], str]:
    """How often what came out, and the first case on which the engines differ, in words."""
    counted: Counter[str] = Counter()
    for number in numbers:
        case = Case(number)
        try:
            outcome, differs = difference(bench, case, case.steps)
        except ValueError as fault:
            outcome, differs = f"no such host: {fault}", ""
        if differs:
            small = smaller(bench, case)
            steps = "\n  ".join(map(repr, small))
            return counted, f"{case!r}\n{differs}\nsteps that suffice:\n  {steps}\n{difference(bench, case, small)[1]}"
        counted[outcome] += 1
    return counted, ""


def trial(servers: Servers, folder: Path, numbers: range) -> tuple[Counter[str], str]:
    with Lane() as lane:
        return compare(Bench(lane, servers, folder), numbers)


if __name__ == "__main__":
    sys.exit(longrun.main("engine.differential", __doc__, 50_000, trial))

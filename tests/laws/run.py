# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold all laws against the same random cases, by number of the case: each is made once, and always the same."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from .cases import Case
from .farms import Farm
from .laws import LAWS, Law


@dataclass
class Tally:
    """``cases``: how many were made; ``held``: by law, those it says something about; ``broken``: by law, the first that broke it."""

    cases: int = 0
    held: Counter[str] = field(default_factory=Counter)
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        self.cases += other.cases
        self.held += other.held
        self.broken = {**other.broken, **self.broken}


def hold(
    numbers: Iterable[int],
    enough: int | None = None,
    laws: Mapping[str, Law] = LAWS,
    make: Callable[[Random], Case | Farm] = Case,
) -> Tally:
    """Try these cases one after the other; stop when every law has ``enough`` examples or is broken.

    ``make``: what the laws are about.
    """
    tally = Tally()
    for number in numbers:
        case = make(Random(number))
        tally.cases += 1
        for name, law in laws.items():
            if name in tally.broken:
                continue
            try:
                tally.held[name] += law(case)
            except Exception as fault:
                told = "".join(traceback.format_exception(fault, limit=-3))
                tally.broken[name] = f"case {number} breaks {name}, {law.__name__}:\n{told}\n{case!r}"
        if all(name in tally.broken or (enough is not None and tally.held[name] >= enough) for name in laws):
            break
    return tally

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make laws``: the laws over as many random cases as asked for; or a small case that breaks one of them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from random import Random

from hypothesis import HealthCheck, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from .cases import Case
from .farms import Farm
from .laws import FARM_LAWS, LAWS, Law
from .run import Tally, hold

#: So many cases, or farms, are tried between two looks at the clock.
CHUNK = 50


def main() -> int:
    parser = argparse.ArgumentParser(prog="make laws", description="hold the laws against random cases")
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first case; the same number is the same case"
    )
    parser.add_argument(
        "--cases", type=int, default=20000, help="so many cases; each law says something about a part of them"
    )
    parser.add_argument(
        "--seconds", type=int, default=0, help="stop after so long with what was tried until then (0: do not)"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--small",
        metavar="LAW",
        choices=[*LAWS, *FARM_LAWS],
        help="look for a small case that breaks this law (slow); --cases: how many are tried",
    )
    parser.add_argument("--farms", action="store_true", help="cases are farms, whose hosts share one configuration")
    asked = parser.parse_args()
    if asked.small:
        return small(
            LAWS.get(asked.small) or FARM_LAWS[asked.small], Case if asked.small in LAWS else Farm, asked.cases
        )
    laws: dict[str, Law] = FARM_LAWS if asked.farms else LAWS
    held = partial(hold, laws=laws, make=Farm if asked.farms else Case)
    started, total = time.monotonic(), Tally()
    chunks = range(asked.first, asked.first + asked.cases, CHUNK)
    ends = [min(first + CHUNK, asked.first + asked.cases) for first in chunks]
    with ProcessPoolExecutor(asked.workers) as pool:
        for tally in pool.map(held, map(range, chunks, ends)):
            total.add(tally)
            if 0 < asked.seconds < time.monotonic() - started:
                pool.shutdown(cancel_futures=True)
                break
    seconds = time.monotonic() - started
    print(f"{total.cases} cases from {asked.first} on, {seconds:.0f} s")
    for name, law in laws.items():
        print(f"{'BROKEN' if name in total.broken else 'held':<7}{total.held[name]:>9}  {name} {law.__name__}")
    print(*total.broken.values(), sep="\n\n", end="\n" if total.broken else "")
    return 1 if total.broken else 0


def small(law: Law, make: Callable[[Random], Case | Farm], cases: int) -> int:
    """Draw every choice from Hypothesis, which can then take away what the fault does not need. 0: no case breaks the law."""
    quiet = settings(max_examples=cases, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    try:
        found = find(st.randoms(use_true_random=False).map(make), lambda case: _breaks(law, case), settings=quiet)
    except NoSuchExample:
        print(f"{law.__name__}: held by {cases} cases")
        return 0
    print(found)
    return 1


def _breaks(law: Law, case: Case | Farm) -> bool:
    try:
        law(case)
    except Exception:
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())

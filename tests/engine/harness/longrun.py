# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands for long runs: so many random cases from a number on, what came out how often, and the first one that went wrong."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from engine.harness.servers import Servers

#: A state folder is a hundred small files: they had better not go to a disk.
MEMORY = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
#: Tries the cases of these numbers, in a folder that is not there yet. How often what came out, and what went wrong, in words.
Trial = Callable[[Servers, Path, range], tuple[Counter[str], str]]


def main(program: str, about: str | None, cases: int, trial: Trial) -> int:
    """``cases``: how many, unless the command line says so. The exit code of the command."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=about)
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first case; the same number is the same case"
    )
    parser.add_argument("--cases", type=int, default=cases)
    asked = parser.parse_args()
    started = time.monotonic()
    with Servers() as servers, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        counted, wrong = trial(servers, Path(folder) / "host", range(asked.first, asked.first + asked.cases))
    print(f"{counted.total()} from {asked.cases} cases, {asked.first} on, {time.monotonic() - started:.0f} s")
    for outcome, count in counted.most_common():
        print(f"{count:>7}  {outcome}")
    print(wrong)
    return 1 if wrong else 0

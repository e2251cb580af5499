# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``tests/bench/run [SECTION...]``: measure. A section is a module below sections/ with a TITLE and report(), which yields lines.

Exit status 1: a measurement could not be trusted. A budget that is not kept says OVER and is no failure here; those that are
exact counts are tests in tests/e2e/test_budgets.py.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from bench.rig import Broken, Skipped

SECTIONS = sorted(path.stem for path in Path(__file__).with_name("sections").glob("*.py"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/bench/run", description="measure; everything measured is simulated")
    parser.add_argument("section", nargs="*", help=f"only these: {', '.join(SECTIONS)}")
    chosen = parser.parse_args().section
    unknown = set(chosen) - set(SECTIONS)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    status, skipped = 0, []
    for name in chosen or SECTIONS:
        module, began = importlib.import_module(f"bench.sections.{name}"), time.monotonic()
        print(f"== {name}: {module.TITLE}\n", flush=True)
        try:
            for line in module.report():
                print(line, flush=True)
        except Broken as fault:
            print(f"  BROKEN: {fault}", flush=True)
            status = 1
        except Skipped as reason:
            skipped.append(f"NOT RUN: {name}: {reason}")
            print(f"  {skipped[-1]}", flush=True)
        print(f"\n   ({name}: {time.monotonic() - began:.0f} s)\n", flush=True)
    print(*skipped, sep="\n", end="\n" if skipped else "")
    return status


if __name__ == "__main__":
    sys.exit(main())

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of the shipped C# ran. ``TLSFLEET_COVERAGE=FOLDER pytest tests/engine`` writes there, ``coverage.py FOLDER`` adds it up.

Needs Mono's profiler library (Debian: libmono-profiler). A line counts when any of its statements ran in any process.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

Lines = dict[str, dict[int, bool]]


def ran(reports: Iterable[Path]) -> Lines:
    """File name -> line -> did it run."""
    found: defaultdict[str, dict[int, bool]] = defaultdict(dict)
    for report in reports:
        for _event, method in ElementTree.iterparse(report):
            name = Path(method.get("filename") or "").name
            if method.tag == "method" and name.startswith("TlsFleet"):
                for statement in method.iter("statement"):
                    line = int(statement.get("line", "0"))
                    found[name][line] = found[name].get(line, False) or statement.get("counter") != "0"
            if method.tag in ("method", "class", "assembly"):
                method.clear()
    return found


def spans(lines: Iterable[int]) -> str:
    """``3-5, 9`` for 3, 4, 5, 9."""
    parts: list[list[int]] = []
    for line in sorted(lines):
        if parts and line == parts[-1][1] + 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def table(found: Lines) -> list[str]:
    rows = []
    for name, lines in sorted(found.items()):
        missed = [line for line, done in lines.items() if not done]
        share = 100 * (len(lines) - len(missed)) // max(len(lines), 1)
        rows.append(f"{name:<28}{share:>4} %  not run: {spans(missed) or '-'}")
    total = [done for lines in found.values() for done in lines.values()]
    rows.append(
        f"{'together':<28}{100 * sum(total) // max(len(total), 1):>4} %  of {len(total)} lines (under Mono, simulated)"
    )
    return rows


if __name__ == "__main__":
    print(*table(ran(sorted(Path(sys.argv[1]).glob("*.xml")))), sep="\n")

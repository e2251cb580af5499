# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of the shipped C# ran under Mono in a test run. The table is printed by ``pytest tests/engine`` (conftest.py).

Every Mono process of the run writes a report into the folder that ``TLSFLEET_COVERAGE`` names; a line counts when any of its
statements ran in any of them. ``python coverage.py FOLDER`` adds kept reports up again. Needs Mono's profiler library.
"""

from __future__ import annotations

import ctypes.util
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

#: Folder for reports, read by lane.py; unset or empty: nothing is measured.
FOLDER = "TLSFLEET_COVERAGE"
#: Reports of all assemblies have 13 MB each.
FILTER = "+[TlsFleet]\n"
MISSING = (
    "Coverage of the shipped C# was NOT MEASURED: Mono's profiler library is missing; "
    "on Debian or Ubuntu: sudo apt-get install libmono-profiler"
)


class Place(NamedTuple):
    """A line of the shipped C#, and the member it belongs to."""

    file: str
    member: str
    line: int


def available() -> bool:
    return ctypes.util.find_library("mono-profiler-coverage") is not None


def option(folder: str, name: str) -> str:
    """Mono's argument to write the report ``name`` into ``folder``."""
    chosen = Path(folder) / "filter"
    chosen.write_text(FILTER, encoding="ascii")
    return f"--profile=coverage:output={folder}/{name}.xml,covfilter-file={chosen}"


def ran(reports: Iterable[Path]) -> dict[Place, bool]:
    """Line -> did it run. A process that was killed has left an empty report, or half of one: what is readable counts."""
    lines: defaultdict[tuple[str, int], bool] = defaultdict(bool)
    owners: dict[tuple[str, int], str] = {}
    for report in reports:
        for method in _methods(report):
            name = Path(method.get("filename") or "").name
            member = _member(method.get("class", ""), method.get("name", ""))
            for statement in method.iter("statement") if name.startswith("TlsFleet") else ():
                place = (name, int(statement.get("line", "0")))
                lines[place] |= statement.get("counter") != "0"
                if member:
                    owners[place] = member
    found, before = {}, ("", "")
    for place in sorted(lines):
        # A delegate's body that is a class of its own belongs to the method above it.
        before = (place[0], owners.get(place) or (before[1] if before[0] == place[0] else ""))
        found[Place(place[0], before[1], place[1])] = lines[place]
    return found


def _methods(report: Path) -> Iterator[ElementTree.Element]:
    try:
        for _event, element in ElementTree.iterparse(report):
            if element.tag == "method":
                yield element
            if element.tag in ("method", "class", "assembly"):
                element.clear()
    except ElementTree.ParseError:
        return


def _member(kind: str, signature: str) -> str:
    """``Class.Method`` as a reader finds it in the source; empty for what the compiler made a class of."""
    if "AnonStorey" in kind:
        return ""
    name = signature.partition(" (")[0]
    if name.startswith("<"):
        name = name[1:].partition(">")[0]
    return f"{kind.rpartition('.')[2]}.{name.removeprefix('get_').replace('.ctor', 'new').replace('.cctor', 'static')}"


def spans(lines: Iterable[int]) -> str:
    """``3-5, 9`` for 3, 4, 5, 9."""
    parts: list[list[int]] = []
    for line in sorted(lines):
        if parts and line == parts[-1][1] + 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def missed(found: dict[Place, bool]) -> dict[str, dict[str, list[int]]]:
    """File -> member -> lines that never ran."""
    names: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place in sorted(place for place, done in found.items() if not done):
        names[place.file][place.member].append(place.line)
    return {file: dict(members) for file, members in names.items()}


def table(found: dict[Place, bool]) -> list[str]:
    """A line per file and one for all of them."""
    rows, gaps = [], missed(found)
    for name in sorted({place.file for place in found}):
        done = [ran_ for place, ran_ in found.items() if place.file == name]
        lines = [line for members in gaps.get(name, {}).values() for line in members]
        rows.append(f"{name:<28}{_share(done):>4} %  not run: {spans(lines) or '-'}")
    total = list(found.values())
    rows.append(f"{'together':<28}{_share(total):>4} %  of {len(total)} lines, under Mono, against fakes: simulated")
    return rows


def unlisted(found: dict[Place, bool], page: str) -> list[str]:
    """Members with lines that never ran and that a page (docs/tested.md) does not name, neither themselves nor their class."""
    members = {member for names in missed(found).values() for member in names}
    return sorted(
        member
        for member in members
        if not any(f"`{'.'.join(member.split('.')[:size])}`" in page for size in range(1, member.count(".") + 2))
    )


def _share(done: list[bool]) -> int:
    return 100 * sum(done) // max(len(done), 1)


if __name__ == "__main__":
    everything = ran(sorted(Path(sys.argv[1]).glob("*.xml")))
    print(*table(everything), sep="\n")
    for file, members in missed(everything).items():
        print(file, *(f"  {member}: {spans(lines)}" for member, lines in members.items()), sep="\n")

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section ``peers``: the same bindings by this collection, community.windows and microsoft.iis, side by side."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import peers
from bench.peers import Figure
from bench.rig import rig
from bench.table import table

TITLE = "the same bindings by three collections (simulated hosts)"
NOTE = """What this compares: what each controller side sends for the same bindings. ansible-playbook, the winrm plugin and all
three collections are real and run from one environment. Calls, requests and bytes up are exact; bytes down differ
by some bytes from run to run, as the signatures of certificates do.
What it does not compare: the work on Windows. No PowerShell runs. The modules of the other two collections are uploaded, counted
and thrown away; a stand-in does to the lab's model what their source says they do, and the lab answers in place of
ours. So bindings and records show how often each has to be called until all is there, not that any of them works;
and wall time holds no time of a host, which on Windows is most of a call.
Each https binding has SNI, a host name and a certificate from the store MY; cases outside of that were not looked at."""
HEAD = (
    "names",
    "module",
    "calls",
    "requests",
    "bytes up",
    "bytes down",
    "x no-op",
    "changed",
    "bindings",
    "records",
    "else",
)


def report() -> Iterator[str]:
    """Lines to print. Raises Skipped where the other collections cannot be installed, and Broken."""
    programs = peers.environment()
    yield from NOTE.splitlines()
    yield ""
    yield from (f"  {line}" for line in peers.versions() if line)
    with (
        tempfile.TemporaryDirectory(prefix="iis-bench-") as scratch,
        rig(Path(scratch) / "peers", peers.fleet(), programs) as lab,
    ):
        for title, certificate in peers.ROUNDS[:-1]:
            figures = peers.measure(lab, certificate)
            yield ""
            yield f"{title}; x no-op: time of the task in slim no-ops of the same run, indicative"
            yield from _side_by_side(figures)
        title, certificate = peers.ROUNDS[-1]
        yield ""
        yield f"{title}: {_summed_up(peers.measure(lab, certificate))}"


def _side_by_side(figures: list[Figure]) -> Iterator[str]:
    lines = list(table(HEAD, [_row(item) for item in figures]))
    for number, line in enumerate(lines):
        # The same job by each tool stands together.
        if number % len(peers.TOOLS) == 1:
            yield ""
        yield line


def _summed_up(figures: list[Figure]) -> str:
    wrong = [item.place for item in figures if item.changed or not item.complete]
    if not wrong:
        return f"all {len(figures)} say that nothing changed, and everything is there"
    return "; ".join(f"{place.tool}, {place.count} names on {place.layout}: changed or incomplete" for place in wrong)


def _row(item: Figure) -> tuple[str, ...]:
    place, cost = item.place, item.cost
    wide = (cost.calls, cost.requests, cost.up, cost.down)
    return (
        f"{place.count}, {place.layout}",
        place.tool,
        *(f"{number:,}" for number in wide),
        f"{item.wall:.1f}",
        "yes" if item.changed else "no",
        f"{item.bindings}/{place.count}",
        f"{item.records}/{place.count}",
        str(item.others),
    )

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section ``wire``: requests, calls and bytes per host, and times as ratios over many hosts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import wire
from bench.rig import Cost, rig
from bench.table import table, verdict

TITLE = "tlsfleet.iis on the wire (simulated hosts, winrm with Basic over HTTP)"
COUNTS = (1, 10, 100, 200)
HOSTS = 200
HEAD = ("", "calls", "requests", "bytes up", "bytes down")


def report() -> Iterator[str]:
    """Lines to print, as they become known. Raises Broken."""
    with tempfile.TemporaryDirectory(prefix="iis-bench-") as scratch:
        yield from _one_host(Path(scratch))
        yield from _document()
        yield from _fleet(Path(scratch) / "fleet")


def _row(name: str, cost: Cost) -> tuple[str, ...]:
    return (name, *(f"{number:,}" for number in (cost.calls, cost.requests, cost.up, cost.down)))


def _one_host(scratch: Path) -> Iterator[str]:
    found = {count: wire.costs(scratch / f"one-{count}", count) for count in COUNTS}
    first = found[1]
    rows = [_row("slim no-op", first.slim), _row("no-op with Ansible.Basic", first.basic)]
    for count, item in found.items():
        noun = "binding" if count == 1 else "bindings"
        rows += [
            _row(f"change that makes {count} {noun}", item.change),
            _row(f"the same again, {count} {noun}", item.again),
        ]
    yield "one host, counts exact; a task with k module calls takes 2 + 4k requests, and one more per further 200 KB of input"
    yield from table(HEAD, rows)
    yield ""
    yield verdict("upload of a read, in no-ops with Ansible.Basic", first.read.up / first.basic.up, wire.UPLOAD_RATIO)
    yield verdict("upload of the changing call, the same", first.changing_call / first.basic.up, wire.UPLOAD_RATIO)
    low, high = found[COUNTS[-2]], found[COUNTS[-1]]
    slope = (high.changing_call - low.changing_call) / (high.count - low.count)
    yield verdict("upload per binding that a change makes, bytes", slope, wire.UPLOAD_PER_BINDING)


def _document() -> Iterator[str]:
    slope = (wire.document_bytes(1100) - wire.document_bytes(100)) / 1000
    yield verdict("document per binding with its record, bytes", slope, wire.DOCUMENT_PER_BINDING)


def _fleet(place: Path) -> Iterator[str]:
    with rig(place, [wire.web(f"web{number:03d}") for number in range(1, HOSTS + 1)]) as lab:
        yield ""
        yield f"{HOSTS} hosts with {wire.BINDINGS_PER_HOST} bindings each, per host: calls and requests exact, bytes the median"
        yield from table(HEAD, [_row(name, cost) for name, cost in wire.fleet_costs(lab).items()])
        yield ""
        yield "times beside the slim no-op over the same hosts, medians of three rounds, 20 forks: indicative, the lab shares the machine"
        ratios = wire.fleet_ratios(lab, HOSTS)
    rows = [
        (name, f"{item.wall:.2f}", f"{item.cpu:.2f}", f"{item.wall_ms:.0f}", f"{item.cpu_ms:.0f}")
        for name, item in ratios.items()
    ]
    yield from table(("task", "x wall", "x controller CPU", "wall ms/host", "CPU ms/host"), rows)
    yield ""
    yield verdict(f"read of {HOSTS} hosts, in slim no-ops (wall)", ratios["read"].wall, wire.READ_RATIO)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section ``core``: how long plans, findings and look-ups take on the controller, and how that grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import Pool

from bench import core
from bench.table import table, verdict

TITLE = "planning, findings and look-ups on the controller (processor time, one core)"
SIZES = (1_000, 10_000, 100_000)


def report() -> Iterator[str]:
    """Lines to print, as they become known."""
    took = {f"plan: {kind.title}": _times(partial(core.plan_seconds, kind)) for kind in core.KINDS}
    rows = {**took, "findings alone": _times(core.findings_seconds)}
    yield "seconds for a host with so many bindings and records, the fastest of some rounds"
    yield from table(
        ("", *(f"{size:,}" for size in SIZES), "exponent"),
        [
            (title, *(f"{times[size]:.2f}" for size in SIZES), f"{core.exponent(times):.2f}")
            for title, times in rows.items()
        ],
    )
    yield ""
    for title, times in took.items():
        yield verdict(f"seconds for 10,000 bindings, {title}", times[10_000], core.PLAN_SECONDS)
        yield verdict(f"exponent from 1,000 to 100,000, {title}", core.exponent(times), core.EXPONENT)
    yield f"  {core.lookups_per_second(10_000):,.0f} look-ups per second on a host with 10,000 records"


def _times(took: Callable[[int, int], float]) -> dict[int, float]:
    """Each size in a process of its own, as Ansible gives one to each host: what a large host leaves behind slows the next one."""
    with Pool(1, maxtasksperchild=1) as fresh:
        return {size: fresh.apply(took, (size, 3 if size < SIZES[-1] else 1)) for size in SIZES}

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section ``core``: how long plans, findings and look-ups take on the controller, and how that grows."""

from __future__ import annotations

from collections.abc import Iterator

from bench import core
from bench.table import table, verdict

TITLE = "planning, findings and look-ups on the controller (processor time, one core)"
SIZES = (1_000, 10_000, 100_000)


def report() -> Iterator[str]:
    """Lines to print, as they become known."""
    rotation, addition, findings = {}, {}, {}
    for size in SIZES:
        rounds = 3 if size < SIZES[-1] else 1
        rotation[size] = core.plan_seconds(size, core.rotation, rounds)
        addition[size] = core.plan_seconds(size, core.addition, rounds)
        findings[size] = core.findings_seconds(size)
    rows = [
        (name, *(f"{took[size]:.2f}" for size in SIZES), f"{core.exponent(took[SIZES[0]], took[SIZES[-1]], 100):.2f}")
        for name, took in (
            ("plan: another certificate for all", rotation),
            ("plan: as many bindings again", addition),
            ("findings alone", findings),
        )
    ]
    yield "seconds for a host with so many bindings and records, the fastest of some rounds"
    yield from table(("", *(f"{size:,}" for size in SIZES), "exponent"), rows)
    yield ""
    for name, took in (("another certificate for all", rotation), ("as many bindings again", addition)):
        yield verdict(f"plan for 10,000 bindings, {name}, seconds", took[10_000], core.PLAN_SECONDS)
        growth = core.exponent(took[SIZES[0]], took[SIZES[-1]], 100)
        yield verdict(f"exponent from 1,000 to 100,000, {name}", growth, core.EXPONENT)
    yield f"  {core.lookups_per_second(10_000):,.0f} look-ups per second on a host with 10,000 records"

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A made-up fleet through one ansible-playbook: 20 hosts; a thousand with ``make test PROFILE=long``."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from e2e.fleet import SECONDS, Fleet
from lab.fleet import fleet as made_up
from lab.test_scale import MEGABYTES, most_megabytes

READ, REPAIR = "tlsfleet.iis.https_bindings_info", "tlsfleet.iis.https_bindings"
FEW, MANY = 20, 1000
FORKS = 20


@pytest.mark.timeout(3600)
def test_every_host_of_a_fleet_is_read_and_repaired_within_its_calls(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    count = MANY if request.config.getoption("--hypothesis-profile", None) == "long" else FEW
    began = time.monotonic()
    lab = Fleet(tmp_path / "lab", made_up(count, 7), forks=FORKS)
    started = time.monotonic()
    try:
        repair = {REPAIR: {"repair": ["orphan"]}}
        plays = [
            {"hosts": "all", "gather_facts": False, "tasks": [{"name": "read", READ: {}}]},
            # Nodes of a farm with shared configuration refuse a change of one of them alone.
            {
                "hosts": "all:!node*",
                "gather_facts": False,
                "tasks": [{"name": "repair", **repair}, {"name": "again", **repair}],
            },
        ]
        played = lab.plays(plays, seconds=SECONDS * count / FEW)
        counters, process = lab.all_counters(), int((lab.place / "lab.pid").read_text(encoding="ascii"))
        used = most_megabytes(process)
    finally:
        lab.stop()
    print(
        f"{count} hosts: started after {started - began:.1f} s, three tasks took {time.monotonic() - started:.0f} s,"
        f" lab {used:.0f} MB"
    )
    assert played.status == 0, played.output[-5000:]
    changed = {host for host, result in played.hosts("repair").items() if result["changed"]}
    assert changed and {result["changed"] for result in played.hosts("again").values()} == {False}
    for slug in counters:
        assert played.of("read", slug)["host"]["name"] == slug.upper()
    calls = {slug: 1 if slug.startswith("node") else 4 if slug in changed else 3 for slug in counters}
    assert {slug: item["calls"] for slug, item in counters.items()} == calls and len(counters) == count
    assert used < MEGABYTES * max(1, count / 200)

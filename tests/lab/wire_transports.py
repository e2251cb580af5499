# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests of the transports: one play that reads and changes, over hosts that are reached in different ways."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from e2e.fleet import Fleet, Played

from lab.wire_lab import ADDRESS, HOST, NEW, OLD
from lab.wire_rig import Recorder, playbooks

ENDPOINTS = [{"address": ADDRESS, "sni": "shop.example.com"}]
READ: dict[str, Any] = {"name": "read", "tlsfleet.iis.https_bindings_info": {"endpoints": ENDPOINTS}}
SEE: dict[str, Any] = {
    "name": "see",
    "tlsfleet.iis.https_endpoint_info": {"endpoints": ENDPOINTS, "connect_to": "{{ tlsfleet_connect_to }}"},
}
# Of the cores that are here: the one beside the running Python, and the oldest that is supported.
CORES = [path for path in playbooks() if path == playbooks()[0] or path.parents[1].name == "core-2.16"]
each_core = pytest.mark.parametrize("core", CORES, ids=lambda path: path.parents[1].name)


def change(fleet: Fleet, slug: str) -> dict[str, Any]:
    """The task that gives the only site of the description its other certificate."""
    wish = {
        "site": "Shop",
        "host": "shop.example.com",
        "certificate": {"thumbprint": fleet.thumbprint(slug, NEW)},
    }
    return {"name": "change", "tlsfleet.iis.https_bindings": {"bindings": [wish]}}


@contextmanager
def fleet_over(place: Path, core: Path, monkeypatch: pytest.MonkeyPatch, *transports: str) -> Iterator[Fleet]:
    """A lab with one host for each transport, named like it, whose description chooses it; played with this core."""
    monkeypatch.setenv("IIS_CORE_BIN", str(core.parent))
    fleet = Fleet(place, [{**HOST, "slug": name, "transport": name} for name in transports])
    try:
        yield fleet
    finally:
        fleet.stop()


def read_and_change(fleet: Fleet, *slugs: str, shells: int = 2) -> dict[str, dict[str, Any]]:
    """Read, change, look from outside; every value asserted. What each host counted; ``shells`` is what it should be."""
    for slug in slugs:
        played = fleet.play([READ, change(fleet, slug), SEE], hosts=slug)
        old, new = (fleet.thumbprint(slug, name) for name in (OLD, NEW))
        read, done, seen = (played.of(name, slug) for name in ("read", "change", "see"))
        assert [item.status for item in (read, done, seen)] == ["ok", "ok", "ok"], played.output
        assert (read["simulated"], read["host"]["name"]) == (True, slug.upper())
        assert [(item["outcome"], item["served"]) for item in read["endpoints"]] == [("served", old)]
        assert done["changed"] is True
        assert [item["thumbprint"] for item in done["after"]["records"]] == [new]
        assert {probe["verdict"] for probe in done["probes"]} == {"right"}
        assert [item["served"] for item in seen["endpoints"]] == [new]
    counted = {slug: fleet.counters(slug) for slug in slugs}
    for counts in counted.values():
        assert counts["modules"] == {"tlsfleet.iis.host_reader": 2, "tlsfleet.iis.host_applier": 1}
        assert (counts["shells_opened"], counts["shells_closed"], counts["commands"]) == (shells, shells, 3)
        assert (counts["faults"], counts["unknown"], counts["refused"]) == (0, 0, 0)
    return counted


def with_wrong_password(fleet: Fleet) -> Played:
    return fleet.play([READ], "-e", "ansible_password=wrong")


def expected_requests(recorder: Recorder, per_send: int = 200_000) -> int:
    """Requests for what was recorded: open and close each shell, three per command, one per piece of its input."""
    counts = recorder.counters
    pieces = sum(1 + (len(stdin) - 1) // per_send for _line, stdin in recorder.commands if stdin)
    return 2 * counts.shells_opened + 3 * counts.commands + pieces


def readable(sent: bytes, word: str) -> bool:
    """Can whoever listens read a word: as it is, as UTF-16, or in base64, wherever in it the word begins?"""
    for text in (word.encode(), word.encode("utf-16-le")):
        if text in sent:
            return True
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + text)
            # Signs at both ends depend on the neighbours, too.
            if encoded[4 if offset else 0 : len(encoded) // 4 * 4 - 4] in sent:
                return True
    return False

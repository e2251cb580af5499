# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# reader on site states, which only the running IIS tells, by way of its configuration objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.fakes.example import binding, small
from engine.fakes.rows import write_rows
from engine.harness.lane import Lane

pytestmark = pytest.mark.mono
Host = Callable[[dict[str, Any]], Path]
IIS = {"iis": {"major": 10, "minor": 0}, "schema_ssl_flags": True}
ONE = [{"id": 1, "name": "Shop", "state": "started", "bindings": [binding("*:443:shop", 1)]}]


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("0", "started"),
        ("1", "started"),
        ("2", "stopped"),
        ("3", "stopped"),
        ("4", "unknown"),
        ("5", "unknown"),
        ("0x800710D8", "unknown"),
    ],
)
def test_every_state_has_a_word(lane: Lane, host: Host, value: str, state: str) -> None:
    folder = host(small(**IIS, sites=ONE))
    write_rows(folder / "iis" / "sites.txt", [["1", value]])
    found = lane.document(folder)
    assert [site["state"] for site in found["sites"]] == [state]
    assert found["incomplete"] == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("create 0x80040154", "0x80040154"),
        ("section 0x80070005", "access_denied"),
        ("section 0x8007000D", "0x8007000D"),
        ("state 0x80070005", "access_denied"),
        ("state 0x80070426", "0x80070426"),
    ],
)
def test_states_that_cannot_be_read_are_unknown_and_a_gap(lane: Lane, host: Host, fault: str, code: str) -> None:
    folder = host(small(**IIS, sites=[*ONE, {**ONE[0], "id": 2, "name": "Two"}]))
    write_rows(folder / "iis" / "faults.txt", [fault.split()])
    found = lane.document(folder)
    assert [site["state"] for site in found["sites"]] == ["unknown", "unknown"]
    assert [(gap["layer"], gap["code"]) for gap in found["incomplete"]] == [("site_states", code)]


def test_a_site_that_was_does_not_know_hides_no_failure_of_another(lane: Lane, host: Host) -> None:
    folder = host(small(**IIS, sites=[*ONE, {**ONE[0], "id": 2, "name": "Two"}, {**ONE[0], "id": 3, "name": "Three"}]))
    write_rows(folder / "iis" / "sites.txt", [["2", "0x80070005"], ["3", "1"]])
    found = lane.document(folder)
    assert [site["state"] for site in found["sites"]] == ["unknown", "unknown", "started"]
    assert [(gap["layer"], gap["code"]) for gap in found["incomplete"]] == [("site_states", "access_denied")]

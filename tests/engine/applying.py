# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small host for the tests of the applier, and a step of each kind for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.fakes import read, state
from engine.fakes.example import CNG, THUMBPRINTS, binding, certificate, record, small
from engine.fakes.rows import write_rows

IIS = {"major": 10, "minor": 0}
GOOD, OTHER, KEYLESS = THUMBPRINTS["good"], THUMBPRINTS["user"], THUMBPRINTS["keyless"]
EXACT, NAME = ("ipport", "10.0.0.5:443"), ("hostnameport", "shop.example.com:443")
FULL: dict[str, Any] = {
    "flags": 0xFFFF0021,
    "check_mode": 5,
    "freshness": 60,
    "timeout": 0xFFFFFFFF,
    "ctl_identifier": "Ω",
    "ctl_store": "R",
}
SITES: list[dict[str, Any]] = [
    {
        "id": 1,
        "name": "Shop",
        "state": "started",
        "bindings": [
            binding("*:80:", None, "http"),
            binding("*:443:shop.example.com", 1),
            binding("*:443:a.example.com", 0),
            binding("*:443:b.example.com"),
        ],
    },
    {"id": 2, "name": "Übung & Co", "state": "stopped", "bindings": []},
]


#: What an applier writes of a state folder.
standing = read.standing


def host(folder: Path, **more: Any) -> Path:
    """A state folder with two records, two sites and two certificates that http.sys takes, and one that it does not."""
    described: dict[str, Any] = {
        "iis": IIS,
        "schema_ssl_flags": True,
        "update_exported": True,
        "sites": SITES,
        "addresses": ["10.0.0.5"],
        "records": [
            record(EXACT[1], store="MY", **FULL),
            record(NAME[1], "hostnameport", app_id="{00000000-0000-0000-0000-000000000001}"),
            record("0.0.0.0:5986"),
        ],
        "certificates": [certificate("good", CNG), certificate("user", CNG), certificate("keyless", None)],
        **more,
    }
    state.write_state(folder, small(**described))
    return folder


def image(folder: Path, place: tuple[str, str]) -> dict[str, Any] | None:
    """A record as it stands there, without family and key."""
    for item in read.read_records(folder):
        if (item["family"], item["key"]) == place:
            return {name: value for name, value in item.items() if name not in ("family", "key")}
    return None


def bindings(folder: Path, site: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read.read_sites(folder)[site]["bindings"]
    return found


def step(op: str, place: tuple[str, str], before: Any, after: Any) -> dict[str, Any]:
    return {"op": f"record_{op}", "family": place[0], "key": place[1], "before": before, "after": after}


def edit(position: int | None, before: Any, after: Any, site: str = "Shop") -> dict[str, Any]:
    return {"site": site, "position": position, "before": before, "after": after}


def edits(*several: dict[str, Any]) -> dict[str, Any]:
    return {"op": "bindings", "edits": list(several)}


def each(folder: Path) -> dict[str, dict[str, Any]]:
    """A step of each kind that can be carried out on the host above, alone or one after the other."""
    exact, name = image(folder, EXACT), image(folder, NAME)
    added = binding("*:443:new.example.com", 33)
    return {
        "set": step("set", ("hostnameport", "new.example.com:443"), None, {"thumbprint": GOOD, "flags": 3}),
        "update": step("update", EXACT, exact, {**(exact or {}), "thumbprint": OTHER}),
        "replace": step("replace", NAME, name, {**(name or {}), "thumbprint": OTHER}),
        "delete": step("delete", ("ipport", "0.0.0.0:5986"), {"thumbprint": GOOD}, None),
        "bindings": edits(
            edit(1, SITES[0]["bindings"][1], None), edit(None, None, added), edit(0, None, added, "Übung & Co")
        ),
    }


def refuse(folder: Path, file: str, *rows: tuple[Any, ...]) -> None:
    """Let single calls fail: rows of ``http/faults.txt`` or ``iis/faults.txt``."""
    write_rows(folder / file / "faults.txt", rows)

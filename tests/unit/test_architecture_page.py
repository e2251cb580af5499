# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/architecture.md names files that are there, names in them that are there, and every file that takes part in planning."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ROOT / "plugins" / "plugin_utils"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
#: A file in a room, and those of the same room that follow it on its line.
NAMED = re.compile(r"\b(model|wire|rules|planning|render|shell)/(\w+\.py(?:, \w+\.py)*)")


def _files() -> set[str]:
    return {f"{room}/{file}" for room, files in NAMED.findall(PAGE) for file in files.split(", ")}


def test_every_file_that_is_named_is_there() -> None:
    assert len(_files()) > 20
    assert [file for file in sorted(_files()) if not (ROOMS / file).is_file()] == []


def test_every_function_that_is_named_stands_in_the_file_named_before_it() -> None:
    named = re.findall(r"`(\w+/\w+\.py)`, `(\w+)`|`(\w+)` in `(\w+/\w+\.py)`", PAGE)
    places = [(file or other, name or function) for file, name, function, other in named]
    assert places
    for file, name in places:
        assert f"def {name}(" in (ROOMS / file).read_text(encoding="utf-8"), (file, name)


def test_planning_is_walked_whole() -> None:
    there = {f"planning/{path.name}" for path in (ROOMS / "planning").glob("*.py") if path.read_bytes()}
    assert there - _files() == set()

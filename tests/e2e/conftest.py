# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets for the end-to-end tests: each test gets hosts of its own in their first state."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from e2e.fleet import Fleet

Start = Callable[..., Fleet]
#: ``ENGINE=mono``: the C# that ships answers and changes the hosts of every story that does not choose for itself.
ENGINE = os.environ.get("ENGINE") or "model"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a lab with these host descriptions (and ``engine``); it is stopped when the test ends."""
    running: list[Fleet] = []

    def begin(*descriptions: Mapping[str, Any], engine: str = ENGINE) -> Fleet:
        fleet = Fleet(tmp_path / f"lab{len(running)}", descriptions, engine=engine)
        running.append(fleet)
        return fleet

    yield begin
    for fleet in running:
        fleet.stop()

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Mono process for all tests of the C# engine in a pytest worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.fakes import build, state
from engine.harness.lane import Lane


@pytest.fixture(scope="session")
def lane() -> Iterator[Lane]:
    if build.missing():
        pytest.skip(build.missing())
    with Lane() as running:
        yield running


@pytest.fixture
def host(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Writes a document as a state folder and gives the folder."""

    def write(document: dict[str, Any]) -> Path:
        folder = tmp_path / "host"
        state.write_state(folder, document)
        return folder

    return write

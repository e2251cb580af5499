# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Windows lane: a gate of `make check`, not part of `make test`, because starting Wine takes longer than most tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from engine.conftest import lane
from wine import machine

__all__ = ["lane"]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Skip what stands here; pytest hands over the tests of other folders, too."""
    if machine.missing():
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=machine.missing()))


@pytest.fixture
def prefix(tmp_path: Path) -> Iterator[Path]:
    """A Windows machine that is kept from call to call of a test."""
    yield tmp_path / "prefix"
    machine.stop(tmp_path / "prefix")

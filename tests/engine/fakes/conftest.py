# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two libraries, each on a host that has everything (example.py)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from . import build, state
from .callers import HttpApi
from .com import Library
from .example import document


@pytest.fixture(scope="session")
def httpapi() -> HttpApi:
    return HttpApi(build.build() / "libhttpapi.so")


@pytest.fixture
def api(httpapi: HttpApi, tmp_path: Path) -> Iterator[HttpApi]:
    """httpapi, initialised, on the host in ``tmp_path / "host"``."""
    state.write_state(tmp_path / "host", document())
    assert httpapi.select(tmp_path / "host") == 0
    assert httpapi.initialize() == 0
    yield httpapi
    httpapi.terminate()
    httpapi.keep.clear()


@pytest.fixture(scope="session")
def library() -> Library:
    return Library(build.build() / "libahadmin.so")


@pytest.fixture
def host(library: Library, tmp_path: Path) -> Path:
    """The folder of the host that AHADMIN is about."""
    folder = tmp_path / "host"
    state.write_state(folder, document())
    assert library.select(folder) == 0
    return folder

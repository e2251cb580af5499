# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake AHADMIN under Mono's COM calls. It is not Windows: results are simulated. Windows' own .NET: tests/wine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from . import build, state
from .example import document
from .writing import LEFT, SAID, compiled, left

pytestmark = [
    pytest.mark.mono,
    pytest.mark.skipif(bool(build.missing()), reason=build.missing() or "there"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    state.write_state(tmp_path / "host", document())
    return tmp_path / "host"


def test_mono_writes_through_typed_interfaces(tmp_path: Path, folder: Path) -> None:
    program = compiled(tmp_path, "Writing.exe")
    target = build.build() / "libahadmin.so"
    (tmp_path / "Writing.exe.config").write_text(
        f'<configuration><dllmap dll="ahadmin.dll" target="{target}"/></configuration>', encoding="utf-8"
    )
    done = subprocess.run(["mono", str(program), str(folder)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    # Mono does not know which exception type Windows' .NET gives for 0x80070020; the number is right.
    assert done.stdout == SAID.replace("FileLoadException", "COMException")
    assert left(folder) == LEFT

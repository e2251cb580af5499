# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake AHADMIN, registered as a class of Windows, under the COM calls of Windows' own .NET. Simulated all the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from engine.fakes import build, state
from engine.fakes.example import document
from engine.fakes.writing import LEFT, SAID, compiled, left
from wine.machine import BUNDLE, environment, windows_path

pytestmark = pytest.mark.mono


@pytest.mark.parametrize("apartment", ["--sta", "--mta"])
def test_windows_dotnet_finds_the_class_and_writes(tmp_path: Path, apartment: str) -> None:
    folder = tmp_path / "host"
    state.write_state(folder, document())
    libraries = build.build(windows=True)
    program = compiled(tmp_path, "Writing.dll", "-target:library")
    options = ["--native", str(libraries), "--register", str(libraries / "ahadmin.dll")]
    command = [str(BUNDLE), *options, *(["--sta"] if apartment == "--sta" else [])]
    done = subprocess.run(
        [*command, str(program), "TlsFleet.Fakes.Writing", "Registered"],
        input=windows_path(folder),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    conflict = [line for line in said if line.startswith("Filename: ")]
    assert len(conflict) == 1
    assert conflict[0].endswith("because the file has changed on disk (simulated)")
    assert [line for line in said if line not in conflict] == SAID.splitlines()
    assert left(folder) == LEFT

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake AHADMIN under .NET's own COM calls: the same C# 5 under Mono, and on Microsoft's .NET for Windows under Wine.

Neither is Windows: results are simulated.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from . import build, read, state
from .example import document

HERE = Path(__file__).resolve().parent
WINE = HERE.parents[3] / "shared" / "wine-dotnet" / "run"
SAID = """\
*:445: 2 2 False
*:443:shop.example.com 0 0 True
*:443:ünï.example.com 97 97 False
808:* 0 0 True
*:444: 1 1 False
COMException 800700B7
COMException 80070585
COMException 80070585
COMException 8007000D
COMException 80070585
ArgumentException 80070057
FileLoadException 80070020
MACHINE/WEBROOT/APPHOST 5
"""
LEFT = [
    ("*:445:", 2),
    ("*:443:shop.example.com", None),
    ("*:443:ünï.example.com", 97),
    ("808:*", None),
    ("*:444:", 1),
]

pytestmark = [
    pytest.mark.mono,
    pytest.mark.skipif(bool(build.missing()), reason=build.missing() or "there"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    state.write_state(tmp_path / "host", document())
    return tmp_path / "host"


def compiled(tmp_path: Path, name: str, *options: str) -> Path:
    target = tmp_path / name
    command = ["mcs", "-langversion:5", *options, f"-out:{target}", str(HERE / "Writing.cs")]
    subprocess.run(command, check=True, capture_output=True)
    return target


def left(folder: Path) -> list[tuple[str, int | None]]:
    listed = read.read_state(folder)["sites"][0]["bindings"]
    return [(item["information"], item["ssl_flags"]) for item in listed]


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


@pytest.mark.skipif(bool(build.missing(windows=True)), reason=build.missing(windows=True) or "there")
@pytest.mark.skipif(not WINE.exists(), reason="the Windows .NET runtime for Wine (wine-dotnet) is not on this machine")
@pytest.mark.skipif(
    not shutil.which("wine"), reason="needs Wine; on Debian or Ubuntu: sudo apt-get install wine wine64"
)
@pytest.mark.parametrize("apartment", ["--sta", "--mta"])
def test_windows_dotnet_finds_the_class_and_writes(tmp_path: Path, folder: Path, apartment: str) -> None:
    libraries = build.build(windows=True)
    program = compiled(tmp_path, "Writing.dll", "-target:library")
    options = ["--native", str(libraries), "--register", str(libraries / "ahadmin.dll")]
    command = [str(WINE), *options, *(["--sta"] if apartment == "--sta" else [])]
    done = subprocess.run(
        [*command, str(program), "TlsFleet.Fakes.Writing", "Registered"],
        input="Z:" + str(folder).replace("/", "\\"),
        env={name: value for name, value in os.environ.items() if name != "WINEPREFIX"},
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

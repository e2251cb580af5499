# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake AHADMIN under .NET's own COM calls: typed ComImport interfaces of C# 5, run by Mono."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from . import build, read, state
from .example import document

HERE = Path(__file__).resolve().parent
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
COMException 80070020
MACHINE/WEBROOT/APPHOST 5
"""


@pytest.mark.mono
@pytest.mark.skipif(bool(build.missing()), reason=build.missing() or "there")
def test_mono_writes_through_typed_interfaces(tmp_path: Path) -> None:
    state.write_state(tmp_path / "host", document())
    program = tmp_path / "Writing.exe"
    subprocess.run(
        ["mcs", "-langversion:5", f"-out:{program}", str(HERE / "Writing.cs")], check=True, capture_output=True
    )
    target = build.build() / "libahadmin.so"
    (tmp_path / "Writing.exe.config").write_text(
        f'<configuration><dllmap dll="ahadmin.dll" target="{target}"/></configuration>', encoding="utf-8"
    )
    done = subprocess.run(["mono", str(program), str(tmp_path / "host")], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == SAID.splitlines()
    left = read.read_state(tmp_path / "host")["sites"][0]["bindings"]
    assert [(item["information"], item["ssl_flags"]) for item in left] == [
        ("*:445:", 2),
        ("*:443:shop.example.com", None),
        ("*:443:ünï.example.com", 97),
        ("808:*", None),
        ("*:444:", 1),
    ]

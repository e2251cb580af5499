# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing.cs, a caller of the fake AHADMIN in C# 5, and what it says and leaves; for Mono and for Windows' .NET under Wine."""

from __future__ import annotations

import subprocess
from pathlib import Path

from . import read

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


def compiled(tmp_path: Path, name: str, *options: str) -> Path:
    target = tmp_path / name
    command = ["mcs", "-langversion:5", *options, f"-out:{target}", str(HERE / "Writing.cs")]
    subprocess.run(command, check=True, capture_output=True)
    return target


def left(folder: Path) -> list[tuple[str, int | None]]:
    listed = read.read_state(folder)["sites"][0]["bindings"]
    return [(item["information"], item["ssl_flags"]) for item in listed]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of an applier as tests read and write it, apart from the C# that they judge."""

from __future__ import annotations

from pathlib import Path

#: In a state folder.
PATH = "programdata/tlsfleet.iis/journal.txt"


def line(name: str, value: str) -> str:
    """A sound line. The sum is FNV-1a, 32 bits."""
    body = f"{name}\t{value}"
    total = 2166136261
    for byte in body.encode("ascii"):
        total = ((total ^ byte) * 16777619) & 0xFFFFFFFF
    return f"{total:08x}\t{body}\n"


def read(state: Path) -> list[tuple[str, str]]:
    """Names and values of a whole journal; a line that is not sound raises ValueError."""
    found = []
    for raw in (state / PATH).read_text(encoding="ascii").splitlines(keepends=True):
        _sum, name, value = raw.rstrip("\n").split("\t", 2)
        if line(name, value) != raw:
            raise ValueError(f"not sound: {raw!r}")
        found.append((name, value))
    return found

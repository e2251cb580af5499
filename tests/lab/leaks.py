# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left when a lab stops although somebody should have cleared it away: shells, connections, processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from lab.live import OPEN

#: A controller that has just ended may still have bytes on their way.
GRACE_SECONDS = 0.5


def shells(slug: str, left: dict[str, int], cut: set[str]) -> Iterable[str]:
    """Open shells, each with how many commands it holds; those aside that a planned fault cut off from their owner."""
    for shell, commands in left.items():
        if shell not in cut:
            running = f" with {commands} command{'s' if commands > 1 else ''} that nobody ended" if commands else ""
            yield f"shell: {slug}: {shell} was never deleted{running}"


async def connections(names: dict[str, str]) -> list[str]:
    """Connections that a client still holds, after a moment of grace; ``names``: loopback address → host."""
    for _turn in range(10):
        if not OPEN.count:
            break
        await asyncio.sleep(GRACE_SECONDS / 10)
    return [
        f"socket: {names.get(place[0], place[0])}: port {place[1]} is still connected, by {holder}"
        for place, holder in OPEN.left()
    ]


def sockets() -> int:
    """How many sockets this process has open."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found += os.readlink(entry).startswith("socket:")
        except OSError:
            # the handle of this very listing
            continue
    return found


def processes(session: int) -> list[str]:
    """Processes that a lab started and left behind: all of its session, the lab itself aside."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        name, words = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
        number = int(status.parent.name)
        if int(words[3]) == session and number != session and words[0] != "Z":
            found.append(f"process: {number} ({name}) was started by the lab and still runs")
    return found

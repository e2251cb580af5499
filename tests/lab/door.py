# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way into one host, WinRM or ssh: open, shut for a while (connections are refused), open again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from lab.listener import Listening

#: What keeps a door shut: a planned fault, or a host that is on its way up.
FAULT, REBOOT = "fault", "reboot"


class Door:
    """``listen`` opens the listener. Several reasons may keep the door shut; it opens when the last of them is gone."""

    def __init__(self, listen: Callable[[], Awaitable[Listening]]) -> None:
        self._listen = listen
        self._server: Listening | None = None
        self._reasons: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    @property
    def down(self) -> bool:
        """Is the whole machine down, and not only its WinRM?"""
        return REBOOT in self._reasons

    async def open(self) -> None:
        """Raises OSError naming the place."""
        await self._settle()

    async def shut(self, reason: str) -> None:
        self._reasons.add(reason)
        await self._settle()

    async def release(self, reason: str) -> None:
        self._reasons.discard(reason)
        await self._settle()

    async def _settle(self) -> None:
        async with self._one_at_a_time:
            if self._reasons and self._server is not None:
                self._server.close()
                self._server = None
            elif not self._reasons and self._server is None:
                self._server = await self._listen()

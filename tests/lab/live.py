# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections are open right now: a host that goes down cuts its own, and in the end none may be left."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

#: Loopback address and port.
Place = tuple[str, int]


class Connection(Protocol):
    """A transport of asyncio, or what stands for one."""

    def get_extra_info(self, name: str, default: Any = None) -> Any: ...
    def abort(self) -> None: ...


class Live:
    """Connections by the place that took them. One for the whole process: see OPEN."""

    def __init__(self) -> None:
        self._open: dict[Connection, Place] = {}

    def made(self, transport: Connection, place: Place) -> None:
        self._open[transport] = place

    def lost(self, transport: Connection) -> None:
        self._open.pop(transport, None)

    @property
    def count(self) -> int:
        return len(self._open)

    def at(self, addresses: set[str]) -> list[Connection]:
        """Connections to any of these loopback addresses."""
        return [transport for transport, place in self._open.items() if place[0] in addresses]

    def left(self) -> Iterator[tuple[Place, str]]:
        """Connections that are still open, each with who holds the other end."""
        holders = holders_of({peer_port(transport) for transport in self._open})
        for transport, place in list(self._open.items()):
            yield place, holders.get(peer_port(transport), "another process")


OPEN = Live()


class Watched(asyncio.Protocol):
    """Passes everything on to ``inner``, and lets OPEN know as long as the connection lasts."""

    def __init__(self, inner: asyncio.Protocol, place: Place) -> None:
        self._inner, self._place = inner, place
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        OPEN.made(self._transport, self._place)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            OPEN.lost(self._transport)
        self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


def peer_port(transport: Connection) -> int:
    """The client's port; 0 where the connection is already down."""
    name = transport.get_extra_info("peername")
    return int(name[1]) if name else 0


def holders_of(ports: set[int]) -> dict[int, str]:
    """Client port → ``process 4711 (ansible-playbook)``, as far as this user may look."""
    inodes = {}
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        port = int(words[1].rpartition(":")[2], 16)
        if port in ports:
            inodes[f"socket:[{words[9]}]"] = port
    found: dict[int, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            links = {os.readlink(entry) for entry in (process / "fd").iterdir()}
            name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            # gone meanwhile, or somebody else's
            continue
        for inode in links & inodes.keys():
            found[inodes[inode]] = f"process {process.name} ({name})"
    return found

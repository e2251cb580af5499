# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What asyncio has no words for: listening on one loopback address, ending connections with a reset."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable

from lab.live import OPEN, Connection, Watched

RESET_AT_ONCE = struct.pack("ii", 1, 0)


async def listen(
    protocol: Callable[[], asyncio.Protocol], place: tuple[str, int], tls: ssl.SSLContext | None = None
) -> asyncio.Server:
    """Listen on a loopback address and port, with TLS where a context is given; raises OSError naming both."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        return await asyncio.get_running_loop().create_server(
            lambda: Watched(protocol(), place), sock=listener, backlog=128, ssl=tls
        )
    except OSError as fault:
        listener.close()
        raise OSError(fault.errno, f"cannot listen on {place[0]} port {place[1]}: {fault.strerror}") from fault


def reset(transport: Connection | None) -> None:
    """End a connection with RST instead of FIN; what was not sent yet is dropped."""
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
    transport.abort()


def cut(addresses: set[str]) -> None:
    """Reset every open connection to these loopback addresses."""
    for transport in OPEN.at(addresses):
        reset(transport)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket of a running lab: one JSON line in, one JSON line out."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

SOCKET = "control.sock"
SECONDS = 30.0

Answer = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class NotRunning(Exception):
    """No lab answers in that directory."""


class Refused(Exception):
    """The lab does not do what it was asked for; the text says why."""


def short_path(directory: int) -> str:
    """The socket's path by way of an open directory: names of Unix sockets may not be longer than 107 bytes."""
    return f"/proc/self/fd/{directory}/{SOCKET}"


async def serve(directory: Path, answer: Answer) -> asyncio.Server:
    """Listen in a directory; ``answer`` gets the object that was sent, whose ``do`` is the word."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            reply = await answer(dict(json.loads(await reader.readline())))
            writer.write(json.dumps(reply).encode() + b"\n")
            await writer.drain()
        except (ValueError, TypeError, ConnectionError):
            pass
        finally:
            writer.close()

    (directory / SOCKET).unlink(missing_ok=True)
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Python 3.13 would look for the socket by a path that is good for this moment only.
        kept: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        server = await asyncio.start_unix_server(connected, short_path(handle), **kept)
        (directory / SOCKET).chmod(0o600)
        return server
    finally:
        os.close(handle)


def ask(directory: Path, word: str, **more: Any) -> dict[str, Any]:
    """Send one word, and what belongs to it, to the lab in ``directory``. Raises NotRunning and Refused."""
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as fault:
        raise NotRunning(f"no lab runs in {directory}") from fault
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(SECONDS)
            client.connect(short_path(handle))
            client.sendall(json.dumps({"do": word, **more}).encode() + b"\n")
            with client.makefile("rb") as answer:
                reply: dict[str, Any] = json.loads(answer.readline())
    except (OSError, ValueError) as fault:
        raise NotRunning(f"no lab runs in {directory}") from fault
    finally:
        os.close(handle)
    if "error" in reply:
        raise Refused(reply["error"])
    return reply

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least HTTP/1.1 server that WinRM needs: keep-alive, Content-Length, Basic authentication.

Strict on purpose: what the winrm connection plugin never sends (chunked bodies, other paths, other methods) is
answered with the fitting status and the connection is closed.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from lab.sockets import reset

MOST_HEAD = 64 * 1024
TLS_HANDSHAKE = 0x16
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Request:
    """One request. ``length`` is the size of the body in bytes; ``body`` is empty when that is above the limit."""

    method: str
    path: str
    headers: dict[str, str]
    length: int
    body: bytes


@dataclass(frozen=True)
class Response:
    """What goes back; ``close`` ends the connection after it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    close: bool = False


Handler = Callable[[Request], Awaitable[Response]]


class Dropped(Exception):
    """A handler raises it to end the connection with a reset instead of an answer."""


class BadRequest(Exception):
    """The bytes are no request this server takes; carries the status to answer with."""

    def __init__(self, status: int) -> None:
        super().__init__(REASONS[status])
        self.status = status


@dataclass(frozen=True)
class Credentials:
    """User name and password of one simulated host."""

    user: str
    password: str

    @property
    def header(self) -> str:
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def admit(self, request: Request) -> bool:
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), self.header.encode())


def misplaced(request: Request) -> Response | None:
    """The answer to a request that is none of WinRM's, or None."""
    if request.path != "/wsman":
        return Response(404, close=True)
    if request.method != "POST":
        return Response(405, headers={"Allow": "POST"}, close=True)
    return None


def guarded(credentials: Credentials, handler: Handler, refused: Callable[[], None]) -> Handler:
    """Put Basic authentication before a handler; ``refused`` is told of every request turned away."""

    async def handle(request: Request) -> Response:
        refusal = misplaced(request)
        if refusal is not None:
            return refusal
        if not credentials.admit(request):
            refused()
            return Response(401, headers={"WWW-Authenticate": 'Basic realm="WSMAN"'})
        return await handler(request)

    return handle


def parse_head(head: bytes) -> tuple[str, str, dict[str, str], int]:
    """Method, path, headers (lower-case names) and body length; raises BadRequest."""
    try:
        lines = head.decode("latin-1").split("\r\n")
        method, path, version = lines[0].split(" ")
    except ValueError:
        raise BadRequest(400) from None
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or not name:
            raise BadRequest(400)
        headers[name.lower()] = value.strip()
    if not version.startswith("HTTP/1."):
        raise BadRequest(400)
    if "transfer-encoding" in headers:
        raise BadRequest(411)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise BadRequest(400)
    return method, path, headers, int(length)


class Connection(asyncio.Protocol):
    """One TCP connection; requests are answered one after the other, in order.

    A body longer than ``most_body`` bytes is read to its end and thrown away, so that the client gets to read the
    handler's refusal instead of a broken pipe.
    """

    def __init__(self, handler: Handler, most_body: int) -> None:
        self._handler = handler
        self._most_body = most_body
        self._buffer = bytearray()
        self._head: tuple[str, str, dict[str, str], int] | None = None
        self._left = 0
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        if not self._buffer and self._head is None and data[0] == TLS_HANDSHAKE:
            # Somebody speaks TLS to the plain WinRM port.
            reset(self._transport)
            return
        self._buffer += data
        if self._task is None:
            self._next()

    def _next(self) -> None:
        """Start on the next complete request in the buffer, if there is one."""
        try:
            request = self._take()
        except BadRequest as fault:
            self._send(Response(fault.status, close=True))
            return
        if request is not None:
            self._task = asyncio.get_running_loop().create_task(self._answer(request))

    def _take(self) -> Request | None:
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MOST_HEAD:
                    raise BadRequest(431)
                return None
            self._head = parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            self._left = self._head[3]
            if self._head[2].get("expect", "").lower() == "100-continue" and self._transport is not None:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        method, path, headers, length = self._head
        if length > self._most_body:
            dropped = min(self._left, len(self._buffer))
            del self._buffer[:dropped]
            self._left -= dropped
            if self._left:
                return None
            body = b""
        elif len(self._buffer) < length:
            return None
        else:
            body = bytes(self._buffer[:length])
            del self._buffer[:length]
        self._head = None
        return Request(method, path, headers, length, body)

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._handler(request)
        except Dropped:
            reset(self._transport)
            return
        except Exception as fault:
            # A fault of the lab itself must be seen by the player of the play, and by the reader of the log.
            asyncio.get_running_loop().call_exception_handler({"message": "simulated host failed", "exception": fault})
            response = Response(500, f"simulated host failed: {fault!r}".encode(), close=True)
        self._task = None
        closing = request.headers.get("connection", "").lower() == "close"
        self._send(Response(response.status, response.body, response.headers, response.close or closing))
        if self._transport is not None and not self._transport.is_closing() and self._buffer:
            self._next()

    def _send(self, response: Response) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        headers = {
            "Server": "tlsfleet.iis-lab (simulated)",
            "Content-Type": "application/soap+xml;charset=UTF-8",
            **response.headers,
            "Content-Length": str(len(response.body)),
        }
        if response.close:
            headers["Connection"] = "close"
        head = f"HTTP/1.1 {response.status} {REASONS[response.status]}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._transport.write(head.encode() + b"\r\n" + response.body)
        if response.close:
            self._transport.close()

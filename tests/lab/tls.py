# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS endpoints of simulated hosts: real handshakes, with the certificate chosen anew for every ClientHello.

A host that has no certificate for an endpoint resets the connection, as http.sys does: no alert, no certificate.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import tempfile
from collections.abc import Callable
from typing import Protocol, cast

from lab.sockets import listen, reset

HANDSHAKE_SECONDS = 20.0
READ_SIZE = 64 * 1024
ANSWER_TEXT = b"simulated host: only the handshake is real here\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (
    len(ANSWER_TEXT),
    ANSWER_TEXT,
)


class Material(Protocol):
    """A certificate as it is handed out: leaf and chain, and the key."""

    @property
    def thumbprint(self) -> str: ...
    @property
    def certificate_pem(self) -> bytes: ...
    @property
    def key_pem(self) -> bytes: ...


Choose = Callable[[str | None], "Material | None"]
#: Lowest and highest TLS version of an address and port; None: all that OpenSSL has.
Versions = Callable[[str, int], "tuple[ssl.TLSVersion, ssl.TLSVersion] | None"]


def bare_context() -> ssl.SSLContext:
    """A server context without a certificate that takes every key a fixture may have, weak ones too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    # A resumed session shows no certificate, and whoever looks wants to see the one of this moment.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    return context


class Contexts:
    """One SSLContext per certificate, made when it is first handed out."""

    def __init__(self) -> None:
        self._made: dict[str, ssl.SSLContext] = {}

    def of(self, material: Material) -> ssl.SSLContext:
        context = self._made.get(material.thumbprint)
        if context is None:
            context = self._made[material.thumbprint] = load(material)
        return context


def load(material: Material) -> ssl.SSLContext:
    context = bare_context()
    # OpenSSL reads certificates from files only.
    with tempfile.TemporaryDirectory(prefix="lab-tls-") as directory:
        path = os.path.join(directory, "certificate.pem")
        with open(path, "wb") as file:
            file.write(material.key_pem + b"\n" + material.certificate_pem)
        context.load_cert_chain(path)
    return context


class Endpoint(asyncio.Protocol):
    """One TLS connection. ``choose`` is asked with the SNI once per ClientHello; None resets the connection."""

    def __init__(
        self,
        choose: Choose,
        contexts: Contexts,
        versions: tuple[ssl.TLSVersion, ssl.TLSVersion] | None = None,
    ) -> None:
        self._choose = choose
        self._contexts = contexts
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        # A context per connection keeps OpenSSL's session cache from outliving it.
        context = bare_context()
        if versions is not None:
            context.minimum_version, context.maximum_version = versions
        context.sni_callback = self._on_hello
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._refused = False
        self._shaken = False
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._deadline = asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, self._reset)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._deadline is not None:
            self._deadline.cancel()

    def data_received(self, data: bytes) -> None:
        self._in.write(data)
        try:
            self._advance()
        except ssl.SSLWantReadError:
            self._flush()
        except (ssl.SSLError, ValueError):
            self._fail()

    def eof_received(self) -> None:
        self._in.write_eof()

    def _advance(self) -> None:
        if not self._shaken:
            self._tls.do_handshake()
            self._shaken = True
        if self._tls.read(READ_SIZE):
            self._tls.write(ANSWER)
        self._end()

    def _on_hello(self, connection: ssl.SSLObject, sni: str | None, _context: ssl.SSLContext) -> int | None:
        material = None
        try:
            material = self._choose(sni)
            if material is not None:
                connection.context = self._contexts.of(material)
        except Exception as fault:
            # OpenSSL would swallow it; the log of the lab must not.
            material = None
            asyncio.get_running_loop().call_exception_handler({"message": "simulated host failed", "exception": fault})
        self._refused = material is None
        return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR if self._refused else None

    def _fail(self) -> None:
        """Reset where the host refuses; any other fault of the handshake ends with the alert TLS has for it."""
        if self._refused or self._transport is None:
            self._reset()
            return
        self._flush()
        self._transport.close()

    def _end(self) -> None:
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        data = self._out.read()
        if data and self._transport is not None:
            self._transport.write(data)

    def _reset(self) -> None:
        reset(self._transport)


class Listeners:
    """The TLS ports of one host; opens and closes them as http.sys does when its configuration changes."""

    def __init__(
        self,
        choose: Callable[[str, int, str | None], Material | None],
        contexts: Contexts,
        versions: Versions = lambda address, port: None,
    ) -> None:
        self._choose = choose
        self._contexts = contexts
        self._versions = versions
        self._open: dict[tuple[str, int], asyncio.Server] = {}
        self._one_at_a_time = asyncio.Lock()

    @property
    def open(self) -> set[tuple[str, int]]:
        """Listening (local address, port) pairs, in the host's own numbers."""
        return set(self._open)

    async def follow(self, wanted: dict[tuple[str, int], tuple[str, int]]) -> None:
        """Listen on exactly these: (local address, port) → loopback (address, port). Raises OSError naming the place."""
        async with self._one_at_a_time:
            for place in self.open - wanted.keys():
                self._open.pop(place).close()
            for place in sorted(wanted.keys() - self.open):
                self._open[place] = await self._listen(place, wanted[place])

    async def _listen(self, place: tuple[str, int], loopback: tuple[str, int]) -> asyncio.Server:
        address, port = place

        def endpoint() -> Endpoint:
            versions = self._versions(address, port)
            return Endpoint(lambda sni: self._choose(address, port, sni), self._contexts, versions)

        return await listen(endpoint, loopback)

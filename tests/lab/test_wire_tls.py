# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS endpoints: who gets which certificate is asked anew per ClientHello; nobody's certificate is a reset."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest

from lab.certificates import Maker, Material
from lab.tls import Contexts, Listeners

# Away from 127.0.0.1, where other programs find their ports.
LOOPBACK = f"127.14.{os.getpid() // 250 % 250 + 1}.{os.getpid() % 250 + 1}"
PLACE = ("10.0.0.5", 443)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        port: int = taken.getsockname()[1]
        return port


@dataclass
class Host:
    """Hands out what the test put in; keeps what it was asked."""

    shown: Material | None = None
    asked: list[tuple[str, int, str | None]] = field(default_factory=list)
    broken: bool = False

    def serve(self, address: str, port: int, sni: str | None) -> Material | None:
        self.asked.append((address, port, sni))
        if self.broken:
            raise ZeroDivisionError
        return self.shown


class Rig:
    """Listeners of one host in an event loop of a thread."""

    def __init__(self) -> None:
        self.host = Host()
        self.listeners = Listeners(self.host.serve, Contexts())
        self.port = free_port()
        self.faults: list[str] = []
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda _loop, context: self.faults.append(repr(context.get("exception"))))
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def follow(self, wanted: dict[tuple[str, int], tuple[str, int]]) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(self.listeners.follow(wanted), self.loop)
        done.result(10)

    def shake(self, sni: str | None = None, version: ssl.TLSVersion | None = None, port: int | None = None) -> str:
        """Thumbprint that one handshake shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if version:
            context.minimum_version = context.maximum_version = version
        with (
            socket.create_connection((LOOPBACK, port or self.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=sni) as secure,
        ):
            der = secure.getpeercert(binary_form=True)
        return hashlib.sha1(der or b"").hexdigest().upper()


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    rig.follow({PLACE: (LOOPBACK, rig.port)})
    yield rig
    rig.follow({})
    rig.loop.call_soon_threadsafe(rig.loop.stop)
    rig.thread.join(10)


@pytest.fixture(scope="module")
def maker() -> Maker:
    return Maker()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("sni", [None, "shop.example.com", "xn--bcher-kva.example.com"])
def test_the_host_is_asked_and_its_certificate_shown(
    rig: Rig, maker: Maker, sni: str | None, version: ssl.TLSVersion
) -> None:
    rig.host.shown = maker.certificate("a", ("shop.example.com",), None)
    assert rig.shake(sni, version) == rig.host.shown.thumbprint
    assert rig.host.asked == [(*PLACE, sni)]


def test_chain_leads_to_the_authority(rig: Rig, maker: Maker) -> None:
    rig.host.shown = maker.certificate("a", ("shop.example.com",), None)
    context = ssl.create_default_context(cadata=maker.ca_pem.decode())
    with (
        socket.create_connection((LOOPBACK, rig.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="shop.example.com") as secure,
    ):
        secure.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"simulated host" in b"".join(iter(lambda: secure.recv(65536), b""))


@pytest.mark.parametrize("sni", [None, "shop.example.com"])
def test_no_certificate_is_a_reset_without_an_alert(rig: Rig, sni: str | None) -> None:
    with pytest.raises(ConnectionResetError):
        rig.shake(sni)
    assert rig.host.asked == [(*PLACE, sni)]


def test_next_handshake_sees_the_new_state(rig: Rig, maker: Maker) -> None:
    old, new = (maker.certificate(label, ("shop.example.com",), None) for label in ("old", "new"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    session = None
    for shown in (old, new, old):
        rig.host.shown = shown
        with (
            socket.create_connection((LOOPBACK, rig.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="a.example.com", session=session) as secure,
        ):
            session = secure.session
            assert not secure.session_reused
            assert hashlib.sha1(secure.getpeercert(True) or b"").hexdigest().upper() == shown.thumbprint
    rig.host.shown = None
    with pytest.raises(ConnectionResetError):
        rig.shake()


def test_no_client_can_resume_in_tls_1_3(rig: Rig, maker: Maker) -> None:
    rig.host.shown = maker.certificate("a", ("shop.example.com",), None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((LOOPBACK, rig.port), timeout=10) as plain, context.wrap_socket(plain) as secure:
        secure.sendall(b"x")
        assert secure.recv(100)
        assert secure.session is None or not secure.session.has_ticket


def test_ports_open_and_close(rig: Rig, maker: Maker) -> None:
    rig.host.shown = maker.certificate("a", ("shop.example.com",), None)
    second = free_port()
    with pytest.raises(ConnectionRefusedError):
        rig.shake(port=second)
    rig.follow({PLACE: (LOOPBACK, rig.port), ("10.0.0.5", 8443): (LOOPBACK, second)})
    assert rig.shake(port=second) == rig.shake()
    assert rig.host.asked == [("10.0.0.5", 8443, None), (*PLACE, None)]
    rig.follow({("10.0.0.5", 8443): (LOOPBACK, second)})
    assert rig.listeners.open == {("10.0.0.5", 8443)}
    with pytest.raises(ConnectionRefusedError):
        rig.shake()
    rig.shake(port=second)


def test_port_of_somebody_else_is_named(rig: Rig) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen(1)
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on {LOOPBACK} port {port}"):
            rig.follow({PLACE: (LOOPBACK, rig.port), ("10.0.0.6", 443): (LOOPBACK, port)})


def test_garbage_gets_no_certificate(rig: Rig) -> None:
    with socket.create_connection((LOOPBACK, rig.port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"HTTP" not in b"".join(iter(lambda: plain.recv(65536), b""))
    assert rig.host.asked == []


def test_a_host_that_breaks_resets_and_is_reported(rig: Rig) -> None:
    rig.host.broken = True
    with pytest.raises(ConnectionResetError):
        rig.shake()
    assert rig.faults == ["ZeroDivisionError()"]

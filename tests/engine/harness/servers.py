# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers to be looked at by the probe: OpenSSL with every kind of certificate, and bare sockets that behave badly."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
Handler = Callable[[socket.socket], None]
KEYS: dict[str, Any] = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "ec521": ec.generate_private_key(ec.SECP521R1()),
}


def certificate(kind: str, name: str = "shop.example.com") -> bytes:
    """DER, signed by its own key."""
    key = KEYS[kind]
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    number = x509.random_serial_number()
    end = START.replace(year=2036)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), number, START, end)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def thumbprint(der: bytes) -> str:
    return hashlib.sha1(der).hexdigest().upper()


class Tls:
    """An OpenSSL server's settings with a certificate of its own. ``more``: further certificates of the chain."""

    def __init__(
        self, kind: str, lowest: str = "TLSv1_2", highest: str = "TLSv1_3", ciphers: str = "ALL", more: int = 0
    ):
        der = certificate(kind)
        self.thumbprint = thumbprint(der)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        self.context.minimum_version = ssl.TLSVersion[lowest]
        self.context.maximum_version = ssl.TLSVersion[highest]
        pem = ssl.DER_cert_to_PEM_cert(der) + ssl.DER_cert_to_PEM_cert(certificate("rsa", "ca")) * more
        plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "all.pem"
            path.write_text(KEYS[kind].private_bytes(*plain).decode() + pem, encoding="ascii")
            self.context.load_cert_chain(path)

    def __call__(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), self.context.wrap_socket(connection, server_side=True):
            pass


def flight(tls: Tls, connection: socket.socket) -> list[bytes]:
    """The handshake messages with which OpenSSL answers the hello that comes in."""
    given, taken = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = tls.context.wrap_bio(given, taken, server_side=True)
    given.write(connection.recv(65536))
    with contextlib.suppress(ssl.SSLWantReadError):
        server.do_handshake()
    stream, records, messages = taken.read(), b"", []
    while stream:
        length = int.from_bytes(stream[3:5], "big")
        assert stream[0] == 22
        records, stream = records + stream[5 : 5 + length], stream[5 + length :]
    while records:
        length = int.from_bytes(records[1:4], "big")
        messages.append(records[: 4 + length])
        records = records[4 + length :]
    return messages


def record(data: bytes, kind: int = 22, version: bytes = b"\x03\x03") -> bytes:
    return bytes([kind]) + version + struct.pack(">H", len(data)) + data


def says(data: bytes) -> Handler:
    """Answers the hello with these bytes and closes."""

    def handler(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)

    return handler


def resets(connection: socket.socket) -> None:
    """As http.sys does where no record matches."""
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Servers:
    """A handler per server, each on a loopback port of its own. ``stop`` is set when it is time to go."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._open: list[socket.socket] = []

    def add(self, handler: Handler | None, address: str = "127.0.0.1") -> int:
        """The port. None: connections are taken by the system, and nobody ever answers."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listening = socket.create_server((address, 0), family=family, backlog=1024)
        self._open.append(listening)
        if handler is not None:
            threading.Thread(target=self._serve, args=(listening, handler), daemon=True).start()
        port: int = listening.getsockname()[1]
        return port

    def _serve(self, listening: socket.socket, handler: Handler) -> None:
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                handler(connection)

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for listening in self._open:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()

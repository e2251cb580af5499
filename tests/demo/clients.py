# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of the demo's hosts: what each has to meet before and after, and a look at what it really meets."""

from __future__ import annotations

import datetime
import hashlib
import socket
import ssl
from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509

SECONDS = 5


class Client(NamedTuple):
    """Connects to ``address`` of ``host`` and asks for ``name``. ``before``/``after``: certificates as the descriptions name them."""

    host: str
    address: str
    name: str | None
    before: str
    after: str


def _client(host: str, address: str, name: str | None, before: str, after: str = "") -> Client:
    return Client(host, address, name, before.zfill(40), (after or before).zfill(40))


CLIENTS = (
    _client("web-2008r2", "192.0.2.8", "wiki.example.com", "2001", "2002"),
    _client("web-2008r2", "192.0.2.8", "time.example.com", "2001", "2002"),
    _client("web-2012r2", "192.0.2.12", "shop.example.com", "3002"),
    _client("web-2012r2", "192.0.2.13", "shop.example.com", "3009", "3002"),
    _client("web-2012r2", "192.0.2.13", "blog.example.com", "3009", "3003"),
    _client("web-2019", "192.0.2.19", "shop.example.com", "4001"),
    _client("web-2019", "192.0.2.19", "api.example.com", "4001", "4002"),
    _client("web-2022", "192.0.2.22", "pay.example.com", "5002", "5003"),
    _client("web-2022", "2001:db8::22", "pay.example.com", "5002", "5003"),
    _client("web-2022", "192.0.2.22", "status.example.com", "5004"),
    _client("web-2022", "192.0.2.22", None, "5001"),
    _client("web-2025", "192.0.2.25", "www.example.com", "6002"),
    _client("web-2025", "2001:db8::25", "partners.example.com", "6003"),
)


class Meeting(NamedTuple):
    """The certificate that was met, and how to say so."""

    thumbprint: str
    text: str


def meet(client: Client, connect_to: Sequence[str]) -> Meeting:
    """One handshake, verifying nothing, so that everything is seen."""
    host, port = _place(client.address, 443, connect_to)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=client.name) as tls,
        ):
            der = tls.getpeercert(binary_form=True) or b""
    except OSError as fault:
        return Meeting("", f"nothing ({fault})")
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    listed = names.get_values_for_type(x509.DNSName)
    end = certificate.not_valid_after_utc
    expired = ", expired" if end < datetime.datetime.now(datetime.timezone.utc) else ""
    more = f" +{len(listed) - 1}" if len(listed) > 1 else ""
    return Meeting(hashlib.sha1(der).hexdigest().upper(), f"{listed[0]}{more}{expired}")


def _place(address: str, port: int, connect_to: Sequence[str]) -> tuple[str, int]:
    """Where a simulated address stands on loopback."""
    shown = f"[{address}]" if ":" in address else address
    for line in connect_to:
        if line.startswith(f"{shown}:{port}:"):
            host, target = line.removeprefix(f"{shown}:{port}:").rsplit(":", 1)
            return host.strip("[]"), int(target)
    raise LookupError(f"the lab's inventory says nothing about {shown}:{port}")

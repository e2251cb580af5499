# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a freshly started host answer? Comes in as a controller does, over the host's own transport, and goes again."""

from __future__ import annotations

import asyncio
import base64
import http.client
from pathlib import Path

from lab import soap
from lab.transports import KNOWN_HOSTS, SSH_KEY, Transport

SECONDS = 120.0


class Silent(Exception):
    """The host does not answer, or not as it should; the text says what came instead."""


def probe(slug: str, address: str, transport: Transport, user: str, password: str, ca_file: Path) -> None:
    """Raises Silent."""
    if transport.auth == "key":
        asyncio.run(secure_shell(slug, address, transport.port, user, ca_file.parent))
        return
    if transport.auth == "basic" and not transport.tls:
        plain(slug, address, transport.port, user, password)
        return
    # Slow to import, and of use only where there is TLS or NTLM.
    from requests.exceptions import RequestException
    from winrm.exceptions import WinRMError
    from winrm.protocol import Protocol

    try:
        client = Protocol(
            f"{transport.scheme}://{address}:{transport.port}/wsman",
            transport=transport.auth,
            username=user,
            password=password,
            ca_trust_path=str(ca_file),
            proxy=None,
        )
        client.close_shell(client.open_shell())
    except (WinRMError, RequestException, OSError) as fault:
        raise Silent(f"{slug} does not answer WinRM ({transport.name}) on {address}: {fault}") from fault


async def secure_shell(slug: str, address: str, port: int, user: str, place: Path) -> None:
    import asyncssh

    keys, hosts = [str(place / SSH_KEY)], str(place / KNOWN_HOSTS)
    try:
        async with asyncssh.connect(address, port, username=user, client_keys=keys, known_hosts=hosts, config=None):
            pass
    except (asyncssh.Error, OSError) as fault:
        raise Silent(f"{slug} does not answer ssh on {address}: {fault}") from fault


def plain(slug: str, address: str, port: int, user: str, password: str) -> None:
    """Basic over plain HTTP with nothing but the standard library: 200 hosts are looked at in no time."""
    connection = http.client.HTTPConnection(address, port, timeout=SECONDS)
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/soap+xml;charset=UTF-8"}
    try:
        shell = None
        for operation in ("Create", "Delete"):
            connection.request("POST", "/wsman", soap.request(operation, shell), headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status != 200:
                raise Silent(f"{slug} answers WinRM with status {response.status}")
            shell = soap.shell_of(answer)
    except OSError as fault:
        raise Silent(f"{slug} does not answer WinRM on {address}: {fault}") from fault
    finally:
        connection.close()

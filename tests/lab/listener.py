# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WinRM listener of a simulated host: plain or TLS, Basic or NTLM before the same service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cryptography import x509

from lab import http, ntlm
from lab.certificates import Material
from lab.counters import Counters
from lab.sockets import listen
from lab.tls import load
from lab.transports import Transport
from lab.wsman import MOST_ENVELOPE


async def open_winrm(
    transport: Transport,
    place: tuple[str, int],
    credentials: http.Credentials,
    handler: http.Handler,
    counters: Counters,
    certify: Callable[[str], Material],
) -> asyncio.Server:
    """Listen at an address and port; ``certify`` gives the certificate for an address. Raises OSError naming the place."""
    tls, bindings = None, None
    if transport.tls:
        material = certify(place[0])
        tls = load(material)
        bindings = ntlm.channel_bindings(x509.load_der_x509_certificate(material.der))
    if transport.auth == "ntlm":
        gate, most = ntlm.Gate(handler, counters, bindings), MOST_ENVELOPE + ntlm.WRAPPING
        return await listen(lambda: http.Connection(gate.connection(), most), place, tls)
    guarded = http.guarded(credentials, handler, counters.refuse)
    return await listen(lambda: http.Connection(guarded, MOST_ENVELOPE), place, tls)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real TLS handshakes from the controller: which certificate is shown, good or bad. Nothing is verified, so that all is seen."""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

#: So many handshakes at a time and host; http.sys limits nobody, firewalls in front of it do.
AT_ONCE = 16

#: Not in ``ssl`` before Python 3.12. Unpatched Windows servers do not know secure renegotiation; no byte is sent after the handshake.
_LEGACY_SERVER_CONNECT = 0x4


class Call(NamedTuple):
    """Where to connect (address or name, port), and the server name to ask for; None: no SNI extension."""

    host: str
    port: int
    sni: str | None


class Seen(NamedTuple):
    """What came of it. ``outcome``: ``served`` (``der`` is the certificate), ``no_handshake`` (refused after ClientHello),
    ``unreachable`` (no connection, or silence)."""

    outcome: str
    reason: str
    der: bytes | None = None
    tls_version: str | None = None


def look(calls: Sequence[Call], timeout: int) -> list[Seen]:
    """One handshake per call, many at a time, answers in the order of the calls. ``timeout``: seconds, for each wait."""
    if not calls:
        return []
    context = _context()
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(calls))) as pool:
        return list(pool.map(lambda call: _handshake(call, timeout, context), calls))


def _context() -> ssl.SSLContext:
    """Takes any certificate, and TLS 1.0 where this OpenSSL still has it: old servers are the ones worth looking at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options |= _LEGACY_SERVER_CONNECT
    with suppress(ssl.SSLError):
        context.set_ciphers("ALL:!aNULL:@SECLEVEL=0")
    with warnings.catch_warnings(), suppress(ValueError, ssl.SSLError):
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


def _handshake(call: Call, timeout: int, context: ssl.SSLContext) -> Seen:
    try:
        connection = socket.create_connection((call.host, call.port), timeout)
    except TimeoutError:
        return Seen("unreachable", f"no connection within {timeout} s")
    except socket.gaierror as fault:
        return Seen("unreachable", f"the name {call.host} cannot be resolved: {fault.strerror}")
    except OSError as fault:
        return Seen("unreachable", f"no connection: {fault.strerror or fault}")
    with connection:
        try:
            with context.wrap_socket(connection, server_hostname=call.sni) as tls:
                der = tls.getpeercert(binary_form=True)
                if der is None:
                    return Seen("no_handshake", "the server showed no certificate")
                return Seen("served", "", der, tls.version())
        except TimeoutError:
            return Seen("unreachable", f"connected, but no answer to the ClientHello within {timeout} s")
        except ssl.SSLEOFError:
            return Seen("no_handshake", "the server closed the connection after the ClientHello")
        except ssl.SSLError as fault:
            return Seen("no_handshake", f"the handshake failed: {fault.reason or fault}")
        except OSError as fault:
            return Seen("no_handshake", f"the connection broke after the ClientHello: {fault.strerror or fault}")

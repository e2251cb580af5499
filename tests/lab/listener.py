# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door of a simulated host: WinRM, plain or over TLS, with Basic or NTLM before the same service, or ssh."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cryptography import x509

from lab import http, ntlm
from lab.certificates import Material
from lab.counters import Caps, Counters
from lab.sockets import listen
from lab.tls import load
from lab.transports import Transport
from lab.wsman import MOST_ENVELOPE, Run

if TYPE_CHECKING:
    from lab.sshd import Keys


class Listening(Protocol):
    """Something that can be told to stop listening."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Shared:
    """What the hosts of a lab have in common: their user, who signs certificates for an address, keys of ssh."""

    credentials: http.Credentials
    certify: Callable[[str], Material]
    keys: Keys | None = None


@dataclass(frozen=True)
class Inside:
    """What one host has behind its door: the WSMan service, or for ssh what carries out a command."""

    handler: http.Handler
    run: Run
    counters: Counters
    caps: Caps
    settled: Callable[[], None]


def prepare(
    ways: Iterable[Transport], directory: Path, credentials: http.Credentials, certify: Callable[[str], Material]
) -> Shared:
    """Lay down in a directory what these transports need. Raises OSError."""
    methods = {way.auth for way in ways}
    if "ntlm" in methods:
        ntlm.admit_user(directory, credentials)
    if "key" not in methods:
        return Shared(credentials, certify)
    # Slow to import, and seldom needed.
    from lab.sshd import make_keys

    return Shared(credentials, certify, make_keys(directory))


async def open_door(transport: Transport, place: tuple[str, int], shared: Shared, inside: Inside) -> Listening:
    """Listen at an address and port. Raises OSError naming the place."""
    counters = inside.counters
    if shared.keys is not None and transport.plugin == "ssh":
        from lab.sshd import open_ssh

        user = shared.credentials.user
        return await open_ssh(place, user, shared.keys, inside.run, counters, inside.caps, inside.settled)
    tls, bindings = None, None
    if transport.tls:
        material = shared.certify(place[0])
        tls = load(material)
        bindings = ntlm.channel_bindings(x509.load_der_x509_certificate(material.der))
    if transport.auth == "ntlm":
        gate, most = ntlm.Gate(inside.handler, counters, bindings), MOST_ENVELOPE + ntlm.WRAPPING
        return await listen(lambda: http.Connection(gate.connection(), most), place, tls)
    guarded = http.guarded(shared.credentials, inside.handler, counters.refuse)
    return await listen(lambda: http.Connection(guarded, MOST_ENVELOPE), place, tls)

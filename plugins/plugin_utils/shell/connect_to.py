# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a handshake really goes: curl's ``--connect-to``, for NAT, tunnels and labs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..model.keys import address_key, host_key
from ..model.problems import ValueInvalid

_FORM = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*):(?P<port>\d*):(?P<to_host>\[[^\]]*\]|[^:\[\]]*):(?P<to_port>\d*)\Z")


class Redirect(NamedTuple):
    """``HOST1:PORT1:HOST2:PORT2``: what was meant for the first two goes to the last two. Empty parts match, or keep, anything."""

    host: str
    port: int | None
    to_host: str
    to_port: int | None


def redirect(text: str) -> Redirect:
    """Read one redirect; IPv6 addresses stand in brackets. Raises ValueInvalid."""
    match = _FORM.match(text.strip())
    if match is None:
        raise ValueInvalid(f"{text!r} is not HOST1:PORT1:HOST2:PORT2 (any part may be empty, IPv6 in brackets)")
    ports = []
    for name in ("port", "to_port"):
        digits = match[name]
        if digits and not 1 <= int(digits) <= 65535:
            raise ValueInvalid(f"{text!r}: {digits} is not a port (1 to 65535)")
        ports.append(int(digits) if digits else None)
    return Redirect(_key(match["host"]), ports[0], match["to_host"].strip("[]"), ports[1])


def target(address: str, port: int, sni: str | None, redirects: Iterable[Redirect]) -> tuple[str, int]:
    """Where to connect for an endpoint; the first redirect that fits decides. HOST1 may be the address or the server name."""
    for item in redirects:
        if item.host in ("", _key(address), sni) and item.port in (None, port):
            return item.to_host or address, item.to_port or port
    return address, port


def _key(text: str) -> str:
    """Comparable host part. Empty means "any" here, and never 0.0.0.0."""
    return host_key(address_key(text)) if text else ""

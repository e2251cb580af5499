# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's simulated host as the laws use it: no wire, a fixed clock, one certificate authority for all examples."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Any

from lab.certificates import Maker
from lab.httpsys import Spot
from lab.simhost import SimulatedHost

NOW = datetime.datetime(2026, 11, 24, 12, 0, 0, tzinfo=datetime.timezone.utc)
_MAKER = Maker(seed=1, now=NOW)


def new_host(description: dict[str, Any], faults: tuple[str, ...] = ()) -> SimulatedHost:
    """A host of the lab in the state of a description."""
    return SimulatedHost(description, _MAKER, faults, lambda: NOW)


class World:
    """One simulated host in the state of a description; see tests/lab/README.md."""

    def __init__(self, description: dict[str, Any], faults: tuple[str, ...] = ()) -> None:
        self._host = new_host(description, faults)
        self._words = _words(description)
        self.other_ports: list[int] = description.get("http_ports") or []

    def __repr__(self) -> str:
        return self._words

    def read(self) -> dict[str, Any]:
        """The document."""
        return self._host.read()

    def apply(self, args: dict[str, Any], observer: Callable[[str], None] | None = None) -> dict[str, Any]:
        """Run the applier; ``observer`` hears of every single call."""
        return self._host.apply(args, observer)

    def served(self, address: str, port: int, sni: str | None) -> str | None:
        """What a handshake shows: a thumbprint, ``file:NAME`` or None."""
        return self._host.served(address, port, sni)

    def shown(self, spots: Iterable[Spot]) -> dict[Spot, str | None]:
        """The same for many endpoints at one moment."""
        return self._host.shown(spots)

    def follow(self, other: World) -> None:
        """Take over the bindings of another host, as hosts of one configuration do. Whether a site runs is each host's own."""
        for mine, theirs in zip(self._host.iis.sites, other._host.iis.sites, strict=True):
            mine["bindings"] = list(theirs["bindings"])

    @property
    def writes(self) -> int:
        """Writing calls so far."""
        return self._host.writes


def _words(description: dict[str, Any]) -> str:
    lines = [
        f"{description['os']['name']}, http_ports {description.get('http_ports')}, listen {description['ip_listen']}"
    ]
    lines += [f"  central store {description.get('central_store')}"]
    for site in description["sites"]:
        bindings = [f"{item['protocol']} {item['information']}={item['ssl_flags']}" for item in site["bindings"]]
        lines.append(f"  site {site['name']} {site['state']}: {', '.join(bindings)}")
    for record in description["records"]:
        certificate = f"{(record['thumbprint'] or '')[-2:]} {record.get('store')}"
        lines.append(
            f"  {record['family']} {record['key']} -> {certificate} {record.get('app_id')} {record.get('options')}"
        )
    return "\n".join(lines)

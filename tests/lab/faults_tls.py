# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between the endpoints of a host and those who look at them: firewalls, load balancers, cut TLS versions."""

from __future__ import annotations

import ipaddress
import ssl

from .certificates import Maker, Material
from .faults import VERSIONS, Fault

_TLS = {
    "TLS1.0": ssl.TLSVersion.TLSv1,
    "TLS1.1": ssl.TLSVersion.TLSv1_1,
    "TLS1.2": ssl.TLSVersion.TLSv1_2,
    "TLS1.3": ssl.TLSVersion.TLSv1_3,
}


class Front:
    """The endpoint faults of one host; ``faults`` is the host's own list and is looked at anew each time."""

    def __init__(self, faults: list[Fault], maker: Maker) -> None:
        self._faults = faults
        self._maker = maker

    def certificate(self, address: str, port: int) -> Material | None:
        """The certificate of a load balancer that ends TLS before the host; None where there is none."""
        for fault in self._of("front_certificate", address, port):
            fault.fired += 1
            return self._maker.certificate("front", fault.values["names"], None)
        return None

    def closed(self, address: str, port: int) -> bool:
        """Is the endpoint closed for whoever comes from outside?"""
        return any(True for _fault in self._of("endpoint_unreachable", address, port))

    def closed_for_host(self, address: str, port: int) -> bool:
        """Is it closed for the machine's own look at itself?"""
        found = self._of("endpoint_unreachable", address, port)
        return any(fault.values["seen_by"] == "everybody" for fault in found)

    def versions(self, address: str, port: int) -> tuple[ssl.TLSVersion, ssl.TLSVersion] | None:
        """Lowest and highest TLS version; None where nothing is cut."""
        for fault in self._of("tls_versions", address, port):
            return _TLS[fault.values["minimum"]], _TLS[fault.values["maximum"]]
        return None

    def takes_tls12(self, address: str, port: int) -> bool:
        """The applier's probe speaks TLS 1.2 and nothing else."""
        wanted = VERSIONS.index("TLS1.2")
        return all(
            VERSIONS.index(fault.values["minimum"]) <= wanted <= VERSIONS.index(fault.values["maximum"])
            for fault in self._of("tls_versions", address, port)
        )

    def _of(self, name: str, address: str, port: int) -> list[Fault]:
        return [fault for fault in self._faults if fault.name == name and _meets(fault, address, port)]


def _meets(fault: Fault, address: str, port: int) -> bool:
    wanted = fault.values["address"]
    if wanted is not None and ipaddress.ip_address(wanted.strip("[]")) != ipaddress.ip_address(address):
        return False
    return fault.values["port"] in (None, port)

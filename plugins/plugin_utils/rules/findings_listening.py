# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about who can come in at all: ports, the IP listen list, clients without SNI."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.endpoint import Endpoint
from ..model.host import SNI
from ..model.listing import first_of
from .finding import Finding, Kind, Rule
from .resolve import listens_on
from .scene import Scene, is_loopback, local_addresses

DEFAULT_CERTIFICATE_MISSING = Kind(
    "default_certificate_missing",
    ("info",),
    "F7.03",
    "On a port with SNI bindings, clients that send no server name meet no certificate.",
    "Browsers send a name. Old monitors, load balancers and health checks often do not, and see a reset connection.",
    "If such clients matter, add a binding for any name (empty host, no SNI) with a certificate for the host.",
    absence=True,
)
PORT_NOT_LISTENING = Kind(
    "port_not_listening",
    ("warning",),
    "F7.11",
    "A started site has an https binding, but http.sys does not listen on its port.",
    "Another program may hold the port and answer with a certificate that no record here decides; or the site could not start.",
    "See who holds the port (netstat -abn), and whether the site really runs.",
)
LISTEN_LIST_HIDES_ADDRESS = Kind(
    "listen_list_hides_address",
    ("warning",),
    "F7.10",
    "The IP listen list of http.sys leaves out local addresses that bindings are meant for.",
    "http.sys takes no connection there, whatever bindings and records say.",
    "Add the address to the list (netsh http add iplisten), or empty the list.",
)
HTTP_PORTS_UNKNOWN = Kind(
    "http_ports_unknown",
    ("info",),
    "F7.09",
    "On which ports http.sys listens could not be read, and there are records on which no binding relies.",
    "It cannot be told whether somebody uses these records, so that they are not offered for deletion.",
    "Read the host with an account that is a local administrator.",
)

KINDS = (DEFAULT_CERTIFICATE_MISSING, PORT_NOT_LISTENING, LISTEN_LIST_HIDES_ADDRESS, HTTP_PORTS_UNKNOWN)


def _default_missing(scene: Scene) -> Iterator[Finding]:
    """Ports where a client without SNI meets no certificate although SNI bindings live there (F7.03)."""
    for port in sorted({item.port for item in scene.bindings if item.flags & SNI and item.port}):
        bare = [
            address
            for address in scene.host.addresses
            if not is_loopback(address) and scene.resolver.answer(Endpoint(address, port, None)).outcome == "no_record"
        ]
        if bare:
            evidence = f"clients without SNI meet no certificate on {', '.join(bare)} port {port}"
            yield DEFAULT_CERTIFICATE_MISSING.on(f"port {port}", evidence)


def _not_listening(scene: Scene) -> Iterator[Finding]:
    ports = scene.host.http_ports
    if ports is None:
        unused = [str(record.key) for record in scene.host.records if record.key not in scene.sharers]
        if unused:
            evidence = f"whether anybody listens there could not be read: {', '.join(unused)}"
            yield HTTP_PORTS_UNKNOWN.on("host", evidence)
        return
    for port in sorted({item.port for item in scene.bindings if item.state == "started" and item.port} - ports):
        sites = sorted({item.site for item in scene.bindings if item.port == port and item.state == "started"})
        evidence = f"http.sys does not listen on port {port}, on which {', '.join(sites)} should run"
        yield PORT_NOT_LISTENING.on(f"port {port}", evidence)


def _listen_list(scene: Scene) -> Iterator[Finding]:
    """Per port, the addresses bindings are meant for and the list leaves out."""
    if not scene.host.ip_listen:
        return
    hidden: dict[int, dict[str, set[str]]] = {}
    for item in scene.bindings:
        for address in local_addresses(scene.host, item.address) if item.port else ():
            if not listens_on(scene.host, address):
                hidden.setdefault(item.port, {}).setdefault(address, set()).add(item.subject)
    for port, addresses in sorted(hidden.items()):
        subjects = sorted({subject for listed in addresses.values() for subject in listed})
        told = first_of(subjects, 5)
        listed = ", ".join(scene.host.ip_listen)
        evidence = f"the IP listen list ({listed}) leaves out {', '.join(sorted(addresses))}: {told} are not met there"
        yield LISTEN_LIST_HIDES_ADDRESS.on(f"port {port}", evidence)


RULES: tuple[Rule, ...] = (_default_missing, _not_listening, _listen_list)

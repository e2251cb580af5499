# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else would work on this very host for a binding that cannot use SNI: by name, and only what is really there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from ..model.host import Certificate, Host, binding_record
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, bracketed, is_ipv6
from .key_health import key_health
from .names import covers
from .resolve import listens_on
from .select import Cabinet, merit

#: Ports people use for https beside 443, then whatever is free.
_USUAL_PORTS = (8443, 9443, 4443, 10443)
#: So many free ports are named.
_PORTS = 3


class Wanted(NamedTuple):
    """A binding somebody wishes for: canonical address (0.0.0.0: any), port, canonical host name ("" any)."""

    address: str
    port: int
    host: str


def alternatives(host: Host, wanted: Wanted, now: datetime) -> tuple[str, ...]:
    """Ways that exist on this host: a free record, spare addresses, a certificate that covers every name, a free port."""
    taken = {record.key for record in host.records}
    bound: dict[RecordKey, set[str]] = {}
    for site in host.sites:
        for binding in site.bindings:
            if (key := binding_record(binding)) is not None:
                bound.setdefault(key, set()).add(binding.parts[2])
    own, used = RecordKey("ipport", wanted.address, wanted.port), taken | bound.keys()
    found = []
    if own not in used:
        found.append(f"the record {own} is free: a binding without SNI can have it to itself")
    spare = _spare_addresses(host, wanted, used)
    if spare:
        listed = ", ".join(bracketed(address) for address in spare)
        found.append(f"spare local addresses with no record on port {wanted.port}: {listed}")
    if own in used and wanted.host:
        found.append(_certificate_for_all(host, own, {*bound.get(own, ()), wanted.host} - {""}, now))
    ports = _free_ports(host, used)
    found.append(f"another port: {', '.join(map(str, ports))} {'are' if len(ports) > 1 else 'is'} free{_as_far(host)}")
    return tuple(found)


def _spare_addresses(host: Host, wanted: Wanted, used: set[RecordKey]) -> list[str]:
    """Local addresses a client can come to, of the wanted family, on which the port has no record; one is left for the rest.

    An address that is wanted by itself has no other to go to but those that are spare.
    """
    if wanted.address == ANY_IPV6:
        family: list[str] = [address for address in host.addresses if is_ipv6(address)]
    else:
        family = [address for address in host.addresses if is_ipv6(address) == is_ipv6(wanted.address)]
    spare = [
        address
        for address in family
        if not (address == "::1" or address.startswith(("127.", "fe80:", "169.254.")))
        and listens_on(host, address)
        and RecordKey("ipport", address, wanted.port) not in used
    ]
    shared = RecordKey("ipport", wanted.address, wanted.port) in used
    if wanted.address in (ANY_IPV4, ANY_IPV6) and len(spare) < 2 and shared:
        return []  # the last address is where the other bindings are met
    return spare


def _certificate_for_all(host: Host, own: RecordKey, names: set[str], now: datetime) -> str:
    """A certificate of this host for every name that shares the record; else the nearest one, and what it lacks."""
    listed = ", ".join(sorted(names))
    cabinet = Cabinet(host, now)
    covering = [item for item in cabinet.covering(tuple(sorted(names))) if not key_health(item).unusable]
    if covering:
        best = max(covering, key=merit)
        until = f", valid until {best.facts.not_after:%Y-%m-%d}" if best.facts else ""
        return (
            f"certificate {best.thumbprint} in LocalMachine\\{best.store} covers every name on {own} ({listed}){until}"
        )
    nearest, lacking = _nearest(cabinet.usable, names)
    told = f"; nearest is {nearest.thumbprint}, which lacks {', '.join(sorted(lacking))}" if nearest else ""
    return f"one certificate, which is not on this host yet, for every name on {own}: {listed}{told}"


def _nearest(certificates: list[Certificate], names: set[str]) -> tuple[Certificate | None, set[str]]:
    best: tuple[Certificate | None, set[str]] = (None, names)
    for item in sorted(certificates, key=merit, reverse=True):
        lacking = {name for name in names if item.facts is None or not covers(item.facts.names, name)}
        if len(lacking) < len(best[1]):
            best = (item, lacking)
    return best


def _free_ports(host: Host, used: set[RecordKey]) -> list[int]:
    """Ports on which neither a record, a binding nor another program is known."""
    busy = {key.port for key in used} | host.site_ports | set(host.http_ports or ())
    if host.connection is not None:
        busy.add(host.connection[1])
    return list(_first_free(busy))


def _first_free(busy: set[int]) -> Iterator[int]:
    count = 0
    for port in chain(_USUAL_PORTS, range(8444, 65536)):
        if port not in busy:
            busy.add(port)
            count += 1
            yield port
        if count == _PORTS:
            return


def _as_far(host: Host) -> str:
    """Programs that do not use http.sys are not seen by anybody here."""
    return " as far as http.sys knows" if host.http_ports is not None else " by the records (who listens was not read)"

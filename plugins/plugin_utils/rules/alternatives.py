# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else would work on this very host for a binding that cannot use SNI: by name, and only what is really there."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import NamedTuple

from ..model.host import Certificate, Host
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, bracketed, is_ipv6
from .names import covers
from .resolve import listens_on
from .scene import is_loopback
from .select import Cabinet, merit

#: Ports people use for https beside 443, then whatever is free.
_USUAL_PORTS = (8443, 9443, 4443, 10443)
#: So many free ports are named, and so many of the names that share a record.
_PORTS, _NAMES = 3, 10


class Wanted(NamedTuple):
    """A binding somebody wishes for: canonical address (0.0.0.0: any), port, canonical host name ("" any)."""

    address: str
    port: int
    host: str


class Alternatives:
    """Ways that exist on one host: a free record, spare addresses, a certificate that covers every name, a free port.

    What many bindings have in common is looked up once.
    """

    def __init__(self, host: Host, now: datetime) -> None:
        self._host, self._cabinet = host, Cabinet(host, now)
        self._used = host.record_values.keys() | host.users_of.keys()
        ports = _free_ports(host, self._used)
        are = "are" if len(ports) > 1 else "is"
        self._ports = f"another port: {', '.join(map(str, ports))} {are} free{_as_far(host)}"
        self._spare: dict[RecordKey, list[str]] = {}
        self._shared: dict[RecordKey, _Shared] = {}

    def of(self, wanted: Wanted) -> tuple[str, ...]:
        """Sentences, the nearest way first."""
        own, found = RecordKey("ipport", wanted.address, wanted.port), []
        if own not in self._used:
            found.append(f"the record {own} is free: a binding without SNI can have it to itself")
        if own not in self._spare:
            self._spare[own] = _spare_addresses(self._host, wanted, self._used)
        if spare := self._spare[own]:
            listed = ", ".join(bracketed(address) for address in spare)
            found.append(f"spare local addresses with no record on port {wanted.port}: {listed}")
        if own in self._used and wanted.host:
            if own not in self._shared:
                self._shared[own] = _Shared(self._host, own, self._cabinet)
            found.append(self._shared[own].certificate_for_all(wanted.host))
        return (*found, self._ports)


class _Shared:
    """The names that share one record, and how many of them each certificate of the host covers."""

    def __init__(self, host: Host, own: RecordKey, cabinet: Cabinet) -> None:
        bound = (host.sites[site].bindings[index] for site, index in host.users_of.get(own, ()))
        self._own, self._cabinet = own, cabinet
        self._names = sorted({binding.parts[2] for binding in bound} - {""})
        self._covered = Counter(id(item) for name in self._names for item in cabinet.covering((name,)))
        self._order = {id(item): place for place, item in enumerate(sorted(cabinet.usable, key=merit, reverse=True))}
        self._foremost = sorted(cabinet.usable, key=lambda item: self._rank(item, self._covered))[:1]
        self._lacking: dict[int, list[str]] = {}

    def _rank(self, certificate: Certificate, covered: Mapping[int, int]) -> tuple[int, int]:
        return (-covered[id(certificate)], self._order[id(certificate)])

    def certificate_for_all(self, host: str) -> str:
        """A certificate for every name that shares the record, and one more; else the nearest one, and what it lacks."""
        new = [] if _holds(self._names, host) else [host]
        count = len(self._names) + len(new)
        listed = _told([*self._names[:_NAMES], *new], count)
        covered = {id(item): self._covered[id(item)] for item in self._foremost}
        fitting = {id(item): item for item in self._cabinet.covering((host,))}
        covered |= {mark: self._covered[mark] + len(new) for mark in fitting}
        best = min((*self._foremost, *fitting.values()), key=lambda item: self._rank(item, covered), default=None)
        if best is not None and best.facts is not None and covered[id(best)] == count:
            told = f"covers every name on {self._own} ({listed}), valid until {best.facts.not_after:%Y-%m-%d}"
            return f"certificate {best.thumbprint} in LocalMachine\\{best.store} {told}"
        told = ""
        if best is not None and covered[id(best)]:
            missing = [*self._not_covered(best), *([] if id(best) in fitting else new)]
            told = f"; nearest is {best.thumbprint}, which lacks {_told(missing, count - covered[id(best)])}"
        return f"one certificate, which is not on this host yet, for every name on {self._own}: {listed}{told}"

    def _not_covered(self, certificate: Certificate) -> list[str]:
        """The first of the names that a certificate does not cover."""
        names = certificate.facts.names if certificate.facts else ()
        if id(certificate) not in self._lacking:
            lacking = (name for name in self._names if not covers(names, name))
            self._lacking[id(certificate)] = list(islice(lacking, _NAMES))
        return self._lacking[id(certificate)]


def _holds(names: Sequence[str], name: str) -> bool:
    """Is a name in a sorted list?"""
    place = bisect_left(names, name)
    return names[place : place + 1] == [name]


def _told(names: Iterable[str], count: int) -> str:
    """The first of some names in order, and how many more of ``count`` there are."""
    first = sorted(names)[:_NAMES]
    return ", ".join(first) + (f" and {count - len(first)} more" if count > len(first) else "")


def _spare_addresses(host: Host, wanted: Wanted, used: set[RecordKey]) -> list[str]:
    """Local addresses a client can come to, of the wanted family, on which the port has no record; one is left for the rest.

    An address that is wanted by itself has no other to go to but those that are spare.
    """
    spare = [
        address
        for address in host.addresses
        if is_ipv6(address) == is_ipv6(wanted.address)
        and not (is_loopback(address) or address.startswith(("fe80:", "169.254.")))
        and listens_on(host, address)
        and RecordKey("ipport", address, wanted.port) not in used
    ]
    shared = RecordKey("ipport", wanted.address, wanted.port) in used
    if wanted.address in (ANY_IPV4, ANY_IPV6) and len(spare) < 2 and shared:
        return []  # the last address is where the other bindings are met
    return spare


def _free_ports(host: Host, used: set[RecordKey]) -> list[int]:
    """Ports on which neither a record, a binding nor another program is known."""
    busy = {key.port for key in used} | host.site_ports | host.known_ports
    if host.connection is not None:
        busy.add(host.connection[1])
    others = (port for port in range(8444, 65536) if port not in _USUAL_PORTS)
    return list(islice((port for port in chain(_USUAL_PORTS, others) if port not in busy), _PORTS))


def _as_far(host: Host) -> str:
    """Programs that do not use http.sys are not seen by anybody here."""
    return " as far as http.sys knows" if host.http_ports is not None else " by the records (who listens was not read)"

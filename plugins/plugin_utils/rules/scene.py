# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything the rules look at, computed once per host, and questions that several rules ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from ..model.endpoint import Endpoint
from ..model.host import Certificate, Host, RecordValue
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, address_text, is_ipv6
from ..model.visible import visible
from .capabilities import Capabilities, capabilities
from .ownership import Owner, owners
from .resolve import Resolver, central_file
from .select import Cabinet


class Bound(NamedTuple):
    """One https binding with the record it relies on (None: it can have none). ``state`` is its site's."""

    site: str
    subject: str
    address: str
    port: int
    host: str
    flags: int
    key: RecordKey | None
    state: str = "started"
    information: str = ""


class Served(NamedTuple):
    """A record that bindings rely on, with its certificate and the names of those bindings."""

    key: RecordKey
    value: RecordValue
    users: list[Bound]
    certificate: Certificate
    names: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """One host at one moment, indexed. ``sharers``: the bindings that rely on a record, by record.

    ``served``: the records that bindings rely on, with their certificates.
    """

    host: Host
    now: datetime
    resolver: Resolver
    able: Capabilities
    bindings: tuple[Bound, ...]
    sharers: dict[RecordKey, list[Bound]]
    use: Callable[[RecordKey, RecordValue], Owner | None]
    cabinet: Cabinet
    thumbprints: dict[str, list[Certificate]]
    served: list[Served]

    @cached_property
    def concerned(self) -> Mapping[str, Sequence[Bound]]:
        """The bindings that a finding can speak of, by its subject: their own, or the record they rely on."""
        found: dict[str, list[Bound]] = {}
        for item in self.bindings:
            for name in (item.subject, str(item.key)):
                found.setdefault(name, []).append(item)
        return found

    @cached_property
    def called(self) -> Mapping[str, Sequence[RecordKey]]:
        """The keys of the records, by what a finding calls them."""
        found: dict[str, list[RecordKey]] = {}
        for record in self.host.records:
            found.setdefault(str(record.key), []).append(record.key)
        return found

    @cached_property
    def serving(self) -> Mapping[RecordKey, Served]:
        """What is in ``served``, by record."""
        return {item.key: item for item in self.served}

    def owner(self, key: RecordKey, value: RecordValue) -> str | None:
        """Who, other than an IIS binding, uses a record, in words."""
        use = self.use(key, value)
        return use.text if use else None


def subject_of(site: str, address: str, port: int, host: str) -> str:
    """How findings name a binding."""
    return visible(f"{site}/{address_text(address)}:{port}:{host}")


def scene_of(host: Host, now: datetime) -> Scene:
    """Compute once what the rules, and the planner for its repairs, look at."""
    bindings = []
    for site in host.sites:
        for binding in site.bindings:
            if binding.is_https:
                address, port, name = binding.parts
                readable = subject_of(site.name, address, port, name)
                subject = readable if port else visible(f"{site.name}/{binding.information}")
                key = binding.record
                bindings.append(
                    Bound(site.name, subject, address, port, name, binding.flags, key, site.state, binding.information)
                )
    sharers: dict[RecordKey, list[Bound]] = {}
    for item in bindings:
        if item.key is not None:
            sharers.setdefault(item.key, []).append(item)
    able, cabinet = capabilities(host), Cabinet(host, now)
    thumbprints: dict[str, list[Certificate]] = {}
    for certificate in host.certificates:
        thumbprints.setdefault(certificate.thumbprint, []).append(certificate)
    resolver = Resolver(host)
    held = _served(resolver, sharers)
    return Scene(host, now, resolver, able, tuple(bindings), sharers, owners(host), cabinet, thumbprints, held)


def _served(resolver: Resolver, sharers: dict[RecordKey, list[Bound]]) -> list[Served]:
    """Every record that a binding relies on and whose certificate is there."""
    found = []
    for key, users in sharers.items():
        value = resolver.record(key)
        certificate = resolver.certificate(value) if value else None
        if value is not None and certificate is not None:
            found.append(Served(key, value, users, certificate, names_of(users)))
    return found


def names_of(users: list[Bound]) -> tuple[str, ...]:
    """The host names of bindings, sorted."""
    return tuple(sorted({item.host for item in users if item.host}))


def is_loopback(address: str) -> bool:
    """Can only clients on this very machine come to the address?"""
    return address == "::1" or address.startswith("127.")


def local_addresses(host: Host, bound: str) -> list[str]:
    """Local addresses, loopback ones aside, on which a client can mean a binding for ``bound``."""
    if bound == ANY_IPV4:
        return [address for address in host.addresses if not is_loopback(address)]
    if bound == ANY_IPV6:
        return [address for address in host.addresses if is_ipv6(address) and not is_loopback(address)]
    return [bound]


def blockers(scene: Scene, item: Bound) -> dict[RecordKey, list[str]]:
    """Records that outrank the binding's own one, each with the local addresses where it does; the one that answers first."""
    found: dict[RecordKey, list[str]] = {}
    if item.key is None or scene.resolver.record(item.key) is None:
        return found
    by_name = item.key.family == "hostnameport" and not scene.resolver.scoped
    for address in local_addresses(scene.host, item.address):
        if by_name and scene.resolver.exact(address, item.port) is None:
            continue  # nothing else outranks a name; most bindings of a host are of this kind
        answer = scene.resolver.answer(Endpoint(address, item.port, item.host or None))
        if answer.record is None or item.key not in answer.shadowed:
            continue
        found.setdefault(answer.record, []).append(address)
        for key in answer.shadowed[: answer.shadowed.index(item.key)]:
            # a central store without a file lets the next record answer
            if key.family != "ccs" or central_file(scene.host, item.host) is not None:
                found.setdefault(key, []).append(address)
    return found


def is_orphan(scene: Scene, key: RecordKey) -> bool:
    """A record that no binding relies on and that nobody else can be seen to use."""
    value = scene.resolver.record(key)
    unused = value is not None and key not in scene.sharers and key.family != "scopedccs"
    return unused and value is not None and scene.use(key, value) is None


def renewal(scene: Scene, names: tuple[str, ...]) -> str | None:
    """The repair that binds the best certificate for some names; None where there is no single best one, or no name."""
    choice = scene.cabinet.best(names) if names else None
    return (
        f"bind certificate {choice.certificate.thumbprint} ({choice.reason})" if choice and choice.certificate else None
    )

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can this host give this binding its certificate by SNI, what stands in the way, and what else would work?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from ..model.host import Host, RecordValue
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, is_ipv6
from .alternatives import Alternatives, Wanted
from .capabilities import Capabilities, Verdict, capabilities
from .ownership import Owner, owners
from .resolve import Resolver, listens_on
from .scene import is_loopback, local_addresses

__all__ = ("Eligibility", "Judge", "Wanted", "sni_verdict")


class Eligibility(NamedTuple):
    """``eligible`` for SNI, where that verdict comes from, and what else would work on this very host.

    ``caveats``: what stands in the way of an eligible binding; empty where nothing is seen.
    """

    eligible: bool
    source: str
    reason: str
    alternatives: tuple[str, ...]
    caveats: tuple[str, ...] = ()


class Judge:
    """Judges wanted bindings of one host, however many: what takes a while is looked up when it is needed, and once."""

    def __init__(self, host: Host, now: datetime, able: Capabilities | None = None) -> None:
        self._host, self._now = host, now
        self._able = able or capabilities(host)

    def eligibility(self, wanted: Wanted) -> Eligibility:
        """Judge one wanted binding, caveats aside."""
        verdict = sni_verdict(wanted, self._able)
        return Eligibility(*verdict, () if verdict.ok else self._alternatives.of(wanted))

    def with_caveats(self, wanted: Wanted) -> Eligibility:
        """The same, and what an eligible binding would meet."""
        verdict = self.eligibility(wanted)
        return verdict._replace(caveats=tuple(self._caveats(wanted))) if verdict.eligible else verdict

    @cached_property
    def _alternatives(self) -> Alternatives:
        return Alternatives(self._host, self._now)

    @cached_property
    def _resolver(self) -> Resolver:
        return Resolver(self._host)

    @cached_property
    def _owner(self) -> Callable[[RecordKey, RecordValue], Owner | None]:
        return owners(self._host)

    def _caveats(self, wanted: Wanted) -> Iterator[str]:
        """What an SNI binding would meet on this host: records that outrank it, another owner of its record, no default."""
        host, resolver = self._host, self._resolver
        own = RecordKey("hostnameport", wanted.host, wanted.port)
        for address in local_addresses(host, wanted.address):
            exact = resolver.exact(address, wanted.port)
            if exact is not None:
                yield f"on {address} record {exact} outranks every name: clients there meet its certificate (F1.10)"
        value = resolver.record(own)
        owner = self._owner(own, value) if value is not None else None
        if owner is not None:
            yield f"record {own} is there already and used by {owner.text}"
        addresses = [address for address in local_addresses(host, wanted.address) if not is_loopback(address)]
        hidden = [address for address in addresses if not listens_on(host, address)]
        if hidden:
            yield f"the IP listen list ({', '.join(host.ip_listen)}) leaves out {', '.join(hidden)}: no client comes there (F7.10)"
        bare = [address for address in addresses if not any(map(resolver.record, _defaults(address, wanted.port)))]
        if bare:
            yield f"clients that send no name meet no certificate on {', '.join(bare)} port {wanted.port} (F7.03)"


def sni_verdict(wanted: Wanted, able: Capabilities) -> Verdict:
    """The verdict alone."""
    if not able.sni.ok:
        return able.sni
    if not wanted.host:
        return Verdict(False, "rule", "a binding for any name cannot use SNI: there is no name to select by")
    if wanted.host.startswith("*.") and not able.wildcard_host.ok:
        return able.wildcard_host
    return able.sni


def _defaults(address: str, port: int) -> list[RecordKey]:
    """The records that can decide for a client without SNI."""
    names = (address, ANY_IPV6, ANY_IPV4) if is_ipv6(address) else (address, ANY_IPV4)
    return [RecordKey("ipport", name, port) for name in names]

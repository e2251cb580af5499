# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can this host give this binding its certificate by SNI, what stands in the way, and what else would work?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from ..model.host import Host
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, is_ipv6
from .alternatives import Wanted, alternatives
from .capabilities import Capabilities, Verdict, capabilities
from .ownership import owner_of
from .resolve import Resolver, listens_on
from .scene import is_loopback, local_addresses

__all__ = ("Eligibility", "Wanted", "alternatives", "caveats", "eligibility", "sni_verdict", "with_caveats")


class Eligibility(NamedTuple):
    """``eligible`` for SNI, where that verdict comes from, and what else would work on this very host.

    ``caveats``: what stands in the way of an eligible binding; empty where nothing is seen.
    """

    eligible: bool
    source: str
    reason: str
    alternatives: tuple[str, ...]
    caveats: tuple[str, ...] = ()


def eligibility(host: Host, wanted: Wanted, now: datetime, known: Capabilities | None = None) -> Eligibility:
    """Judge one wanted binding, caveats aside: looking for those takes a while on a large host.

    ``known`` saves judging the host again for each of many.
    """
    verdict = sni_verdict(wanted, known or capabilities(host))
    return Eligibility(*verdict, () if verdict.ok else alternatives(host, wanted, now))


def with_caveats(host: Host, wanted: Wanted, now: datetime, known: Capabilities | None = None) -> Eligibility:
    """As :func:`eligibility`, and what an eligible binding would meet."""
    verdict = eligibility(host, wanted, now, known)
    return verdict._replace(caveats=tuple(caveats(host, wanted))) if verdict.eligible else verdict


def sni_verdict(wanted: Wanted, able: Capabilities) -> Verdict:
    """The verdict alone: looking for alternatives takes a while on a large host."""
    if not able.sni.ok:
        return able.sni
    if not wanted.host:
        return Verdict(False, "rule", "a binding for any name cannot use SNI: there is no name to select by")
    if wanted.host.startswith("*.") and not able.wildcard_host.ok:
        return able.wildcard_host
    return able.sni


def caveats(host: Host, wanted: Wanted) -> Iterator[str]:
    """What an SNI binding would meet on this host: records that outrank it, another owner of its record, no default."""
    resolver = Resolver(host)
    own = RecordKey("hostnameport", wanted.host, wanted.port)
    for address in local_addresses(host, wanted.address):
        exact = resolver.exact(address, wanted.port)
        if exact is not None:
            yield f"on {address} record {exact} outranks every name: clients there meet its certificate (F1.10)"
    value = resolver.record(own)
    owner = owner_of(host)(own, value) if value is not None else None
    if owner is not None:
        yield f"record {own} is there already and used by {owner}"
    addresses = [address for address in local_addresses(host, wanted.address) if not is_loopback(address)]
    hidden = [address for address in addresses if not listens_on(host, address)]
    if hidden:
        yield f"the IP listen list ({', '.join(host.ip_listen)}) leaves out {', '.join(hidden)}: no client comes there (F7.10)"
    bare = [address for address in addresses if not any(map(resolver.record, _defaults(address, wanted.port)))]
    if bare:
        yield f"clients that send no name meet no certificate on {', '.join(bare)} port {wanted.port} (F7.03)"


def _defaults(address: str, port: int) -> list[RecordKey]:
    """The records that can decide for a client without SNI."""
    names = (address, ANY_IPV6, ANY_IPV4) if is_ipv6(address) else (address, ANY_IPV4)
    return [RecordKey("ipport", name, port) for name in names]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can this host give this binding its certificate by SNI, and what are the real alternatives where it cannot?"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ..model.host import Host, binding_record
from ..model.keys import ANY_IPV4, RecordKey, bracketed, is_ipv6
from .capabilities import Capabilities, Verdict, capabilities
from .key_health import key_health
from .names import covers


class Wanted(NamedTuple):
    """A binding somebody wishes for: canonical address (0.0.0.0: any), port, canonical host name ("" any)."""

    address: str
    port: int
    host: str


class Eligibility(NamedTuple):
    """``eligible`` for SNI, where that verdict comes from, and what else would work on this very host."""

    eligible: bool
    source: str
    reason: str
    alternatives: tuple[str, ...]


def eligibility(host: Host, wanted: Wanted, now: datetime, known: Capabilities | None = None) -> Eligibility:
    """Judge one wanted binding. ``known`` saves judging the host again for each of many."""
    verdict = sni_verdict(wanted, known or capabilities(host))
    return Eligibility(*verdict, () if verdict.ok else alternatives(host, wanted, now))


def sni_verdict(wanted: Wanted, able: Capabilities) -> Verdict:
    """The verdict alone: looking for alternatives takes a while on a large host."""
    if not able.sni.ok:
        return able.sni
    if not wanted.host:
        return Verdict(False, "rule", "a binding for any name cannot use SNI: there is no name to select by")
    if wanted.host.startswith("*.") and not able.wildcard_host.ok:
        return able.wildcard_host
    return able.sni


def alternatives(host: Host, wanted: Wanted, now: datetime) -> tuple[str, ...]:
    """Ways that exist on this host: a free record, spare addresses, a certificate that covers every name, a free port."""
    taken = {record.key for record in host.records}
    bound = {key for site in host.sites for binding in site.bindings if (key := binding_record(binding)) is not None}
    found = []
    own = RecordKey("ipport", wanted.address, wanted.port)
    if own not in taken | bound:
        found.append(f"the record {own} is free: a binding without SNI can have it to itself")
    spare = [
        address
        for address in host.addresses
        if address not in ("127.0.0.1", "::1")
        and RecordKey("ipport", address, wanted.port) not in taken | bound
        and is_ipv6(address) == is_ipv6(wanted.address)
    ]
    if wanted.address == ANY_IPV4 and len(spare) > 1:
        listed = ", ".join(bracketed(address) for address in spare)
        found.append(f"spare local addresses with no record on port {wanted.port}: {listed}")
    sharing = _names_on(host, own)
    covering = [
        certificate
        for certificate in host.certificates
        if certificate.facts is not None
        and certificate.facts.not_after > now
        and not key_health(certificate).unusable
        and all(covers(certificate.facts.names, name) for name in {*sharing, wanted.host})
    ]
    if own in taken | bound and wanted.host:
        names = ", ".join(sorted({*sharing, wanted.host}))
        if covering:
            best = max(covering, key=lambda item: item.facts.not_after if item.facts else now)
            found.append(f"certificate {best.thumbprint} covers every name on {own} ({names})")
        else:
            found.append(f"one certificate for every name on {own}: {names}")
    free_port = next(port for port in range(8443, 65536) if all(key.port != port for key in taken | bound))
    found.append(f"another port, for example {free_port}")
    return tuple(found)


def _names_on(host: Host, key: RecordKey) -> set[str]:
    return {
        binding.parts[2]
        for site in host.sites
        for binding in site.bindings
        if binding_record(binding) == key and binding.parts[2]
    }

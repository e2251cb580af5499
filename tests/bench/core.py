# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large hosts in memory, and the processor time that the core takes for them."""

from __future__ import annotations

import dataclasses
import gc
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import (
    Binding,
    Host,
    Os,
    Record,
    RecordValue,
    Site,
)
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import RecordKey
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid, Problem
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.compliance import Policy, judge
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell.change import planned
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, stored

#: Budgets: seconds for a plan over 10,000 bindings; exponent of the growth from 1,000 to 100,000.
PLAN_SECONDS, EXPONENT = 1.0, 1.1
OLD, NEW = f"{1:040X}", f"{2:040X}"
PER_SITE = 10
_OLD_WINDOWS = Os("Windows Server 2008 R2", 6, 1, 7601)


def host(bindings: int) -> Host:
    """A host with so many bindings by SNI, ten to a site, each with its record; and two certificates that cover them all.

    The old one, which all records have, is good for two months less than the new one.
    """
    empty = parse_document(
        document(certificates=[stored("*.example.com"), stored("*.example.com", 260)], http_ports=[443])
    )
    certificates = tuple(
        dataclasses.replace(one, thumbprint=mark) for one, mark in zip(empty.certificates, (OLD, NEW), strict=True)
    )
    names = [f"n{number}.example.com" for number in range(bindings)]
    sites = tuple(
        Site(number, f"site {number}", "started", tuple(Binding("https", f"*:443:{name}", 1) for name in chunk))
        for number, chunk in enumerate(names[place : place + PER_SITE] for place in range(0, bindings, PER_SITE))
    )
    records = tuple(Record(RecordKey("hostnameport", name, 443), RecordValue(OLD)) for name in sorted(names))
    return dataclasses.replace(empty, sites=sites, records=records, certificates=certificates)


def without_sni(bindings: int) -> Host:
    """A host of a time before SNI: all bindings share the one record of the port."""
    modern = host(bindings)
    sites = tuple(
        dataclasses.replace(site, bindings=tuple(dataclasses.replace(item, ssl_flags=None) for item in site.bindings))
        for site in modern.sites
    )
    records = (Record(RecordKey("ipport", "0.0.0.0", 443), RecordValue(OLD)),)
    return dataclasses.replace(
        modern, os=_OLD_WINDOWS, iis=(7, 5), sites=sites, records=records, update_exported=False, schema_ssl_flags=False
    )


def damaged(bindings: int) -> Host:
    """The certificate that all records have is in no store any more."""
    whole = host(bindings)
    return dataclasses.replace(whole, certificates=whole.certificates[1:])


def _each(bindings: int, letter: str, wish: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"site": f"site {number // PER_SITE}", "host": f"{letter}{number}.example.com", **wish(number)}
        for number in range(bindings)
    ]


def rotation(bindings: int) -> dict[str, Any]:
    """Every binding gets the other certificate."""
    return {"bindings": _each(bindings, "n", lambda _number: {"certificate": {"thumbprint": NEW}})}


def addition(bindings: int) -> dict[str, Any]:
    """As many bindings again."""
    return {"bindings": _each(bindings, "m", lambda _number: {"certificate": {"thumbprint": NEW}})}


def renaming(bindings: int) -> dict[str, Any]:
    """Every binding gets another name, in place, and keeps its certificate."""
    return {"bindings": _each(bindings, "m", lambda number: {"replaces": {"host": f"n{number}.example.com"}})}


def selection(bindings: int) -> dict[str, Any]:
    """Every binding gets the certificate that a rule finds for it, and an option."""
    wish = {"certificate": {"select": {"min_days": 30}}, "options": {"disable_http2": True}}
    return {"bindings": _each(bindings, "n", lambda _number: wish)}


def removal(bindings: int) -> dict[str, Any]:
    """Every second binding is named, all others go."""
    named = _each(bindings, "n", lambda _number: {})[::2]
    return {"bindings": named, "remove_others": {"scope": "host", "at_most": bindings}}


def repair(bindings: int) -> dict[str, Any]:
    """One kind of finding is to be repaired wherever it is."""
    return {"repair": ["certificate_missing"]}


def single_repairs(bindings: int) -> dict[str, Any]:
    """Findings are to be repaired that are named one by one."""
    return {"repair": [f"certificate_missing hostnameport n{number}.example.com:443" for number in range(bindings)]}


def impossible(bindings: int) -> dict[str, Any]:
    """As many bindings again that need SNI."""
    return {"bindings": _each(bindings, "m", lambda _number: {"certificate": {"thumbprint": NEW}, "sni": "required"})}


def sharing(bindings: int) -> dict[str, Any]:
    """As many bindings again, by SNI where that can be had."""
    return {"bindings": _each(bindings, "m", lambda _number: {"sni": "auto"})}


class Kind(NamedTuple):
    """A kind of request and the host it is for. ``share`` of its bindings change; all are ``refused``, or none."""

    title: str
    host: Callable[[int], Host]
    request: Callable[[int], dict[str, Any]]
    share: float = 1
    refused: bool = False


KINDS = (
    Kind("another certificate for all", host, rotation),
    Kind("as many bindings again", host, addition),
    Kind("another name for all", host, renaming),
    Kind("a certificate by a rule, and an option, for all", host, selection),
    Kind("every second one goes, unnamed", host, removal, share=0.5),
    Kind("repair of all, by the kind of finding", damaged, repair),
    Kind("repair of all, each by name", damaged, single_repairs),
    Kind("as many again, without SNI on Windows Server 2008 R2", without_sni, sharing),
    Kind("as many by SNI again, refused on Windows Server 2008 R2", without_sni, impossible, refused=True),
)


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one run, without the garbage of those before."""
    gc.collect()
    began = time.process_time()
    made = work()
    took = time.process_time() - began
    del made  # to throw it away is not part of it
    return took


def plan(where: Host, args: dict[str, Any]) -> Plan:
    """From the arguments to the plan, as the action does it."""
    return planned(where, parse_request(args), NOW)


def outcome(where: Host, args: dict[str, Any]) -> Plan | tuple[Problem, ...]:
    """The plan, or all that is refused of a request."""
    try:
        return plan(where, args)
    except Invalid as refusal:
        return tuple(refusal.problems)


def plan_seconds(kind: Kind, bindings: int, rounds: int = 1) -> float:
    """The fastest of some rounds, each on a host that nobody has looked at, from the arguments to the plan or its refusal."""
    fresh = ((kind.host(bindings), kind.request(bindings)) for _round in range(rounds))
    return min(seconds(partial(outcome, where, args)) for where, args in fresh)


def findings_seconds(bindings: int, rounds: int = 1) -> float:
    """The same for all findings of a host."""
    fresh = (host(bindings) for _round in range(rounds))
    return min(seconds(partial(find, where, NOW)) for where in fresh)


def judging_seconds(bindings: int, rounds: int = 1) -> float:
    """The same for the judgement of a host by every rule of compliance."""
    fresh = (host(bindings) for _round in range(rounds))
    return min(seconds(partial(judge, where, Policy(), NOW)) for where in fresh)


def lookups_per_second(bindings: int, count: int = 100_000) -> float:
    """Endpoints answered in a second of processor time: names that have a record, names that have none, and none at all."""
    resolver = Resolver(host(bindings))
    names = [f"n{number % (2 * bindings)}.example.com" if number % 10 else None for number in range(count)]
    endpoints = [Endpoint("10.0.0.5", 443, name) for name in names]

    def ask() -> None:
        for endpoint in endpoints:
            resolver.answer(endpoint)

    return count / seconds(ask)


def exponent(took: Mapping[int, float]) -> float:
    """How fast times grow with the size, by least squares over both logarithms: 1 is in step with it, 2 with its square."""
    sizes, times = [math.log(size) for size in took], [math.log(time) for time in took.values()]
    middle = sum(sizes) / len(sizes)
    spread = sum((size - middle) ** 2 for size in sizes)
    return sum((size - middle) * time for size, time in zip(sizes, times, strict=True)) / spread

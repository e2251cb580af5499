# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large hosts in memory, and the processor time that the core takes for them."""

from __future__ import annotations

import dataclasses
import gc
import math
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Binding, Host, Record, RecordValue, Site
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import RecordKey
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan, make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, stored

#: Budgets: seconds for a plan over 10,000 bindings; exponent of the growth from 1,000 to 100,000.
PLAN_SECONDS, EXPONENT = 1.0, 1.1
OLD, NEW = f"{1:040X}", f"{2:040X}"
PER_SITE = 10


def host(bindings: int) -> Host:
    """A host with so many bindings by SNI, ten to a site, each with its record; and two certificates that cover them all."""
    empty = parse_document(document(certificates=[stored("*.example.com")], http_ports=[443]))
    certificates = tuple(dataclasses.replace(empty.certificates[0], thumbprint=mark) for mark in (OLD, NEW))
    names = [f"n{number}.example.com" for number in range(bindings)]
    sites = tuple(
        Site(number, f"site {number}", "started", tuple(Binding("https", f"*:443:{name}", 1) for name in chunk))
        for number, chunk in enumerate(names[place : place + PER_SITE] for place in range(0, bindings, PER_SITE))
    )
    records = tuple(Record(RecordKey("hostnameport", name, 443), RecordValue(OLD)) for name in sorted(names))
    return dataclasses.replace(empty, sites=sites, records=records, certificates=certificates)


def rotation(bindings: int) -> dict[str, Any]:
    """A request that gives every binding the other certificate."""
    return {"bindings": [_wish(number, "n") for number in range(bindings)]}


def addition(bindings: int) -> dict[str, Any]:
    """A request for as many bindings again."""
    return {"bindings": [_wish(number, "m") for number in range(bindings)]}


def _wish(number: int, letter: str) -> dict[str, Any]:
    site, name = f"site {number // PER_SITE}", f"{letter}{number}.example.com"
    return {"site": site, "host": name, "certificate": {"thumbprint": NEW}}


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one run, without the garbage of those before."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def plan(where: Host, args: dict[str, Any]) -> Plan:
    """From the arguments to the plan, as the action does it."""
    return make_plan(where, parse_request(args), NOW)


def plan_seconds(bindings: int, request: Callable[[int], dict[str, Any]], rounds: int = 1) -> float:
    """The fastest of some rounds."""
    where, args = host(bindings), request(bindings)
    return min(seconds(lambda: plan(where, args)) for _round in range(rounds))


def findings_seconds(bindings: int) -> float:
    where = host(bindings)
    return seconds(lambda: find(where, NOW))


def lookups_per_second(bindings: int, count: int = 100_000) -> float:
    """Endpoints answered in a second of processor time: names that have a record, names that have none, and none at all."""
    resolver = Resolver(host(bindings))
    names = [f"n{number % (2 * bindings)}.example.com" if number % 10 else None for number in range(count)]
    endpoints = [Endpoint("10.0.0.5", 443, name) for name in names]

    def ask() -> None:
        for endpoint in endpoints:
            resolver.answer(endpoint)

    return count / seconds(ask)


def exponent(small: float, large: float, factor: float) -> float:
    """How fast a time grows: 1 is in step with the size, 2 with its square."""
    return math.log(large / small) / math.log(factor)

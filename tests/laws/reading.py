# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws about what is read: the resolver, its assumptions and its classes, and findings. In the form of :mod:`laws.changing`."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.assumptions import DEFAULT, SWITCHES
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.classes import endpoint_classes
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import KINDS, find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver

from . import naive, strategies
from .cases import ENDPOINTS, Case
from .world import NOW


def the_resolver_equals_a_naive_reading_and_the_simulated_http_sys(case: Case) -> bool:
    if not case.real or not case.looked_at:
        return False
    document, resolver = case.document, Resolver(case.host)
    for spot, shown in case.world.shown(ENDPOINTS).items():
        answer = resolver.answer(Endpoint(*spot))
        if answer.outcome == "unsupported":
            continue
        naively = naive.served(document, *spot)
        assert answer.identity == naively, (spot, answer)
        assert shown == naively, (spot, answer)
    return True


def findings_are_well_formed_unique_and_sorted(case: Case) -> bool:
    if not case.looked_at:
        return False
    found = find(case.host, NOW)
    assert len({(item.id, item.subject, item.evidence) for item in found}) == len(found)
    for item in found:
        kind = KINDS[item.id]
        assert item.severity in kind.severities and item.fact == kind.fact
        assert item.subject and item.evidence and "\n" not in item.subject + item.evidence
        assert item.repair is None or kind.remedy
    ranks = [("error", "warning", "info").index(item.severity) for item in found]
    assert ranks == sorted(ranks)
    return bool(found)


def a_switch_that_an_answer_does_not_name_does_not_matter(case: Case) -> bool:
    if not case.looked_at:
        return False
    resolver = Resolver(case.host)
    others = {switch.name: Resolver(case.host, replace(DEFAULT, **{switch.name: False})) for switch in SWITCHES}
    for name in (None, *strategies.NAMES, "stranger.example.net", "example.com", "b.example.com"):
        endpoint = Endpoint(case.chance.choice((*strategies.ADDRESSES, "127.0.0.1")), 443, name)
        answer = resolver.answer(endpoint)
        for switch, other in others.items():
            if switch not in answer.assumptions:
                assert other.answer(endpoint).identity == answer.identity, (switch, endpoint, answer)
    return True


def every_endpoint_is_in_one_class_that_says_what_it_gets(case: Case) -> bool:
    if not case.looked_at:
        return False
    resolver = Resolver(case.host)
    classes = endpoint_classes(resolver)
    assert len(classes) <= 6 * (len(case.host.records) + len(resolver.ports()))
    for port in resolver.ports():
        for address in case.host.addresses:
            here = [item for item in classes if item.port == port and address in item.addresses]
            for name in (None, *resolver.names(port)):
                mine = [item for item in here if name == item.sni or name in item.names]
                mine = mine or [item for item in here if item.sni == "*"]
                answer = resolver.answer(Endpoint(address, port, name))
                assert [(item.answer.outcome, item.answer.record) for item in mine] == [(answer.outcome, answer.record)]
    return True

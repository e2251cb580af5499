# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the random hosts reach: every kind of finding; and laws about findings and assumptions over those hosts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.assumptions import DEFAULT, SWITCHES
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import KINDS, find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from laws import oddities, strategies
from laws.world import NOW, World
from support.schema import valid

HUNDREDS = 3


class Document(dict[str, Any]):
    """Shown without certificates, so that a failing case can be read."""

    def __repr__(self) -> str:
        shown = {key: value for key, value in self.items() if key not in ("certificates", "reader")}
        return "\n".join(f"  {key}: {value}" for key, value in shown.items())


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """What a reader may bring: the lab's hosts, and what no lab host says."""
    return Document(draw(oddities.odd(World(draw(strategies.descriptions())).read())))


def test_random_hosts_have_every_kind_of_finding_once_per_hundred() -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=100 * HUNDREDS,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(documents())
    def look(document: Document) -> None:
        seen.update({item.id for item in find(parse_document(valid(document)), NOW)})

    look()
    assert {kind: seen[kind] for kind in KINDS if seen[kind] < HUNDREDS} == {}


@given(documents())
def test_findings_are_well_formed_unique_and_sorted(document: Document) -> None:
    found = find(parse_document(document), NOW)
    assert len({(item.id, item.subject, item.evidence) for item in found}) == len(found)
    for item in found:
        kind = KINDS[item.id]
        assert item.severity in kind.severities and item.fact == kind.fact
        assert item.subject and item.evidence and "\n" not in item.subject + item.evidence
        assert item.repair is None or kind.remedy
    ranks = [("error", "warning", "info").index(item.severity) for item in found]
    assert ranks == sorted(ranks)


@given(documents())
def test_a_switch_that_an_answer_does_not_name_does_not_matter(document: Document) -> None:
    host = parse_document(document)
    resolver = Resolver(host)
    others = {switch.name: Resolver(host, replace(DEFAULT, **{switch.name: False})) for switch in SWITCHES}
    for address in (*strategies.ADDRESSES, "127.0.0.1"):
        for name in (None, *strategies.NAMES, "stranger.example.net", "example.com", "b.example.com"):
            endpoint = Endpoint(address, 443, name)
            answer = resolver.answer(endpoint)
            for switch, other in others.items():
                if switch not in answer.assumptions:
                    assert other.answer(endpoint).identity == answer.identity, (switch, endpoint, answer)


@given(documents())
def test_every_endpoint_is_in_one_class_that_says_what_it_gets(document: Document) -> None:
    host = parse_document(document)
    resolver = Resolver(host)
    classes = resolver.classes()
    assert len(classes) <= 6 * (len(host.records) + len(resolver.ports()))
    for port in resolver.ports():
        for address in host.addresses:
            here = [item for item in classes if item.port == port and address in item.addresses]
            for name in (None, *resolver.names(port)):
                mine = [item for item in here if name == item.sni or name in item.names]
                mine = mine or [item for item in here if item.sni == "*"]
                answer = resolver.answer(Endpoint(address, port, name))
                assert [(item.answer.outcome, item.answer.record) for item in mine] == [(answer.outcome, answer.record)]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the design over random hosts and requests: the core against the lab's own IIS and http.sys."""

from __future__ import annotations

import fnmatch
import ipaddress
from typing import Any

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan, make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.reply import applier_args
from hypothesis import assume, event, given
from hypothesis import strategies as st
from laws import naive, strategies
from laws.world import NOW, Case, World
from support.schema import valid

READ = {"certificates": "candidates", "key_check": "open"}
PROBE = {"on_unverified": "fail", "timeout": 5, "retries": 0}


def planned(document: dict[str, Any], args: dict[str, Any]) -> Plan | None:
    """The plan, or None where the request is refused (with every problem in words)."""
    try:
        return make_plan(parse_document(document), parse_request(args), NOW)
    except Invalid as refusal:
        assert all(problem.message for problem in refusal.problems)
        event("refused")
        return None


@st.composite
def worlds(draw: st.DrawFn, repairs: bool = True) -> Case:
    """A simulated host, its document, and a request for it."""
    world = World(draw(strategies.descriptions()))
    document = world.read()
    return Case((world, document, draw(strategies.requests(document, repairs))))


@given(worlds())
def test_l1_applying_a_plan_leaves_nothing_to_plan(case: Case) -> None:
    world, document, args = case
    plan = planned(document, args)
    assume(plan is not None)
    assert plan is not None
    # a site that joins an unknown listener hides it: a note says so, and what it costs
    assume(not ("orphan" in args["repair"] and any("another program listens" in note for note in plan.notes)))
    event(f"steps {min(len(plan.steps), 5)}")
    answer = world.apply(applier_args(plan.host.name, plan.steps, PROBE, READ))
    assert answer["error"] is None, answer["error"]
    again = planned(world.read(), args)
    assert again is not None and again.steps == ()


@given(worlds(repairs=False))
def test_l2_endpoints_outside_the_request_never_change(case: Case) -> None:
    world, document, args = case
    plan = planned(document, args)
    assume(plan is not None and plan.steps)
    assert plan is not None
    outside = _outside(document, args)
    before = {endpoint: world.served(*endpoint) for endpoint in outside}
    broken: list[Any] = []

    def look(moment: Any) -> None:
        for endpoint in outside:
            now = world.served(*endpoint)
            if now != before[endpoint]:
                broken.append((moment, endpoint, before[endpoint], now))

    event(f"outside {min(len(outside), 3)}")
    answer = world.apply(applier_args(plan.host.name, plan.steps, PROBE, READ), look)
    assert answer["error"] is None, answer["error"]
    assert not broken, broken


@given(worlds())
def test_l6_the_prediction_is_what_happens_and_planning_writes_nothing(
    case: Case,
) -> None:
    world, document, args = case
    plan = planned(document, args)
    assert world.writes == 0
    assume(plan is not None)
    assert plan is not None
    answer = world.apply(applier_args(plan.host.name, plan.steps, PROBE, READ))
    assert answer["error"] is None, answer["error"]
    real = parse_document(valid(answer["document"]))
    assert real.sites == plan.after.sites
    assert real.records == plan.after.records
    # a port that no site needs any more may have another listener, which a document does not show
    others = set(world.other_ports)
    assert plan.after.http_ports is not None and real.http_ports is not None
    assert plan.after.http_ports <= real.http_ports <= plan.after.http_ports | others
    assert all(probe["verdict"] == "right" for probe in answer["probes"]), answer["probes"]


@given(worlds(), st.randoms(use_true_random=False))
def test_l8_the_order_of_the_request_changes_nothing(case: Case, random: Any) -> None:
    _world, document, args = case
    shuffled = {**args, "bindings": list(args["bindings"]), "repair": list(args["repair"])}
    random.shuffle(shuffled["bindings"])
    random.shuffle(shuffled["repair"])
    one, other = planned(document, args), planned(document, shuffled)
    assert (one is None) == (other is None)
    assert one is None or other is None or one.steps == other.steps


@given(strategies.descriptions())
def test_l9_the_resolver_equals_a_naive_reading_and_the_simulated_http_sys(description: dict[str, Any]) -> None:
    world = World(description)
    document = valid(world.read())
    resolver = Resolver(parse_document(document))
    for address in strategies.ADDRESSES:
        for port in strategies.PORTS:
            for name in (None, *strategies.NAMES, "stranger.example.net", "example.com"):
                answer = resolver.answer(Endpoint(address, port, name))
                naively = naive.served(document, address, port, name)
                event(answer.outcome)
                assert answer.identity == naively, (address, port, name, answer)
                assert world.served(address, port, name) == naively, (address, port, name, answer)


def _outside(document: dict[str, Any], args: dict[str, Any]) -> list[tuple[str, int, str | None]]:
    """Endpoints of https bindings that the request neither names nor allows to change, found from its words alone."""
    spoken = {_identity(item["site"], item["address"], item["port"], item["host"]) for item in args["bindings"]}
    allowed = {name.lower() for name in args["allow"]["shared_change"]}
    found = []
    for site in document["sites"]:
        for binding in site["bindings"]:
            if binding["protocol"] != "https" or site["name"].lower() in allowed:
                continue
            address, port, host = binding["information"].rsplit(":", 2)
            if _identity(site["name"], address, int(port), host) in spoken or removes(args, site["name"], binding):
                continue
            for local in document["addresses"]:
                if _reaches(address, local):
                    found.append((local, int(port), host or None))
    return found


def removes(args: dict[str, Any], site: str, binding: dict[str, Any]) -> bool:
    """Does ``remove_others`` reach a binding that the request does not name?"""
    removal = args["remove_others"]
    subject = f"{site}/{binding['information']}".lower()
    if any(fnmatch.fnmatchcase(text, keep.lower()) for keep in removal["keep"] for text in (site.lower(), subject)):
        return False
    listed = {item["site"].lower() for item in args["bindings"]}
    return removal["scope"] == "host" or (removal["scope"] == "listed_sites" and site.lower() in listed)


def _identity(site: str, address: str, port: int, host: str) -> tuple[str, str, int, str]:
    return (site.lower(), "*" if address in ("", "*", "0.0.0.0") else address.strip("[]"), port, host.lower())


def _reaches(bound: str, local: str) -> bool:
    bare = bound.strip("[]")
    return bare in ("*", "", "0.0.0.0", local) or (bare == "::" and ipaddress.ip_address(local).version == 6)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws about what a plan may touch and how it moves: L3, L4, L5 and L7."""

from __future__ import annotations

from typing import Any

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import ANY_OTHER_NAME
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import RecordStep
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.predict import after_steps
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.reply import applier_args
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.steps import binding_image
from hypothesis import assume, event, given
from laws import strategies
from laws.test_laws import PROBE, READ, planned, worlds
from laws.world import Case


@given(worlds())
def test_l3_every_endpoint_shows_the_old_or_the_new_certificate_and_never_a_third(case: Case) -> None:
    world, document, args = case
    plan = planned(document, args)
    assume(plan is not None and plan.steps)
    assert plan is not None
    endpoints = [
        (address, port, name)
        for address in strategies.ADDRESSES
        for port in strategies.PORTS
        for name in (None, *strategies.NAMES)
    ]
    seen: dict[Any, list[str | None]] = {endpoint: [world.served(*endpoint)] for endpoint in endpoints}
    gaps = {(item.endpoint.address, item.endpoint.port, item.endpoint.sni) for item in plan.affected if item.gap}
    resolvers = (Resolver(plan.host), Resolver(plan.after))
    spoken = {(port, name) for resolver in resolvers for port in strategies.PORTS for name in resolver.names(port)}

    def look(_moment: Any) -> None:
        for endpoint in endpoints:
            seen[endpoint].append(world.served(*endpoint))

    answer = world.apply(applier_args(plan.host.name, plan.steps, PROBE, READ), look)
    assert answer["error"] is None, answer["error"]
    event(f"gaps {bool(gaps)}")
    for endpoint, shown in seen.items():
        wild = (endpoint[0], endpoint[1], _class(endpoint[1], endpoint[2], spoken))
        if endpoint not in gaps and wild not in gaps:
            assert set(shown) <= {shown[0], shown[-1]}, (endpoint, shown)


@given(worlds())
def test_l4_what_others_use_is_never_touched(case: Case) -> None:
    _world, document, args = case
    plan = planned(document, args)
    assume(plan is not None)
    assert plan is not None
    foreign = {
        (record["family"], record["key"].lower())
        for record in document["records"]
        if record.get("app_id", strategies.IIS).lower() == strategies.FOREIGN
    }
    touched = {(step.key.family, step.key.text.lower()) for step in plan.steps if isinstance(step, RecordStep)}
    assert not touched & foreign


@given(worlds())
def test_l4_no_record_is_deleted_that_a_binding_relies_on(case: Case) -> None:
    _world, document, args = case
    plan = planned(document, args)
    assume(plan is not None)
    assert plan is not None
    records = [step for step in plan.steps if isinstance(step, RecordStep)]
    deleted = {(step.key.family, step.key.text.lower()) for step in records if step.op == "record_delete"}
    bindings = [binding_image(binding) for site in plan.after.sites for binding in site.bindings]
    needed = {strategies.needed(binding) for binding in bindings if binding is not None}
    assert not deleted & needed


@given(worlds())
def test_l5_the_inverse_of_any_prefix_restores_the_host_exactly(case: Case) -> None:
    _world, document, args = case
    plan = planned(document, args)
    assume(plan is not None and plan.steps)
    assert plan is not None
    host = parse_document(document)
    for length in range(len(plan.steps) + 1):
        done = plan.steps[:length]
        back = [inverse for step in reversed(done) if (inverse := step.inverse()) is not None]
        restored = after_steps(after_steps(host, done), back)
        assert (restored.sites, restored.records) == (host.sites, host.records)


@given(worlds())
def test_l7_options_and_unknown_bits_survive(case: Case) -> None:
    _world, document, args = case
    plan = planned(document, args)
    assume(plan is not None and plan.steps)
    assert plan is not None
    for step in plan.steps:
        if isinstance(step, RecordStep) and step.before is not None and step.after is not None:
            kept = ("app_id", "flags", "check_mode", "freshness", "timeout", "ctl_identifier", "ctl_store")
            assert [getattr(step.before, name) for name in kept] == [getattr(step.after, name) for name in kept]
    after = {(site.name, binding.parts): binding.flags for site in plan.after.sites for binding in site.bindings}
    for site in plan.host.sites:
        for binding in site.bindings:
            now = after.get((site.name, binding.parts))
            assert now is None or now & ~1 == binding.flags & ~1


def _class(port: int, name: str | None, spoken: set[tuple[int, str]]) -> str | None:
    """The name under which a plan lists an endpoint: its own, a wildcard for it, or "any other"."""
    if name is None or (port, name) in spoken:
        return name
    parent = "*." + name.partition(".")[2]
    return parent if (port, parent) in spoken else ANY_OTHER_NAME

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws about changes. Each is a function of one case: True where it held, False where it says nothing about the case."""

from __future__ import annotations

import fnmatch
import ipaddress
from typing import Any

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import ANY_OTHER_NAME
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import RecordStep
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.predict import after_steps
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.steps import binding_image
from support.schema import valid

from . import strategies
from .cases import Case, Spot, planned


def applying_a_plan_leaves_nothing_to_plan(case: Case) -> bool:
    plan = case.plan
    # a site that joins an unknown listener hides it: a note says so, and what it costs
    if plan is None or not case.real:
        return False
    if {"orphan", "shadowed"} & set(case.args["repair"]) and any(
        "another program listens" in note for note in plan.notes
    ):
        return False
    assert case.outcome.answer["error"] is None, case.outcome.answer["error"]
    again = planned(parse_document(case.outcome.left), case.args)
    assert again is not None and again.steps == ()
    return True


def endpoints_outside_the_request_never_change(case: Case) -> bool:
    if not case.real or not case.steps or case.args["repair"]:
        return False
    assert case.outcome.answer["error"] is None, case.outcome.answer["error"]
    for spot in _outside(case.document, case.args):
        shown = case.outcome.seen.get(spot)
        if shown is not None and not _scoped(case, spot):
            assert set(shown) == {shown[0]}, (spot, shown, case.outcome.moments)
    return True


def every_endpoint_shows_the_old_or_the_new_certificate_and_never_a_third(case: Case) -> bool:
    plan = case.plan
    if plan is None or not case.real or not plan.steps:
        return False
    gaps = {(item.endpoint.address, item.endpoint.port, item.endpoint.sni) for item in plan.affected if item.gap}
    resolvers = (Resolver(plan.host), Resolver(plan.after))
    spoken = {(port, name) for resolver in resolvers for port in strategies.PORTS for name in resolver.names(port)}
    assert case.outcome.answer["error"] is None, case.outcome.answer["error"]
    for spot, shown in case.outcome.seen.items():
        wild = (spot[0], spot[1], _class(spot[1], spot[2], spoken))
        if spot not in gaps and wild not in gaps and not _scoped(case, spot):
            assert set(shown) <= {shown[0], shown[-1]}, (spot, shown, case.outcome.moments)
    return True


def what_others_use_is_never_touched(case: Case) -> bool:
    if case.plan is None:
        return False
    foreign = {
        (record["family"], record["key"].lower())
        for record in case.document["records"]
        if record["app_id"].lower() == strategies.FOREIGN
    }
    touched = {(step.key.family, step.key.text.lower()) for step in case.plan.steps if isinstance(step, RecordStep)}
    assert not touched & foreign
    return True


def no_record_is_deleted_that_a_binding_relies_on(case: Case) -> bool:
    if case.plan is None:
        return False
    records = [step for step in case.plan.steps if isinstance(step, RecordStep)]
    deleted = {(step.key.family, step.key.text.lower()) for step in records if step.op == "record_delete"}
    bindings = [binding_image(binding) for site in case.plan.after.sites for binding in site.bindings]
    assert not deleted & {strategies.needed(binding) for binding in bindings if binding is not None}
    return True


def the_inverse_of_any_prefix_restores_the_host_exactly(case: Case) -> bool:
    plan, host = case.plan, case.host
    if plan is None or not plan.steps:
        return False
    for length in range(len(plan.steps) + 1):
        done = plan.steps[:length]
        back = [inverse for step in reversed(done) if (inverse := step.inverse()) is not None]
        restored = after_steps(after_steps(host, done), back)
        assert (restored.sites, restored.records) == (host.sites, host.records)
    return True


def the_prediction_is_what_happens_and_planning_writes_nothing(case: Case) -> bool:
    plan = case.plan
    assert case.world.writes == 0
    if plan is None or not case.real:
        return False
    answer = case.outcome.answer
    assert answer["error"] is None, answer["error"]
    real = parse_document(valid(answer["document"]) if not case.chance.randrange(8) else answer["document"])
    assert (real.sites, real.records) == (plan.after.sites, plan.after.records)
    # a port that no site needs any more may have another listener, which a document does not show
    others = set(case.world.other_ports)
    assert plan.after.http_ports is not None and real.http_ports is not None
    assert plan.after.http_ports <= real.http_ports <= plan.after.http_ports | others
    assert all(probe["verdict"] == "right" for probe in answer["probes"]), answer["probes"]
    return True


def options_and_unknown_bits_survive(case: Case) -> bool:
    plan = case.plan
    if plan is None or not plan.steps:
        return False
    for step in plan.steps:
        if isinstance(step, RecordStep) and step.before is not None and step.after is not None:
            kept = ("app_id", "flags", "check_mode", "freshness", "timeout", "ctl_identifier", "ctl_store")
            assert [getattr(step.before, name) for name in kept] == [getattr(step.after, name) for name in kept]
    after = {(site.name, binding.parts): binding.flags for site in plan.after.sites for binding in site.bindings}
    for site in plan.host.sites:
        for binding in site.bindings:
            now = after.get((site.name, binding.parts))
            assert now is None or now & ~1 == binding.flags & ~1
    return True


def the_order_of_the_request_changes_nothing(case: Case) -> bool:
    shuffled = {**case.args, "bindings": list(case.args["bindings"]), "repair": list(case.args["repair"])}
    case.chance.shuffle(shuffled["bindings"])
    case.chance.shuffle(shuffled["repair"])
    other = planned(case.host, shuffled)
    assert (case.plan is None) == (other is None)
    assert case.plan is None or other is None or case.plan.steps == other.steps
    return len(case.args["bindings"]) + len(case.args["repair"]) > 1


def _outside(document: dict[str, Any], args: dict[str, Any]) -> list[Spot]:
    """Endpoints of https bindings that the request neither names nor allows to change, found from its words alone."""
    spoken = {_identity(item["site"], item["address"], item["port"], item["host"]) for item in args["bindings"]}
    allowed = {name.lower() for name in args["allow"]["shared_change"]}
    found: list[Spot] = []
    for site in document["sites"]:
        for binding in site["bindings"]:
            if binding["protocol"] != "https" or site["name"].lower() in allowed:
                continue
            if binding["information"].count(":") < 2:
                continue
            address, port, host = binding["information"].rsplit(":", 2)
            if _identity(site["name"], address, int(port), host) in spoken or _removes(args, site["name"], binding):
                continue
            for local in document["addresses"]:
                if _reaches(address, local):
                    found.append((local, int(port), host or None))
    return found


def _removes(args: dict[str, Any], site: str, binding: dict[str, Any]) -> bool:
    """Does ``remove_others`` reach a binding that the request does not name?"""
    removal = args["remove_others"]
    subject = f"{site}/{binding['information']}".lower()
    if any(fnmatch.fnmatchcase(text, keep.lower()) for keep in removal["keep"] for text in (site.lower(), subject)):
        return False
    listed = {item["site"].lower() for item in args["bindings"]}
    return removal["scope"] == "host" or (removal["scope"] == "listed_sites" and site.lower() in listed)


def _scoped(case: Case, spot: Spot) -> bool:
    """Is there a central store record for this one name? How Windows ranks those no source says (F1.24), and the lab has none."""
    name = f"{spot[2]}:{spot[1]}"
    return any(item["family"] == "scopedccs" and item["key"].lower() == name for item in case.document["records"])


def _identity(site: str, address: str, port: int, host: str) -> tuple[str, str, int, str]:
    return (site.lower(), "*" if address in ("", "*", "0.0.0.0") else address.strip("[]"), port, host.lower())


def _reaches(bound: str, local: str) -> bool:
    bare = bound.strip("[]")
    return bare in ("*", "", "0.0.0.0", local) or (bare == "::" and ipaddress.ip_address(local).version == 6)


def _class(port: int, name: str | None, spoken: set[tuple[int, str]]) -> str | None:
    """The name under which a plan lists an endpoint: its own, a wildcard for it, or "any other"."""
    if name is None or (port, name) in spoken:
        return name
    parent = "*." + name.partition(".")[2]
    return parent if (port, parent) in spoken else ANY_OTHER_NAME

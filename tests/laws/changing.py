# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws about changes. Each is a function of one case: True where it held, False where it says nothing about the case."""

from __future__ import annotations

import fnmatch
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import ANY_OTHER_NAME
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import RecordStep
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.predict import after_steps
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.steps import binding_image
from lab.httpsys import Spot
from support.schema import valid

from . import strategies
from .cases import Case, planned

#: Bits of sslFlags and of DefaultFlags by option, as the facts list them (F2.06).
_BITS = {
    "disable_http2": (4, 0x10),
    "disable_ocsp_stapling": (8, 0x80),
    "disable_quic": (16, 0x20),
    "disable_tls13": (32, 0x40),
    "disable_legacy_tls": (64, 0x400),
    "negotiate_client_certificate": (128, 0x2),
    "ds_mapper": (0, 0x1),
}


def applying_a_plan_leaves_nothing_to_plan(case: Case) -> bool:
    plan = case.plan
    if plan is None or not case.real or joins_unknown_listeners(case.args, plan.notes):
        return False
    assert case.outcome.answer["error"] is None, case.outcome.answer["error"]
    again = planned(case.left, case.args)
    assert again is not None and again.steps == ()
    return True


def joins_unknown_listeners(args: dict[str, Any], notes: Iterable[str]) -> bool:
    """A site that joins an unknown listener hides it: a note says so, and what repairs of orphans then cost."""
    orphans = {"orphan", "shadowed"} & {text.partition(" ")[0] for text in args["repair"]}
    return bool(orphans) and any("another program listens" in note for note in notes)


def endpoints_outside_the_request_never_change(case: Case) -> bool:
    if not case.real or not case.steps or case.args["repair"]:
        return False
    assert case.outcome.answer["error"] is None, case.outcome.answer["error"]
    for spot in outside(case.document, case.args):
        shown = case.outcome.seen.get(spot)
        if shown is not None and not scoped(case.document, spot):
            assert set(shown) == {shown[0]}, (spot, shown, case.outcome.moments)
    return True


def every_endpoint_shows_the_old_or_the_new_certificate_and_never_a_third(case: Case) -> bool:
    plan = case.plan
    if plan is None or not case.real or not plan.steps:
        return False
    assert case.outcome.answer["error"] is None, case.outcome.answer["error"]
    never_a_third([plan], case.document, case.outcome.seen)
    return True


def never_a_third(plans: Iterable[Plan], document: dict[str, Any], seen: Mapping[Spot, list[str | None]]) -> None:
    """Did each endpoint show what it shows first or last, and nothing else, but in a gap that a plan announced?"""
    for spot, shown in seen.items():
        if not set(shown) <= {shown[0], shown[-1]} and not scoped(document, spot):
            assert any(_in_gap(plan, spot) for plan in plans), (spot, shown)


def _in_gap(plan: Plan, spot: Spot) -> bool:
    gaps = {(item.endpoint.address, item.endpoint.port, item.endpoint.sni) for item in plan.affected if item.gap}
    resolvers = (Resolver(plan.host), Resolver(plan.after))
    spoken = {(port, name) for resolver in resolvers for port in strategies.PORTS for name in resolver.names(port)}
    return spot in gaps or (spot[0], spot[1], _class(spot[1], spot[2], spoken)) in gaps


def no_record_is_deleted_that_a_binding_relies_on(case: Case) -> bool:
    if case.plan is None:
        return False
    standing = {record.key for record in case.host.records}  # what a bridge adds goes with it
    records = [step for step in case.plan.steps if isinstance(step, RecordStep) and step.key in standing]
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
    if not case.chance.randrange(40):  # as slow as all laws together
        valid(answer["document"])
    real = case.left
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
            assert _changed(_settings(step.before), _settings(step.after)) <= _asked(case.args["bindings"])
    values = [{record.key: record.value for record in host.records} for host in (plan.host, plan.after)]
    wishes = {(item["site"], *_parts(item)): item for item in case.args["bindings"]}
    renamed = {
        (item["site"], *_parts(item["replaces"])): item
        for item in case.args["bindings"]
        if item.get("replaces") is not None
    }
    after = {(site.name, *binding.parts): binding for site in plan.after.sites for binding in site.bindings}
    for site in plan.host.sites:
        for binding in site.bindings:
            place = (site.name, *binding.parts)
            wish = renamed.get(place) or wishes.get(place) or {}
            now = after.get(place) or after.get((site.name, *_parts(wish)) if wish else place)
            if now is None:
                continue
            free = 1 | (2 if wish.get("central_store") is not None else 0)
            free |= sum(_BITS.get(name, (0, 0))[0] for name in wish.get("options") or {})
            assert now.flags & ~free == binding.flags & ~free
            keys = (binding.record, now.record)
            held = [known.get(key) for known, key in zip(values, keys, strict=True) if key is not None]
            if len(held) == 2 and all(value is not None and value.thumbprint for value in held):
                # a record may be shared, and then everybody who shares it has asked or consented
                changed = _changed(*(_settings(value, keys[0] == keys[1]) for value in held))
                allowed = wish or site.name in case.args["allow"]["shared_change"]
                assert changed <= (_asked(case.args["bindings"]) if allowed else set()), (place, changed)
    return True


def what_was_asked_for_is_what_stands(case: Case) -> bool:
    """Read off the document afterwards, from the words of the request alone."""
    if case.plan is None or not case.real or not case.args["bindings"]:
        return False
    left = case.outcome.answer["document"]
    flags = {
        (site["name"], *_parts(_place(binding["information"]))): binding["ssl_flags"] or 0
        for site in left["sites"]
        for binding in site["bindings"]
        if binding["protocol"] == "https" and binding["information"].count(":") > 1
    }
    records = {(item["family"], item["key"].lower()): item for item in left["records"]}
    for item in case.args["bindings"]:
        held = flags.get((item["site"], *_parts(item)))
        assert (held is None) == (item.get("state") == "absent"), item
        if "replaces" in item:
            assert (item["site"], *_parts(item["replaces"])) not in flags, item
        if held is None:
            continue
        if "central_store" in item:
            assert bool(held & 2) == item["central_store"], item
        binding = {"protocol": "https", "information": _information(item), "ssl_flags": held}
        record = records.get(strategies.needed(binding) or ("", ""))
        certificate = item.get("certificate") or {}
        if "thumbprint" in certificate:
            assert record is not None and record["thumbprint"] == certificate["thumbprint"], item
        for name, wanted in (item.get("options") or {}).items():
            if name == "ctl_store":
                assert held & 2 or (record is not None and (record["ctl_store"] or "").lower() == wanted), item
                continue
            binding_bit, record_bit = _BITS[name]
            assert wanted or not held & binding_bit, item
            assert held & 2 or (record is not None and bool(record["flags"] & record_bit) == wanted), item
    return True


def the_order_of_the_request_changes_nothing(case: Case) -> bool:
    shuffled = {**case.args, "bindings": list(case.args["bindings"]), "repair": list(case.args["repair"])}
    case.chance.shuffle(shuffled["bindings"])
    case.chance.shuffle(shuffled["repair"])
    if len(case.args["bindings"]) + len(case.args["repair"]) < 2:
        return False
    other = planned(case.host, shuffled)
    assert (case.plan is None) == (other is None)
    assert case.plan is None or other is None or case.plan.steps == other.steps
    return True


def _settings(value: Any, with_owner: bool = True) -> dict[str, object]:
    """What a record says beside its certificate; the application id only where it is the same record."""
    names = ("check_mode", "freshness", "timeout", "ctl_identifier", "ctl_store", *(["app_id"] if with_owner else []))
    found = {name: getattr(value, name) for name in names}
    found |= {name: bool(value.flags & bit) for name, (_binding, bit) in _BITS.items()}
    return {**found, "others": value.flags & ~sum(bit for _binding, bit in _BITS.values())}


def _changed(one: dict[str, object], other: dict[str, object]) -> set[str]:
    return {name for name, value in one.items() if value != other[name]}


def _asked(wishes: list[dict[str, Any]]) -> set[str]:
    return {name for item in wishes for name in item.get("options") or {}}


def _place(information: str) -> dict[str, Any]:
    address, port, host = information.rsplit(":", 2)
    return {"address": address or "*", "port": int(port), "host": host.lower()}


def _information(item: dict[str, Any]) -> str:
    address = item["address"].strip("[]")
    return f"{f'[{address}]' if ':' in address else address}:{item['port']}:{item['host']}"


def _parts(item: dict[str, Any]) -> tuple[str, int, str]:
    address = "0.0.0.0" if item["address"] == "*" else item["address"].strip("[]")
    return (address, item["port"], item["host"])


def outside(document: dict[str, Any], args: dict[str, Any]) -> list[Spot]:
    """Endpoints of https bindings that the request neither names nor allows to change, found from its words alone."""
    named = [*args["bindings"], *({**item, **item["replaces"]} for item in args["bindings"] if "replaces" in item)]
    spoken = {identity(item["site"], item["address"], item["port"], item["host"]) for item in named}
    allowed = {name.lower() for name in args["allow"]["shared_change"]}
    found: list[Spot] = []
    for site in document["sites"]:
        for binding in site["bindings"]:
            if binding["protocol"] != "https" or site["name"].lower() in allowed:
                continue
            if binding["information"].count(":") < 2:
                continue
            address, port, host = binding["information"].rsplit(":", 2)
            if identity(site["name"], address, int(port), host) in spoken or _removes(args, site["name"], binding):
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


def scoped(document: dict[str, Any], spot: Spot) -> bool:
    """Is there a central store record for this one name? How Windows ranks those no source says (F1.24), and the lab has none."""
    name = f"{spot[2]}:{spot[1]}"
    return any(item["family"] == "scopedccs" and item["key"].lower() == name for item in document["records"])


def identity(site: str, address: str, port: int, host: str) -> tuple[str, str, int, str]:
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

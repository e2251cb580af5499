# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm with one IIS configuration: phases over its hosts, each phase applied by plan files, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import ProbeStep, RecordStep
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.farm import PHASES, farm_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from support.actions import API, Simulated, description, run
from support.certificates import NOW
from support.documents import SERVER_2008_R2, SERVER_2012_R2, record, site
from support.peers import API as API_CERT
from support.peers import NEW, SHOP, host_of, refused, wish
from support.texts import said

ALLOW = {"shared_configuration": True, "shared_change": ["Shop"]}


def node(name: str, *more_records: dict[str, Any], **more: Any) -> Host:
    sites = [site("Shop", "*:443:shop.example.com=0")]
    parts = {"sites": sites, "records": [record("0.0.0.0:443", SHOP), *more_records], "shared_configuration": True}
    return host_of(**{**parts, "name": name, **more})


def problems(hosts: list[Host], *bindings: dict[str, Any], **rest: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        farm_plan(hosts, parse_request({"bindings": list(bindings), "allow": ALLOW, **rest}), NOW)
    return {problem.path: problem.message for problem in refusal.value.problems}


MOVED = wish("Shop", "shop.example.com", sni="required")


def test_a_host_of_a_farm_is_changed_only_with_consent() -> None:
    assert "shares its IIS configuration" in refused(node("A"), MOVED)["allow.shared_configuration"]


def test_records_first_on_all_hosts_the_commit_once_old_records_last() -> None:
    hosts = [node("A"), node("B")]
    phases = farm_plan(hosts, parse_request({"bindings": [MOVED], "allow": ALLOW}), NOW).phases
    assert tuple(phase.name for phase in phases) == PHASES
    told = [[[step.op for step in plan.steps] for plan in phase.plans] for phase in phases]
    assert told == [
        [["record_set", "probe"], ["record_set", "probe"]],
        [["bindings"], []],
        [["record_delete", "probe"], ["record_delete", "probe"]],
    ]
    after = [plan.after for plan in phases[-1].plans]
    assert [[item.key.text for item in host.records] for host in after] == [["shop.example.com:443"]] * 2


def test_an_old_record_that_the_last_phase_did_not_come_to_is_an_orphan_for_the_next_run() -> None:
    """As the guide says: nothing tells the next run whose it was, so that it has to be asked to remove it."""
    request = {"bindings": [MOVED], "allow": ALLOW}
    last = farm_plan([node("A"), node("B")], parse_request(request), NOW).phases[2].plans
    left = [last[0].after, last[1].host]
    again = farm_plan(left, parse_request(request), NOW)
    assert all(plan.empty for phase in again.phases for plan in phase.plans)
    assert [[item.subject for item in plan.findings if item.id == "orphan"] for plan in again.wholes] == [
        [],
        ["0.0.0.0:443"],
    ]
    repaired = farm_plan(left, parse_request({**request, "repair": ["orphan"]}), NOW).wholes
    assert [item.key.text for item in repaired[1].after.records] == ["shop.example.com:443"]


@pytest.mark.parametrize(
    ("hosts", "path", "said"),
    [
        ([node("A")], "documents", "at least two"),
        ([node("A"), node("a")], "documents[1]", "twice"),
        ([node("A"), node("B", shared_configuration=False)], "documents[1]", "does not share"),
        ([node("A"), node("B", sites=[site("Shop", "*:444:=0")])], "documents[1]", "B and A have different sites or"),
    ],
)
def test_what_is_no_farm_is_refused(hosts: list[Host], path: str, said: str) -> None:
    assert said in problems(hosts, MOVED)[path]


@pytest.mark.parametrize(("names", "told"), [("ABC", "B and A"), ("BC", "C and B")])
def test_hosts_that_would_need_different_bindings_are_refused(names: str, told: str) -> None:
    """B knows no SNI, so that auto means something else there, in the configuration they share."""
    named = wish("Shop", "api.example.com", API_CERT)
    hosts = [
        node(
            name,
            sites=[site("Shop")],
            records=[],
            **({"os": SERVER_2008_R2, "schema_ssl_flags": False} if name == "B" else {}),
        )
        for name in names
    ]
    assert problems(hosts, named) == {
        "documents": f"{told} would need different bindings in the configuration they share"
    }


def test_a_refusal_names_the_host() -> None:
    lacking = replace(node("B"), certificates=())
    assert problems([node("A"), lacking], wish("Shop", "shop.example.com", SHOP))[
        "bindings[0].certificate.thumbprint"
    ].startswith("B: ")


STOPPED = {"state": "stopped"}


def phased(hosts: list[Host], *bindings: dict[str, Any], **allow: Any) -> list[list[list[str]]]:
    """By phase and host, what is called."""
    request = parse_request({"bindings": list(bindings), "allow": {**ALLOW, **allow}})
    return [
        [[step.op for step in plan.steps] for plan in phase.plans] for phase in farm_plan(hosts, request, NOW).phases
    ]


def test_a_record_waits_for_the_last_phase_as_long_as_a_stopped_site_relies_on_it() -> None:
    """Farm 1 of the laws: nobody listens on the port of one host, and there the record went before the commit."""
    parts = {"records": [record("shop.example.com:443", SHOP)], "http_ports": [80]}
    hosts = [node("A", sites=[site("Shop", "*:443:shop.example.com=1", **STOPPED)], **parts), node("B")]
    hosts[1] = replace(hosts[0], name="B", http_ports=frozenset({80, 443}))
    told = phased(hosts, wish("Shop", "shop.example.com", state="absent"))
    assert told[0] == [[], []] and told[1] == [["bindings"], []]
    assert [ops[0] for ops in told[2]] == ["record_delete", "record_delete"]


def test_a_port_that_opens_on_the_record_of_a_stopped_site_is_refused() -> None:
    """The record can go neither before the commit, for a binding relies on it, nor after it, for clients would meet it."""
    sites = [site("Old", "*:443:=0", **STOPPED), site("Shop", number=2)]
    hosts = [node(name, sites=sites, http_ports=[80]) for name in ("A", "B")]
    told = problems(hosts, wish("Old", "", state="absent"), wish("Shop", "shop.example.com", SHOP))["documents"]
    assert told.startswith("B: record 0.0.0.0:443 belongs to a stopped site's binding")


def test_a_port_that_no_site_needs_any_more_is_not_expected_to_be_closed() -> None:
    """Farm 68 of the laws: another program went on listening there, and the handshake of the last phase undid it."""
    hosts = [node(name, sites=[site("Shop", "*:443:=0")]) for name in ("A", "B")]
    told = phased(hosts, wish("Shop", "", state="absent"))
    assert told == [[[], []], [["bindings"], []], [["record_delete"], ["record_delete"]]]


def test_a_gap_on_a_port_that_no_site_needs_any_more_is_announced() -> None:
    """Farm 812 of the laws: who still listens there meets it."""
    sites = [site("Shop", "10.0.0.5:443:=0"), site("Api", number=2, **STOPPED)]
    parts = {"sites": sites, "os": SERVER_2012_R2, "update_exported": False, "records": [record("10.0.0.5:443", SHOP)]}
    hosts = [node(name, **parts) for name in ("A", "B")]
    moved = wish("Shop", "", address="10.0.0.5", state="absent"), wish("Api", "", API_CERT, address="10.0.0.5")
    request = parse_request({"bindings": list(moved), "allow": {**ALLOW, "gap": True}})
    last = farm_plan(hosts, request, NOW).phases[2]
    assert [plan.steps[0].op for plan in last.plans] == ["record_replace", "record_replace"]
    assert all([item.endpoint.address for item in plan.affected if item.gap] == ["10.0.0.5"] * 2 for plan in last.plans)
    assert all(len({item.endpoint for item in plan.affected}) == len(plan.affected) for plan in last.plans), "told once"


def test_a_gap_is_announced_once_in_the_phase_that_has_it() -> None:
    sites = [site("Shop", "10.0.0.5:443:=0"), site("Api", "10.0.0.6:8443:=0", number=2)]
    records = [record("10.0.0.5:443", SHOP), record("10.0.0.6:8443", API_CERT)]
    parts = {
        "sites": sites,
        "os": SERVER_2012_R2,
        "update_exported": False,
        "records": records,
        "http_ports": [443, 8443],
    }
    wanted = [wish("Shop", "", NEW, address="10.0.0.5"), wish("Api", "", address="10.0.0.6", port=8443, state="absent")]
    request = parse_request({"bindings": wanted, "allow": {**ALLOW, "gap": True}})
    phases = farm_plan([node("A", **parts), node("B", **parts)], request, NOW).phases
    told = [
        [(item.endpoint.address, item.endpoint.sni, item.gap) for item in phase.plans[1].affected] for phase in phases
    ]
    assert told[0] == [("10.0.0.5", None, True), ("10.0.0.5", "*", True)]
    assert not any(gap for phase in told[1:] for _address, _name, gap in phase)


def test_a_record_that_nobody_relied_on_need_not_wait() -> None:
    """Nobody listens on its port, and no binding goes from it."""
    hosts = [node(name, record("10.0.0.5:8443", SHOP)) for name in ("A", "B")]
    request = parse_request({"bindings": [MOVED], "repair": ["orphan"], "allow": ALLOW})
    first, _commit, last = farm_plan(hosts, request, NOW).phases
    assert [step.op for step in first.plans[0].steps] == ["record_set", "record_delete", "probe"]
    assert [str(step.key) for step in last.plans[0].steps if isinstance(step, RecordStep)] == ["0.0.0.0:443"]


def looked_at(plan: Plan, port: int) -> dict[str, str | None]:
    """What handshakes without a name shall show on a port, by address."""
    probes = [step for step in plan.steps if isinstance(step, ProbeStep)]
    found = {
        item.address: item.expect for probe in probes for item in probe.endpoints if item.port == port and not item.sni
    }
    return dict(sorted(found.items()))


def test_where_a_binding_went_and_the_port_stays_open_no_handshake_is_expected_to_succeed() -> None:
    sites = [site("Shop", "10.0.0.5:443:=0", "10.0.0.6:443:=0")]
    records = [record("10.0.0.5:443", SHOP), record("10.0.0.6:443", SHOP)]
    hosts = [node(name, sites=sites, records=records) for name in ("A", "B")]
    request = parse_request({"bindings": [wish("Shop", "", address="10.0.0.6", state="absent")], "allow": ALLOW})
    last = farm_plan(hosts, request, NOW).phases[2]
    assert looked_at(last.plans[1], 443) == {"10.0.0.5": SHOP["thumbprint"], "10.0.0.6": None}


def test_a_port_opens_with_the_commit_and_is_closed_until_then() -> None:
    hosts = [node(name) for name in ("A", "B")]
    new = wish("Shop", "", API_CERT, address="10.0.0.5", port=8443)
    phases = farm_plan(hosts, parse_request({"bindings": [new], "allow": ALLOW}), NOW).phases
    assert looked_at(phases[0].plans[0], 8443) == {"10.0.0.5": None, "10.0.0.6": None}
    assert looked_at(phases[1].plans[0], 8443) == {"10.0.0.5": API_CERT["thumbprint"]}
    met = {(item.endpoint.address, item.before, item.after) for item in phases[1].plans[0].affected}
    assert met == {("10.0.0.5", None, API_CERT["thumbprint"])}


def test_what_is_noted_of_a_host_stands_in_its_first_phase_only() -> None:
    hosts = [node("A"), node("B", record("10.0.0.5:443", SHOP, app_id="{ba195980-cd49-458b-9e23-c84ee0adcd75}"))]
    request = parse_request({"bindings": [MOVED], "repair": ["shadowed"], "allow": ALLOW})
    noted = [[len(plan.notes) for plan in phase.plans] for phase in farm_plan(hosts, request, NOW).phases]
    assert noted[0][1] > 0 and noted[1:] == [[0, 0], [0, 0]]


def test_plan_files_of_each_phase_are_applied_by_https_bindings(tmp_path: Path) -> None:
    """Two hosts with one list of sites; after each phase every host serves what it should, and a second plan is empty."""
    nodes = [Simulated(description(slug=slug, shared_configuration=True)) for slug in ("web01", "web02")]
    for item in nodes:
        item.host.iis.sites = nodes[0].host.iis.sites
    chosen = {"thumbprint": nodes[0].thumbprint(API)}
    args: dict[str, Any] = {
        "bindings": [{"site": "Api", "host": "api.example.com", "sni": "required", "certificate": chosen}],
        "allow": {"shared_configuration": True},
        "dest": str(tmp_path / "farm"),
    }
    checked = run("https_bindings_plan", {**args, "documents": [item.host.read() for item in nodes]}, check_mode=True)
    assert checked["changed"] is True and not (tmp_path / "farm").exists()
    planned = run("https_bindings_plan", {**args, "documents": [item.host.read() for item in nodes]})
    assert planned["changed"] is True and [phase["name"] for phase in planned["phases"]] == list(PHASES)
    for phase in PHASES:
        for item, name in zip(nodes, ("web01", "web02"), strict=True):
            done = run("https_bindings", {"plan": str(tmp_path / "farm" / phase / f"{name}.json")}, item)
            assert not done.get("failed"), done
            for other in nodes:  # one configuration: what one host commits, all have
                other.host.iis.sites = item.host.iis.sites
    for item in nodes:
        assert item.host.served("10.0.0.5", 443, "api.example.com") == item.thumbprint(API)
    again = run("https_bindings_plan", {**args, "documents": [item.host.read() for item in nodes]})
    assert all(plan["plan"] == [] for phase in again["phases"] for plan in phase["plans"])


def test_the_last_phase_waits_for_the_configuration(tmp_path: Path) -> None:
    moved = {
        "bindings": [
            {"site": name, "host": f"{name.lower()}.example.com", "sni": "required"} for name in ("Shop", "Api")
        ]
    }
    nodes = [Simulated(description(slug=slug, shared_configuration=True)) for slug in ("web01", "web02")]
    documents = [item.host.read() for item in nodes]
    args = {**moved, "documents": documents, "allow": {"shared_configuration": True}, "dest": str(tmp_path)}
    run("https_bindings_plan", args)
    file = tmp_path / "3-old-records" / "web02.json"
    assert json.loads(file.read_text())["steps"][0]["op"] == "record_delete"
    early = run("https_bindings", {"plan": str(file)}, nodes[1])
    assert early["failed"] is True and "is still needed by binding" in said(early) and nodes[1].host.writes == 0


def test_a_plan_for_a_host_of_its_own_changes_no_farm(tmp_path: Path) -> None:
    alone, shared = Simulated(description()), Simulated(description(shared_configuration=True))
    args = {
        "bindings": [{"site": "Shop", "host": "shop.example.com", "sni": "required"}],
        "dest": str(tmp_path / "plan.json"),
    }
    run("https_bindings_plan", {**args, "document": alone.host.read()})
    refusal = run("https_bindings", {"plan": str(tmp_path / "plan.json")}, shared)
    assert refusal["failed"] is True and "was not made for that" in said(refusal) and shared.host.writes == 0

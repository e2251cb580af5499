# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request has to allow by name, what that allows, and what nothing allows."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.approved import approved_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.farm import farm_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from support.certificates import NOW
from support.documents import record, site
from support.peers import API, OTHER, SHOP, filed, host_of, plan_of, records_of, refused, wish

SSTP = "{ba195980-cd49-458b-9e23-c84ee0adcd75}"


def ops(plan: Plan) -> list[str]:
    return [step.op for step in plan.steps]


def foreign_host(**more: Any) -> Host:
    """A record of RRAS for every address, which a binding relies on, too."""
    return host_of(sites=[site("Shop", "*:443:=0")], records=[record("0.0.0.0:443", OTHER, app_id=SSTP)], **more)


@pytest.mark.parametrize("name", ["RRAS/SSTP", "rras/sstp ", "0.0.0.0:443"])
def test_a_record_of_others_changes_where_its_owner_or_itself_is_named(name: str) -> None:
    message = refused(foreign_host(), wish("Shop", "", SHOP))["bindings[0]"]
    assert 'foreign: ["RRAS/SSTP"] or ["0.0.0.0:443"]' in message
    plan = plan_of(foreign_host(), wish("Shop", "", SHOP), allow={"foreign": [name]})
    assert ops(plan) == ["record_update", "probe"]
    assert plan.after.records[0].value.app_id == SSTP  # it stays theirs
    assert all(
        item.other is not None and "RRAS/SSTP" in item.other.text for item in plan.affected if not item.requested
    )


def test_another_owner_or_record_allows_nothing() -> None:
    allow = {"foreign": ["sstp", "10.0.0.5:443", "hostnameport 0.0.0.0:443", ""]}
    assert "read-only" in refused(foreign_host(), wish("Shop", "", SHOP), allow=allow)["bindings[0]"]


@pytest.mark.parametrize("app_id", ["{00000001-0000-4000-8000-000000000000}", "{ffffffff-0000-4000-8000-000000000000}"])
def test_a_record_without_a_binding_belongs_to_whoever_stamped_it(app_id: str) -> None:
    """Before and after IIS' own id in the alphabet."""
    host = host_of(sites=[site("Shop")], records=[record("0.0.0.0:443", OTHER, app_id=app_id)])
    assert f"unknown by its application id {app_id}" in refused(host, wish("Shop", "", SHOP))["bindings[0]"]


def test_an_owner_that_shows_itself_is_named_by_its_kind() -> None:
    user = {"kind": "sstp", "key": "ipport 0.0.0.0:443", "thumbprint": None, "evidence": "RemoteAccess is set up"}
    host = host_of(sites=[site("Shop", "*:443:=0")], records=[record("0.0.0.0:443", OTHER)], users=[user])
    said = refused(host, wish("Shop", "", SHOP))
    assert 'foreign: ["sstp"] or ["0.0.0.0:443"]' in said["bindings[0]"]
    assert list(said) == ["bindings[0]"], "asked once"
    # the record as a document calls it, too
    assert not plan_of(host, wish("Shop", "", SHOP), allow={"foreign": ["ipport 0.0.0.0:443"]}).empty
    assert not plan_of(host, wish("Shop", "", SHOP), allow={"foreign": ["sstp"]}).empty


def test_a_new_record_that_outranks_one_of_others_needs_the_same_consent() -> None:
    host = host_of(sites=[site("Shop")], records=[record("0.0.0.0:443", OTHER, app_id=SSTP)])
    new = wish("Shop", "", SHOP, address="10.0.0.5", sni="never")
    message = refused(host, new)["allow.foreign"]
    assert "10.0.0.5:443 without SNI" in message and '["RRAS/SSTP"] or ["0.0.0.0:443"]' in message
    plan = plan_of(host, new, allow={"foreign": ["0.0.0.0:443"]})
    assert ops(plan) == ["record_set", "bindings", "probe"]


def test_sites_are_asked_although_an_owner_is_allowed() -> None:
    sites = [site("Shop", "*:443:shop.example.com=0"), site("Api", "*:443:api.example.com=0", number=2)]
    host = host_of(sites=sites, records=[record("0.0.0.0:443", OTHER, app_id=SSTP)])
    wanted, allow = wish("Shop", "shop.example.com", SHOP), {"foreign": ["RRAS/SSTP"]}
    assert "clients of Api meet" in refused(host, wanted, allow=allow)["allow.shared_change"]
    assert not plan_of(host, wanted, allow={**allow, "shared_change": ["Api"]}).empty


def test_a_record_of_others_is_never_deleted() -> None:
    plan = plan_of(foreign_host(), wish("Shop", "", state="absent"), allow={"foreign": ["RRAS/SSTP", "0.0.0.0:443"]})
    assert records_of(plan.after) == ["0.0.0.0:443"]
    assert any("record 0.0.0.0:443 stays" in note for note in plan.notes)


@pytest.mark.parametrize("address", ["*", "10.0.0.5"])
def test_nothing_allows_the_listener_of_the_connection(address: str) -> None:
    """Neither to change its record, nor to outrank it."""
    host = host_of(
        sites=[site("Shop", "*:5986:=0")],
        records=[record("0.0.0.0:5986", OTHER)],
        connection={"address": "10.0.0.5", "port": 5986, "tls": True},
        http_ports=[443, 5986],
    )
    allow = {"foreign": ["winrm", "WinRM", "0.0.0.0:5986"], "shared_change": ["Shop"], "gap": True}
    said = refused(host, wish("Shop", "", SHOP, port=5986, address=address, sni="never"), allow=allow)
    assert "Nothing allows that" in " ".join(said.values())


def test_not_even_an_approved_plan_touches_the_listener_of_the_connection() -> None:
    """It was made from a document that was read another way, so that nobody knew: it was carried out."""
    parts = {
        "sites": [site("Shop", "*:5986:=0")],
        "records": [record("0.0.0.0:5986", OTHER)],
        "http_ports": [443, 5986],
    }
    allow = {"shared_change": ["Shop"]}
    plan = plan_of(host_of(**parts), wish("Shop", "", SHOP, port=5986, address="*", sni="never"), allow=allow)
    approved = filed(plan)
    assert ops(approved_plan(host_of(**parts), approved, NOW)) == ops(plan)
    now = host_of(**parts, connection={"address": "10.0.0.5", "port": 5986, "tls": True})
    with pytest.raises(Invalid, match="the WinRM listener this connection uses") as refusal:
        approved_plan(now, approved, NOW)
    assert [problem.path for problem in refusal.value.problems] == ["plan.steps[0]"]


def test_not_even_an_approved_plan_outranks_the_listener_of_the_connection() -> None:
    """Its record stays as it was, and yet nobody would meet it any more: the plan was carried out."""
    parts: dict[str, Any] = {
        "sites": [site("Shop", "*:443:shop.example.com=1")],
        "records": [record("0.0.0.0:5986", OTHER)],
        "http_ports": [443, 5986],
    }
    wanted = [
        wish("Shop", "shop.example.com", SHOP, sni="required"),
        wish("Shop", "", SHOP, port=5986, address="10.0.0.5", sni="never"),
    ]
    plan = plan_of(host_of(**parts), *wanted, allow={"foreign": ["0.0.0.0:5986"]})
    approved = filed(plan)
    assert records_of(plan.after)[-1] == "10.0.0.5:5986"
    assert ops(approved_plan(host_of(**parts), approved, NOW)) == ops(plan)
    now = host_of(**parts, connection={"address": "10.0.0.5", "port": 5986, "tls": True})
    with pytest.raises(Invalid) as refusal:
        approved_plan(now, approved, NOW)
    (problem,) = refusal.value.problems
    assert plan.steps[int(problem.path.removeprefix("plan.steps[").rstrip("]"))].key.text == "10.0.0.5:5986"  # type: ignore[union-attr]
    assert problem.message.startswith("would change what record 0.0.0.0:5986 serves for the WinRM listener")
    assert f"{OTHER['thumbprint']} -> {SHOP['thumbprint']} on 10.0.0.5:5986 without SNI" in problem.message
    assert problem.message.endswith("Nothing allows that")


CONNECTED: dict[str, Any] = {
    "sites": [site("Shop", "*:443:=0")],
    "records": [record("0.0.0.0:443", OTHER)],
    "connection": {"address": "10.0.0.5", "port": 443, "tls": True},
}


def test_a_record_for_a_name_beside_the_listener_is_no_concern_of_it() -> None:
    host = host_of(**CONNECTED)
    plan = plan_of(host, wish("Shop", "api.example.com", API, sni="required"))
    assert ops(plan) == ["record_set", "bindings", "probe"]
    approved = filed(plan)
    assert ops(approved_plan(host, approved, NOW)) == ops(plan)


@pytest.mark.parametrize("before", [(), ("10.0.0.6:443:api.example.com=1",)])
@pytest.mark.parametrize("more", [{"certificate": {"thumbprint": API["thumbprint"]}}, {"central_store": True}])
def test_nor_is_it_in_the_first_phase_of_a_farm_before_its_binding_is_there(
    more: dict[str, Any], before: tuple[str, ...]
) -> None:
    """Also where a binding of that name is there already, for another address: farm 42057 of the laws was refused."""
    parts = {**CONNECTED, "sites": [site("Shop", "*:443:=0", *before)], "shared_configuration": True}
    store = {"enabled": True, "files": ["api.example.com.pfx"]}
    hosts = [host_of(**parts, name=name, central_store=store) for name in ("A", "B")]
    allow = {"shared_configuration": True, "shared_change": ["Shop"]}
    request = parse_request({"bindings": [wish("Shop", "api.example.com", **more)], "allow": allow})
    for host, plan in zip(hosts, farm_plan(hosts, request, NOW).phases[0].plans, strict=True):
        approved = filed(plan)
        assert ops(plan) == ops(approved_plan(host, approved, NOW)) == ["record_set", "probe"]


def test_nor_is_a_name_that_gets_an_address_of_its_own_there() -> None:
    """Farm 43783 of the laws was refused: who asks the listener's address for that name has been met by a record for the name."""
    parts = {**CONNECTED, "sites": [site("Shop")], "records": [record("api.example.com:443", OTHER)]}
    hosts = [host_of(**parts, name=name, shared_configuration=True, http_ports=[443]) for name in ("A", "B")]
    new = wish("Shop", "api.example.com", API, address="10.0.0.5", sni="never")
    request = parse_request({"bindings": [new], "allow": {"shared_configuration": True}})
    plan = farm_plan(hosts, request, NOW).phases[0].plans[0]
    approved = filed(plan)
    assert ops(plan) == ops(approved_plan(hosts[0], approved, NOW)) == ["record_set", "probe"]


def test_a_port_that_no_site_needs_any_more_may_have_another_listener() -> None:
    """Found by law L2: that listener would show the new record to clients of a stopped site, and nobody was asked."""
    sites = [site("Shop", "*:443:=0"), site("Parked", "*:443:api.example.com=1", number=2, state="stopped")]
    host = host_of(sites=[*sites, site("Api", number=3)], records=[], http_ports=[80, 443])
    moved = wish("Api", "api.example.com", API, address="10.0.0.5", sni="required")
    stopped = host_of(sites=[*sites, site("Api", number=3, state="stopped")], records=[], http_ports=[80, 443])
    absent = wish("Shop", "", state="absent")
    assert "Parked" in refused(stopped, moved, absent)["allow.shared_change"]
    assert "Parked" in refused(host, moved, absent)["allow.shared_change"]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge by example: over which records it goes, over which it cannot, and that an approved plan knows it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host, RecordValue
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import record_key
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import RecordStep
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.approved import approved_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.bridge import covered
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.predict import after_steps
from support.certificates import NOW
from support.documents import SERVER_2012_R2, record, site
from support.peers import API, NEW, OTHER, SHOP, filed, host_of, plan_of, refused, wish

OLD: dict[str, Any] = {
    "os": SERVER_2012_R2,
    "iis": {"major": 8, "minor": 5},
    "update_exported": False,
    "addresses": ["10.0.0.5", "2001:db8::5"],
}
WISH = wish("Shop", "", NEW)


def old_host(*records: dict[str, Any], bindings: tuple[str, ...] = ("*:443:=0",), **more: Any) -> Host:
    return host_of(**{**OLD, "sites": [site("Shop", *bindings)], "records": list(records), **more})


def calls(plan: Plan) -> list[str]:
    return [f"{step.op} {step.key.text}" for step in plan.steps if isinstance(step, RecordStep)]


def test_every_address_that_the_record_answers_is_carried_over_loopback_and_ipv6_too() -> None:
    plan = plan_of(old_host(record("0.0.0.0:443", SHOP, flags=2)), WISH)
    local = ["10.0.0.5:443", "[2001:db8::5]:443", "127.0.0.1:443", "[::1]:443"]
    assert calls(plan) == [
        *(f"record_set {key}" for key in local),
        "record_replace 0.0.0.0:443",
        *(f"record_delete {key}" for key in reversed(local)),
    ]
    assert not any(item.gap for item in plan.affected) and plan.affected
    carried = [step.after for step in plan.steps if isinstance(step, RecordStep) and step.op == "record_set"]
    assert all(item is not None and (item.thumbprint, item.flags) == (NEW["thumbprint"], 2) for item in carried)
    assert [item.key.text for item in plan.after.records] == ["0.0.0.0:443"]
    assert plan_of(plan.after, WISH).empty


def test_addresses_with_a_record_of_their_own_need_no_bridge() -> None:
    plan = plan_of(old_host(record("0.0.0.0:443", SHOP), record("[::]:443", API), record("10.0.0.5:443", OTHER)), WISH)
    assert calls(plan) == ["record_set 127.0.0.1:443", "record_replace 0.0.0.0:443", "record_delete 127.0.0.1:443"]


def test_addresses_where_http_sys_does_not_listen_need_none_either() -> None:
    plan = plan_of(old_host(record("0.0.0.0:443", SHOP), ip_listen=["10.0.0.5"]), WISH)
    assert calls(plan)[0] == "record_set 10.0.0.5:443" and len(calls(plan)) == 3


def test_both_records_for_every_address_are_bridged_each_by_its_own_addresses() -> None:
    both = [record("0.0.0.0:443", SHOP), record("[::]:443", SHOP)]
    plan = plan_of(old_host(*both, bindings=("*:443:=0", "[::]:443:=0")), WISH, wish("Shop", "", NEW, address="::"))
    assert [call for call in calls(plan) if "replace" in call or "set" in call] == [
        "record_set [2001:db8::5]:443",
        "record_set [::1]:443",
        "record_replace [::]:443",
        "record_set 10.0.0.5:443",
        "record_set 127.0.0.1:443",
        "record_replace 0.0.0.0:443",
    ]


def test_a_new_record_of_an_address_is_set_once_and_stays() -> None:
    plan = plan_of(old_host(record("0.0.0.0:443", SHOP)), WISH, wish("Shop", "", API, address="10.0.0.5", sni="never"))
    assert calls(plan).count("record_set 10.0.0.5:443") == 1 and "record_delete 10.0.0.5:443" not in calls(plan)
    assert not any(item.gap for item in plan.affected)


@pytest.mark.parametrize(
    "beside",
    [
        record("api.example.com:443", API),
        record("*.example.com:443", API),
        {"family": "ccs", "key": "443", "thumbprint": None},
    ],
)
def test_a_record_by_name_on_the_port_makes_it_a_gap(beside: dict[str, Any]) -> None:
    """A record for an address outranks names (F1.10): a bridge would show their clients a foreign certificate."""
    host = old_host(record("0.0.0.0:443", SHOP), beside)
    assert "allow.gap" in refused(host, WISH)
    plan = plan_of(host, WISH, allow={"gap": True})
    assert calls(plan) == ["record_replace 0.0.0.0:443"] and any(item.gap for item in plan.affected)


def test_so_does_a_record_by_name_that_the_same_plan_sets() -> None:
    sites = [site("Shop", "*:443:=0"), site("Api", number=2)]
    host = old_host(record("0.0.0.0:443", SHOP), sites=sites)
    assert "allow.gap" in refused(host, WISH, wish("Api", "api.example.com", API, sni="required"))


def test_a_gap_on_one_port_leaves_the_bridge_of_the_next_standing() -> None:
    both = [record("0.0.0.0:443", SHOP), record("api.example.com:443", API), record("0.0.0.0:8443", SHOP)]
    host = old_host(*both, bindings=("*:443:=0", "*:8443:=0"), http_ports=[443, 8443])
    plan = plan_of(host, WISH, wish("Shop", "", NEW, port=8443), allow={"gap": True})
    local = ["10.0.0.5:8443", "[2001:db8::5]:8443", "127.0.0.1:8443", "[::1]:8443"]
    assert calls(plan)[: len(local) + 2] == [
        "record_replace 0.0.0.0:443",
        *(f"record_set {key}" for key in local),
        "record_replace 0.0.0.0:8443",
    ]
    reasons = {step.key.text: step.reason for step in plan.steps if step.op == "record_replace"}  # type: ignore[union-attr]
    assert {key: reason.endswith("; bridged") for key, reason in reasons.items()} == {
        "0.0.0.0:443": False,
        "0.0.0.0:8443": True,
    }


@pytest.mark.parametrize(
    ("earlier", "addresses"),
    [
        (["record_set 10.0.0.5:443", "record_set [::1]:443"], {"10.0.0.5", "::1"}),
        (["record_set 10.0.0.5:443", "record_update 10.0.0.5:443"], {"10.0.0.5"}),
        (["record_set 10.0.0.5:443", "record_delete 10.0.0.5:443"], set()),
        (["record_set 10.0.0.5:443", "record_delete [::1]:443", "record_delete a.example:443"], {"10.0.0.5"}),
        (["record_set 10.0.0.5:8443", "record_set a.example:443", "record_update [::1]:443"], set()),
        ([], set()),
    ],
)
def test_only_addresses_that_the_plan_gave_a_record_before_are_covered(earlier: list[str], addresses: set[str]) -> None:
    value = RecordValue(NEW["thumbprint"])
    steps = []
    for call in [*earlier, "record_replace 0.0.0.0:443", "record_set 10.0.0.6:443"]:
        op, text = call.split()
        key = record_key("hostnameport" if text.startswith("a.") else "ipport", text)
        steps.append(RecordStep(op, key, value, value, "test"))
    assert covered(steps) == {record_key("ipport", "0.0.0.0:443"): addresses}


def test_another_port_does_not_matter() -> None:
    host = old_host(record("0.0.0.0:443", SHOP), record("api.example.com:8443", API))
    assert "record_replace 0.0.0.0:443" in calls(plan_of(host, WISH)) and len(calls(plan_of(host, WISH))) == 9


@pytest.mark.parametrize("family", ["hostnameport", "scopedccs"])
def test_where_any_kind_of_record_by_name_stands_a_bridge_would_hide_it(family: str) -> None:
    named = record("api.example.com:443", API if family == "hostnameport" else None) | {"family": family}
    host = old_host(record("0.0.0.0:443", SHOP), named)
    assert "allow.gap" in refused(host, WISH)


def test_a_record_of_one_address_cannot_be_bridged() -> None:
    host = old_host(record("10.0.0.5:443", SHOP), bindings=("10.0.0.5:443:=0",))
    assert "allow.gap" in refused(host, wish("Shop", "", NEW, address="10.0.0.5"))


def test_where_nobody_listens_there_is_no_gap_to_bridge() -> None:
    host = old_host(record("0.0.0.0:443", SHOP), http_ports=[80])
    plan = plan_of(host, WISH)
    assert calls(plan) == ["record_replace 0.0.0.0:443"]


def test_a_host_whose_addresses_could_not_be_read_is_refused() -> None:
    blind = [{"layer": "addresses", "code": "access_denied", "message": "no"}]
    host = old_host(record("0.0.0.0:443", SHOP), addresses=[], incomplete=blind)
    assert "addresses of" in refused(host, WISH)[""]


def test_windows_that_updates_in_place_needs_no_bridge() -> None:
    plan = plan_of(host_of(sites=[site("Shop", "*:443:=0")], records=[record("0.0.0.0:443", SHOP)]), WISH)
    assert calls(plan) == ["record_update 0.0.0.0:443"]


def test_an_approved_plan_with_a_bridge_is_applied_and_known_as_done() -> None:
    host = old_host(record("0.0.0.0:443", SHOP))
    plan = plan_of(host, WISH)
    approved = filed(plan)
    again = approved_plan(host, approved, NOW)
    assert again.steps == plan.steps and again.after == plan.after and not any(item.gap for item in again.affected)
    assert approved_plan(plan.after, approved, NOW).empty
    for length in range(1, len(plan.steps) - 1):  # half of it is neither
        assert not approved_plan_fits(after_steps(host, plan.steps[:length]), approved)


def approved_plan_fits(host: Host, approved: Any) -> bool:
    from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid

    try:
        return bool(approved_plan(host, approved, NOW))
    except Invalid:
        return False

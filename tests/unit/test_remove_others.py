# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``remove_others`` by example: what goes, what stays and why, and when a request is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from support.documents import record, site
from support.peers import API, OTHER, SHOP, host_of, plan_of, records_of, refused, wish

SSTP = "{ba195980-cd49-458b-9e23-c84ee0adcd75}"
DECLARED = wish("Shop", "shop.example.com", SHOP)


def two_sites(**more: Any) -> Host:
    sites = [
        site("Shop", "http *:80:", "*:443:shop.example.com=1", "*:443:old.example.com=1", "net.tcp 808:*"),
        site("Api", "*:443:api.example.com=1", "[::]:8443:=0", number=2),
        site("Parked", "*:443:parked.example.com=1", number=3, state="stopped"),
    ]
    records = [
        record("shop.example.com:443", SHOP),
        record("old.example.com:443", OTHER),
        record("api.example.com:443", API),
        record("[::]:8443", API),
        record("parked.example.com:443", OTHER),
    ]
    return host_of(**{"sites": sites, "records": records, "http_ports": [80, 443, 8443], **more})


def left(plan: Plan) -> list[str]:
    return [item.information for found in plan.after.sites for item in found.bindings if item.is_https]


def others(scope: str, **more: Any) -> dict[str, Any]:
    """The scope is a text of its own, as it is when it comes out of a playbook."""
    return {"remove_others": {"scope": "".join(list(scope)), **more}}


def test_none_is_the_default_and_removes_nothing() -> None:
    assert plan_of(two_sites(), DECLARED).empty
    assert plan_of(two_sites(), DECLARED, **others("none")).empty


def test_listed_sites_lose_what_is_not_named_and_other_sites_nothing() -> None:
    plan = plan_of(two_sites(), DECLARED, **others("listed_sites"))
    assert [step.op for step in plan.steps] == ["bindings", "record_delete", "probe"]
    assert "*:443:old.example.com" not in left(plan) and "*:443:api.example.com" in left(plan)
    assert "hostnameport old.example.com:443" not in records_of(plan.after)
    assert plan_of(plan.after, DECLARED, **others("listed_sites")).empty


def test_the_whole_host_keeps_only_what_is_named_stopped_sites_included() -> None:
    plan = plan_of(two_sites(), DECLARED, **others("host"))
    assert left(plan) == ["*:443:shop.example.com"]
    assert records_of(plan.after) == ["hostnameport shop.example.com:443"]


def test_other_protocols_stay() -> None:
    plan = plan_of(two_sites(), **others("host"))
    kept = [item.information for found in plan.after.sites for item in found.bindings]
    assert kept == ["*:80:", "808:*"]


def test_a_site_that_is_only_named_to_remove_a_binding_is_listed_too() -> None:
    absent = wish("Api", "api.example.com", state="absent")
    assert left(plan_of(two_sites(), absent, **others("listed_sites"))) == [
        "*:443:shop.example.com",
        "*:443:old.example.com",
        "*:443:parked.example.com",
    ]


def test_a_record_that_a_binding_out_of_scope_relies_on_stays() -> None:
    sites = [site("Shop", "*:443:shop.example.com=0"), site("Api", "*:443:api.example.com=0", number=2)]
    host = host_of(sites=sites, records=[record("0.0.0.0:443", SHOP)])
    plan = plan_of(host, wish("Shop", "new.example.com", SHOP), **others("listed_sites"))
    assert "0.0.0.0:443" in records_of(plan.after)


@pytest.mark.parametrize(
    ("keep", "stays"),
    [
        (["api"], ["*:443:api.example.com", "[::]:8443:"]),
        (["Api/[::]:8443:"], ["[::]:8443:"]),
        (["*/*:443:*.example.com"], ["*:443:old.example.com", "*:443:api.example.com", "*:443:parked.example.com"]),
        (["Ap"], []),
    ],
)
def test_keep_names_sites_or_bindings(keep: list[str], stays: list[str]) -> None:
    plan = plan_of(two_sites(), DECLARED, **others("host", keep=keep))
    assert left(plan) == ["*:443:shop.example.com", *stays]
    assert bool(stays) is not any("'Ap'" in note for note in plan.notes)


def test_more_than_at_most_is_refused_with_the_number() -> None:
    message = refused(two_sites(), DECLARED, **others("host", at_most=3))["remove_others.at_most"]
    assert "removed: 4, allowed are 3:" in message and "and 1 more" in message
    assert not plan_of(two_sites(), DECLARED, **others("host", at_most=4)).empty
    assert (
        "removed: 1, allowed are 0:" in refused(two_sites(), DECLARED, **others("listed_sites", at_most=0)).popitem()[1]
    )


@pytest.mark.parametrize(("number", "allowed"), [(10, True), (11, False)])
def test_ten_may_go_unless_the_request_says_otherwise(number: int, allowed: bool) -> None:
    host = host_of(sites=[site("Shop", *(f"*:443:{index}.example.com=1" for index in range(number)))])
    if allowed:
        assert left(plan_of(host, **others("host"))) == []
    else:
        message = refused(host, **others("host"))["remove_others.at_most"]
        assert message == (
            "HTTPS bindings that are not named would be removed: 11, allowed are 10: Shop/*:443:0.example.com, "
            "Shop/*:443:1.example.com, Shop/*:443:2.example.com and 8 more. "
            "Raise at_most, name what stays in bindings or keep, or choose a narrower scope"
        )


@pytest.mark.parametrize(
    ("number", "shown"),
    [(2, "*:443:1.example.com. Raise"), (3, "*:443:2.example.com. Raise"), (4, "2.example.com and 1 more. Raise")],
)
def test_three_of_those_that_would_go_are_named(number: int, shown: str) -> None:
    host = host_of(sites=[site("Shop", *(f"*:443:{index}.example.com=1" for index in range(number)))])
    message = refused(host, **others("host", at_most=1))["remove_others.at_most"]
    assert shown in message and message.count("Shop/") == min(number, 3)


def test_what_stays_for_others_lets_the_next_binding_of_the_site_go() -> None:
    sites = [
        site("Shop", "*:443:=0", "*:443:shop.example.com=1", "*:443:keep.example.com=1", "*:8443:api.example.com=1")
    ]
    records = [record("0.0.0.0:443", OTHER, app_id=SSTP), record("shop.example.com:443", SHOP)]
    host = host_of(sites=sites, records=records)
    plan = plan_of(host, **others("host", keep=["*keep*"]))
    assert left(plan) == ["*:443:", "*:443:keep.example.com"]


def test_a_site_that_is_not_listed_keeps_its_bindings_though_another_is_kept_by_name() -> None:
    plan = plan_of(two_sites(), DECLARED, **others("listed_sites", keep=["Shop/*:443:old*", "Nowhere"]))
    assert plan.empty
    noted = [note for note in plan.notes if "remove_others.keep" in note]
    assert noted == ["remove_others.keep: no HTTPS binding is like 'Nowhere'"]


def test_a_pattern_is_text_beside_its_stars_and_has_no_case() -> None:
    """A dot is a dot, what stands around it does not matter, and a part of a name is not the name."""
    host = host_of(
        sites=[site("Shop.A", "*:443:a=1"), site("ShopxA", "*:443:b=1", number=2), site("Shop", "*:443:c=1", number=3)]
    )
    assert left(plan_of(host, **others("host", keep=["  SHOP.a "]))) == ["*:443:a"]
    assert left(plan_of(host, **others("host", keep=["shop*"]))) == ["*:443:a", "*:443:b", "*:443:c"]


def test_a_binding_that_can_have_no_record_goes_too() -> None:
    host = host_of(sites=[site("Shop", "*:443:=1", "*:443:shop.example.com=1")])
    assert left(plan_of(host, **others("host"))) == []


def test_a_binding_whose_record_others_use_stays_with_its_record() -> None:
    records = [record("shop.example.com:443", SHOP), record("[::]:8443", API, app_id=SSTP)]
    plan = plan_of(two_sites(records=records), DECLARED, **others("host"))
    assert "[::]:8443:" in left(plan) and "[::]:8443" in records_of(plan.after)
    assert any(note.startswith("Api/[::]:8443: stays") and "RRAS/SSTP" in note for note in plan.notes)


def test_the_listener_of_the_connection_stays() -> None:
    connection = {"address": "10.0.0.5", "port": 8443, "tls": True}
    plan = plan_of(two_sites(connection=connection), DECLARED, **others("host"))
    assert "[::]:8443" in records_of(plan.after)


def test_every_spelling_of_a_binding_goes() -> None:
    """*:443: and 0.0.0.0:443: are one binding to http.sys, but two entries of a list."""
    host = host_of(sites=[site("Shop", "*:443:=0", "0.0.0.0:443:=0")], records=[record("0.0.0.0:443", SHOP)])
    plan = plan_of(host, **others("host"))
    assert left(plan) == [] and records_of(plan.after) == []


def test_two_spellings_of_a_binding_stay_where_one_relies_on_a_record_of_others() -> None:
    sites = [site("Shop", "*:443:shop.example.com=1", "0.0.0.0:443:shop.example.com=0")]
    records = [record("shop.example.com:443", SHOP), record("0.0.0.0:443", SHOP, app_id=SSTP)]
    assert plan_of(host_of(sites=sites, records=records), **others("host")).empty


def test_what_stays_for_the_sake_of_others_is_not_given_a_record_of_its_own() -> None:
    """Law L1, case 2016178: the repair freed the binding from the record of RRAS, and so the next run removed it."""
    sites = [site("Shop", "[::]:443:shop.example.com=0"), site("Api", "[::]:443:=0", number=2)]
    host = host_of(sites=sites, records=[record("[::]:443", API, app_id=SSTP)])
    args = {"repair": ["shared_with_other_wishes"], "allow": {"foreign": ["[::]:443"]}}
    assert not plan_of(host, **args).empty
    plan = plan_of(host, **args, **others("host"))
    assert plan.empty
    assert any(note.startswith("Shop/[::]:443:shop.example.com is not repaired") for note in plan.notes)
    named = plan_of(host, **args, **others("host", keep=["Shop"]))
    assert "hostnameport shop.example.com:443" in records_of(named.after)
    assert plan_of(named.after, **args, **others("host", keep=["Shop"])).empty


def test_what_goes_is_not_repaired() -> None:
    host = host_of(sites=[site("Shop", "*:443:shop.example.com=1", "*:443:api.example.com=1")], records=[])
    plan = plan_of(host, DECLARED, repair=["record_missing"], **others("listed_sites"))
    assert left(plan) == ["*:443:shop.example.com"]
    assert records_of(plan.after) == ["hostnameport shop.example.com:443"]


@pytest.mark.parametrize("given", [{}, {"remove_others": None}, others("none"), others("none", at_most=0)])
def test_without_a_scope_no_bindings_have_to_be_named(given: dict[str, Any]) -> None:
    assert parse_request({"bindings": None, **given}).removal.scope == "none"


@pytest.mark.parametrize(
    ("args", "path"),
    [
        ({"bindings": None, **others("host")}, "remove_others.scope"),
        ({"bindings": [], **others("listed_sites")}, "remove_others.scope"),
        ({"bindings": [], **others("host", at_most=-1)}, "remove_others.at_most"),
        ({"bindings": [], **others("host", keep=["Shop", " "])}, "remove_others.keep[1]"),
    ],
)
def test_what_makes_no_sense_is_refused_before_a_host_is_read(args: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_request(args)
    assert [problem.path for problem in refusal.value.problems] == [path]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An approved plan against a host on which somebody has worked since: what it touches has to be there, all else may change."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.approved import approved_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.farm import farm_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.planfile import FiledPlan
from support.certificates import NOW
from support.documents import record, site, stored
from support.peers import OTHER, SHOP, filed, host_of, plan_of, wish

ALL = stored("*.example.com")
NAMES = ("a", "b", "c")


def binding(name: str) -> str:
    return f"*:443:{name}.example.com=1"


def of(*bindings: str, records: list[Any] | None = None, more: tuple[Any, ...] = (), **parts: Any) -> Host:
    held = [record(f"{name}.example.com:443", ALL) for name in NAMES] if records is None else records
    return host_of(ALL, SHOP, OTHER, sites=[site("Shop", *bindings), *more], records=held, **parts)


def told(host: Host, plan: FiledPlan) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        approved_plan(host, plan, NOW)
    return {problem.path: problem.message for problem in refusal.value.problems}


def bindings_of(host: Host) -> list[str]:
    return [item.information for item in host.sites[0].bindings]


MADE = of(*map(binding, NAMES))
GONE = wish("Shop", "b.example.com", state="absent")
#: Steps: a record for d, one commit, the record of b goes. The commit: b from place 1, d at place 2.
SWAP = filed(plan_of(MADE, GONE, wish("Shop", "d.example.com", ALL, sni="required")))
#: What is told of the binding that is to go and is not there as it was, up to what is there now.
HAD = "had https *:443:b.example.com sslFlags=1 at place 1, has "


@pytest.mark.parametrize("name", ["WEB00", "WEB02"])
def test_a_plan_fits_the_host_that_it_was_made_for_however_its_name_is_spelled(name: str) -> None:
    assert told(of(*map(binding, NAMES), name=name), SWAP).keys() == {"plan.host"}
    assert approved_plan(of(*map(binding, NAMES), name="web01"), SWAP, NOW).steps == SWAP.steps


def test_a_plan_that_removes_is_carried_out_once() -> None:
    done = approved_plan(MADE, SWAP, NOW).after
    assert bindings_of(done) == ["*:443:a.example.com", "*:443:c.example.com", "*:443:d.example.com"]
    assert approved_plan(done, SWAP, NOW).empty


def test_what_others_have_put_behind_is_no_reason_to_refuse() -> None:
    """The binding comes where the plan says, and theirs after it."""
    after = approved_plan(of(*map(binding, NAMES), "http *:80:", "http *:81:"), SWAP, NOW).after
    assert bindings_of(after)[2:] == ["*:443:d.example.com", "*:80:", "*:81:"]


@pytest.mark.parametrize(
    ("bindings", "messages"),
    [
        (["a", "c"], [f"{HAD}https *:443:c.example.com sslFlags=1 there"]),
        (["a", "x", "c"], [f"{HAD}https *:443:x.example.com sslFlags=1 there"]),
        (["a"], [f"{HAD}no binding there", "has only 1 bindings now"]),
        ([], [f"{HAD}no binding there", "has only 0 bindings now"]),
    ],
)
def test_bindings_that_are_no_longer_where_they_were_are_told(bindings: list[str], messages: list[str]) -> None:
    said = told(of(*map(binding, bindings)), SWAP)
    assert [message.removeprefix("site 'Shop' ") for message in said.values()] == messages
    assert list(said) == [f"plan.steps[1].edits[{number}]" for number in range(len(messages))]


def test_every_edit_in_a_site_that_is_gone_is_told_and_those_elsewhere_too() -> None:
    more = site("Api", "*:8443:a.example.com=1", "*:8443:b.example.com=1", number=2)
    records = [record(f"{name}.example.com:{port}", ALL) for name in NAMES for port in (443, 8443)]
    gone = wish("Api", "b.example.com", port=8443, state="absent")
    ports = [443, 8443]
    plan = filed(plan_of(of(*map(binding, NAMES), more=(more,), records=records, http_ports=ports), GONE, gone))
    now = site("Api", "*:8443:a.example.com=1", number=2)
    left = host_of(ALL, sites=[now], records=records)
    assert told(left, plan) == {
        "plan.steps[0].edits[0]": "site 'Shop' is not there",
        "plan.steps[0].edits[1]": "site 'Api' had https *:8443:b.example.com sslFlags=1 at place 1, has no binding there",
    }


def test_other_flags_of_a_binding_that_is_where_it_was_are_told() -> None:
    drifted = of(*(binding(name).replace("=1", f"={flags}") for name, flags in zip(NAMES, (1, 5, 1), strict=True)))
    assert list(told(drifted, SWAP).values()) == [f"site 'Shop' {HAD}https *:443:b.example.com sslFlags=5 there"]


@pytest.mark.parametrize("held", [None, OTHER])
def test_a_record_that_was_removed_or_replaced_since_is_told(held: dict[str, Any] | None) -> None:
    others = [record(f"{name}.example.com:443", ALL) for name in NAMES if name != "b"]
    records = [*others, *([record("b.example.com:443", held)] if held else [])]
    place, message = next(iter(told(of(*map(binding, NAMES), records=records), SWAP).items()))
    is_now = f"{held['thumbprint']} flags 0x0" if held else "absent"
    assert place == "plan.steps[2]" and message.endswith(f"was {ALL['thumbprint']} flags 0x0, is {is_now}")


@pytest.mark.parametrize("now", ["first", "last"])
def test_a_record_with_another_certificate_is_told_whichever_it_is(now: str) -> None:
    """The plan was made for the second of three certificates in the alphabet."""
    first, second, last = sorted((ALL, SHOP, OTHER), key=lambda item: item["thumbprint"])
    plan = plan_of(of("*:443:=0", records=[record("0.0.0.0:443", second)]), wish("Shop", "", state="absent"))
    host = of("*:443:=0", records=[record("0.0.0.0:443", {"first": first, "last": last}[now])])
    assert told(host, filed(plan)).keys() == {"plan.steps[1]"}


def test_a_record_on_which_somebody_relies_since_stays() -> None:
    other = site("Api", "*:443:b.example.com=1", number=2)
    assert told(of(*map(binding, NAMES), more=(other,)), SWAP) == {
        "plan.steps[2]": "record hostnameport b.example.com:443 is still needed by binding Api *:443:b.example.com"
    }


LISTENER = {"address": "10.0.0.5", "port": 443, "tls": True}
ANY: dict[str, Any] = {"records": [record("0.0.0.0:443", OTHER)], "http_ports": [80, 443]}


def test_the_record_of_the_listener_keeps_its_options_too() -> None:
    """Its clients would meet the same certificate, and be asked for one of their own."""
    plan = plan_of(of("*:443:=0", **ANY), wish("Shop", "", options={"negotiate_client_certificate": True}))
    assert approved_plan(of("*:443:=0", **ANY), filed(plan), NOW).steps == plan.steps
    said = told(of("*:443:=0", **ANY, connection=LISTENER), filed(plan))
    assert said == {
        "plan.steps[0]": "record 0.0.0.0:443 is read-only: it is used by the WinRM listener this connection uses"
    }


@pytest.mark.parametrize("before", [(), ("10.0.0.6:443:api.example.com=1",)])
def test_a_record_for_a_name_on_another_address_would_answer_at_the_listener_too(before: tuple[str, ...]) -> None:
    """The binding, new or with no record so far, is for 10.0.0.6 alone, but a record for a name knows no address."""
    new = wish("Shop", "api.example.com", ALL, address="10.0.0.6", sni="required")
    plan = plan_of(of("*:443:=0", *before, **ANY), new, allow={"shared_change": ["Shop"]})
    said = told(of("*:443:=0", *before, **ANY, connection=LISTENER), filed(plan))
    assert list(said) == ["plan.steps[0]"] and "on 10.0.0.5:443 api.example.com. Nothing" in said["plan.steps[0]"]


def test_the_first_phase_of_a_farm_already_leaves_the_listener_alone() -> None:
    hosts = [of("*:443:=0", **ANY, name=name, shared_configuration=True) for name in ("A", "B")]
    new = wish("Shop", "", ALL, address="10.0.0.5", sni="never")
    allow = {"shared_configuration": True, "shared_change": ["Shop"]}
    first = farm_plan(hosts, parse_request({"bindings": [new], "allow": allow}), NOW).phases[0].plans[0]
    now = of("*:443:=0", **ANY, name="A", shared_configuration=True, connection=LISTENER)
    said = told(now, filed(first))
    assert list(said) == ["plan.steps[0]"] and said["plan.steps[0]"].endswith("Nothing allows that")


def test_a_run_that_did_not_finish_comes_before_any_plan() -> None:
    journal = {"run": "r1", "started": "2026-11-24T11:00:00Z", "steps": [], "done": 0}
    said = told(of(*map(binding, NAMES), journal=journal), SWAP)
    assert said == {"plan": "an earlier run (r1) on WEB01 did not finish"}

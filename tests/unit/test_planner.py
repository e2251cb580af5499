# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner by example: what is planned, in which order, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import ProbeStep, RecordStep
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.approved import approved_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan, make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import SERVER_2008_R2, SERVER_2012_R2, document, record, site, stored
from support.peers import filed

SHOP, NEW, API, OTHER = (
    stored("shop.example.com"),
    stored("shop.example.com", 300),
    stored("api.example.com"),
    stored("other.example.net"),
)


def host_of(**parts: Any) -> Host:
    return parse_document(document(certificates=[SHOP, NEW, API, OTHER], **parts))


def plan_of(host: Host, *bindings: dict[str, Any], **rest: Any) -> Plan:
    return make_plan(host, parse_request({"bindings": list(bindings), **rest}), NOW)


def wish(name: str, host: str = "", cert: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    certificate = {"certificate": {"thumbprint": cert["thumbprint"]}} if cert else {}
    return {"site": name, "host": host, **certificate, **more}


def ops(plan: Plan) -> list[str]:
    return [step.op for step in plan.steps]


def refused(host: Host, *bindings: dict[str, Any], **rest: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        plan_of(host, *bindings, **rest)
    return {problem.path: problem.message for problem in refusal.value.problems}


def test_a_new_binding_gets_sni_and_its_record_before_itself() -> None:
    plan = plan_of(host_of(sites=[site("Shop", "http *:80:")]), wish("Shop", "shop.example.com", SHOP))
    assert ops(plan) == ["record_set", "bindings", "probe"]
    assert plan.after.sites[0].bindings[1].information == "*:443:shop.example.com"
    assert plan.after.sites[0].bindings[1].ssl_flags == 1


def test_the_second_run_plans_nothing() -> None:
    request = wish("Shop", "shop.example.com", SHOP)
    first = plan_of(host_of(sites=[site("Shop")]), request)
    assert plan_of(first.after, request).empty


def test_rotation_updates_in_place_and_keeps_every_option() -> None:
    held = record("shop.example.com:443", SHOP, flags=0x8012, check_mode=2, ctl_store="AdfsTrustedDevices")
    host = host_of(sites=[site("Shop", "*:443:shop.example.com=97")], records=[held])
    plan = plan_of(host, wish("Shop", "shop.example.com", NEW))
    assert ops(plan) == ["record_update", "probe"]
    value = plan.after.records[0].value
    assert (value.thumbprint, value.flags, value.check_mode) == (NEW["thumbprint"], 0x8012, 2)
    assert value.ctl_store == "AdfsTrustedDevices"
    assert plan.after.sites[0].bindings[0].ssl_flags == 97


def test_without_update_a_rotation_is_a_gap_that_needs_consent() -> None:
    host = host_of(
        os=SERVER_2012_R2,
        update_exported=False,
        sites=[site("Shop", "*:443:shop.example.com=1")],
        records=[record("shop.example.com:443", SHOP)],
    )
    assert "allow.gap" in refused(host, wish("Shop", "shop.example.com", NEW))
    plan = plan_of(host, wish("Shop", "shop.example.com", NEW), allow={"gap": True})
    assert ops(plan) == ["record_replace", "probe"]
    assert all(item.gap for item in plan.affected)


def test_changing_a_shared_record_names_the_other_site_and_stops() -> None:
    sites = [site("Shop", "*:443:shop.example.com=0"), site("Api", "*:443:api.example.com=0", number=2)]
    host = host_of(sites=sites, records=[record("0.0.0.0:443", SHOP)])
    message = refused(host, wish("Shop", "shop.example.com", NEW))["allow.shared_change"]
    assert "api" in message
    allowed = plan_of(host, wish("Shop", "shop.example.com", NEW), allow={"shared_change": ["api", "Shop"]})
    assert ops(allowed) == ["record_update", "probe"]


def test_moving_to_sni_sets_the_new_record_first_and_deletes_the_old_one_last() -> None:
    host = host_of(sites=[site("Shop", "*:443:shop.example.com=0")], records=[record("0.0.0.0:443", SHOP)])
    plan = plan_of(host, wish("Shop", "shop.example.com", sni="required"))
    assert ops(plan) == ["record_set", "bindings", "record_delete", "probe"]
    assert plan.after.records[0].value.thumbprint == SHOP["thumbprint"]


def test_absent_removes_binding_then_record_and_undo_is_the_way_back() -> None:
    sites = [site("Shop", "http *:80:", "*:443:shop.example.com=1", "*:443:api.example.com=1")]
    records = [record("shop.example.com:443", SHOP), record("api.example.com:443", API)]
    host = host_of(sites=sites, records=records)
    plan = plan_of(host, wish("Shop", "shop.example.com", state="absent"))
    assert ops(plan) == ["bindings", "record_delete", "probe"]
    back = [inverse for step in reversed(plan.steps) if (inverse := step.inverse()) is not None]
    from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.predict import after_steps

    assert after_steps(plan.after, back) == host


def test_a_record_of_somebody_else_is_read_only() -> None:
    sstp = record("0.0.0.0:443", OTHER, app_id="{ba195980-cd49-458b-9e23-c84ee0adcd75}")
    host = host_of(sites=[site("Shop", "*:443:=0")], records=[sstp])
    assert "RRAS/SSTP" in refused(host, wish("Shop", "", SHOP))["bindings[0]"]


def test_the_listener_of_the_connection_is_read_only() -> None:
    host = host_of(
        sites=[site("Shop", "*:5986:=0")],
        records=[record("0.0.0.0:5986", OTHER)],
        connection={"address": "10.0.0.5", "port": 5986, "tls": True},
    )
    assert "connection" in refused(host, wish("Shop", "", SHOP, port=5986))["bindings[0]"]


def test_repairing_an_orphan_that_shadows_names_lets_the_right_certificate_through() -> None:
    host = host_of(
        sites=[site("Shop", "*:443:shop.example.com=1")],
        records=[record("shop.example.com:443", SHOP), record("10.0.0.5:443", OTHER)],
        http_ports=[443],
    )
    plan = plan_of(host, repair=["orphan"])
    assert ops(plan) == ["record_delete", "probe"]
    changed = {(item.endpoint.sni, item.after) for item in plan.affected}
    assert ("shop.example.com", SHOP["thumbprint"]) in changed
    assert not [item for item in plan.findings if item.id in ("orphan", "shadowed")]
    assert plan_of(plan.after, repair=["orphan", "shadowed"]).empty


def test_an_unusable_key_is_refused_before_windows_would() -> None:
    broken = stored("shop.example.com", 100, machine=False)
    host = parse_document(document(sites=[site("Shop")], certificates=[broken]))
    message = refused(host, wish("Shop", "shop.example.com", broken))["bindings[0].certificate.thumbprint"]
    assert "1312" in message and "user profile" in message


def test_all_refusals_come_at_once() -> None:
    host = host_of(sites=[site("Shop")])
    paths = refused(
        host,
        wish("Nowhere", "a.example", SHOP),
        wish("Shop", "b.example", {"thumbprint": "00" * 20}),
        wish("Shop", "c.example"),
    )
    assert set(paths) == {"bindings[0].site", "bindings[1].certificate.thumbprint", "bindings[2].certificate"}


def test_an_approved_plan_is_applied_exactly_or_refused_with_the_difference() -> None:
    host = host_of(sites=[site("Shop", "*:443:shop.example.com=1")], records=[record("shop.example.com:443", SHOP)])
    plan = plan_of(host, wish("Shop", "shop.example.com", NEW))
    approved = filed(plan)
    assert approved_plan(host, approved, NOW).after == plan.after
    assert approved_plan(plan.after, approved, NOW).empty
    elsewhere = host_of(
        sites=[site("Shop", "*:443:shop.example.com=1")], records=[record("shop.example.com:443", OTHER)]
    )
    with pytest.raises(Invalid) as refusal:
        approved_plan(elsewhere, approved, NOW)
    assert OTHER["thumbprint"] in str(refusal.value)


def test_german_umlauts_are_written_in_unicode_and_compared_in_ascii() -> None:
    cert = stored("www.xn--bcher-kva.example")
    host = parse_document(document(sites=[site("Shop")], certificates=[cert]))
    plan = plan_of(host, wish("Shop", "www.bücher.example", cert))
    assert plan.after.sites[0].bindings[0].information == "*:443:www.bücher.example"
    assert plan.steps[0].key.text == "www.bücher.example:443"  # type: ignore[union-attr]
    assert plan_of(plan.after, wish("Shop", "www.xn--bcher-kva.example", cert)).empty


def test_a_site_that_joins_an_unknown_listener_is_told_what_that_hides() -> None:
    """Found by law L1: afterwards the record of the other program looks like an orphan."""
    records = [record("0.0.0.0:443", SHOP), record("0.0.0.0:8443", SHOP)]
    host = host_of(sites=[site("Shop", "*:443:")], records=records, http_ports=[443, 8443])
    plan = plan_of(host, wish("Shop", "shop.example.com", SHOP, port=8443))
    assert any(note.startswith("port 8443: another program listens") for note in plan.notes)


def test_a_new_binding_without_sni_counts_the_bindings_that_stay_on_its_record() -> None:
    """Found by law L1: with sni auto, a wish for a new binding took every other user of the record for one that leaves."""
    host = host_of(
        os=SERVER_2008_R2,
        iis={"major": 7, "minor": 5},
        schema_ssl_flags=False,
        sites=[site("Old", "*:443:api.example.com"), site("Shop", number=2)],
        records=[record("0.0.0.0:443", API)],
    )
    with pytest.raises(Invalid, match="record for this address and port serves others"):
        plan_of(host, wish("Shop", "shop.example.com", sni="auto"))


def test_a_record_cannot_move_with_a_key_that_windows_refuses() -> None:
    """Found by law L2: the new SNI record took over a certificate whose key SYSTEM cannot read; Windows says 1312."""
    denied = stored("shop.example.com", 250, system_access="denied")
    parts = {"sites": [site("Shop", "*:443:shop.example.com=0")], "records": [record("0.0.0.0:443", denied)]}
    host = parse_document(document(certificates=[denied], **parts))
    with pytest.raises(Invalid, match=r"bindings\[0\]\.certificate: is needed: Windows would refuse"):
        plan_of(host, wish("Shop", "shop.example.com", sni="required"))


def test_records_of_a_port_change_while_it_is_closed() -> None:
    """Found by law L3: a port that the commit opens or closes showed a record of the other side for a moment."""
    stopped = site("Old", "*:443:", state="stopped", number=2)
    opening = host_of(sites=[site("Shop"), stopped], records=[record("0.0.0.0:443", SHOP)], http_ports=[80])
    order = ops(plan_of(opening, wish("Shop", "api.example.com", API), absent("Old")))
    assert order.index("record_delete") < order.index("bindings")
    closing = host_of(sites=[site("Shop", "*:443:"), stopped], records=[], http_ports=[443])
    order = ops(plan_of(closing, absent("Shop"), wish("Old", "", API, sni="never")))
    assert order.index("bindings") < order.index("record_set")


def absent(name: str) -> dict[str, Any]:
    return {"site": name, "host": "", "state": "absent"}


def test_nothing_is_expected_where_nothing_is_predicted() -> None:
    scoped = {"family": "scopedccs", "key": "api.example.com:443", "thumbprint": None}
    sites = [site("Shop", "*:443:shop.example.com=1"), site("Api", "*:443:api.example.com=1", number=2)]
    records = [record("0.0.0.0:443", OTHER), record("api.example.com:443", API), scoped]
    host = host_of(sites=sites, records=records)
    plan = plan_of(host, wish("Shop", "shop.example.com", SHOP))
    probed = {expectation.sni for step in plan.steps if isinstance(step, ProbeStep) for expectation in step.endpoints}
    assert "shop.example.com" in probed and "api.example.com" not in probed
    assert not any(step.key.family == "scopedccs" for step in plan.steps if isinstance(step, RecordStep))


def test_a_binding_with_sni_and_no_name_is_refused_where_it_is_declared() -> None:
    """Found by the law that what was asked for stands: the wish was dropped without a word."""
    host = host_of(sites=[site("Shop", "*:443:=1")])
    assert "sni: never" in refused(host, wish("Shop", "", SHOP))["bindings[0].sni"]
    plan = plan_of(host, wish("Shop", "", SHOP, sni="never"))
    assert ops(plan) == ["record_set", "bindings", "probe"] and plan.after.sites[0].bindings[0].flags == 0


@pytest.mark.parametrize(
    ("binding", "sni", "records", "there"),
    [
        ("*:443:shop.example.com=1", "never", ("shop.example.com:443", "0.0.0.0:443"), "0.0.0.0:443"),
        ("*:443:shop.example.com=0", "required", ("0.0.0.0:443", "shop.example.com:443"), "shop.example.com:443"),
        ("*:443:shop.example.com=0", "auto", ("0.0.0.0:443", "shop.example.com:443"), "shop.example.com:443"),
    ],
)
def test_a_binding_that_moves_to_a_record_with_another_certificate_has_to_say_which_one(
    binding: str, sni: str, records: tuple[str, str], there: str
) -> None:
    """The certificate in place stays where none is named; clients met the one of the other record instead."""
    own, other = record(records[0], SHOP), record(records[1], API)
    host = host_of(sites=[site("Shop", binding), site("Api", "*:443:=0", number=2)], records=[own, other])
    told = refused(host, wish("Shop", "shop.example.com", sni=sni))["bindings[0].certificate"]
    assert told.startswith("is needed: record ") and f"{there} is there with certificate {API['thumbprint']}" in told
    same = host_of(sites=[site("Shop", binding)], records=[own, record(records[1], SHOP)])
    assert plan_of(same, wish("Shop", "shop.example.com", sni=sni)).steps


def test_a_certificate_that_lies_in_another_store_is_found_in_words() -> None:
    host = host_of(sites=[site("Shop")])
    chosen = {"thumbprint": SHOP["thumbprint"], "store": "WebHosting"}
    told = refused(host, {"site": "Shop", "host": "shop.example.com", "certificate": chosen})
    words = f"{SHOP['thumbprint']} is not in LocalMachine\\WebHosting of WEB01, but in MY"
    assert told == {"bindings[0].certificate.thumbprint": words}
    unknown = refused(host, {"site": "Shop", "host": "a.example.com", "certificate": {"thumbprint": "AB" * 20}})
    assert unknown["bindings[0].certificate.thumbprint"].endswith("any LocalMachine store that was read of WEB01")


def test_https_on_a_port_with_plain_http_is_told() -> None:
    """Somebody who writes port 80 for an https binding learns before the change what is odd about it."""
    host = host_of(sites=[site("Shop", "http *:80:", "http *:8080:")])
    notes = plan_of(host, wish("Shop", "shop.example.com", SHOP, port=80)).notes
    assert [note.partition(";")[0] for note in notes] == ["port 80: site 'Shop' has an http binding there"]
    assert plan_of(host, wish("Shop", "shop.example.com", SHOP)).notes == ()

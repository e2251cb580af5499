# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other tools got wrong when they changed bindings: each case of support.peers that is about changing, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.approved import approved_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.results import predicted
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.options import OptionWish
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.reply import applier_args
from laws.world import World
from support.certificates import NOW
from support.documents import document, record, site, stored
from support.peers import API, BOTH, CASES, NEW, OTHER, SHOP, filed, host_of, plan_of, records_of, refused, wish

SNI = site("Shop", "*:443:shop.example.com=1")
HELD = record("shop.example.com:443", SHOP)
READ = {"certificates": "candidates", "key_check": "open"}


def test_peer_check_mode_writes_nothing() -> None:
    host = host_of(sites=[SNI], records=[HELD])
    result = predicted(plan_of(host, wish("Shop", "shop.example.com", NEW)))
    assert result["changed"] is True
    assert result["before"]["records"][0]["thumbprint"] == SHOP["thumbprint"]
    assert result["after"]["records"][0]["thumbprint"] == NEW["thumbprint"]
    assert SHOP["thumbprint"] in result["diff"]["before"] and NEW["thumbprint"] in result["diff"]["after"]
    assert host == host_of(sites=[SNI], records=[HELD])


def test_peer_changed_once() -> None:
    request = wish("Shop", "shop.example.com", NEW)
    first = plan_of(host_of(sites=[SNI], records=[HELD]), request)
    assert predicted(first)["changed"] is True
    assert predicted(plan_of(first.after, request))["changed"] is False


@pytest.mark.parametrize("flags", [5, 9, 97, 129])
def test_peer_flags_survive(flags: int) -> None:
    host = host_of(sites=[site("Shop", f"*:443:shop.example.com={flags}")], records=[HELD])
    plan = plan_of(host, wish("Shop", "shop.example.com", NEW))
    assert [step.op for step in plan.steps] == ["record_update", "probe"]
    assert plan.after.sites[0].bindings[0].ssl_flags == flags
    nothing = OptionWish((("disable_http2", False),))
    assert nothing.binding_flags(host, flags & ~4) == flags & ~4


def test_peer_record_options_survive() -> None:
    options = {"flags": 0x3, "check_mode": 0x5, "freshness": 60, "timeout": 500, "ctl_store": "AdfsTrustedDevices"}
    host = host_of(sites=[SNI], records=[record("shop.example.com:443", SHOP, ctl_identifier="Ours", **options)])
    value = plan_of(host, wish("Shop", "shop.example.com", NEW)).after.records[0].value
    assert value.thumbprint == NEW["thumbprint"] and value.ctl_identifier == "Ours"
    assert {name: getattr(value, name) for name in options} == options


def test_peer_shared_record_stays() -> None:
    sites = [site("Shop", "*:443:shop.example.com=0"), site("Api", "*:443:api.example.com=0", number=2)]
    host = host_of(sites=sites, records=[record("0.0.0.0:443", BOTH)])
    after = plan_of(host, wish("Shop", "shop.example.com", state="absent")).after
    assert after.records == host.records and after.sites[1] == host.sites[1]
    assert after.sites[0].bindings == ()


@pytest.mark.parametrize(
    ("app_id", "left"),
    [
        ("{4dc3e181-e14b-4a21-b022-59fc669b0914}", []),
        ("{5d89a20c-beab-4389-9447-324788eb944a}", ["hostnameport shop.example.com:443"]),
    ],
)
def test_peer_last_user(app_id: str, left: list[str]) -> None:
    host = host_of(sites=[SNI], records=[{**HELD, "app_id": app_id}])
    plan = plan_of(host, wish("Shop", "shop.example.com", state="absent"))
    assert records_of(plan.after) == left
    assert bool(plan.notes) == bool(left)


@pytest.mark.parametrize("host", ["", None], ids=["empty", "left out"])
def test_peer_sni_without_host(host: str | None) -> None:
    asked = {"site": "Shop", "sni": "required", "certificate": {"thumbprint": SHOP["thumbprint"]}}
    told = refused(host_of(sites=[site("Shop")]), asked if host is None else {**asked, "host": host})
    assert list(told) == ["bindings[0].sni"]


def test_peer_empty_matches_only_empty() -> None:
    listed = ("*:443:", "*:443:shop.example.com=1", "10.0.0.5:443:")
    records = [record("0.0.0.0:443", OTHER), HELD, record("10.0.0.5:443", OTHER)]
    host = host_of(sites=[site("Shop", *listed)], records=records)
    after = plan_of(host, {"site": "Shop", "state": "absent"}, allow={"shared_change": ["Shop"]}).after
    assert [binding.information for binding in after.sites[0].bindings] == ["*:443:shop.example.com", "10.0.0.5:443:"]
    assert records_of(after) == ["hostnameport shop.example.com:443", "10.0.0.5:443"]


@pytest.mark.parametrize("call", [1, 2], ids=["at once", "midway"])
def test_peer_failure_midway(call: int) -> None:
    names = ("shop.example.com", "other.example.com")
    description: dict[str, Any] = {
        "slug": "web01",
        "os": {"name": "Windows Server 2019", "build": "10.0.17763", "iis": "10.0"},
        "sites": [
            {"id": 1, "name": "Shop", "state": "Started", "bindings": [_https(f"*:443:{name}", 1) for name in names]}
        ],
        "records": [_record(f"{name}:443", "A0") for name in names],
        "certificates": [_certificate("A0", "2027-01-01"), _certificate("B0", "2027-06-01")],
        "ip_listen": [],
        "local_addresses": ["10.0.0.5"],
    }
    world = World(description, (f"fail_call:{call}",))
    before = [world.served("10.0.0.5", 443, name) for name in names]
    host = parse_document(world.read())
    other = next(item.thumbprint for item in host.certificates if item.thumbprint != before[0])
    plan = plan_of(host, *(wish("Shop", name, {"thumbprint": other}) for name in names))
    answer = world.apply(
        applier_args(host.name, plan.steps, {"on_unverified": "fail", "timeout": 5, "retries": 0}, READ)
    )
    assert answer["error"] and [world.served("10.0.0.5", 443, name) for name in names] == before
    assert parse_document(answer["document"]).records == host.records


def test_peer_duplicate_across_sites() -> None:
    other = site("Old", "*:443:shop.example.com=1", state="stopped", number=7)
    told = refused(host_of(sites=[site("Shop"), other], records=[HELD]), wish("Shop", "shop.example.com", SHOP))
    assert "'Old' (stopped)" in told["bindings[0]"]
    moved = [wish("Old", "shop.example.com", state="absent"), wish("Shop", "shop.example.com", SHOP)]
    after = plan_of(host_of(sites=[site("Shop"), other], records=[HELD]), *moved).after
    assert [len(item.bindings) for item in after.sites] == [1, 0]


def test_peer_ports_are_separate() -> None:
    sites = [site("Shop", *(f"*:{port}:shop.example.com=1" for port in (443, 444, 445)))]
    records = [record(f"shop.example.com:{port}", SHOP) for port in (443, 444, 445)]
    host = host_of(sites=sites, records=records, http_ports=[443, 444, 445])
    after = plan_of(host, wish("Shop", "shop.example.com", NEW, port=444)).after
    assert [item.value.thumbprint for item in after.records] == [cert["thumbprint"] for cert in (SHOP, NEW, SHOP)]


def test_peer_somebody_else_wrote() -> None:
    host = host_of(sites=[SNI], records=[HELD])
    request = wish("Shop", "shop.example.com", NEW)
    approved = filed(plan_of(host, request))
    meanwhile = host_of(sites=[SNI], records=[record("shop.example.com:443", API)])
    with pytest.raises(Exception, match=f"is certificate {API['thumbprint']}|is {API['thumbprint']}"):
        approved_plan(meanwhile, approved, NOW)
    again = plan_of(meanwhile, request)
    assert [step.op for step in again.steps] == ["record_update", "probe"]
    assert again.after.records[0].value.thumbprint == NEW["thumbprint"]


def test_peer_stopped_stays_stopped() -> None:
    stopped = site("Shop", "*:443:shop.example.com=1", state="stopped")
    plan = plan_of(host_of(sites=[stopped], records=[HELD]), wish("Shop", "shop.example.com", NEW))
    assert plan.after.sites[0].state == "stopped"
    assert {step.op for step in plan.steps} <= {"record_update", "probe"}


def test_peer_winrm_stays() -> None:
    winrm = record("0.0.0.0:5986", OTHER, app_id="{afebb9ad-9b97-4a91-9ab5-daf4d59122f6}")
    parts = {"connection": {"address": "10.0.0.5", "port": 5986, "tls": True}, "http_ports": [80, 5986]}
    host = host_of(sites=[site("Shop", "http *:80:")], records=[winrm], **parts)
    plan = plan_of(host, wish("Shop", "shop.example.com", SHOP))
    assert all(item.endpoint.port == 443 for item in plan.affected)
    assert next(item for item in plan.after.records if item.key.port == 5986) == host.records[0]
    told = refused(host, wish("Shop", "", SHOP, port=5986, sni="never"))
    assert any("read-only" in message or "would change" in message for message in told.values())


def test_peer_exchange_back_end() -> None:
    own = stored("exchange01", 300, issuer="exchange01")
    sites = [
        site("Default Web Site", "*:443:", "127.0.0.1:443:"),
        site("Exchange Back End", "*:444:", number=2),
    ]
    records = [record("0.0.0.0:443", OTHER), record("127.0.0.1:443", own), record("0.0.0.0:444", own)]
    host = host_of(OTHER, BOTH, own, sites=sites, records=records, http_ports=[443, 444])
    plan = plan_of(host, wish("Default Web Site", "", BOTH, sni="never"))
    assert [str(step.key) for step in plan.steps if step.op == "record_update"] == ["0.0.0.0:443"]
    kept = {str(item.key): item.value.thumbprint for item in plan.after.records}
    assert kept["127.0.0.1:443"] == kept["0.0.0.0:444"] == own["thumbprint"]


@pytest.mark.parametrize(
    ("fault", "verdict", "undone"), [("swapped_certificate", "wrong", "complete"), (None, "right", None)]
)
def test_peer_wrong_or_unreachable(fault: str | None, verdict: str, undone: str | None) -> None:
    description: dict[str, Any] = {
        "slug": "web01",
        "os": {"name": "Windows Server 2019", "build": "10.0.17763", "iis": "10.0"},
        "sites": [{"id": 1, "name": "Shop", "state": "Started", "bindings": []}],
        "records": [_record("other.example.com:8443", "B0")],
        "certificates": [_certificate("A0", "2027-01-01"), _certificate("B0", "2027-06-01")],
        "ip_listen": [],
        "local_addresses": ["10.0.0.5"],
        "http_ports": [443],
    }
    world = World(description, (fault,) if fault else ())
    host = parse_document(world.read())
    chosen = next(item for item in host.certificates if item.facts and item.facts.not_after.month == 1)
    plan = plan_of(host, wish("Shop", "shop.example.com", {"thumbprint": chosen.thumbprint}))
    probe = {"on_unverified": "ignore", "timeout": 5, "retries": 0}
    answer = world.apply(applier_args(host.name, plan.steps, probe, READ))
    assert {item["verdict"] for item in answer["probes"] if item["sni"] == "shop.example.com"} == {verdict}
    assert answer["undone"] == undone


def _https(information: str, flags: int) -> dict[str, Any]:
    return {"protocol": "https", "information": information, "ssl_flags": flags}


def _record(key: str, thumbprint: str) -> dict[str, Any]:
    return {"family": "hostnameport", "key": key, "thumbprint": thumbprint.rjust(40, "0"), "options": {}}


def _certificate(thumbprint: str, end: str) -> dict[str, Any]:
    names = ["shop.example.com", "other.example.com"]
    return {"thumbprint": thumbprint.rjust(40, "0"), "names": names, "not_after": end, "key": "ok", "in_store": True}


@pytest.mark.parametrize("flags", [5, 9, 97, 129])
def test_peer_flags_are_cleared_one_by_one(flags: int) -> None:
    """Clearing an unset bit is nothing: an exclusive or would set it."""
    host = host_of(sites=[site("Shop", f"*:443:shop.example.com={flags}")], records=[HELD])
    for name, bit in (
        ("disable_http2", 4),
        ("disable_ocsp_stapling", 8),
        ("disable_tls13", 32),
        ("disable_legacy_tls", 64),
    ):
        plan = plan_of(host, wish("Shop", "shop.example.com", options={name: False}))
        assert plan.after.sites[0].bindings[0].flags == flags & ~bit
        assert plan.empty == (not flags & bit)


def test_peer_central_store_switch_drops_nothing_first() -> None:
    names = ("shop.example.com", "api.example.com")
    files = {"enabled": True, "files": [f"{name}.pfx" for name in names]}
    own = [record(f"{name}:443", cert) for name, cert in zip(names, (SHOP, API), strict=True)]
    host = host_of(sites=[site("Shop", *(f"*:443:{name}=1" for name in names))], records=own, central_store=files)
    plan = plan_of(host, *(wish("Shop", name, central_store=True) for name in names))
    assert [step.op for step in plan.steps] == ["record_set", "bindings", "record_delete", "record_delete", "probe"]
    assert [binding.information for binding in plan.after.sites[0].bindings] == [f"*:443:{name}" for name in names]
    assert records_of(plan.after) == ["ccs 443"] and plan.after.records[0].value.thumbprint is None
    told = refused(host, {"site": "Shop", "central_store": True}, wish("Shop", names[0], SHOP, central_store=True))
    assert sorted(told) == ["bindings[0].central_store", "bindings[1].certificate"]


def test_peer_a_rule_never_takes_what_others_took() -> None:
    """Subject look-ups took certificates without a key, expired ones, or whichever of two came first."""
    expired, keyless = stored("shop.example.com", -5), stored("shop.example.com", 390, key=None)
    asked = {"site": "Shop", "host": "shop.example.com", "certificate": {"select": {}}}
    plan = plan_of(host_of(SHOP, NEW, expired, keyless, sites=[SNI], records=[HELD]), asked)
    assert plan.after.records[0].value.thumbprint == NEW["thumbprint"]
    twin = stored("shop.example.com", 300, issuer="Twin CA")
    told = refused(host_of(NEW, twin, sites=[SNI], records=[]), asked)
    assert "equally good" in told["bindings[0].certificate.select"]


def test_every_case_has_a_test_of_its_name() -> None:
    here = Path(__file__).parent
    text = "".join((here / name).read_text(encoding="utf-8") for name in ("test_peers.py", "test_peers_reading.py"))
    assert len(CASES) == 30
    assert [name for name in CASES if f"def test_peer_{name}(" not in text] == []
    assert document()["format"] == "tlsfleet.iis/document"

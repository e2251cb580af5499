# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide "Using Certificates in Windows", statement by statement: what is true of each, shown on a host.

The page docs/docsite/rst/guide_statements.rst has a section for each of these tests.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Answer, Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Binding, Host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan, make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.capabilities import capabilities
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.eligibility import Judge, Wanted
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, record, site, stored
from support.finding_cases import OLD_IIS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst" / "guide_statements.rst"
SHOP, API, BOTH, OTHER = (
    stored("shop.example"),
    stored("api.example"),
    stored("shop.example api.example", 300),
    stored("other.example"),
)
NEW = stored("shop.example", 390)
CENTRAL = {"enabled": True, "files": ["shop.example.pfx"]}


def host(*certificates: dict[str, Any], **parts: Any) -> Host:
    data = {"http_ports": [80, 443], **parts}
    return parse_document(document(certificates=list(certificates or (SHOP, API, BOTH, OTHER, NEW)), **data))


def get(of: Host, sni: str | None, address: str = "10.0.0.6", port: int = 443) -> Answer:
    return Resolver(of).answer(Endpoint(address, port, sni))


def kinds(of: Host) -> set[str]:
    return {item.id for item in find(of, NOW)}


def planned(of: Host, *bindings: dict[str, Any], **more: Any) -> Plan:
    return make_plan(of, parse_request({"bindings": list(bindings), **more}), NOW)


def wish(name: str, certificate: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    chosen = {"certificate": {"thumbprint": certificate["thumbprint"]}} if certificate else {}
    return {"site": name.title(), "host": f"{name}.example", **chosen, **more}


def test_s1_one_record_per_address_and_port_and_beside_it_one_per_name_and_one_central_store() -> None:
    records = [record("10.0.0.5:443", OTHER), record("shop.example:443", SHOP), record("443", None)]
    there = host(records=records, central_store=CENTRAL)
    assert len(there.records) == 3
    with pytest.raises(Invalid, match=r"records\[3\]\.key: is there twice"):
        host(records=[*records, record("10.0.0.5:443", API)])


def test_s2_a_fixed_address_outranks_names_on_that_address_only_and_an_sni_binding_never_makes_such_a_record() -> None:
    there = host(records=[record("10.0.0.5:443", OTHER), record("shop.example:443", SHOP)])
    assert get(there, "shop.example", "10.0.0.5").served == OTHER["thumbprint"]
    assert get(there, "shop.example", "10.0.0.6").served == SHOP["thumbprint"]
    assert str(Binding("https", "10.0.0.5:443:shop.example", 1).record) == "hostnameport shop.example:443"
    assert str(Binding("https", "10.0.0.5:443:shop.example", 0).record) == "10.0.0.5:443"


def test_s3_a_host_name_without_the_sni_flag_selects_no_certificate() -> None:
    sites = [site("Shop", "*:443:shop.example=0"), site("Api", "*:443:api.example=0", number=2)]
    there = host(sites=sites, records=[record("0.0.0.0:443", SHOP)])
    assert get(there, "api.example").served == SHOP["thumbprint"]
    assert "shared_with_other_wishes" in kinds(there)
    mended = planned(there, repair=["shared_with_other_wishes"], allow={"shared_change": ["Api"]}).after
    assert get(mended, "api.example").rule == "exact_name"
    assert "host_without_sni" in kinds(host(sites=sites, records=[record("0.0.0.0:443", BOTH)]))


@pytest.mark.parametrize(
    ("build", "known"), [((6, 1, 7601), False), ((6, 2, 9200), True), ((6, 3, 9600), True), ((10, 0, 14393), True)]
)
def test_s4_sni_came_with_windows_server_2012(build: tuple[int, int, int], known: bool) -> None:
    os = {"name": "Windows", **dict(zip(("major", "minor", "build"), build, strict=True)), "revision": None}
    verdict = capabilities(host(os=os, schema_ssl_flags=None)).sni
    assert (verdict.ok, verdict.source) == (known, "table")
    asked = capabilities(host(os=os, schema_ssl_flags=known)).sni
    assert (asked.ok, asked.source) == (known, "schema")


def test_s5_names_share_443_by_sni_and_clients_without_it_need_a_default() -> None:
    there = host(sites=[site("Shop", "http *:80:"), site("Api", number=2)])
    after = planned(there, wish("shop", SHOP), wish("api", API)).after
    assert [get(after, name).served for name in ("shop.example", "api.example")] == [
        SHOP["thumbprint"],
        API["thumbprint"],
    ]
    assert get(after, None).outcome == "no_record"
    assert "default_certificate_missing" in kinds(after)
    default = planned(after, wish("shop", OTHER, host="")).after
    assert get(default, None).served == OTHER["thumbprint"]
    assert "default_certificate_missing" not in kinds(default)


def test_s6_a_new_sni_binding_beside_a_fixed_address_is_shadowed_there_and_nowhere_else() -> None:
    sites = [site("Old", "10.0.0.5:443:"), site("Shop", "http *:80:", number=2)]
    there = host(sites=sites, records=[record("10.0.0.5:443", OTHER)])
    caveats = Judge(there, NOW).with_caveats(Wanted("0.0.0.0", 443, "shop.example")).caveats
    assert any("on 10.0.0.5 record 10.0.0.5:443 outranks every name" in text for text in caveats)
    after = planned(there, wish("shop", SHOP)).after
    assert get(after, "shop.example", "10.0.0.6").served == SHOP["thumbprint"]
    shadow = [item for item in find(after, NOW) if item.id == "shadowed"]
    assert [(item.severity, "on 10.0.0.5 record" in item.evidence) for item in shadow] == [("error", True)]
    covering = host(sites=sites, records=[record("10.0.0.5:443", BOTH)])
    after = planned(covering, wish("shop", SHOP)).after
    assert [item.severity for item in find(after, NOW) if item.id == "shadowed"] == ["warning"]


def test_s7_the_record_that_confuses_may_have_no_binding_or_another_owner() -> None:
    sites = [site("Shop", "*:443:shop.example=1")]
    everywhere = ["https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"]  # Windows reserves it on every host
    records = [record("10.0.0.5:443", OTHER), record("shop.example:443", SHOP)]
    ghost = host(sites=sites, records=records, url_reservations=everywhere)
    assert {"orphan", "shadowed"} <= kinds(ghost)
    after = planned(ghost, repair=["orphan"]).after
    assert get(after, "shop.example", "10.0.0.5").served == SHOP["thumbprint"]
    sstp = record("10.0.0.5:443", OTHER, app_id="{ba195980-cd49-458b-9e23-c84ee0adcd75}")
    foreign = host(sites=sites, records=[sstp, record("shop.example:443", SHOP)])
    told = [item for item in find(foreign, NOW) if item.id == "shadowed"]
    assert "RRAS/SSTP" in told[0].evidence and told[0].repair is None
    assert "orphan" not in kinds(foreign)


def test_s8_an_unusable_key_fails_the_handshake_and_only_a_missing_record_falls_to_the_next() -> None:
    broken = stored("shop.example", 100, system_access="denied")
    sites, default = [site("Shop", "*:443:shop.example=1")], record("0.0.0.0:443", OTHER)
    there = host(broken, OTHER, sites=sites, records=[record("shop.example:443", broken), default])
    answer = get(there, "shop.example")
    assert (answer.outcome, answer.served) == ("key_unusable", None)
    assert "key_failure_ends_selection" in answer.assumptions
    assert "key_denied" in kinds(there)
    never_written = host(broken, OTHER, sites=sites, records=[default])
    assert get(never_written, "shop.example").served == OTHER["thumbprint"]
    assert "record_missing" in kinds(never_written)


def test_s9_only_the_endpoint_of_the_record_fails_and_all_others_go_on() -> None:
    gone = {"thumbprint": "AB" * 20}
    there = host(records=[record("shop.example:443", gone), record("api.example:443", API), record("[::]:443", OTHER)])
    assert get(there, "shop.example").outcome == "certificate_missing"
    assert get(there, "api.example").served == API["thumbprint"]
    assert get(there, None, "2001:db8::1").served == OTHER["thumbprint"]


@pytest.mark.parametrize(
    ("facts", "finding"),
    [
        ({"machine": False}, "key_user_scope"),
        ({"system_access": "denied"}, "key_denied"),
        ({"container": "made by an administrator of another company", "provider": "Some Vendor KSP"}, None),
    ],
)
def test_s10_what_counts_is_where_the_key_lies_and_that_system_may_read_it(
    facts: dict[str, Any], finding: str | None
) -> None:
    made = stored("shop.example", 100, **facts)
    sites, records = [site("Shop", "*:443:shop.example=1")], [record("shop.example:443", made)]
    found = {item for item in kinds(host(made, sites=sites, records=records)) if item.startswith("key_")}
    assert found == ({finding} if finding else set())


def test_s11_a_certificate_imported_by_a_service_account_is_refused_before_windows_would() -> None:
    imported = stored("shop.example", 100, machine=False)
    with pytest.raises(Invalid, match=r"error 1312.*user profile"):
        planned(host(imported, sites=[site("Shop", "http *:80:")]), wish("shop", imported))


def test_s12_before_2012_a_record_is_for_an_address_or_for_all_and_sni_is_refused_with_alternatives() -> None:
    there = host(**OLD_IIS, sites=[site("Shop", "*:443:")], records=[record("0.0.0.0:443", SHOP)])
    assert get(there, "shop.example").rule == "any_address"
    with pytest.raises(Invalid) as refusal:
        planned(there, wish("shop", SHOP, sni="required"))
    said = str(refusal.value)
    assert "no SNI before IIS 8" in said and "spare local addresses" in said and "another port" in said


def test_s13_many_bindings_on_one_address_of_old_windows_share_one_certificate_which_may_cover_them_all() -> None:
    sites = [site("Shop", "*:443:shop.example"), site("Api", "http *:80:", number=2)]
    one = host(**OLD_IIS, sites=sites, records=[record("0.0.0.0:443", SHOP)])
    with pytest.raises(Invalid, match="covers every name on"):
        planned(one, wish("api", API, sni="auto"))
    all_names = host(**OLD_IIS, sites=sites, records=[record("0.0.0.0:443", BOTH)])
    after = planned(all_names, wish("api", BOTH, sni="auto")).after
    assert [binding.information for binding in after.sites[1].bindings] == ["*:80:", "*:443:api.example"]
    assert get(after, "api.example").served == get(after, "shop.example").served == BOTH["thumbprint"]


def test_s14_what_bindings_share_is_the_record_and_not_the_certificate() -> None:
    sites = [site("Shop", "*:443:shop.example=0", "10.0.0.5:443:"), site("Api", "*:443:api.example=0", number=2)]
    there = host(sites=sites, records=[record("0.0.0.0:443", BOTH), record("10.0.0.5:443", BOTH)])
    away = planned(
        there, {"site": "Shop", "address": "10.0.0.5", "state": "absent"}, allow={"shared_change": ["Api", "Shop"]}
    )
    assert [str(item.key) for item in away.after.records] == ["0.0.0.0:443"]
    shared = planned(there, wish("shop", state="absent"))
    assert {str(item.key) for item in shared.after.records} == {"0.0.0.0:443", "10.0.0.5:443"}
    assert get(shared.after, "api.example").served == BOTH["thumbprint"]


def test_s15_a_renewal_has_to_reach_every_record() -> None:
    sites, records = [site("Shop", "*:443:shop.example=1")], [record("shop.example:443", SHOP, flags=0x10400)]
    there = host(SHOP, NEW, sites=sites, records=records)
    assert "renewal_not_bound" in kinds(there)
    plan = planned(there, repair=["renewal_not_bound"])
    assert [step.op for step in plan.steps] == ["record_update", "probe"]
    value = plan.after.records[0].value
    assert (value.thumbprint, value.flags) == (NEW["thumbprint"], 0x10400)


def test_s15_where_a_record_cannot_be_replaced_in_place_the_gap_needs_consent() -> None:
    sites, records = [site("Shop", "*:443:shop.example=1")], [record("shop.example:443", SHOP)]
    there = host(SHOP, NEW, sites=sites, records=records, update_exported=False)
    with pytest.raises(Invalid, match=r"allow\.gap"):
        planned(there, wish("shop", NEW))
    assert planned(there, wish("shop", NEW), allow={"gap": True}).steps[0].op == "record_replace"


def test_s15_iis_6_compatibility_the_central_store_and_ipv6() -> None:
    sites, records = [site("Shop", "*:443:shop.example=1")], [record("shop.example:443", SHOP)]
    mapper = [{"site": 1, "thumbprint": "AB" * 20, "store": "MY"}]
    assert "legacy_mapper" in kinds(host(sites=sites, records=records, mappers=mapper))
    central = host(sites=[site("Shop", "*:443:shop.example=3")], records=[record("443", None)], central_store=CENTRAL)
    assert get(central, "shop.example").file == "shop.example.pfx"
    both_families = host(records=[record("0.0.0.0:443", SHOP)])
    assert get(both_families, None, "2001:db8::1").served == SHOP["thumbprint"]


def test_s15_the_event_log_says_when_a_record_went() -> None:
    gone = {"at": "2026-11-20T02:00:00Z", "kind": "deleted", "endpoint": "Shop.example:443"}
    sites = [site("Shop", "*:443:shop.example=1", "*:443:api.example=1")]
    told = {item.subject: item.evidence for item in find(host(sites=sites, changes=[gone]), NOW)}
    assert "deletion at 2026-11-20T02:00:00Z (event 15300)" in told["Shop/*:443:shop.example"]
    assert "15300" not in told["Shop/*:443:api.example"]
    made = host(sites=sites, changes=[{**gone, "kind": "created"}])
    assert not any("15300" in item.evidence for item in find(made, NOW))


def test_the_page_has_a_section_for_each_statement_in_its_order() -> None:
    statements = [int(name.split("_")[1][1:]) for name in globals() if name.startswith("test_s") and name[6].isdigit()]
    assert sorted(set(statements)) == list(range(1, 16))
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    titles = [line for line, below in pairwise(lines) if below and set(below) == {"-"}]
    numbers = [int(line.split(":")[0][1:]) for line in titles if line[0] == "S" and line[1].isdigit()]
    assert numbers == list(range(1, 16))
    parts = PAGE.read_text(encoding="utf-8")
    for name in ("The guide says", "What is true", "How it shows", "How it is put right"):
        assert parts.count(f"*{name}:*") == 15, name

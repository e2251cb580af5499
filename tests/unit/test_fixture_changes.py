# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts of public sources: what a change there does, or what it has to keep, as their sources say it. Each question by number.

Hosts where other programs use records, too, stand in test_fixture_changes_others.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import RecordValue
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.farm import farm_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from support.certificates import NOW
from support.sources import (
    HOSTS,
    NEW,
    OTHER,
    SHARED_WITH_OTHERS,
    Register,
    a_site,
    answer,
    bind,
    host,
    https,
    kinds,
    planned,
    refused,
    served,
    thumbprint,
    value_of,
    with_certificate,
    with_record,
)

answers = Register(set(HOSTS) - SHARED_WITH_OTHERS)
PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


@answers("binding-without-record-after-netsh-error")
def test_a_missing_record_is_made_and_then_there_is_a_certificate() -> None:
    there = host("binding-without-record-after-netsh-error")
    chosen = there.certificates[0].thumbprint
    plan = planned(there, bind("mysite.example.com", "mysite.example.com", chosen))
    assert value_of(plan.after, "ipport", "0.0.0.0:443") == RecordValue(chosen)
    assert served(plan.after, there.addresses[0], "mysite.example.com") == chosen


@answers("central-store-port-record")
def test_an_exact_address_takes_a_name_from_the_central_store() -> None:
    there = host("central-store-port-record")
    name = next(item.parts[2] for site in there.sites for item in site.bindings if item.flags & 2)
    assert str(served(there, "192.0.2.91", name)).startswith("file:")
    exact = with_record(there, "ipport", "192.0.2.91:443", RecordValue(OTHER))
    assert answer(exact, "192.0.2.91", name).rule == "exact_address"


@answers("central-store-star-hostname-record")
def test_a_node_that_joins_a_farm_gets_its_own_record_of_the_central_store() -> None:
    sites = a_site("centralcert0", https("*:443:centralcert0.example", 3))
    first = host("central-store-star-hostname-record", sites=sites, shared_configuration=True)
    second = replace(first, name="NODE2", records=())
    wish = {"site": "centralcert0", "host": "centralcert0.example", "central_store": True}
    asked = parse_request({"bindings": [wish], "allow": {"shared_configuration": True}})
    records, configuration, old = farm_plan([first, second], asked, NOW).phases
    assert [[step.op for step in plan.steps if step.op != "probe"] for plan in records.plans] == [[], ["record_set"]]
    assert all(plan.empty for phase in (configuration, old) for plan in phase.plans)
    assert {str(item.key) for item in old.plans[1].after.records} == {"ccs 443"}


@answers("fifteen-sites-two-addresses")
def test_sni_on_one_port_leaves_other_records_and_takes_the_certificate_from_clients_without_it() -> None:
    made = {"thumbprint": f"{'A1':0>40}", "names": ["host4.example.net"], "not_after": None, "key": "ok"}
    records = [
        {"family": "ipport", "key": key, "thumbprint": made["thumbprint"], "store": None, "app_id": None, "options": {}}
        for key in ("0.0.0.0:443", "172.16.4.20:8182")
    ]
    there = host("fifteen-sites-two-addresses", records=records, certificates=[{**made, "in_store": True}])
    name, chosen = "host4.example.net", there.certificates[0].thumbprint
    plan = planned(
        there, {"site": "Site 27", "host": name, "sni": "required"}, allow={"gap": True, "shared_change": ["Site 27"]}
    )
    assert value_of(plan.after, "ipport", "172.16.4.20:8182") == value_of(there, "ipport", "172.16.4.20:8182")
    assert served(plan.after, "172.16.5.20", name) == served(plan.after, "172.16.4.20", None, 8182) == chosen
    assert answer(plan.after, "172.16.5.20").outcome == "no_record"
    assert any(item.after is None and item.endpoint.sni is None for item in plan.affected)


@answers("german-server-single-port")
def test_no_words_of_a_listing_are_looked_for() -> None:
    shipped = [file for file in PLUGINS.rglob("*") if file.suffix in (".cs", ".ps1")]
    assert len(shipped) > 10
    for file in shipped:
        assert "Certificate Hash" not in file.read_text(encoding="utf-8"), file
    assert [str(item.key) for item in host("german-server-single-port").records] == ["0.0.0.0:8091"]


@answers("ghost-address-records-shadow-sni", 1, 2)
def test_left_over_address_records_have_to_go_all() -> None:
    there = host("ghost-address-records-shadow-sni")
    name, own = "www.example.com", value_of(there, "hostnameport", "www.example.com:443").thumbprint
    one = with_record(there, "ipport", "192.0.2.10:443", None)
    assert served(one, "192.0.2.10", name) == own != served(one, "192.0.2.11", name)
    both = planned(there, repair=["orphan"], bindings=[]).after
    assert served(both, "192.0.2.10", name) == served(both, "192.0.2.11", name) == own


@answers("idn-binding-needs-unicode", 1, 2)
def test_a_name_in_unicode_is_the_name_of_its_certificate_and_is_written_in_unicode() -> None:
    there = host("idn-binding-needs-unicode")
    assert "certificate_name_mismatch" not in kinds(there)
    wish = bind(there.sites[0].name, "neu.xn--bcher-kva.example", there.certificates[0].thumbprint)
    added = planned(there, wish).after.sites[0].bindings[-1]
    assert added.information == "*:443:neu.bücher.example"


@answers("iis7-wildcard-certificate-host-headers", 1, 2)
def test_a_site_goes_without_the_record_that_others_use() -> None:
    there = host("iis7-wildcard-certificate-host-headers")
    gone = planned(there, {"site": "a", "host": "a.example.com", "state": "absent"}).after
    assert gone.records == there.records
    assert all(served(gone, "192.0.2.140", name) for name in ("b.example.com", "c.example.com"))
    by_the_manager = with_record(gone, "ipport", "0.0.0.0:443", None)
    assert answer(by_the_manager, "192.0.2.140", "b.example.com").outcome == "no_record"
    told = [item.subject for item in find(by_the_manager, NOW) if item.id == "record_missing"]
    assert told == ["b/*:443:b.example.com", "c/*:443:c.example.com"]


@answers("iis7-wildcard-certificate-host-headers", 3)
def test_what_one_site_of_a_shared_record_gets_all_get_and_only_with_consent() -> None:
    there = with_certificate(host("iis7-wildcard-certificate-host-headers"), NEW)
    wish = bind("b", "b.example.com", NEW)
    assert '["a", "c"]' in refused(there, wish)
    after = planned(there, wish, allow={"gap": True, "shared_change": ["a", "c"]}).after
    assert {served(after, "192.0.2.140", f"{site}.example.com") for site in "abc"} == {NEW}


@answers("listen-list-holds-public-address-only")
def test_an_address_that_joins_the_listen_list_is_met() -> None:
    there = replace(host("listen-list-holds-public-address-only"), http_ports=None)
    assert answer(there, "127.0.0.1").outcome == "not_listening"
    opened = replace(there, ip_listen=(*there.ip_listen, "127.0.0.1"))
    assert Resolver(opened).listening(Endpoint("127.0.0.1", 443, None))


@answers("pfx-imported-with-user-scope-key", 1, 2)
@answers("signature-only-key", 1, 2)
@pytest.mark.parametrize(
    ("slug", "reason"),
    [("pfx-imported-with-user-scope-key", "user profile"), ("signature-only-key", "signatures only")],
)
def test_a_key_that_windows_would_refuse_is_refused_before(slug: str, reason: str) -> None:
    """Error 1312 is 0x80070520; that there is a private key says nothing."""
    there = host(slug)
    key = there.certificates[0].key
    site, binding = next((site, item) for site in there.sites for item in site.bindings if item.is_https)
    wish = bind(site.name, binding.parts[2], there.certificates[0].thumbprint)
    assert key is not None and "1312" in refused(there, wish) and reason in refused(there, wish)
    machine = replace(key, machine=True, key_spec=1, code=0, system_access="granted")
    again = replace(there, certificates=(replace(there.certificates[0], key=machine),))
    after = planned(again, wish).after
    assert served(after, there.addresses[0], binding.parts[2]) == there.certificates[0].thumbprint


@answers("renewal-forgot-the-second-address-family")
def test_both_families_work_once_the_second_record_has_the_renewed_certificate() -> None:
    slug = "renewal-forgot-the-second-address-family"
    there, new = host(slug), thumbprint(slug, f"{1202:040d}")
    after = planned(there, bind("www.example.com", "", new, address="192.0.2.120")).after
    assert {served(after, address) for address in there.addresses} == {new}
    assert "address_families_differ" in kinds(there) and "address_families_differ" not in kinds(after)


@answers("same-binding-in-a-stopped-and-a-started-site")
def test_bindings_of_a_stopped_site_go_without_the_records_of_the_started_one() -> None:
    made = {"thumbprint": f"{'A1':0>40}", "names": ["example.com", "*.example.com"], "not_after": None, "key": "ok"}
    record = {"family": "ipport", "key": "0.0.0.0:443", "thumbprint": made["thumbprint"], "store": None}
    there = host(
        "same-binding-in-a-stopped-and-a-started-site",
        records=[{**record, "app_id": None, "options": {}}],
        certificates=[{**made, "in_store": True}],
        local_addresses=["192.0.2.1"],
    )
    names = ("example.com", "www.example.com")
    after = planned(there, *({"site": "www.example.com", "host": name, "state": "absent"} for name in names)).after
    assert [item.protocol for item in after.sites[0].bindings] == ["http", "http"]
    assert after.records == there.records and after.sites[1] == there.sites[1]
    assert all(served(after, "192.0.2.1", name) for name in names)


@answers("sslflags-97-on-server-2022")
def test_flags_that_are_written_back_as_1_would_lose_what_97_says() -> None:
    there = with_certificate(host("sslflags-97-on-server-2022"), NEW)
    after = planned(there, bind("my.example.com", "my.example.com", NEW)).after
    held = value_of(there, "hostnameport", "my.example.com:443")
    assert [item.flags for item in after.sites[0].bindings] == [97]
    assert value_of(after, "hostnameport", "my.example.com:443") == held._replace(thumbprint=NEW)
    off = {"disable_tls13": False, "disable_legacy_tls": False}
    plain = planned(there, {"site": "my.example.com", "host": "my.example.com", "options": off}).after
    assert [item.flags for item in plain.sites[0].bindings] == [1]
    assert value_of(plain, "hostnameport", "my.example.com:443").flags & 0x60 == 0 != held.flags & 0x60


@answers("tls13-switched-off-in-the-record-only")
def test_a_new_certificate_keeps_what_only_the_record_says() -> None:
    there = with_certificate(host("tls13-switched-off-in-the-record-only"), NEW)
    held = value_of(there, "ipport", "0.0.0.0:443")
    plan = planned(there, bind("Default Web Site", "", NEW))
    assert value_of(plan.after, "ipport", "0.0.0.0:443") == held._replace(thumbprint=NEW)
    assert held.flags & 0x40 and not RecordValue(NEW).flags & 0x40
    assert "flags_differ" in kinds(plan.after)
    assert "flags_differ" not in kinds(with_record(there, "ipport", "0.0.0.0:443", RecordValue(NEW)))


@answers("two-sites-share-wildcard-443", 1, 2)
def test_sites_that_share_a_record_change_together_or_part_by_sni() -> None:
    there = host("two-sites-share-wildcard-443")
    own, here = there.certificates[0].thumbprint, there.addresses[0]
    both = with_certificate(there, NEW)
    wish = bind("site1", "site1.example.com", NEW)
    assert "site2" in refused(both, wish)
    after = planned(both, wish, allow={"gap": True, "shared_change": ["site2"]}).after
    assert served(after, here, "site2.example.com") == NEW
    parted = planned(
        both,
        {**wish, "sni": "required"},
        bind("site2", "site2.example.com", own, sni="required"),
        allow={"gap": True, "shared_change": ["site1", "site2"]},
    ).after
    assert served(parted, here, "site1.example.com") == NEW
    assert served(parted, here, "site2.example.com") == own


def test_every_question_about_a_change_is_answered() -> None:
    assert answers.open == set()

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts of public sources: what a change there does, or what it has to keep, as their sources say it. Each question by number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import RecordValue
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import record_key
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.farm import farm_phases
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import info
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from support.certificates import NOW
from support.sources import (
    Register,
    answer,
    bind,
    host,
    planned,
    refused,
    served,
    thumbprint,
    value_of,
    with_certificate,
    with_record,
)

answers = Register("safe_change")
NEW, OTHER = "CD" * 20, "AB" * 20
PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def https(information: str, flags: int = 0) -> dict[str, Any]:
    return {"protocol": "https", "information": information, "ssl_flags": flags}


def a_site(name: str, *bindings: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": 1, "name": name, "state": "Started", "bindings": list(bindings)}]


def kinds(of: Any) -> set[str]:
    return {item.id for item in find(of, NOW)}


@answers("adfs-three-hostname-records")
def test_only_the_thumbprint_of_the_three_records_of_ad_fs_changes() -> None:
    places = ("localhost:443", "sts.example.com:443", "sts.example.com:49443")
    listed = [https(f"*:{place.rpartition(':')[2]}:{place.rpartition(':')[0]}", 1) for place in places]
    there = with_certificate(host("adfs-three-hostname-records", sites=a_site("Sts", *listed)), NEW)
    wishes = [
        bind("Sts", place.rpartition(":")[0], NEW, port=int(place.rpartition(":")[2]), sni="required")
        for place in places
    ]
    assert "AD FS" in refused(there, *wishes)
    after = planned(there, *wishes, allow={"gap": True, "foreign": ["AD FS"]}).after
    held = {place: value_of(there, "hostnameport", place) for place in places}
    assert {place: value_of(after, "hostnameport", place) for place in places} == {
        place: replace(value, thumbprint=NEW) for place, value in held.items()
    }
    assert len({(value.flags, value.ctl_store) for value in held.values()}) == 2  # defaults for all would lose something


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
    records, configuration, old = farm_phases([first, second], asked, NOW)
    assert [[step.op for step in plan.steps if step.op != "probe"] for plan in records.plans] == [[], ["record_set"]]
    assert all(plan.empty for phase in (configuration, old) for plan in phase.plans)
    assert {str(item.key) for item in old.plans[1].after.records} == {"ccs 443"}


@answers("directaccess-iphttps-keeps-old-certificate")
def test_where_a_record_is_deleted_and_made_anew_owner_and_mapper_come_back() -> None:
    there = host("directaccess-iphttps-keeps-old-certificate", sites=a_site("Web", https("*:443:")))
    new = thumbprint("directaccess-iphttps-keeps-old-certificate", f"{'E02':0>40}")
    plan = planned(there, bind("Web", "", new, sni="never"), allow={"gap": True, "foreign": ["0.0.0.0:443"]})
    held = value_of(there, "ipport", "0.0.0.0:443")
    assert [str(step.key) for step in plan.steps if step.op == "record_replace"] == ["0.0.0.0:443"]
    assert value_of(plan.after, "ipport", "0.0.0.0:443") == replace(held, thumbprint=new)
    assert held.app_id.startswith("{5d8e2743") and held.flags & 0x1


@answers("exchange-2019-front-and-back-end")
def test_loopback_and_back_end_of_exchange_keep_their_certificate() -> None:
    there = with_certificate(host("exchange-2019-front-and-back-end"), NEW)
    old = value_of(there, "ipport", "0.0.0.0:443").thumbprint
    after = planned(there, bind("Default Web Site", "", NEW)).after
    assert served(after, "192.0.2.41") == NEW
    assert served(after, "127.0.0.1") == served(after, "192.0.2.41", port=444) == old


@answers("exchange-back-end-certificate-deleted", 1)
def test_the_back_end_of_exchange_is_met_again_with_the_certificate_of_port_443() -> None:
    there = host("exchange-back-end-certificate-deleted")
    good = value_of(there, "ipport", "0.0.0.0:443").thumbprint
    after = planned(there, bind("Exchange Back End", "", str(good), port=444)).after
    assert answer(there, "192.0.2.40", port=444).outcome == "certificate_missing"
    assert served(after, "192.0.2.40", port=444) == good
    assert "certificate_missing" not in kinds(after)


@answers("exchange-back-end-certificate-deleted", 2)
def test_who_uses_a_certificate_is_told_of_every_port() -> None:
    sound = [
        {"thumbprint": text, "names": [], "not_after": None, "key": "ok", "in_store": True}
        for text in ("1ec7413b4fb1782b4b40868d967161d29154fd7f", "a80c9de605a1525cd252c250495b459f06ed2ec1")
    ]
    before = host("exchange-back-end-certificate-deleted", certificates=sound)
    unused_on_443 = value_of(before, "ipport", "0.0.0.0:444").thumbprint
    classes = info(before, [], NOW)["endpoint_classes"]
    assert {item["port"] for item in classes if item["served"] == unused_on_443} == {444}
    gone = replace(
        before, certificates=tuple(item for item in before.certificates if item.thumbprint != unused_on_443)
    )
    assert [item.subject for item in find(gone, NOW) if item.id == "certificate_missing"] == ["0.0.0.0:444"]


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


@answers("rd-gateway-and-rras-use-the-iis-443-record", 1, 2)
def test_iis_rras_and_rd_gateway_have_to_agree_on_one_record() -> None:
    slug, key = "rd-gateway-and-rras-use-the-iis-443-record", "ipport 0.0.0.0:443"
    users = [
        {"kind": "sstp", "key": key, "thumbprint": OTHER, "evidence": "SstpSvc, SHA1CertificateHash"},
        {"kind": "rd_gateway", "key": None, "thumbprint": None, "evidence": "service TSGateway"},
    ]
    there = with_certificate(host(slug, users=users), NEW)
    assert {"foreign_user", "other_user_differs"} <= kinds(there)
    assert "sstp" in refused(there, bind("Default Web Site", "", NEW))
    by_the_gateway = with_record(there, "ipport", "0.0.0.0:443", RecordValue(NEW))
    assert served(by_the_gateway, "192.0.2.61", "gw.example.com") == NEW


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
    assert value_of(after, "hostnameport", "my.example.com:443") == replace(held, thumbprint=NEW)
    off = {"disable_tls13": False, "disable_legacy_tls": False}
    plain = planned(there, {"site": "my.example.com", "host": "my.example.com", "options": off}).after
    assert [item.flags for item in plain.sites[0].bindings] == [1]
    assert value_of(plain, "hostnameport", "my.example.com:443").flags & 0x60 == 0 != held.flags & 0x60


@answers("sstp-owns-443-on-both-families", 1, 2)
def test_on_sstp_hosts_each_family_has_its_own_record_and_no_name_has_one() -> None:
    there = host("sstp-owns-443-on-both-families")
    six = next(address for address in there.addresses if ":" in address)
    old = served(there, six)
    value = replace(value_of(there, "ipport", "0.0.0.0:443"), thumbprint=OTHER)
    changed = with_record(there, "ipport", "0.0.0.0:443", value)
    assert answer(changed, six).record == record_key("ipport", "[::]:443") and served(changed, six) == old
    site = host("sstp-owns-443-on-both-families", sites=a_site("Web"))
    assert "no SNI before IIS 8" in refused(site, bind("Web", "vpn.example.com", str(old), sni="required"))


@answers("tls13-switched-off-in-the-record-only")
def test_a_new_certificate_keeps_what_only_the_record_says() -> None:
    there = with_certificate(host("tls13-switched-off-in-the-record-only"), NEW)
    held = value_of(there, "ipport", "0.0.0.0:443")
    plan = planned(there, bind("Default Web Site", "", NEW))
    assert value_of(plan.after, "ipport", "0.0.0.0:443") == replace(held, thumbprint=NEW)
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


@answers("v4-ghost-and-sstp-on-v6", 1)
def test_a_binding_for_any_name_takes_the_left_over_record_with_it_when_it_goes() -> None:
    there = host("v4-ghost-and-sstp-on-v6")
    chosen = str(value_of(there, "ipport", "0.0.0.0:443").thumbprint)
    with_it = planned(there, bind("www.example.net", "", chosen, sni="never")).after
    assert "orphan" in kinds(there) and "orphan" not in kinds(with_it)
    allow = {"gap": True, "shared_change": ["www.example.net"]}
    after = planned(with_it, {"site": "www.example.net", "state": "absent"}, allow=allow).after
    assert [str(item.key) for item in after.records] == ["[::]:443"]


@answers("v4-ghost-and-sstp-on-v6", 2)
@answers("winrm-5986-client-certificates", 1)
@pytest.mark.parametrize(
    ("slug", "key"),
    [("v4-ghost-and-sstp-on-v6", "[::]:443"), ("winrm-5986-client-certificates", "0.0.0.0:5986")],
)
def test_what_belongs_to_another_service_is_never_deleted_as_left_over(slug: str, key: str) -> None:
    there = host(slug)
    after = planned(there, repair=["orphan", "shadowed"], bindings=[]).after
    assert value_of(after, "ipport", key) == value_of(there, "ipport", key)


@answers("winrm-5986-client-certificates", 2)
def test_a_record_of_winrm_can_ask_for_client_certificates_and_all_else_stays() -> None:
    """Only its owner's tools, or a wish that names the owner, may do so: http.sys takes it, the record is read-only here."""
    there = host("winrm-5986-client-certificates", sites=a_site("Web", https("*:5986:")))
    held = value_of(there, "ipport", "0.0.0.0:5986")
    wish = {"site": "Web", "port": 5986, "options": {"negotiate_client_certificate": True}}
    assert "WinRM" in refused(there, wish)
    after = planned(there, wish, allow={"gap": True, "foreign": ["WinRM"]}).after
    assert value_of(after, "ipport", "0.0.0.0:5986") == replace(held, flags=held.flags | 0x2)
    assert not held.flags & 0x2 and served(after, "192.168.222.144", port=5986) == held.thumbprint


def test_every_question_about_a_change_is_answered() -> None:
    assert answers.open == set()

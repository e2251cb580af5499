# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts where others than IIS use records: what a change there does, or what it has to keep, as their sources say it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import RecordValue
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import record_key
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import info
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from support.certificates import NOW
from support.sources import (
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

answers = Register(SHARED_WITH_OTHERS)


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
        place: value._replace(thumbprint=NEW) for place, value in held.items()
    }
    assert (
        len({(value.flags, value.ctl_store) for value in held.values()}) == 2
    )  # defaults for all would lose something


@answers("directaccess-iphttps-keeps-old-certificate")
def test_where_a_record_is_deleted_and_made_anew_owner_and_mapper_come_back() -> None:
    there = host("directaccess-iphttps-keeps-old-certificate", sites=a_site("Web", https("*:443:")))
    new = thumbprint("directaccess-iphttps-keeps-old-certificate", f"{'E02':0>40}")
    plan = planned(there, bind("Web", "", new, sni="never"), allow={"gap": True, "foreign": ["0.0.0.0:443"]})
    held = value_of(there, "ipport", "0.0.0.0:443")
    assert [str(step.key) for step in plan.steps if step.op == "record_replace"] == ["0.0.0.0:443"]
    assert value_of(plan.after, "ipport", "0.0.0.0:443") == held._replace(thumbprint=new)
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
    gone = replace(before, certificates=tuple(item for item in before.certificates if item.thumbprint != unused_on_443))
    assert [item.subject for item in find(gone, NOW) if item.id == "certificate_missing"] == ["0.0.0.0:444"]


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


@answers("sstp-owns-443-on-both-families", 1, 2)
def test_on_sstp_hosts_each_family_has_its_own_record_and_no_name_has_one() -> None:
    there = host("sstp-owns-443-on-both-families")
    six = next(address for address in there.addresses if ":" in address)
    old = served(there, six)
    value = value_of(there, "ipport", "0.0.0.0:443")._replace(thumbprint=OTHER)
    changed = with_record(there, "ipport", "0.0.0.0:443", value)
    assert answer(changed, six).record == record_key("ipport", "[::]:443") and served(changed, six) == old
    site = host("sstp-owns-443-on-both-families", sites=a_site("Web"))
    assert "no SNI before IIS 8" in refused(site, bind("Web", "vpn.example.com", str(old), sni="required"))


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
    assert value_of(after, "ipport", "0.0.0.0:5986") == held._replace(flags=held.flags | 0x2)
    assert not held.flags & 0x2 and served(after, "192.168.222.144", port=5986) == held.thumbprint


def test_every_question_about_a_change_is_answered() -> None:
    assert answers.open == set()

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts of public sources: what is wrong there, and what a change would do, as their sources say it.

Which certificate they serve is asked in test_fixtures.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host, Record, RecordValue
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import record_key
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan, make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.capabilities import capabilities
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.ownership import owners
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from lab.certificates import Maker
from lab.descriptions import load
from lab.simhost import SimulatedHost
from support.certificates import NOW

HOSTS = {item["slug"]: item for item in load(Path(__file__).resolve().parents[1] / "lab" / "fixtures")}
MAKER = Maker(seed=2, now=NOW)

#: By host: findings that say what its source says is wrong, as (id, subject).
FOUND: dict[str, set[tuple[str, str]]] = {
    "binding-without-record-after-netsh-error": {("record_missing", "mysite.example.com/*:443:mysite.example.com")},
    "exchange-back-end-certificate-deleted": {("certificate_missing", "0.0.0.0:444")},
    "fifteen-sites-two-addresses": {
        ("record_missing", "Site 06/172.16.4.20:8182:"),
        ("record_missing", "Site 27/*:443:host4.example.net"),
    },
    "german-server-single-port": {("used_by_unknown", "0.0.0.0:8091")},
    "ghost-address-records-shadow-sni": {
        ("orphan", "192.0.2.10:443"),
        ("orphan", "192.0.2.11:443"),
        ("shadowed", "www.example.com/*:443:www.example.com"),
    },
    "pfx-imported-with-user-scope-key": {("record_missing", "www.example.com/*:443:www.example.com")},
    "renewal-forgot-the-second-address-family": {("certificate_missing", "192.0.2.120:443")},
    "same-binding-in-a-stopped-and-a-started-site": {
        ("duplicate_binding", "*:443:example.com"),
        ("duplicate_binding", "*:443:www.example.com"),
    },
    "tls13-switched-off-in-the-record-only": {("flags_differ", "Default Web Site/*:443:")},
    "two-sites-share-wildcard-443": {("host_without_sni", "0.0.0.0:443")},
    "v4-ghost-and-sstp-on-v6": {("orphan", "0.0.0.0:443"), ("address_families_differ", "port 443")},
}
#: Hosts of which their source says that nothing is wrong.
SOUND = (
    "adfs-three-hostname-records",
    "central-store-port-record",
    "exchange-2019-front-and-back-end",
    "idn-binding-needs-unicode",
    "iis7-wildcard-certificate-host-headers",
    "sstp-owns-443-on-both-families",
    "web-management-service-null-application-id",
)


def host(slug: str) -> Host:
    return parse_document(SimulatedHost(HOSTS[slug], MAKER).read("all"))


def thumbprint(slug: str, name: str) -> str:
    """A thumbprint of the description in the lab's terms."""
    return SimulatedHost(HOSTS[slug], MAKER).thumbprints[name.upper()]


def planned(of: Host, *bindings: dict[str, Any], **more: Any) -> Plan:
    return make_plan(of, parse_request({"bindings": list(bindings), "allow": {"gap": True}, **more}), NOW)


def refused(of: Host, *bindings: dict[str, Any], **more: Any) -> str:
    with pytest.raises(Invalid) as refusal:
        planned(of, *bindings, **more)
    return str(refusal.value)


def served(of: Host, address: str, sni: str | None, port: int = 443) -> str | None:
    return Resolver(of).answer(Endpoint(address, port, sni)).identity


def with_record(of: Host, family: str, key: str, value: RecordValue | None) -> Host:
    """The host with that record as given; None: without it."""
    place = record_key(family, key)
    others = [item for item in of.records if item.key != place]
    return replace(of, records=tuple(others if value is None else [*others, Record(place, value)]))


def value_of(of: Host, family: str, key: str) -> RecordValue:
    return next(item.value for item in of.records if item.key == record_key(family, key))


@pytest.mark.parametrize("slug", FOUND)
def test_what_the_source_says_is_wrong_is_found(slug: str) -> None:
    assert FOUND[slug] <= {(item.id, item.subject) for item in find(host(slug), NOW)}


@pytest.mark.parametrize("slug", SOUND)
def test_a_host_that_works_has_nothing_worse_than_information(slug: str) -> None:
    found = [item for item in find(host(slug), NOW) if item.id != "windows_unsupported"]
    assert {item.severity for item in found} <= {"info"}


@pytest.mark.parametrize(
    ("slug", "family", "key", "who"),
    [
        ("adfs-three-hostname-records", "hostnameport", "sts.example.com:443", "AD FS"),
        ("adfs-three-hostname-records", "hostnameport", "sts.example.com:49443", "AD FS"),
        ("directaccess-iphttps-keeps-old-certificate", "ipport", "0.0.0.0:443", "IP-HTTPS or KDC proxy"),
        ("sstp-owns-443-on-both-families", "ipport", "[::]:443", "RRAS/SSTP"),
        ("v4-ghost-and-sstp-on-v6", "ipport", "[::]:443", "RRAS/SSTP"),
        ("web-management-service-null-application-id", "ipport", "0.0.0.0:8172", "Web Management Service (null id)"),
        ("winrm-5986-client-certificates", "ipport", "0.0.0.0:5986", "WinRM"),
    ],
)
def test_what_belongs_to_another_program_is_no_orphan_and_never_deleted(
    slug: str, family: str, key: str, who: str
) -> None:
    there = host(slug)
    place, value = record_key(family, key), value_of(there, family, key)
    owner = owners(there)(place, value)
    assert owner is not None and owner.name == who
    plan = planned(there, repair=["orphan", "shadowed"], bindings=[])
    assert value_of(plan.after, family, key) == value


def test_a_listen_list_without_loopback_hides_it() -> None:
    there = replace(host("listen-list-holds-public-address-only"), http_ports=None)
    answer = Resolver(there).answer(Endpoint("127.0.0.1", 443, None))
    assert answer.outcome == "not_listening" and "IP listen list" in answer.reason
    opened = replace(there, ip_listen=(*there.ip_listen, "127.0.0.1"))
    assert Resolver(opened).listening(Endpoint("127.0.0.1", 443, None))


def test_the_older_spelling_of_the_central_store_record_is_no_wildcard_name() -> None:
    there = host("central-store-star-hostname-record")
    assert [(str(item.key), item.value.thumbprint) for item in there.records if item.key.port == 443] == [
        ("ccs 443", None)
    ]


@pytest.mark.parametrize("slug", ["wsus-8531-host-header-without-sni", "two-sites-share-wildcard-443"])
def test_a_host_name_without_the_sni_flag_has_no_effect_on_the_certificate(slug: str) -> None:
    there = host(slug)
    for site in there.sites:
        for binding in site.bindings:
            if binding.is_https:
                _address, port, name = binding.parts
                here = there.addresses[0]
                assert served(there, here, name or None, port) == served(there, here, "stranger.example.net", port)


def test_bits_of_97_are_not_the_central_store_and_survive() -> None:
    slug = "sslflags-97-on-server-2022"
    there = host(slug)
    site, binding = next((site, item) for site in there.sites for item in site.bindings if item.flags == 97)
    name = binding.parts[2]
    assert Resolver(there).answer(Endpoint(there.addresses[0], 443, name)).rule == "exact_name"
    other = next(item.thumbprint for item in there.certificates)
    plan = planned(there, {"site": site.name, "host": name, "certificate": {"thumbprint": other}})
    assert binding in next(item for item in plan.after.sites if item.name == site.name).bindings


def test_a_missing_record_is_made_and_then_there_is_a_certificate() -> None:
    there = host("binding-without-record-after-netsh-error")
    chosen = there.certificates[0].thumbprint
    wish = {"site": "mysite.example.com", "host": "mysite.example.com", "certificate": {"thumbprint": chosen}}
    plan = planned(there, wish)
    assert value_of(plan.after, "ipport", "0.0.0.0:443") == RecordValue(chosen)
    assert served(plan.after, there.addresses[0], "mysite.example.com") == chosen


def test_an_exact_address_takes_a_name_from_the_central_store() -> None:
    there = host("central-store-port-record")
    name = next(item.parts[2] for site in there.sites for item in site.bindings if item.flags & 2)
    assert str(served(there, "192.0.2.91", name)).startswith("file:")
    exact = with_record(there, "ipport", "192.0.2.91:443", RecordValue("AB" * 20))
    assert Resolver(exact).answer(Endpoint("192.0.2.91", 443, name)).rule == "exact_address"


def test_left_over_address_records_have_to_go_all() -> None:
    there = host("ghost-address-records-shadow-sni")
    name, own = "www.example.com", value_of(there, "hostnameport", "www.example.com:443").thumbprint
    one = with_record(there, "ipport", "192.0.2.10:443", None)
    assert served(one, "192.0.2.10", name) == own != served(one, "192.0.2.11", name)
    both = planned(there, repair=["orphan"], bindings=[]).after
    assert served(both, "192.0.2.10", name) == served(both, "192.0.2.11", name) == own


def test_a_name_in_unicode_is_the_name_of_its_certificate_and_is_written_in_unicode() -> None:
    there = host("idn-binding-needs-unicode")
    assert "certificate_name_mismatch" not in {item.id for item in find(there, NOW)}
    chosen = there.certificates[0].thumbprint
    wish = {"site": there.sites[0].name, "host": "neu.xn--bcher-kva.example", "certificate": {"thumbprint": chosen}}
    added = planned(there, wish).after.sites[0].bindings[-1]
    assert added.information == "*:443:neu.bücher.example"


def test_on_old_windows_a_removed_site_leaves_the_record_to_the_others() -> None:
    there = host("iis7-wildcard-certificate-host-headers")
    sites = [(site.name, item.parts[2]) for site in there.sites for item in site.bindings if item.is_https]
    gone = planned(there, {"site": sites[0][0], "host": sites[0][1], "state": "absent"})
    assert gone.after.records == there.records
    replaced = {"site": sites[1][0], "host": sites[1][1], "certificate": {"thumbprint": "AB" * 20}}
    assert "AB" * 20 in refused(there, replaced), "what is not in the store is not bound"


@pytest.mark.parametrize(
    ("slug", "reason"),
    [("pfx-imported-with-user-scope-key", "user profile"), ("signature-only-key", "signatures only")],
)
def test_a_key_that_windows_would_refuse_is_refused_before(slug: str, reason: str) -> None:
    there = host(slug)
    site, binding = next((site, item) for site in there.sites for item in site.bindings if item.is_https)
    chosen = there.certificates[0].thumbprint
    wish = {"site": site.name, "host": binding.parts[2], "certificate": {"thumbprint": chosen}}
    assert "1312" in refused(there, wish) and reason in refused(there, wish)
    machine = replace(there.certificates[0].key, machine=True, key_spec=1, code=0, system_access="granted")  # type: ignore[type-var]
    again = replace(there, certificates=(replace(there.certificates[0], key=machine),))
    assert served(planned(again, wish).after, there.addresses[0], binding.parts[2] or None) == chosen


def test_both_families_work_once_the_second_record_has_the_renewed_certificate() -> None:
    slug = "renewal-forgot-the-second-address-family"
    there, new = host(slug), thumbprint("renewal-forgot-the-second-address-family", f"{1202:040d}")
    mended = with_record(
        there, "ipport", "192.0.2.120:443", replace(value_of(there, "ipport", "192.0.2.120:443"), thumbprint=new)
    )
    assert {served(mended, address, None) for address in there.addresses} == {new}


def test_on_sstp_hosts_each_family_has_its_own_record_and_no_name_has_one() -> None:
    there = host("sstp-owns-443-on-both-families")
    old = value_of(there, "ipport", "[::]:443").thumbprint
    value = replace(value_of(there, "ipport", "0.0.0.0:443"), thumbprint="AB" * 20)
    changed = with_record(there, "ipport", "0.0.0.0:443", value)
    six = next(address for address in there.addresses if ":" in address)
    assert Resolver(changed).answer(Endpoint(six, 443, None)).record == record_key("ipport", "[::]:443")
    assert value_of(changed, "ipport", "[::]:443").thumbprint == old
    assert "no SNI before IIS 8" in capabilities(there).sni.reason


def test_a_new_certificate_keeps_what_only_the_record_says() -> None:
    there = host("tls13-switched-off-in-the-record-only")
    held = value_of(there, "ipport", "0.0.0.0:443")
    other = replace(there.certificates[0], thumbprint="CD" * 20)
    plan = planned(
        replace(there, certificates=(*there.certificates, other)),
        {"site": "Default Web Site", "certificate": {"thumbprint": "CD" * 20}},
    )
    assert value_of(plan.after, "ipport", "0.0.0.0:443") == replace(held, thumbprint="CD" * 20)
    assert held.flags & 0x40


def test_sites_that_share_a_record_change_together_or_part_by_sni() -> None:
    slug = "two-sites-share-wildcard-443"
    there = host(slug)
    chosen = next(item for item in there.certificates)
    fresh = replace(chosen, thumbprint="CD" * 20)
    both = replace(there, certificates=(*there.certificates, fresh))
    wish = {"site": "site1", "host": "site1.example.com", "certificate": {"thumbprint": "CD" * 20}}
    assert "site2" in refused(both, wish)
    after = planned(both, wish, allow={"gap": True, "shared_change": ["site2"]}).after
    assert served(after, there.addresses[0], "site2.example.com") == "CD" * 20
    parted = planned(
        both,
        {**wish, "sni": "required"},
        {
            "site": "site2",
            "host": "site2.example.com",
            "sni": "required",
            "certificate": {"thumbprint": chosen.thumbprint},
        },
        allow={"gap": True, "shared_change": ["site1", "site2"]},
    ).after
    here = there.addresses[0]
    assert served(parted, here, "site1.example.com") == "CD" * 20
    assert served(parted, here, "site2.example.com") == chosen.thumbprint

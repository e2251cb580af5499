# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other tools got wrong when they read a host or chose a certificate: the other cases of support.peers, by name."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Binding, Host, Record, RecordValue, Site
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import RecordKey, checked_thumbprint, record_key
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.facts import facts
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import info
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.capabilities import capabilities, support_tier
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.names import covers
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.select import Cabinet
from support.certificates import NOW
from support.documents import record, site, stored
from support.peers import NEW, OTHER, SHOP, host_of, plan_of, refused, wish

SNI = site("Shop", "*:443:shop.example.com=1")


def kinds(host: Host) -> list[str]:
    return [item.id for item in find(host, NOW)]


def test_peer_stray_address_record() -> None:
    sites = [SNI, site("Api", "*:443:api.example.com=1", number=2)]
    records = [record("10.0.0.5:443", OTHER), record("shop.example.com:443", SHOP), record("api.example.com:443", SHOP)]
    host = host_of(sites=sites, records=records)
    found = [item for item in find(host, NOW) if item.id == "shadowed"]
    assert [item.subject for item in found] == ["Api/*:443:api.example.com", "Shop/*:443:shop.example.com"]
    assert all("10.0.0.5:443" in item.evidence and item.repair for item in found)
    assert Resolver(host).answer(Endpoint("10.0.0.5", 443, "shop.example.com")).served == OTHER["thumbprint"]
    stray = RecordKey("ipport", "10.0.0.5", 443)
    left = dataclasses.replace(host, records=tuple(item for item in host.records if item.key != stray))
    assert Resolver(left).answer(Endpoint("10.0.0.5", 443, "shop.example.com")).served == SHOP["thumbprint"]


def test_peer_one_binding_three_spellings() -> None:
    spellings = ("*:443:", ":443:", "0.0.0.0:443:")
    assert {Binding("https", text).parts for text in spellings} == {("0.0.0.0", 443, "")}
    assert Binding("https", "[::]:443:").parts == ("::", 443, "")
    for text in spellings:
        host = host_of(sites=[site("Shop", text)], records=[record("0.0.0.0:443", SHOP)])
        assert plan_of(host, wish("Shop", "", SHOP)).empty


@pytest.mark.parametrize(
    ("written", "address", "shown"),
    [
        ("[2001:db8::5]:443:", "2001:db8::5", "[2001:db8::5]:443"),
        ("[2001:0DB8:0:0::0005]:443:shop", "2001:db8::5", "[2001:db8::5]:443"),
        ("[fe80::1%3]:443:", "fe80::1%3", "[fe80::1%3]:443"),
        ("[::]:443:", "::", "[::]:443"),
    ],
)
def test_peer_ipv6_forms(written: str, address: str, shown: str) -> None:
    assert Binding("https", written).parts[:2] == (address, 443)
    key = RecordKey("ipport", address, 443)
    assert (key.text, record_key("ipport", key.text)) == (shown, key)
    host = host_of(sites=[site("Shop", written)], records=[record(shown, SHOP)], addresses=[address])
    assert "record_missing" not in kinds(host)
    assert plan_of(host, {"site": "Shop", "address": address, "host": Binding("https", written).parts[2]}).empty


def test_peer_versions_are_numbers() -> None:
    def windows(major: int, minor: int, build: int) -> Host:
        return host_of(os={"name": "x", "major": major, "minor": minor, "build": build, "revision": None})

    assert [support_tier(windows(*build)) for build in ((6, 3, 9600), (10, 0, 14393))] == ["best_effort", "supported"]
    assert [capabilities(windows(10, 0, build)).tls13.ok for build in (14393, 17763, 20348)] == [False, False, True]


def test_peer_store_names() -> None:
    twice = [{**SHOP, "store": "my"}, {**SHOP, "store": "WebHosting"}]
    for name in ("My", "MY", "my", None):
        host = host_of(*twice, sites=[SNI], records=[record("shop.example.com:443", SHOP, store=name)])
        assert kinds(host) == ["default_certificate_missing"]
        assert plan_of(host, wish("Shop", "shop.example.com", SHOP)).empty
    hosting = host_of(*twice, sites=[SNI], records=[record("shop.example.com:443", SHOP, store="WEBHOSTING")])
    assert plan_of(hosting, wish("Shop", "shop.example.com", SHOP)).empty


def test_peer_thumbprint_spellings() -> None:
    plain = SHOP["thumbprint"]
    pairs = " ".join(plain[index : index + 2] for index in range(0, 40, 2))
    for text in (plain.lower(), pairs, f"\u200e{pairs.lower()}", f" {plain} "):
        assert checked_thumbprint(text) == plain


def test_peer_ten_thousand_bindings() -> None:
    """The stated time is 20 seconds of one processor; it takes about five on a small, busy machine."""
    certificate = host_of(stored("*.example.com")).certificates[0]
    names = [f"n{number}.example.com" for number in range(10_000)]
    certificates = tuple(dataclasses.replace(certificate, thumbprint=f"{number:040X}") for number in range(2))
    sites = tuple(
        Site(number, f"site {number}", "started", tuple(_sni(name) for name in names[number::3000]))
        for number in range(3000)
    )
    records = tuple(
        Record(RecordKey("hostnameport", name, 443), RecordValue(f"{number % 2:040X}"))
        for number, name in enumerate(names)
    )
    host = dataclasses.replace(host_of(), sites=sites, records=records, certificates=certificates)
    request = [wish(f"site {number % 3000}", name, {"thumbprint": f"{1:040X}"}) for number, name in enumerate(names)]
    start = time.process_time()
    assert facts(host, NOW)["truncated"]
    plan = plan_of(host, *request)
    assert time.process_time() - start < 20
    assert sum(step.op == "record_update" for step in plan.steps) == 5_000


def _sni(name: str) -> Binding:
    return Binding("https", f"*:443:{name}", 1)


def test_peer_languages() -> None:
    japanese = {"name": "Windows Server 2019 データセンター", "major": 10, "minor": 0, "build": 17763, "revision": None}
    german = {"layer": "users", "code": "access_denied", "message": "Zugriff verweigert"}
    sites, records = [site("Geschäft", "*:443:shop.example.com=1")], [record("shop.example.com:443", SHOP)]
    host = host_of(sites=sites, records=records, os=japanese, incomplete=[german])
    assert kinds(host) == ["layer_unreadable", "default_certificate_missing", "renewal_not_bound"]
    assert plan_of(host, wish("geschäft", "shop.example.com", NEW)).steps[0].op == "record_update"


def test_peer_other_protocols() -> None:
    listed = ("net.tcp 808:*", "net.pipe *", "msmq.formatname localhost", "ftp *:21:", "*:443:shop.example.com=1")
    host = host_of(sites=[site("Shop", *listed)], records=[record("shop.example.com:443", SHOP)])
    assert "binding_unreadable" not in kinds(host)
    after = plan_of(host, wish("Shop", "shop.example.com", state="absent")).after
    assert [binding.protocol for binding in after.sites[0].bindings] == [
        "net.tcp",
        "net.pipe",
        "msmq.formatname",
        "ftp",
    ]


def test_peer_missing_certificate_is_reported() -> None:
    gone = {"thumbprint": "AB" * 20}
    host = host_of(sites=[SNI], records=[record("shop.example.com:443", gone)])
    result = info(host, [], NOW)
    outcomes = {item["sni"]: item["outcome"] for item in result["endpoint_classes"]}
    assert outcomes["shop.example.com"] == "certificate_missing"
    assert "certificate_missing" in {item["id"] for item in result["findings"]}
    assert facts(host, NOW)["bindings"][0]["record"] == "hostnameport shop.example.com:443"


def test_peer_idn() -> None:
    certificate = stored("www.xn--bcher-kva.example")
    sites = [site("Bücher", "*:443:www.bücher.example=1")]
    host = host_of(certificate, sites=sites, records=[record("www.bücher.example:443", certificate)])
    assert kinds(host) == ["default_certificate_missing"]
    assert plan_of(host, wish("Bücher", "WWW.XN--BCHER-KVA.example", certificate)).empty
    central = {"enabled": True, "files": ["www.bücher.example.pfx"]}
    shared = host_of(
        sites=[site("Bücher", "*:443:www.bücher.example=3")], records=[record("443", None)], central_store=central
    )
    assert (
        Resolver(shared).answer(Endpoint("10.0.0.5", 443, "www.xn--bcher-kva.example")).file == "www.bücher.example.pfx"
    )
    assert "central_file_missing" not in kinds(shared)


def test_peer_central_store() -> None:
    central = {"enabled": True, "files": ["shop.example.com.pfx"]}
    sites = [site("Shop", "*:443:shop.example.com=3"), site("Api", "*:443:api.example.com=3", "*:443:=2", number=2)]
    host = host_of(sites=sites, records=[record("443", None)], central_store=central)
    assert {"central_file_missing", "central_store_without_host"} <= set(kinds(host))
    assert "record_missing" not in kinds(host)
    told = refused(host, wish("Shop", "shop.example.com", SHOP))
    assert "central store" in told["bindings[0].certificate"]
    after = plan_of(host, wish("Shop", "shop.example.com", state="absent")).after
    assert [str(item.key) for item in after.records] == ["ccs 443"]


@pytest.mark.parametrize(
    ("name", "covered"), [("x.a.com", True), ("a.com", False), ("x.y.a.com", False), ("X.A.com", True)]
)
def test_peer_wildcard_certificate(name: str, covered: bool) -> None:
    assert covers(["*.a.com"], name.lower()) == covered
    sites = [site("A", f"*:443:{name}=1")]
    wild = stored("*.a.com")
    found = kinds(host_of(wild, sites=sites, records=[record(f"{name.lower()}:443", wild)]))
    assert ("certificate_name_mismatch" in found) != covered


@pytest.mark.parametrize(
    ("more", "chosen"),
    [
        ([], 1),
        ([stored("shop.example.com", 900, key=None)], 1),
        ([stored("shop.example.com", -1)], 1),
        ([stored("shop.example.com", 900, issuer="shop.example.com")], 1),
        ([stored("shop.example.com", 300, store="WebHosting")], None),
    ],
    ids=["longest", "no key", "expired", "self-signed", "tie"],
)
def test_peer_which_certificate(more: list[dict[str, Any]], chosen: int | None) -> None:
    twins = [SHOP, NEW, *([stored("shop.example.com www.shop.example.com", 300)] if chosen is None else more)]
    choice = Cabinet(host_of(*twins), NOW).best(("shop.example.com",))
    assert (choice.certificate and choice.certificate.thumbprint) == (None if chosen is None else NEW["thumbprint"])
    assert ("equally good" in choice.reason) == (chosen is None)


@pytest.mark.parametrize("alone", [stored("shop.example.com", -1), stored("shop.example.com", 300, key=None)])
def test_peer_none_rather_than_an_expired_one_or_one_without_a_key(alone: dict[str, Any]) -> None:
    assert Cabinet(host_of(alone), NOW).best(("shop.example.com",)).certificate is None

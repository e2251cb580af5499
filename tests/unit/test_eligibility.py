# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capabilities with their sources, SNI verdicts, what stands in the way, and alternatives that are really there."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import sni_eligibility
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.capabilities import capabilities
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.eligibility import Eligibility, Judge, Wanted
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.flags import flag_verdicts
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, record, site, stored
from support.finding_cases import API, BOTH, OLD_IIS, SHOP, SNI_SHOP, SSTP

ANY = Wanted("0.0.0.0", 443, "api.example")
SHARED = {"sites": [site("Shop", "*:443:shop.example")], "records": [record("0.0.0.0:443", SHOP)]}


def windows(major: int, minor: int, build: int, revision: int | None = None) -> dict[str, Any]:
    return {"os": {"name": "Windows", "major": major, "minor": minor, "build": build, "revision": revision}}


def judged(wanted: Wanted, *certificates: dict[str, Any], **parts: Any) -> Eligibility:
    return Judge(parse_document(document(certificates=list(certificates), **parts)), NOW).with_caveats(wanted)


@pytest.mark.parametrize(
    ("os", "known"),
    [
        (windows(6, 3, 9600), []),
        (windows(10, 0, 14393), []),
        (windows(10, 0, 17763, 100), ["disable_http2", "disable_ocsp_stapling"]),
        (windows(10, 0, 17763), ["disable_http2", "disable_ocsp_stapling", "disable_legacy_tls"]),
        (
            windows(10, 0, 20348),
            ["disable_http2", "disable_ocsp_stapling", "disable_quic", "disable_tls13", "disable_legacy_tls"],
        ),
        (
            windows(10, 0, 26100),
            [
                "disable_http2",
                "disable_ocsp_stapling",
                "disable_quic",
                "disable_tls13",
                "disable_legacy_tls",
                "negotiate_client_certificate",
            ],
        ),
    ],
)
def test_flag_bits_by_build(os: dict[str, Any], known: list[str]) -> None:
    verdicts = flag_verdicts(parse_document(document(**os)))
    assert [name for name, verdict in verdicts.items() if verdict.ok] == known
    assert {verdict.source for verdict in verdicts.values()} == {"table"}


def test_what_the_host_was_asked_counts_more_than_its_version() -> None:
    answers = [
        {"what": "flag_64", "present": False, "evidence": "http.sys refused the bit"},
        {"what": "http3", "present": True, "evidence": "EnableHttp3 is 1"},
        {"what": "tls13", "present": False, "evidence": "switched off in SCHANNEL"},
        {"what": "http2", "present": False, "evidence": "EnableHttp2Tls is 0"},
        {"what": "wildcard_host", "present": True, "evidence": "schema"},
    ]
    host = parse_document(document(**windows(10, 0, 20348), asked=answers))
    able = capabilities(host)
    assert (able.http3.ok, able.tls13.ok, able.http2.ok, able.wildcard_host.ok) == (True, False, False, True)
    assert {able.http3.source, able.tls13.source, able.http2.source, able.wildcard_host.source} == {"asked"}
    assert "EnableHttp3 is 1" in able.http3.reason
    assert flag_verdicts(host)["disable_legacy_tls"][:2] == (False, "asked")


@pytest.mark.parametrize(
    ("parts", "name", "ok", "source"),
    [
        ({}, "sni", True, "schema"),
        ({"schema_ssl_flags": None}, "sni", True, "table"),
        (OLD_IIS, "sni", False, "schema"),
        ({"iis": None}, "sni", False, "asked"),
        ({"central_store": {"enabled": True, "files": []}}, "central_store", True, "asked"),
        ({"central_store": {"enabled": False, "files": []}}, "central_store", False, "asked"),
        (OLD_IIS, "central_store", False, "table"),
        ({"update_exported": True}, "update_in_place", True, "export"),
        ({"update_exported": None}, "update_in_place", True, "table"),
        ({"update_exported": None, **windows(10, 0, 14393)}, "update_in_place", False, "table"),
        (windows(10, 0, 14393), "http2", True, "table"),
        (windows(6, 3, 9600), "http2", False, "table"),
        (windows(10, 0, 20348), "http3", True, "table"),
        (windows(10, 0, 17763), "tls13", False, "table"),
        (windows(6, 2, 9200), "wildcard_host", False, "table"),
    ],
)
def test_every_capability_says_where_it_comes_from(parts: dict[str, Any], name: str, ok: bool, source: str) -> None:
    verdict = getattr(capabilities(parse_document(document(**parts))), name)
    assert (verdict.ok, verdict.source) == (ok, source)
    assert verdict.reason


def test_a_central_store_that_could_not_be_read_is_not_called_absent() -> None:
    unread = [{"layer": "central_store", "code": "access_denied", "message": "the key is locked"}]
    verdict = capabilities(parse_document(document(incomplete=unread))).central_store
    assert (verdict.ok, verdict.source) == (False, "asked")
    assert verdict.reason == "whether the central certificate store is enabled could not be read: the key is locked"


@pytest.mark.parametrize(
    ("os", "tier"),
    [
        (windows(6, 1, 7600), "unsupported"),
        (windows(6, 1, 7601), "best_effort"),
        (windows(6, 3, 9600), "best_effort"),
        (windows(10, 0, 14393), "supported"),
        (windows(10, 0, 26100), "supported"),
    ],
)
def test_versions_compare_as_numbers(os: dict[str, Any], tier: str) -> None:
    assert capabilities(parse_document(document(**os))).support_tier == tier


def test_old_windows_is_told_real_alternatives() -> None:
    verdict = judged(ANY, SHOP, BOTH, **OLD_IIS, **SHARED, http_ports=[443, 8443])
    assert not verdict.eligible and verdict.source == "schema"
    assert verdict.alternatives == (
        "spare local addresses with no record on port 443: 10.0.0.5, 10.0.0.6",
        f"certificate {BOTH['thumbprint']} in LocalMachine\\MY covers every name on 0.0.0.0:443 (api.example, shop.example), "
        "valid until 2027-06-12",
        "another port: 9443, 4443, 10443 are free as far as http.sys knows",
    )


def test_the_certificate_that_is_lacking_is_described_by_the_nearest_one() -> None:
    three = stored("shop.example www.example")
    sites = [site("Shop", "*:443:shop.example", "*:443:www.example")]
    verdict = judged(ANY, SHOP, three, **OLD_IIS, sites=sites, records=[record("0.0.0.0:443", three)])
    nearest = f"nearest is {three['thumbprint']}, which lacks api.example"
    assert (
        f"for every name on 0.0.0.0:443: api.example, shop.example, www.example; {nearest}" in verdict.alternatives[1]
    )


def test_of_many_names_the_first_are_told() -> None:
    """One judge for many bindings: what one of them is told does not depend on those before."""
    names = [f"n{number:02}.example" for number in range(20)]
    half, other = stored(" ".join(names[:8])), stored("m.example n00.example", 300)
    sites = [site("Shop", *(f"*:443:{name}" for name in names))]
    parts = {**OLD_IIS, "sites": sites, "records": [record("0.0.0.0:443", half)], "certificates": [half, other]}
    judge = Judge(parse_document(document(**parts)), NOW)
    shown = ", ".join(names[:9])
    for name, first, listed, lacking in (
        ("m.example", half, f"m.example, {shown} and 11 more", f"m.example, {', '.join(names[8:17])} and 3 more"),
        ("z.example", half, f"{shown}, n09.example and 11 more", f"{', '.join(names[8:18])} and 3 more"),
        ("n19.example", half, f"{shown}, n09.example and 10 more", f"{', '.join(names[8:18])} and 2 more"),
    ):
        told = judge.eligibility(Wanted("0.0.0.0", 443, name)).alternatives[1]
        assert (
            f"for every name on 0.0.0.0:443: {listed}; nearest is {first['thumbprint']}, which lacks {lacking}" in told
        )


@pytest.mark.parametrize(
    "useless",
    [
        stored("shop.example api.example", -3),
        stored("shop.example api.example", made={"bits": 1024}),
        stored("shop.example api.example", machine=False),
        {**stored("shop.example api.example"), "archived": True},
    ],
)
def test_a_certificate_that_could_not_be_served_is_no_alternative(useless: dict[str, Any]) -> None:
    said = " ".join(judged(ANY, SHOP, useless, **OLD_IIS, **SHARED).alternatives)
    assert useless["thumbprint"] not in said and "not on this host yet" in said


@pytest.mark.parametrize(
    ("parts", "spare"),
    [
        ({"addresses": ["10.0.0.5"]}, None),
        ({"addresses": ["10.0.0.5", "10.0.0.6", "127.0.0.1", "169.254.1.1", "2001:db8::5"]}, "10.0.0.5, 10.0.0.6"),
        ({"ip_listen": ["10.0.0.6"]}, None),
        ({"records": [record("0.0.0.0:443", SHOP), record("10.0.0.5:443", SHOP)]}, None),
    ],
)
def test_spare_addresses_are_such_that_clients_can_come_to_and_one_is_left(
    parts: dict[str, Any], spare: str | None
) -> None:
    said = [text for text in judged(ANY, SHOP, **OLD_IIS, **{**SHARED, **parts}).alternatives if "spare" in text]
    assert said == ([f"spare local addresses with no record on port 443: {spare}"] if spare else [])


def test_free_ports_are_neither_used_by_records_nor_by_bindings_nor_by_others() -> None:
    sites = [site("Shop", "*:8443:", "http *:9443:")]
    parts = {
        "sites": sites,
        "records": [record("0.0.0.0:4443", SHOP)],
        "http_ports": [10443],
        "connection": {"address": "10.0.0.5", "port": 8444, "tls": False},
    }
    last = judged(Wanted("0.0.0.0", 8443, ""), SHOP, **parts).alternatives[-1]
    assert last == "another port: 8445, 8446, 8447 are free as far as http.sys knows"
    unknown = judged(Wanted("0.0.0.0", 8443, ""), SHOP, **{**parts, "http_ports": None}).alternatives[-1]
    assert unknown.endswith("are free by the records (who listens was not read)")


def test_a_free_record_is_offered_where_nobody_shares_it() -> None:
    verdict = judged(Wanted("0.0.0.0", 443, ""), SHOP)
    assert verdict.source == "rule" and "the record 0.0.0.0:443 is free" in verdict.alternatives[0]


def test_what_stands_in_the_way_of_an_eligible_binding() -> None:
    parts: dict[str, Any] = {
        "records": [record("10.0.0.5:443", API), record("api.example:443", API, app_id=SSTP)],
        "ip_listen": ["10.0.0.5"],
    }
    verdict = judged(ANY, SHOP, API, **parts)
    assert verdict.eligible and verdict.alternatives == ()
    assert [text.partition(" (F")[0] for text in verdict.caveats] == [
        "on 10.0.0.5 record 10.0.0.5:443 outranks every name: clients there meet its certificate",
        "record hostnameport api.example:443 is there already and used by RRAS/SSTP by its application id " + SSTP,
        "the IP listen list (10.0.0.5) leaves out 10.0.0.6: no client comes there",
        "clients that send no name meet no certificate on 10.0.0.6 port 443",
    ]


def test_nothing_stands_in_the_way_on_a_sound_host() -> None:
    sites = [SNI_SHOP, site("Default", "*:443:", number=2)]
    assert judged(ANY, SHOP, API, sites=sites, records=[record("0.0.0.0:443", SHOP)]).caveats == ()


def test_the_result_lists_every_flag_bit_and_every_caveat() -> None:
    host = parse_document(document(records=[record("10.0.0.5:443", SHOP)], certificates=[SHOP]))
    result = sni_eligibility(host, [ANY], NOW)
    assert [item["bit"] for item in result["flags"]] == [4, 8, 16, 32, 64, 128]
    assert set(result["capabilities"]) == {
        "wildcard_host",
        "central_store",
        "update_in_place",
        "http2",
        "http3",
        "tls13",
    }
    assert "outranks every name" in result["bindings"][0]["caveats"][0]

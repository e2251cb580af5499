# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each finding by a host that has it and by what it says; and hosts that must not have it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import FINDING_IDS
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.compliance import Policy, judge
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.eligibility import Wanted, eligibility
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import Finding, find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, record, site, stored

SHOP, API, BOTH = stored("shop.example"), stored("api.example"), stored("shop.example api.example")
EXPIRED = stored("shop.example", -3)
SNI_SHOP = site("Shop", "*:443:shop.example=1")
OLD = {"os": {"name": "Windows Server 2008 R2", "major": 6, "minor": 1, "build": 7601, "revision": None}}
OLD_IIS = {**OLD, "iis": {"major": 7, "minor": 5}, "schema_ssl_flags": False, "update_exported": False}
SSTP = "{ba195980-cd49-458b-9e23-c84ee0adcd75}"


def findings(certificates: list[Any], **parts: Any) -> list[Finding]:
    return list(find(parse_document(document(certificates=certificates, **parts)), NOW))


CASES: list[tuple[str, str, str, bool, dict[str, Any]]] = [
    ("record_missing", "Shop/*:443:shop.example", "does not exist", True, {"sites": [SNI_SHOP]}),
    ("orphan", "10.0.0.5:443", "no binding of any site", True, {"records": [record("10.0.0.5:443", SHOP)]}),
    (
        "shadowed",
        "Shop/*:443:shop.example",
        "on 10.0.0.5 record 10.0.0.5:443 answers instead",
        True,
        {"sites": [SNI_SHOP], "records": [record("shop.example:443", SHOP), record("10.0.0.5:443", API)]},
    ),
    (
        "shared_with_other_wishes",
        "0.0.0.0:443",
        "does not cover api.example",
        True,
        {
            "sites": [site("Shop", "*:443:shop.example=0"), site("Api", "*:443:api.example=0", number=2)],
            "records": [record("0.0.0.0:443", SHOP)],
        },
    ),
    (
        "certificate_missing",
        "hostnameport shop.example:443",
        "not in LocalMachine\\MY",
        True,
        {"sites": [SNI_SHOP], "records": [record("shop.example:443", {"thumbprint": "AB" * 20})]},
    ),
    (
        "certificate_expired",
        "hostnameport shop.example:443",
        "expired on 2026-11-21",
        True,
        {"sites": [SNI_SHOP], "records": [record("shop.example:443", EXPIRED)]},
    ),
    (
        "certificate_name_mismatch",
        "Shop/*:443:shop.example",
        "is for api.example, not for shop.example",
        True,
        {"sites": [SNI_SHOP], "records": [record("shop.example:443", API)]},
    ),
    ("sni_unsupported", "Shop/*:443:shop.example", "no SNI before IIS 8", False, {**OLD_IIS, "sites": [SNI_SHOP]}),
    ("sni_unsupported", "Shop/*:443:", "without a host name", False, {"sites": [site("Shop", "*:443:=1")]}),
    (
        "default_certificate_missing",
        "port 443",
        "clients without SNI meet no certificate on 10.0.0.5, 10.0.0.6",
        False,
        {"sites": [SNI_SHOP], "records": [record("shop.example:443", SHOP)]},
    ),
]


@pytest.mark.parametrize(("kind", "subject", "words", "repairable", "parts"), CASES)
def test_finding(kind: str, subject: str, words: str, repairable: bool, parts: dict[str, Any]) -> None:
    found = [item for item in findings([SHOP, API, EXPIRED], **parts) if item.id == kind]
    assert [item.subject for item in found] == [subject]
    assert words in found[0].evidence
    assert (found[0].repair is not None) == repairable


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"key": None}, "no private key"),
        ({"machine": False}, "user profile"),
        ({"system_access": "denied"}, "access list"),
        ({"code": 0x80090016}, "does not exist"),
        ({"code": 0x80090015}, "another certificate"),
        ({"provider_type": 12, "key_spec": 2}, "signatures only"),
    ],
)
def test_key_unusable(facts: dict[str, Any], words: str) -> None:
    broken = stored("shop.example", **facts)
    found = findings([broken], sites=[SNI_SHOP], records=[record("shop.example:443", broken)])
    unusable = [item for item in found if item.id == "key_unusable"]
    assert len(unusable) == 1 and words in unusable[0].evidence


def test_every_finding_id_has_a_test_here() -> None:
    assert {case[0] for case in CASES} | {"key_unusable"} == set(FINDING_IDS)


@pytest.mark.parametrize(
    "more",
    [
        {"records": [record("10.0.0.5:443", SHOP, app_id=SSTP)]},
        {"url_reservations": ["https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"]},
        {"users": [{"kind": "rd_gateway", "key": "ipport 10.0.0.5:443", "thumbprint": None, "evidence": "service"}]},
        {"http_ports": [443]},
        {"connection": {"address": "10.0.0.5", "port": 443, "tls": True}},
    ],
)
def test_a_record_that_somebody_else_may_use_is_no_orphan(more: dict[str, Any]) -> None:
    parts = {"records": [record("10.0.0.5:443", SHOP)], **more}
    assert [item.id for item in findings([SHOP], **parts)] == []


def test_a_fitting_certificate_in_a_shadowing_record_is_only_information() -> None:
    records = [record("shop.example:443", SHOP), record("10.0.0.5:443", SHOP)]
    found = findings([SHOP], sites=[SNI_SHOP], records=records)
    assert [item.severity for item in found if item.id == "shadowed"] == ["info"]


def test_two_names_in_two_spellings_are_one_name() -> None:
    cert = stored("www.xn--bcher-kva.example")
    sites, records = [site("S", "*:443:www.bücher.example=1")], [record("www.bücher.example:443", cert)]
    assert [item.id for item in findings([cert], sites=sites, records=records)] == ["default_certificate_missing"]


def test_old_windows_is_told_real_alternatives() -> None:
    host = parse_document(
        document(
            **OLD_IIS,
            sites=[site("Shop", "*:443:shop.example")],
            records=[record("0.0.0.0:443", SHOP)],
            certificates=[SHOP, BOTH],
        )
    )
    verdict = eligibility(host, Wanted("0.0.0.0", 443, "api.example"), NOW)
    assert not verdict.eligible and verdict.source == "schema"
    said = " | ".join(verdict.alternatives)
    assert "10.0.0.5, 10.0.0.6" in said and BOTH["thumbprint"] in said and "8443" in said


def test_compliance_never_calls_unknown_passed() -> None:
    parts: dict[str, Any] = {"sites": [SNI_SHOP], "records": [record("shop.example:443", SHOP)], "certificates": [SHOP]}
    fine = {item.rule: item.state for item in judge(parse_document(document(**parts)), Policy(), NOW)}
    assert set(fine.values()) == {"passed"} and len(fine) == 5
    blind = {"incomplete": [{"layer": "records", "code": "access_denied", "message": "needs administrator rights"}]}
    states = {item.state for item in judge(parse_document(document(**parts, **blind)), Policy(), NOW)}
    assert states == {"unknown"}
    strict = judge(parse_document(document(**parts)), Policy(min_days=300), NOW)
    assert [item.rule for item in strict if item.state == "failed"] == ["certificate_valid"]

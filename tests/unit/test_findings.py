# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of finding by a host that has it and by what it says; and hosts that must not have it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import FINDING_IDS, parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.finding import Finding
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import (
    KINDS,
    REPAIRABLE,
    RULES,
    THEMES,
    find,
    find_kinds,
)
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.scene import scene_of
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, record, site, stored
from support.finding_cases import API, SHOP, SHOP_RECORD, SNI_SHOP, SSTP, Case
from support.finding_cases_others import CASES

ALLOW = {"gap": True, "shared_change": ["Shop", "Api", "Copy"]}


def findings(certificates: list[Any], **parts: Any) -> list[Finding]:
    return list(find(parse_document(document(certificates=certificates, **parts)), NOW))


def ids(case: Case) -> list[str]:
    return [item.id for item in find(parse_document(case.document), NOW)]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.id} {number}" for number, case in enumerate(CASES)])
def test_finding(case: Case) -> None:
    found = [item for item in find(parse_document(case.document), NOW) if item.id == case.id]
    assert [(item.subject, item.severity) for item in found] == [(case.subject, case.severity)]
    assert case.words in found[0].evidence
    assert (found[0].repair is None) == (case.repair is None)
    assert (case.repair or "") in (found[0].repair or "")
    assert case.severity in KINDS[case.id].severities
    assert found[0].fact == KINDS[case.id].fact
    # a repair looks for its kind alone, in the theme it belongs to
    assert find_kinds(scene_of(parse_document(case.document), NOW), {case.id}) == found


def test_every_kind_and_every_severity_of_it_has_a_case() -> None:
    assert len(KINDS) >= 30
    assert {case.id for case in CASES} == set(KINDS) == set(FINDING_IDS)
    cases = {(case.id, case.severity) for case in CASES} | {("shadowed", "info"), ("shadowed", "warning")}
    assert cases == {(kind.id, severity) for kind in KINDS.values() for severity in kind.severities}
    assert len(KINDS) == sum(len(theme.KINDS) for theme in THEMES.values()), "an id is there twice"
    assert len(RULES) == len(set(RULES))


def test_only_kinds_with_a_remedy_have_a_repair_and_each_of_them_has_one() -> None:
    assert {case.id for case in CASES if case.repair} == set(REPAIRABLE)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.repair], ids=[case.id for case in CASES if case.repair]
)
def test_a_repair_that_is_offered_can_be_planned_and_puts_it_right(case: Case) -> None:
    request = {"repair": [f"{case.id} {case.subject}"], "allow": ALLOW}
    plan = make_plan(parse_document(case.document), parse_request(request), NOW)
    assert plan.steps
    assert case.id not in [item.id for item in find(plan.after, NOW)]
    assert make_plan(plan.after, parse_request(request), NOW).empty


@pytest.mark.parametrize("case", [case for case in CASES if not case.repair], ids=lambda case: case.id)
def test_what_has_no_safe_repair_is_left_alone(case: Case) -> None:
    host = parse_document(case.document)
    if case.id in ("layer_unreadable", "unfinished_run", "shared_configuration"):
        return  # there nothing is planned at all
    plan = make_plan(host, parse_request({"repair": [case.id]}), NOW)
    assert plan.empty and [note for note in plan.notes if case.id in note]


def test_a_sound_host_has_no_finding() -> None:
    sites = [site("Shop", "*:443:shop.example=1", "*:443:"), site("Intern", "http *:80:", number=2)]
    records = [record("shop.example:443", SHOP), record("0.0.0.0:443", API)]
    assert findings([SHOP, API], sites=sites, records=records, http_ports=[80, 443]) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"records": [record("10.0.0.5:443", SHOP, app_id=SSTP)]}, []),
        ({"url_reservations": ["https://+:443/a/"]}, ["used_by_unknown"]),
        (
            {
                "users": [
                    {"kind": "rd_gateway", "key": "ipport 10.0.0.5:443", "thumbprint": None, "evidence": "service"}
                ]
            },
            [],
        ),
        ({"http_ports": [443]}, ["used_by_unknown"]),
        ({"connection": {"address": "10.0.0.5", "port": 443, "tls": True}}, []),
    ],
)
def test_a_record_that_somebody_else_may_use_is_no_orphan(more: dict[str, Any], expected: list[str]) -> None:
    parts = {"records": [record("10.0.0.5:443", SHOP)], "http_ports": [80], **more}
    assert [item.id for item in findings([SHOP], **parts)] == expected


#: Every Windows has these lines, whether the services are there or not.
EVERYWHERE = (
    "https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/",
    "https://+:443/C574AC30-5794-4AEE-B1BB-6651C5315029/",
)


@pytest.mark.parametrize("line", EVERYWHERE, ids=["SSTP", "BranchCache"])
@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("10.0.0.5:443", "orphan"),
        ("gone.example:443", "orphan"),
        ("0.0.0.0:443", "used_by_unknown"),
        ("[::]:443", "used_by_unknown"),
        ("443", "used_by_unknown"),
    ],
)
def test_what_windows_reserves_everywhere_speaks_for_the_record_of_every_address_only(
    line: str, key: str, expected: str
) -> None:
    records = [record(key, None if key == "443" else SHOP), SHOP_RECORD]
    found = findings([SHOP], sites=[SNI_SHOP], records=records, http_ports=[443], url_reservations=[line])
    assert {item.id for item in found} & {"orphan", "used_by_unknown"} == {expected}
    other = {"url_reservations": [line.replace("+", "10.0.0.5").replace("443", "8443")], "http_ports": [80]}
    elsewhere = findings([SHOP], records=[record("10.0.0.5:8443", SHOP)], **other)
    assert [item.id for item in elsewhere] == ["used_by_unknown"]


def test_what_seems_to_be_missing_may_only_be_unread() -> None:
    blind = {"incomplete": [{"layer": "records", "code": "access_denied", "message": "no"}]}
    assert [item.id for item in findings([SHOP], sites=[SNI_SHOP], http_ports=[443], **blind)] == ["layer_unreadable"]
    unread = {"incomplete": [{"layer": "certificates", "code": "access_denied", "message": "no"}]}
    found = findings([], sites=[SNI_SHOP], records=[record("shop.example:443", SHOP)], http_ports=[443], **unread)
    assert [item.id for item in found] == ["layer_unreadable", "default_certificate_missing"]


def test_a_fitting_certificate_in_a_shadowing_record_is_only_information() -> None:
    records = [record("shop.example:443", SHOP), record("10.0.0.5:443", SHOP)]
    found = findings([SHOP], sites=[SNI_SHOP], records=records)
    assert [item.severity for item in found if item.id == "shadowed"] == ["info"]


def test_two_names_in_two_spellings_are_one_name() -> None:
    cert = stored("www.xn--bcher-kva.example")
    sites, records = [site("S", "*:443:www.bücher.example=1")], [record("www.bücher.example:443", cert)]
    assert [item.id for item in findings([cert], sites=sites, records=records)] == ["default_certificate_missing"]


@pytest.mark.parametrize(
    ("flags", "record_flags", "expected"),
    [
        (1, 0, []),
        (97, 0x440, []),
        (97, 0x40, ["warning"]),
        (1, 0x40, ["info"]),
        (33, 0x400, ["warning"]),
        (1, 0x2, ["info"]),
    ],
)
def test_flags_of_binding_and_record_are_compared_by_their_meaning(
    flags: int, record_flags: int, expected: list[str]
) -> None:
    newest = {"name": "Windows Server 2025", "major": 10, "minor": 0, "build": 26100, "revision": None}
    records = [record("shop.example:443", SHOP, flags=record_flags)]
    found = findings([SHOP], sites=[site("Shop", f"*:443:shop.example={flags}")], records=records, os=newest)
    assert [item.severity for item in found if item.id == "flags_differ"] == expected


def test_sharers_of_a_record_ask_for_its_flags_together() -> None:
    sites = [site("Shop", "*:443:shop.example=4"), site("Api", "*:443:api.example=0", number=2)]
    both = stored("shop.example api.example")
    found = findings([both], sites=sites, records=[record("0.0.0.0:443", both, flags=0x10)])
    assert [item.id for item in found] == ["host_without_sni"]

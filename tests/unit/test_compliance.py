# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet is judged by: each rule fails or is unknown for its own reason."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.compliance import Policy, judge
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, record, site, stored
from support.finding_cases import API, SHOP, SHOP_RECORD, SNI_SHOP, SUBJECT

BROKEN = stored("shop.example", system_access="denied")
UNREAD = {**SHOP, "der": "MIIB"}
FIRST_THREE = ("certificate_valid", "certificate_covers_name", "key_usable")


def states(certificates: list[dict[str, Any]], **parts: Any) -> dict[str, tuple[str, str]]:
    """State and evidence by rule, of what is not passed."""
    host = {"sites": [SNI_SHOP], "http_ports": [443], "certificates": certificates, **parts}
    found = judge(parse_document(document(**host)), Policy(), NOW)
    return {item.rule: (item.state, item.evidence) for item in found if item.state != "passed"}


@pytest.mark.parametrize(
    ("certificates", "parts", "rules", "state", "words"),
    [
        ([SHOP], {"records": []}, FIRST_THREE, "failed", "no record of its own"),
        ([], {"records": [SHOP_RECORD]}, FIRST_THREE, "failed", f"{SHOP['thumbprint']} is not in the store"),
        (
            [SHOP],
            {"sites": [site("Shop", "*:443:shop.example=3")], "records": [record("443", None)]},
            FIRST_THREE,
            "unknown",
            "comes from the central store",
        ),
        ([UNREAD], {"records": [SHOP_RECORD]}, FIRST_THREE[:2], "unknown", "cannot be parsed"),
        ([BROKEN], {"records": [record("shop.example:443", BROKEN)]}, ("key_usable",), "failed", "access list"),
        (
            [API],
            {"records": [record("shop.example:443", API)]},
            ("certificate_covers_name",),
            "failed",
            "is for api.example",
        ),
        (
            [SHOP],
            {"records": [SHOP_RECORD, record("10.0.0.5:443", SHOP)]},
            ("no_orphan_record",),
            "failed",
            "10.0.0.5:443",
        ),
        (
            [SHOP, API],
            {"records": [SHOP_RECORD, record("10.0.0.5:443", API)]},
            ("no_shadowed_binding", "no_orphan_record"),
            "failed",
            "10.0.0.5:443",
        ),
    ],
    ids=[
        "no record",
        "no certificate",
        "central store",
        "unparsable",
        "key",
        "name",
        "stray record",
        "another certificate",
    ],
)
def test_each_rule_has_its_reason(
    certificates: list[dict[str, Any]], parts: dict[str, Any], rules: tuple[str, ...], state: str, words: str
) -> None:
    found = states(certificates, **parts)
    assert tuple(found) == rules and {told for told, _evidence in found.values()} == {state}
    assert all(words in evidence for _state, evidence in found.values())


def test_a_shadow_is_the_fault_of_the_binding_it_falls_on_alone() -> None:
    sites = [SNI_SHOP, site("Api", "10.0.0.6:443:api.example=1", number=2)]
    records = [SHOP_RECORD, record("api.example:443", API), record("10.0.0.5:443", API)]
    host = parse_document(document(sites=sites, records=records, certificates=[SHOP, API], http_ports=[443]))
    failed = [item for item in judge(host, Policy(rules=("no_shadowed_binding",)), NOW) if item.state == "failed"]
    assert [item.subject for item in failed] == [SUBJECT]


def test_compliance_never_calls_unknown_passed() -> None:
    parts: dict[str, Any] = {"sites": [SNI_SHOP], "records": [record("shop.example:443", SHOP)], "certificates": [SHOP]}
    fine = {item.rule: item.state for item in judge(parse_document(document(**parts)), Policy(), NOW)}
    assert set(fine.values()) == {"passed"} and len(fine) == 5
    blind = {"incomplete": [{"layer": "records", "code": "access_denied", "message": "needs administrator rights"}]}
    states = {item.state for item in judge(parse_document(document(**parts, **blind)), Policy(), NOW)}
    assert states == {"unknown"}
    strict = judge(parse_document(document(**parts)), Policy(min_days=300), NOW)
    assert [item.rule for item in strict if item.state == "failed"] == ["certificate_valid"]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each assumption by a host where it decides: the answer names it, and turning it off gives another answer."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import ANY_OTHER_NAME, Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import info
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.assumptions import DEFAULT, SWITCHES, Assumptions
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, record, site, stored

W, S, X, NEW = stored("w.example"), stored("www.x.com"), stored("*.x.com"), stored("www.x.com", 300)
BROKEN = stored("www.x.com", 100, system_access="denied")
OLD = {**stored("www.x.com", 50), "archived": True}
DEFAULT_RECORD = record("0.0.0.0:443", W)
CENTRAL = {"enabled": True, "files": ["www.x.com.pfx", "_.y.com.pfx"]}

CASES: list[tuple[str, dict[str, Any], str, str | None, str | None]] = [
    (
        "wildcard_name_before_central_store",
        {"records": [record("*.x.com:443", X), record("443", None)], "central_store": CENTRAL},
        "www.x.com",
        X["thumbprint"],
        "file:www.x.com.pfx",
    ),
    (
        "wildcard_one_label",
        {"records": [record("*.x.com:443", X), DEFAULT_RECORD]},
        "a.b.x.com",
        W["thumbprint"],
        X["thumbprint"],
    ),
    (
        "wildcard_one_label",
        {"records": [record("*.x.com:443", X), DEFAULT_RECORD]},
        "x.com",
        W["thumbprint"],
        X["thumbprint"],
    ),
    (
        "key_failure_ends_selection",
        {"records": [record("www.x.com:443", BROKEN), DEFAULT_RECORD]},
        "www.x.com",
        None,
        W["thumbprint"],
    ),
    (
        "central_store_falls_through",
        {"records": [record("443", None), DEFAULT_RECORD], "central_store": CENTRAL},
        "z.com",
        W["thumbprint"],
        None,
    ),
    (
        "central_store_wildcard_files",
        {"records": [record("443", None), DEFAULT_RECORD], "central_store": CENTRAL},
        "a.y.com",
        "file:_.y.com.pfx",
        W["thumbprint"],
    ),
    (
        "central_store_serves_every_name",
        {"records": [record("443", None), DEFAULT_RECORD], "central_store": CENTRAL},
        "www.x.com",
        "file:www.x.com.pfx",
        W["thumbprint"],
    ),
    (
        "unlisted_share_holds_the_name",
        {"records": [record("443", None), DEFAULT_RECORD], "central_store": {"enabled": True, "files": None}},
        "www.x.com",
        "file:www.x.com.pfx",
        W["thumbprint"],
    ),
    (
        "renewal_link_not_followed",
        {"records": [record("www.x.com:443", {"thumbprint": S["thumbprint"]})]},
        "www.x.com",
        S["thumbprint"],
        NEW["thumbprint"],
    ),
    (
        "archived_certificate_is_found",
        {"records": [record("www.x.com:443", OLD), DEFAULT_RECORD]},
        "www.x.com",
        OLD["thumbprint"],
        None,
    ),
    ("listen_list_decides", {"records": [DEFAULT_RECORD], "ip_listen": ["10.0.0.6"]}, "z.com", None, W["thumbprint"]),
]


def host(parts: dict[str, Any]) -> Any:
    linked = {**S, "renewed_by": NEW["thumbprint"]}
    return parse_document(document(certificates=[W, linked, X, NEW, BROKEN, OLD], **parts))


@pytest.mark.parametrize(("name", "parts", "sni", "on", "off"), CASES)
def test_an_answer_names_the_switch_and_turning_it_off_changes_it(
    name: str, parts: dict[str, Any], sni: str, on: str | None, off: str | None
) -> None:
    endpoint = Endpoint("10.0.0.5", 443, sni)
    answer = Resolver(host(parts)).answer(endpoint)
    assert answer.identity == on and name in answer.assumptions
    assert Resolver(host(parts), replace(DEFAULT, **{name: False})).answer(endpoint).identity == off


def test_all_switches_are_listed_in_one_place_and_each_is_shown_here() -> None:
    names = [field.name for field in fields(Assumptions)]
    assert [switch.name for switch in SWITCHES] == names
    assert {case[0] for case in CASES} == set(names)
    assert all(switch.confidence in ("M", "L") and switch.fact.startswith("F") for switch in SWITCHES)
    assert all(getattr(DEFAULT, name) for name in names)


def test_a_central_store_bound_by_name_is_asked_in_any_case() -> None:
    sites = [site("Shop", "*:443:www.x.com=3")]
    parts = {"sites": sites, "records": [record("443", None), DEFAULT_RECORD], "central_store": CENTRAL}
    strict = Resolver(host(parts), replace(DEFAULT, central_store_serves_every_name=False))
    assert strict.answer(Endpoint("10.0.0.5", 443, "www.x.com")).identity == "file:www.x.com.pfx"


@pytest.mark.parametrize("sni", ["www.x.com", None, ANY_OTHER_NAME])
def test_what_is_documented_needs_no_assumption(sni: str | None) -> None:
    records = [record("10.0.0.5:443", W), record("www.x.com:443", X), record("*.x.com:443", X), record("443", None)]
    assert Resolver(host({"records": records})).answer(Endpoint("10.0.0.5", 443, sni)).assumptions == ()


def test_a_scoped_central_store_record_is_unsupported_for_prediction() -> None:
    scoped = {"family": "scopedccs", "key": "www.x.com:443", "thumbprint": None}
    resolver = Resolver(host({"records": [scoped, record("www.x.com:443", X), record("10.0.0.5:443", W)]}))
    answer = resolver.answer(Endpoint("10.0.0.6", 443, "www.x.com"))
    assert (answer.outcome, answer.served, answer.rule) == ("unsupported", None, "scoped_central_store")
    assert "F1.24" in answer.reason and "nothing is predicted" in answer.reason
    assert resolver.answer(Endpoint("10.0.0.5", 443, "www.x.com")).served == W["thumbprint"]
    assert resolver.answer(Endpoint("10.0.0.6", 443, "other.com")).outcome == "no_record"


def test_a_result_explains_each_assumption_it_used_and_no_other() -> None:
    parsed = host({"records": [record("443", None), DEFAULT_RECORD], "central_store": CENTRAL})
    result = info(parsed, [Endpoint("10.0.0.5", 443, "a.y.com")], NOW)
    told = {item["name"]: item for item in result["assumptions"]}
    assert set(told) == {
        "central_store_falls_through",
        "central_store_wildcard_files",
        "central_store_serves_every_name",
    }
    assert told["central_store_falls_through"]["fact"] == "F1.16"


def test_the_file_of_a_name_beyond_ascii_is_looked_for_in_unicode() -> None:
    files = {"enabled": True, "files": ["bücher.example.pfx", "xn--bcher-kva.x.com.pfx"]}
    resolver = Resolver(host({"records": [record("443", None)], "central_store": files}))
    answer = resolver.answer(Endpoint("10.0.0.5", 443, "xn--bcher-kva.example"))
    assert answer.file == "bücher.example.pfx"
    assert resolver.answer(Endpoint("10.0.0.5", 443, "xn--bcher-kva.x.com")).outcome == "no_record"

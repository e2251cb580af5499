# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference vectors of the published precedence (F1.10 and neighbours), one test each."""

from __future__ import annotations

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.predict import after_steps
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import SERVER_2008_R2, document, record, site, stored

A, W, V, S, X = (stored(f"{letter}.example") for letter in "awvsx")
RECORDS = {
    "A": record("10.0.0.5:443", A),
    "W4": record("0.0.0.0:443", W),
    "W6": record("[::]:443", V),
    "S": record("www.x.com:443", S),
    "wild": record("*.x.com:443", X),
    "C": record("443", None),
}
FILES = {"enabled": True, "files": ["shop.x.com.pfx", "_.y.com.pfx"]}

VECTORS = [
    (1, "A W4 S", "10.0.0.5", "www.x.com", A),
    (2, "A W4 S", "10.0.0.6", "www.x.com", S),
    (3, "W4 S", "10.0.0.5", None, W),
    (4, "W4 S", "10.0.0.5", "other.com", W),
    (5, "S", "10.0.0.5", None, "no_record"),
    (6, "S", "10.0.0.5", "other.com", "no_record"),
    (7, "S W4 W6", "2001:db8::1", "www.x.com", S),
    (8, "W4 W6", "2001:db8::1", "any.example", V),
    (8, "W4 W6", "2001:db8::1", None, V),
    (9, "W4", "2001:db8::1", None, W),
    (10, "W6", "10.0.0.5", "any.example", "no_record"),
    (11, "C W4", "10.0.0.5", "shop.x.com", "shop.x.com.pfx"),
    (12, "C W4", "10.0.0.5", "a.y.com", "_.y.com.pfx"),
    (13, "C W4", "10.0.0.5", "z.com", W),
    (14, "C S", "10.0.0.5", "www.x.com", S),
    (15, "C", "10.0.0.5", None, "no_record"),
    (17, "wild S", "10.0.0.5", "www.x.com", S),
    (20, "A", "127.0.0.1", "any.example", "no_record"),
]


@pytest.mark.parametrize(("number", "records", "address", "sni", "expected"), VECTORS)
def test_vector(number: int, records: str, address: str, sni: str | None, expected: object) -> None:
    chosen = [RECORDS[name] for name in records.split()]
    host = parse_document(document(records=chosen, certificates=[A, W, V, S, X], central_store=FILES))
    answer = Resolver(host).answer(Endpoint(address, 443, sni))
    if isinstance(expected, dict):
        assert (answer.outcome, answer.served) == ("served", expected["thumbprint"])
    else:
        assert expected in (answer.outcome, answer.file)
        assert answer.served is None


def test_vector_16_an_unusable_key_ends_the_selection_and_says_that_this_is_assumed() -> None:
    broken = stored("www.x.com", system_access="denied")
    records = [record("www.x.com:443", broken), RECORDS["W4"]]
    host = parse_document(document(records=records, certificates=[broken, W]))
    answer = Resolver(host).answer(Endpoint("10.0.0.5", 443, "www.x.com"))
    assert answer.outcome == "key_unusable"
    assert "key_failure_ends_selection" in answer.assumptions


def test_vector_18_sni_cannot_be_asked_of_2008_r2() -> None:
    cert = stored("h.example")
    host = parse_document(
        document(
            os=SERVER_2008_R2,
            iis={"major": 7, "minor": 5},
            schema_ssl_flags=False,
            sites=[site("Shop")],
            certificates=[cert],
        )
    )
    wish = {"site": "Shop", "host": "h.example", "sni": "required", "certificate": {"thumbprint": cert["thumbprint"]}}
    with pytest.raises(Invalid) as refusal:
        make_plan(host, parse_request({"bindings": [wish]}), NOW)
    assert [problem.path for problem in refusal.value.problems] == ["bindings[0].sni"]
    assert "no SNI before IIS 8" in str(refusal.value)


def test_vector_19_removing_one_of_two_sharers_keeps_the_shared_record() -> None:
    both = stored("a.example b.example")
    sites = [site("A", "*:443:a.example=0"), site("B", "*:443:b.example=0", number=2)]
    host = parse_document(document(sites=sites, records=[record("0.0.0.0:443", both)], certificates=[both]))
    plan = make_plan(host, parse_request({"bindings": [{"site": "A", "host": "a.example", "state": "absent"}]}), NOW)
    assert [step.op for step in plan.steps] == ["bindings"]
    answer = Resolver(after_steps(host, plan.steps)).answer(Endpoint("10.0.0.5", 443, "b.example"))
    assert answer.served == both["thumbprint"]

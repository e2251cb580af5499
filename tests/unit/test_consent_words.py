# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a refusal for want of consent: who is concerned, what would change where, and what would allow it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import RecordKey
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.consent import consent, how_to_allow
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.impact import Affected
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import Request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.ownership import Owner

RECORD = RecordKey("ipport", "0.0.0.0", 443)
SSTP, LISTENER = Owner("sstp", "sstp (set up)"), Owner("", "the listener", fixed=True)


def met(name: str, *sites: str, **more: Any) -> Affected:
    """One endpoint where A becomes B."""
    usual: dict[str, Any] = {"before": "A", "after": "B", "requested": False, "gap": False}
    return Affected(Endpoint("10.0.0.5", 443, name), sites=sites, **{**usual, **more})


def asked(*affected: Affected, written: Any = frozenset(), **request: Any) -> list[tuple[str, str]]:
    problems: list[Any] = []
    consent(Request((), **request), affected, written, problems)
    return [(problem.path, problem.message) for problem in problems]


def test_what_was_asked_for_needs_no_consent_and_what_comes_after_it_does() -> None:
    assert asked(met("a", "shop", requested=True)) == []
    wanted, other = met("a", "shop", requested=True), met("b", "api", "shop")
    assert asked(wanted, other, wanted) == [
        (
            "allow.shared_change",
            "would change what clients of api, shop meet: A -> B on 10.0.0.5:443 b. "
            'To allow that: shared_change: ["api", "shop"]',
        )
    ]
    assert len(asked(wanted, other, shared_change=frozenset({"api"}))) == 1
    assert asked(wanted, other, shared_change=frozenset({"api", "shop", "old"})) == []


def test_sites_are_asked_apart_and_each_pair_of_certificates_is_told_once() -> None:
    told = asked(
        met("a", "shop"),
        met("b", "shop", before=None),
        met("c", "shop"),
        met("d", "api", after=None),
        met("e", "bücher"),
    )
    assert [message for _path, message in told] == [
        "would change what clients of shop meet: A -> B on 10.0.0.5:443 a, 10.0.0.5:443 c; "
        'nothing -> B on 10.0.0.5:443 b. To allow that: shared_change: ["shop"]',
        'would change what clients of api meet: A -> nothing on 10.0.0.5:443 d. To allow that: shared_change: ["api"]',
        'would change what clients of bücher meet: A -> B on 10.0.0.5:443 e. To allow that: shared_change: ["bücher"]',
    ]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ("abc", "10.0.0.5:443 a, 10.0.0.5:443 b, 10.0.0.5:443 c"),
        ("abcd", "10.0.0.5:443 c and 1 more"),
        ("abcdef", "and 3 more"),
    ],
)
def test_three_endpoints_are_named_and_the_others_counted(names: str, shown: str) -> None:
    ((_path, message),) = asked(*(met(name, "shop") for name in names))
    assert f"{shown}. To allow" in message and message.count("10.0.0.5") == 3


def test_an_owner_is_asked_by_record_and_not_its_sites() -> None:
    theirs = {"record": RECORD, "other": SSTP}
    assert asked(met("a", "shop", **theirs), met("b", "api", **theirs)) == [
        (
            "allow.foreign",
            "would change what record 0.0.0.0:443 serves for sstp (set up): A -> B on 10.0.0.5:443 a, 10.0.0.5:443 b. "
            'To allow that: foreign: ["sstp"] or ["0.0.0.0:443"]',
        )
    ]
    # who changes the very record has been told by then
    assert asked(met("a", "shop", **theirs), written={RECORD}) == []
    named = frozenset({"sstp"})
    assert [path for path, _message in asked(met("a", "shop", **theirs), foreign=named)] == ["allow.shared_change"]
    assert asked(met("a", "shop", **theirs), foreign=named, shared_change=frozenset({"shop"})) == []
    # nobody can be asked for a record that is not there, or that nobody else uses
    for alone in ({"record": RECORD}, {"other": SSTP}):
        assert [path for path, _message in asked(met("a", "shop", **alone))] == ["allow.shared_change"]


def test_what_would_allow_a_change_of_others() -> None:
    assert how_to_allow(RECORD, SSTP) == 'To allow that: foreign: ["sstp"] or ["0.0.0.0:443"]'
    assert how_to_allow(RECORD, Owner("", "unknown")) == 'To allow that: foreign: ["0.0.0.0:443"]'
    assert how_to_allow(RECORD, Owner("Büro", "b")) == 'To allow that: foreign: ["Büro"] or ["0.0.0.0:443"]'
    assert how_to_allow(RECORD, LISTENER) == "Nothing allows that"


def test_a_gap_is_asked_for_whoever_wanted_the_change() -> None:
    gaps = [met(name, "shop", requested=True, gap=name != "b") for name in "abcde"]
    assert asked(*gaps) == [
        (
            "allow.gap",
            "this Windows cannot replace a record in place; for a moment there is no certificate for 10.0.0.5:443 a, "
            "10.0.0.5:443 c, 10.0.0.5:443 d and 1 more. Set allow.gap: true to accept that",
        )
    ]
    assert asked(*gaps, gap=True) == [] and asked(gaps[1]) == []

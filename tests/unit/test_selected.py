# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate chosen by a rule: which one, why each other one was not, and when nobody is chosen."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.plan_words import plan_lines
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.results import predicted
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules import select as select_rules
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.names import covers
from support.documents import record, site, stored
from support.peers import host_of, plan_of, refused

NAME = "shop.example.com"
SHORT, LONG = stored(NAME, 100), stored(NAME, 300)
WEB = stored(NAME, 200, store="WebHosting")
SELF = stored(NAME, 396, issuer=NAME)
EXPIRED = stored(NAME, -10)
DENIED = stored(NAME, 380, system_access="denied")
KEYLESS = stored(NAME, 385, key=None)
UNTRIED = stored(NAME, 375, system_access="unknown", code=None)
ARCHIVED = {**stored(NAME, 390), "archived": True}
OTHER_CA = stored(NAME, 250, issuer="Other CA")
WILD = stored("*.example.com", 260)


def select(**rule: Any) -> dict[str, Any]:
    return {"site": "Shop", "host": NAME, "certificate": {"select": rule}}


def host(*certificates: dict[str, Any], **more: Any) -> Any:
    return host_of(*certificates, sites=[site("Shop", f"*:443:{NAME}=1")], **more)


def chosen(plan: Any) -> str:
    return str(plan.after.records[0].value.thumbprint)


def test_the_longest_valid_one_with_a_usable_key_wins_and_every_loser_hears_why() -> None:
    everything = (SHORT, EXPIRED, DENIED, KEYLESS, UNTRIED, ARCHIVED, SELF, LONG, WEB)
    plan = plan_of(host(*everything), select())
    assert chosen(plan) == LONG["thumbprint"]
    (told,) = plan.chosen
    assert told.binding == f"Shop/*:443:{NAME}" and told.thumbprint == LONG["thumbprint"]
    assert told.reason.startswith(f"covers {NAME}, valid until")
    losers = {line.split()[0]: line for line in told.losers}
    for certificate, words in [
        (SHORT, "only"),
        (WEB, "in LocalMachine\\WEBHOSTING: it is valid until"),
        (EXPIRED, "it expired on"),
        (DENIED, "does not let SYSTEM read it"),
        (KEYLESS, "has no private key"),
        (UNTRIED, "could not tell"),
        (ARCHIVED, "it is archived"),
        (SELF, "self-signed"),
    ]:
        assert words in losers[certificate["thumbprint"]], words
    assert len(losers) == 8
    assert plan_of(plan.after, select()).empty


def test_a_result_and_its_words_say_what_was_chosen() -> None:
    result = predicted(plan_of(host(SHORT, LONG), select()))
    assert [item["thumbprint"] for item in result["chosen"]] == [LONG["thumbprint"]]
    assert SHORT["thumbprint"] in result["chosen"][0]["losers"][0]
    assert any(f"chose {LONG['thumbprint']} for Shop/*:443:{NAME}" in line for line in plan_lines(result))


@pytest.mark.parametrize(
    ("rule", "wins"),
    [
        ({"min_days": 299}, LONG),
        ({"stores": ["webhosting"]}, WEB),
        ({"issuers": ["other ca"]}, OTHER_CA),
        ({"issuers": ["CN=Other CA"], "key_types": ["ec"]}, OTHER_CA),
        ({"names": ["any.example.com", NAME]}, WILD),
    ],
)
def test_each_part_of_the_rule_narrows(rule: dict[str, Any], wins: dict[str, Any]) -> None:
    plan = plan_of(host(SHORT, LONG, WEB, OTHER_CA, WILD), select(**rule))
    assert chosen(plan) == wins["thumbprint"]
    assert plan.after.records[0].value.store == (None if wins["store"] == "MY" else wins["store"])


def test_the_store_that_is_in_use_is_kept_where_the_rule_lets_it() -> None:
    twin = {**LONG, "store": "WebHosting"}
    start = host(LONG, twin, records=[record(f"{NAME}:443", LONG, store="WebHosting")])
    assert plan_of(start, select()).empty
    moved = plan_of(start, select(stores=["MY"])).after.records[0].value
    assert (moved.thumbprint, moved.store) == (LONG["thumbprint"], None)


def test_nobody_fits_and_the_refusal_says_why_for_each_candidate() -> None:
    message = refused(host(SHORT, EXPIRED, WILD), select(min_days=500, key_types=["rsa"]))
    told = message["bindings[0].certificate.select"]
    assert "no certificate on this host" in told and "500 more days" in told
    for certificate, words in ((SHORT, "is valid until"), (EXPIRED, "expired"), (WILD, "is valid until")):
        assert f"{certificate['thumbprint']} in LocalMachine\\MY: it {words}" in told
    alone = refused(host(stored("other.example.net")), select())["bindings[0].certificate.select"]
    assert alone == f"no certificate on this host is valid, has a usable key and covers {NAME}"


def test_a_tie_is_refused_with_both_names() -> None:
    twin = stored(NAME, 300, issuer="Twin CA")
    told = refused(host(LONG, twin, SHORT), select())["bindings[0].certificate.select"]
    assert "equally good" in told and LONG["thumbprint"] in told and twin["thumbprint"] in told
    assert chosen(plan_of(host(LONG, twin), select(issuers=["Twin CA"]))) == twin["thumbprint"]


def test_a_self_signed_certificate_is_chosen_only_where_there_is_no_other() -> None:
    assert chosen(plan_of(host(SELF, EXPIRED), select())) == SELF["thumbprint"]
    assert chosen(plan_of(host(SELF, SHORT), select())) == SHORT["thumbprint"]


def test_many_refusals_stay_readable() -> None:
    crowd = [stored(NAME, -days) for days in range(1, 15)]
    told = refused(host(*crowd), select())["bindings[0].certificate.select"]
    assert told.count("it expired") == 10 and told.endswith("and 4 more")


def test_many_rules_do_not_each_look_at_every_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"n{number}.example.com" for number in range(60)]
    looked: list[str] = []
    monkeypatch.setattr(select_rules, "covers", lambda listed, name: looked.append(name) or covers(listed, name))
    where = host_of(*(stored(name) for name in names), sites=[site("Shop")])
    wishes = [{"site": "Shop", "host": name, "sni": "required", "certificate": {"select": {}}} for name in names]
    assert len(plan_of(where, *wishes).chosen) == len(names)
    assert len(looked) <= 10 * len(names)

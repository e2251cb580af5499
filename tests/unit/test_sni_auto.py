# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``sni: auto`` where there is no SNI: the record a binding joins is counted as it will be, not as it is before the plan."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host
from support.documents import SERVER_2008_R2, SERVER_2012_R2, record, site, stored
from support.peers import API, BOTH, OTHER, SHOP, host_of, plan_of, records_of, refused, wish

NAMED, NAMED_TOO = "shop.example.com", "api.example.com"
WITHOUT_SNI = {
    "os": SERVER_2008_R2,
    "iis": {"major": 7, "minor": 5},
    "schema_ssl_flags": False,
}
WILD = stored("*.shop.example.com")
SHARED = "record for this address and port serves others"


def old_host(*bindings: str, **more: Any) -> Host:
    return host_of(sites=[site("Shop", *bindings), site("Api", number=2)], **WITHOUT_SNI, **more)


def held(host: Host) -> dict[str, str | None]:
    return {str(item.key): item.value.thumbprint for item in host.records}


def test_a_record_is_free_when_its_binding_turns_to_sni_in_the_same_plan() -> None:
    """It was refused, since the other binding was counted where it had been."""
    shared = [site("Shop", f"*:443:{NAMED}=0"), site("Api", number=2)]
    host = host_of(sites=shared, records=[record("0.0.0.0:443", SHOP)])
    moves, comes = wish("Shop", NAMED, sni="required"), wish("Api", "", API, sni="auto")
    assert refused(host, comes)["bindings[0].sni"].startswith(SHARED)
    plan = plan_of(host, comes, moves)
    assert held(plan.after) == {f"hostnameport {NAMED}:443": SHOP["thumbprint"], "0.0.0.0:443": API["thumbprint"]}
    assert plan_of(plan.after, comes, moves).empty and plan_of(host, moves, comes).steps == plan.steps


def test_a_record_is_free_when_its_binding_is_renamed_away_whichever_site_comes_first() -> None:
    host = old_host(f"*:443:{NAMED}", records=[record("0.0.0.0:443", SHOP)])
    moves = wish("Shop", NAMED, address="10.0.0.5", replaces={"address": "*"})
    comes = wish("Api", NAMED_TOO, API, sni="auto")
    plan = plan_of(host, comes, moves, allow={"shared_change": ["Shop"]})
    assert held(plan.after) == {"10.0.0.5:443": SHOP["thumbprint"], "0.0.0.0:443": API["thumbprint"]}
    assert plan_of(plan.after, comes, moves).empty


def test_a_binding_that_comes_to_the_record_in_the_same_plan_is_counted() -> None:
    host = old_host(f"10.0.0.5:443:{NAMED}", records=[record("10.0.0.5:443", SHOP)])
    moves = wish("Shop", NAMED, replaces={"address": "10.0.0.5"})
    told = refused(host, wish("Api", NAMED_TOO, SHOP, sni="auto"), moves)
    assert list(told) == ["bindings[0].sni"] and told["bindings[0].sni"].startswith(SHARED)
    covered = plan_of(host, wish("Api", NAMED_TOO, BOTH, sni="auto"), {**moves, **wish("Shop", NAMED, BOTH)})
    assert held(covered.after) == {"0.0.0.0:443": BOTH["thumbprint"]}


def test_of_two_new_bindings_for_a_free_record_the_one_that_does_not_fit_is_refused() -> None:
    host = old_host()
    fits = [wish("Api", NAMED_TOO, BOTH, sni="auto"), wish("Shop", NAMED, BOTH, sni="auto")]
    assert records_of(plan_of(host, *fits).after) == ["0.0.0.0:443"]
    told = refused(host, wish("Api", NAMED_TOO, API, sni="auto"), wish("Shop", NAMED, API, sni="auto"))
    assert list(told) == ["bindings[1].sni"] and told["bindings[1].sni"].startswith(SHARED)


def test_a_certificate_that_goes_along_under_a_new_name_is_the_one_that_has_to_cover() -> None:
    """The moved binding names none, and the record it comes to is not there yet: it was refused."""
    host = old_host(f"10.0.0.5:443:{NAMED}", records=[record("10.0.0.5:443", BOTH)])
    moves = wish("Shop", NAMED, sni="auto", replaces={"address": "10.0.0.5"})
    plan = plan_of(host, wish("Api", NAMED_TOO, BOTH, sni="auto"), moves)
    assert held(plan.after) == {"0.0.0.0:443": BOTH["thumbprint"]}


@pytest.mark.parametrize(
    ("more", "place", "words"),
    [
        ({}, "bindings[0].sni", "no SNI before IIS 8"),
        ({"sni": "required"}, "bindings[0].sni", "no SNI before IIS 8"),
        ({"sni": "auto"}, "bindings[0]", "an attribute that the IIS schema of this host does not have"),
        ({"sni": "never"}, "bindings[0]", "Take it out of applicationHost.config"),
    ],
    ids=["keep", "required", "auto", "never"],
)
def test_nothing_is_planned_for_a_binding_with_sni_that_this_windows_cannot_have(
    more: dict[str, Any], place: str, words: str
) -> None:
    """Its configuration came from a newer Windows. Found by the third writer of the engine's tests: a record by name was planned, or
    sslFlags 0, and the host refused either (``not_supported_here``).
    """
    host = old_host(f"*:443:{NAMED}=1", records=[record("0.0.0.0:443", SHOP)])
    told = refused(host, wish("Shop", NAMED, SHOP, **more))
    assert list(told) == [place] and words in told[place]
    gone = plan_of(host, wish("Shop", NAMED, state="absent"))
    assert [step.op for step in gone.steps] == ["bindings"] and gone.after.sites[0].bindings == ()


def test_a_record_by_name_that_this_windows_cannot_have_is_missing_and_not_repaired() -> None:
    """It was planned and refused by the host, and with it all else that the request asked for was undone."""
    host = old_host(f"*:443:{NAMED}=1")
    plan = plan_of(host, wish("Api", "", API, port=8443), repair=["record_missing"])
    assert records_of(plan.after) == ["0.0.0.0:8443"]
    subject = f"record_missing Shop/*:443:{NAMED}"
    assert [note.partition(": the")[0] for note in plan.notes] == [f"{subject} has no safe repair"]
    assert "there can be none: the IIS schema of Windows Server 2008 R2" in refused(host, repair=[subject])["repair[0]"]


def test_a_new_binding_has_no_sni_where_none_is_asked_for_although_this_windows_could() -> None:
    plan = plan_of(host_of(sites=[site("Shop")]), wish("Shop", NAMED, SHOP, sni="never"))
    assert plan.after.sites[0].bindings[0].flags == 0 and records_of(plan.after) == ["0.0.0.0:443"]


def test_a_new_binding_that_requires_sni_does_not_go_without() -> None:
    told = refused(old_host(), wish("Api", NAMED_TOO, API, sni="required"))
    assert list(told) == ["bindings[0].sni"] and "no SNI before IIS 8" in told["bindings[0].sni"]


def with_sni(flags: int = 1, **more: Any) -> Host:
    return host_of(sites=[site("Shop", f"*:443:{NAMED}={flags}")], records=[record(f"{NAMED}:443", SHOP)], **more)


def test_under_a_new_name_for_any_host_auto_gives_sni_up_and_keep_does_not() -> None:
    moved = wish("Shop", "", replaces={"host": NAMED})
    plan = plan_of(with_sni(5), {**moved, "sni": "auto"})
    assert plan.after.sites[0].bindings[0].flags == 4 and held(plan.after) == {"0.0.0.0:443": SHOP["thumbprint"]}
    assert list(refused(with_sni(), moved)) == ["bindings[0].sni"]


def test_sni_that_is_kept_has_to_be_possible_under_the_new_name() -> None:
    """Windows Server 2012 R2 has no wildcard host names. A name later in the alphabet, on a higher port, is no better."""
    moved = wish("Shop", "*.shop.example.com", WILD, port=8443, replaces={"host": NAMED, "port": 443})
    told = refused(with_sni(os=SERVER_2012_R2), moved)
    assert list(told) == ["bindings[0].sni"] and "wildcard" in told["bindings[0].sni"]


def test_other_bits_are_no_reason_for_sni_under_a_new_name() -> None:
    host = host_of(sites=[site("Shop", f"*:443:{NAMED}=4")], records=[record("0.0.0.0:443", BOTH)])
    plan = plan_of(host, wish("Shop", NAMED_TOO, replaces={"host": NAMED}))
    assert plan.after.sites[0].bindings[0].flags == 4 and records_of(plan.after) == ["0.0.0.0:443"]


@pytest.mark.parametrize("old", [f"*:443:{NAMED}=5", "10.0.0.5:443:=0"])
def test_a_renamed_binding_that_comes_without_sni_joins_others_as_a_new_one_would(old: str) -> None:
    address, _port, rest = old.split(":")
    sites = [site("Shop", old), site("Api", f"*:443:{NAMED_TOO}=0", number=2)]
    records = [record("0.0.0.0:443", BOTH), record(f"{NAMED}:443" if address == "*" else "10.0.0.5:443", SHOP)]
    moved = wish("Shop", "", SHOP, sni="auto", replaces={"address": address, "host": rest.partition("=")[0]})
    told = refused(host_of(sites=sites, records=records), moved)
    assert told["bindings[0].sni"].startswith(SHARED)


def test_a_binding_that_shares_a_record_already_is_not_asked_how_it_came_there() -> None:
    """Its certificate covers neither: that is a finding, and no reason to refuse a wish that changes nothing."""
    host = host_of(
        sites=[site("Shop", f"*:443:{NAMED}"), site("Api", f"*:443:{NAMED_TOO}", number=2)],
        records=[record("0.0.0.0:443", OTHER)],
        **WITHOUT_SNI,
    )
    assert plan_of(host, wish("Api", NAMED_TOO, sni="auto")).empty


def test_everybody_who_cannot_join_a_record_is_told() -> None:
    host = old_host(f"*:443:{NAMED}", records=[record("0.0.0.0:443", API)])
    new = [wish("Api", name, API, sni="auto") for name in (NAMED_TOO, "", "third.example.com")]
    assert list(refused(host, *new)) == [f"bindings[{number}].sni" for number in range(3)]


def test_a_binding_that_nobody_can_ask_for_is_not_repaired_in_place_of_its_twin() -> None:
    """Of the two spellings the first has SNI and no name, the second has the old certificate of the record."""
    old, new = stored("shop.example.com", 100), stored("shop.example.com", 300)
    sites = [site("Shop", ":443:=1", "*:443:=0")]
    host = host_of(old, new, sites=sites, records=[record("0.0.0.0:443", old)])
    plan = plan_of(host, repair=["renewal_not_bound"])
    assert plan.empty
    assert plan.notes == ("Shop/*:443: is not repaired: the binding has SNI and no host name to select by",)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up fleets: the same for the same seed, as often everything as the knobs say, sound where they are not damaged."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from support.schema import valid

from lab.certificates import Maker
from lab.descriptions import check, fleet
from lab.fleet import KNOBS
from lab.fleet_damage import DAMAGES
from lab.fleet_roles import ROLES
from lab.simhost import SimulatedHost

TODAY = datetime.date(2026, 11, 24)
NOW = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.timezone.utc)
MAKER = Maker(seed=9, now=NOW)
MANY = 2000
SOUND = replace(KNOBS, damaged=0.0)


@cache
def many() -> list[dict[str, Any]]:
    return fleet(MANY, 1, TODAY)


def host(description: dict[str, Any]) -> SimulatedHost:
    return SimulatedHost(description, MAKER, clock=lambda: NOW)


def role(description: dict[str, Any]) -> str:
    return str(description["title"].removeprefix("made up by seed: ").partition(",")[0])


def test_the_same_seed_and_day_give_the_same_fleet_and_it_can_grow() -> None:
    assert fleet(40, 1, TODAY) == fleet(60, 1, TODAY)[:40] != fleet(40, 2, TODAY)
    assert fleet(3, 1) == fleet(3, 1)
    later = json.dumps(fleet(40, 1, TODAY + datetime.timedelta(days=1)))
    assert later != json.dumps(fleet(40, 1, TODAY)) and "2026-11-24" not in later


def near(found: int, total: int, share: float) -> bool:
    """Within five standard deviations."""
    return bool(abs(found - total * share) <= 5 * (total * share * (1 - share)) ** 0.5 + 1)


@pytest.mark.parametrize("name", sorted(KNOBS.roles))
def test_roles_are_as_frequent_as_their_weight(name: str) -> None:
    found = Counter(role(item) for item in many())
    assert set(found) == set(KNOBS.roles) == set(ROLES)
    assert near(found[name], MANY, KNOBS.roles[name] / sum(KNOBS.roles.values()))


@pytest.mark.parametrize("name", sorted(KNOBS.windows))
def test_windows_of_hosts_without_a_demand_are_as_frequent_as_their_weight(name: str) -> None:
    free = [item for item in many() if role(item) in ("web", "wsus", "rd_gateway")]
    found = Counter(item["os"]["name"] for item in free)
    assert near(found[name], len(free), KNOBS.windows[name] / sum(KNOBS.windows.values()))


@pytest.mark.parametrize("name", sorted(KNOBS.damages))
def test_damages_are_as_frequent_as_their_weight(name: str) -> None:
    webs = [item for item in many() if role(item) == "web"]
    found = sum(item["title"].endswith(f"damaged: {name}") for item in webs)
    share = KNOBS.damaged * KNOBS.damages[name] / sum(KNOBS.damages.values())
    if name == "ghost":  # also done where another one does not fit
        assert found >= len(webs) * share - 5 * (len(webs) * share) ** 0.5
    else:  # some do not fit every host
        assert found > 0 and found <= len(webs) * share + 5 * (len(webs) * share) ** 0.5
    assert set(KNOBS.damages) == set(DAMAGES)


SHARES = {
    "ipv6": lambda item: any(address.startswith("2001:") for address in item["local_addresses"]),
    "listen_list": lambda item: bool(item["ip_listen"]),
    "winrm_https": lambda item: 5986 in item["http_ports"],
    "rdp_certificate": lambda item: "rdp" in kinds(item),
    "management_service": lambda item: "wmsvc" in kinds(item),
    "sql": lambda item: "sql" in kinds(item),
    "german": lambda item: item["os"]["language"] == "de-DE",
    "damaged": lambda item: "damaged" in item["title"],
}


def kinds(description: dict[str, Any]) -> set[str]:
    return {user["kind"] for user in description["users"]}


@pytest.mark.parametrize("name", sorted(SHARES))
def test_shares_of_hosts_are_as_the_knobs_say(name: str) -> None:
    assert near(sum(map(SHARES[name], many())), MANY, getattr(KNOBS, name))


def test_what_the_issue_asks_for_is_there() -> None:
    text = json.dumps(many(), ensure_ascii=False)
    for sign in ("bücher", "кафе", "日本", "[IIS] acme", "AdfsTrustedDevices", "sra_{BA195980", "Exchange Back End"):
        assert sign in text, sign
    assert {"winrm", "rdp", "sstp", "rd_gateway", "adfs", "exchange", "wsus", "wmsvc", "sql"} == set.union(
        *map(kinds, many())
    )
    assert any(item.get("shared_configuration") for item in many())
    assert any((item["central_store"] or {}).get("files") for item in many())
    flags = Counter(binding["ssl_flags"] for item in many() for site in item["sites"] for binding in site["bindings"])
    assert {None, 0, 1, 2, 3, 5, 33, 65, 97} <= set(flags)


def test_slugs_and_addresses_are_nobody_elses() -> None:
    slugs = Counter(item["slug"] for item in many())
    addresses = Counter(address for item in many() for address in item["local_addresses"] if address != "127.0.0.1")
    assert set(slugs.values()) == set(addresses.values()) == {1}


def test_documents_are_valid_and_every_host_listens_on_443() -> None:
    for item in many()[:300]:
        check(item, item["slug"])
        one = host(item)
        document = valid(one.read())
        assert 443 in one.ports() and document["http_ports"] == sorted(one.ports())
        known = {certificate["thumbprint"] for certificate in item["certificates"]}
        assert {user["thumbprint"] for user in item["users"]} <= {None, *known}


def test_a_sound_host_serves_every_binding_of_its_running_sites() -> None:
    bindings = 0
    for item in fleet(300, 5, TODAY, SOUND):
        one = host(item)
        names = {certificate.thumbprint: fixture for fixture, certificate in zipped(item, one)}
        for site in item["sites"]:
            for binding in site["bindings"]:
                if site["state"] != "Started" or binding["protocol"] != "https":
                    continue
                address, port, name = binding["information"].rsplit(":", 2)
                here = one.addresses[0] if address in ("*", "") else address
                if not one.http.listens_on(here):
                    continue
                served = one.served(here, int(port), name or None)
                assert served is not None, (item["slug"], item["title"], binding)
                if name and served in names:
                    assert covers(names[served]["names"], name), (item["slug"], binding, names[served])
                bindings += 1
    assert bindings > 600


def zipped(item: dict[str, Any], one: SimulatedHost) -> list[tuple[dict[str, Any], Any]]:
    return [
        (certificate, MAKER.certificate(certificate["thumbprint"], ascii_names(certificate), certificate["not_after"]))
        for certificate in item["certificates"]
    ]


def ascii_names(certificate: dict[str, Any]) -> list[str]:
    return [name if name.isascii() else name.encode("idna").decode() for name in certificate["names"]]


def covers(names: list[str], host_name: str) -> bool:
    return host_name in names or "*." + host_name.partition(".")[2] in names


def test_a_knob_can_be_turned() -> None:
    farms = fleet(30, 1, TODAY, replace(SOUND, roles={"farm": 1}, windows={"Windows Server 2025": 1}))
    assert {role(item) for item in farms} == {"farm"} and all(item["central_store"]["enabled"] for item in farms)
    assert {item["os"]["name"] for item in farms} == {"Windows Server 2025"}
    old = fleet(30, 1, TODAY, replace(SOUND, roles={"web": 1}, windows={"Windows Server 2008 R2": 1}))
    assert {record["family"] for item in old for record in item["records"]} == {"ipport"}
    assert {binding["ssl_flags"] for item in old for site in item["sites"] for binding in site["bindings"]} == {None}


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_a_damage_changes_the_host_and_nothing_but_what_it_says(name: str) -> None:
    one = replace(KNOBS, roles={"web": 1}, windows={"Windows Server 2022": 1}, sites={3: 1}, styles={"name": 1})
    broken = fleet(1, 3, TODAY, replace(one, damaged=1.0, damages={name: 1}))[0]
    sound = fleet(1, 3, TODAY, replace(one, damaged=0.0))[0]
    changed = {key for key in broken if broken[key] != sound.get(key)}
    expected = {
        "ghost": "records",
        "orphan": "records",
        "record_missing": "records",
        "random_owner": "records",
        "twice": "sites",
        "unreadable": "incomplete",
    }.get(name, "certificates")
    assert changed == {"title", expected}
    assert broken["title"].endswith(f"damaged: {name}")

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every public action in every way Ansible may call it, on whichever ansible-core runs this: what comes out, by value.

One playbook (every.py), played once. `make check` runs this file on cores for which it does not run all of tests/e2e.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from e2e import hosts
from e2e.every import BECOME_PASSWORD, BECOME_USER, SHOP, Everything, public_actions
from e2e.fleet import Result

READ, CHANGE = "host_reader", "host_applier"
KEY = f"{SHOP}:443"


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    played = Everything(tmp_path_factory.mktemp("every") / "lab")
    yield played
    played.fleet.stop()


def records(result: Result, when: str = "after") -> dict[str, str]:
    return {item["key"]: item["thumbprint"] for item in result[when]["records"]}


def seen(every: Everything, slug: str) -> list[str | None]:
    """What clients met at the end: the shop by name, the shop on the ghost's address, no name."""
    return [item["served"] for item in every.played.of("see", slug)["endpoints"]]


def of(every: Everything, slug: str, *named: str) -> list[str]:
    return [every.fleet.thumbprint(slug, name) for name in named]


def test_every_public_action_is_played(every: Everything) -> None:
    assert every.actions() == public_actions()


def test_it_ends_where_it_should(every: Everything) -> None:
    assert every.played.status == 2
    assert {host for host, result in every.played.hosts("in turn").items() if result.status == "failed"} == {"two"}
    odd = [(item.host, item.task, item.status) for item in every.played.results if item.status != "ok"]
    assert odd == [
        ("approved", "elsewhere", "failed"),
        ("defaults", "not read", "failed"),
        ("password", "declare", "unreachable"),
        ("away", "declare", "unreachable"),
        ("cut", "declare", "failed"),
        ("two", "in turn", "failed"),
    ], every.played.output


def test_reading(every: Everything) -> None:
    shop, old, api = of(every, "read", hosts.SHOP, hosts.OLD, hosts.API)
    answers = [(item["outcome"], item["served"]) for item in every.played.of("read")["endpoints"]]
    assert answers == [("served", shop), ("served", old), ("no_record", None)]
    keys = "address port sni outcome served file record rule shadowed reason assumptions"
    assert all(set(item) == set(keys.split()) and item["reason"] for item in every.played.of("read")["endpoints"])
    facts = every.played.of("facts", "read")["ansible_facts"]["iis_https"]
    assert (facts["name"], facts["simulated"], every.played.of("use")["msg"]) == ("READ", True, True)
    assert {item["record"] for item in facts["bindings"]} == {f"hostnameport {KEY}", "hostnameport api.example.com:443"}
    may = every.played.of("may", "read")
    assert (may["support_tier"], [item["eligible"] for item in may["bindings"]]) == ("supported", [True, False])
    assert seen(every, "read") == [shop, old, None]
    # Three reads, and one for the plan of another host; no handshake needed any.
    assert every.calls("read") == [READ] * 4 and api not in seen(every, "read")


def test_check_mode_says_what_will_happen_and_does_nothing(every: Everything) -> None:
    shop, new = of(every, "change", hosts.SHOP, hosts.SHOP_NEW)
    dry, done, between = (every.played.of(task, "change") for task in ("dry", "declare", "between"))
    for name in ("changed", "before", "after", "plan", "affected", "findings", "diff", "support_tier", "undone"):
        assert dry[name] == done[name], name
    assert (dry["changed"], dry["probes"], {item["verdict"] for item in done["probes"]}) == (True, [], {"right"})
    assert shop in json.dumps(between["endpoint_classes"]) and new not in json.dumps(between["endpoint_classes"])
    assert (records(done, "before")[KEY], records(done)[KEY]) == (shop, new)
    assert seen(every, "change")[0] == new


def test_diff_shows_the_change_and_nothing_else(every: Everything) -> None:
    shop, new = of(every, "change", hosts.SHOP, hosts.SHOP_NEW)
    lines = [
        *(
            f"{sign}record  hostnameport {KEY}  certificate {made}"
            for sign, made in zip("-+", (shop, new), strict=True)
        ),
        f"         ({SHOP}) flags=0x2",
    ]
    # Once by the check mode, once by the change.
    assert every.played.output.count("\n".join(lines)) == 2


def test_a_second_run_takes_one_call_and_changes_nothing(every: Everything) -> None:
    for slug in ("change", "absent", "rename", "others", "repair", "approved", "cut"):
        again = every.played.of("again", slug)
        assert (again["changed"], again["plan"], again["probes"]) == (False, [], []), slug
        assert again["before"] == again["after"] == every.played.of("declare", slug)["after"], slug
    assert every.calls("change") == [READ, READ, READ, CHANGE, READ]
    assert every.calls("absent") == every.calls("repair") == [READ, CHANGE, READ]


def test_absent(every: Everything) -> None:
    done = every.played.of("declare", "absent")
    assert [item["host"] for item in done["after"]["bindings"]] == ["api.example.com"]
    assert set(records(done, "before")) - set(records(done)) == {KEY}
    assert seen(every, "absent") == [None, *of(every, "absent", hosts.OLD), None]


def test_a_renamed_binding_keeps_its_place_its_certificate_and_its_options(every: Everything) -> None:
    done, (shop,) = every.played.of("declare", "rename"), of(every, "rename", hosts.SHOP)
    assert [item["host"] for item in done["after"]["bindings"]] == ["new.example.com", "api.example.com"]
    flags = {item["key"]: (item["thumbprint"], item["flags"]) for item in done["after"]["records"]}
    assert flags["new.example.com:443"] == (shop, 2) and KEY not in flags and len(flags) == 5
    assert seen(every, "rename") == [None, shop]


def test_what_is_not_named_goes(every: Everything) -> None:
    done = every.played.of("declare", "others")
    assert [item["host"] for item in done["after"]["bindings"]] == [SHOP]
    assert set(records(done, "before")) - set(records(done)) == {"api.example.com:443"}
    assert seen(every, "others") == [*of(every, "others", hosts.SHOP, hosts.OLD), None]


def test_repair(every: Everything) -> None:
    done = every.played.of("declare", "repair")
    assert set(records(done, "before")) - set(records(done)) == {"10.0.0.6:443", "gone.example.com:443"}
    assert not {"orphan", "shadowed"} & {item["id"] for item in done["findings"]}
    assert seen(every, "repair") == [*of(every, "repair", hosts.SHOP, hosts.SHOP), None]


def test_an_approved_plan_is_applied_as_it_stands_and_on_its_own_host_only(every: Everything) -> None:
    filed = json.loads(every.file.read_text(encoding="utf-8"))
    planned, done, elsewhere = (every.played.of(task, "approved") for task in ("plan", "declare", "elsewhere"))
    assert planned["changed"] is True and planned["dest"] == str(every.file) and filed["host"] == "APPROVED"
    assert filed["steps"] == planned["plan"] == done["plan"] and planned["after"] == done["after"]
    assert records(done)[KEY] == every.new("approved")
    assert elsewhere["problems"] == [{"path": "plan.host", "message": "the plan is for APPROVED, this host is READ"}]


def test_become_carries_both_calls_and_its_password_stays(every: Everything) -> None:
    assert every.counters["become"]["become"] == {BECOME_USER: 2} and every.calls("become") == [READ, CHANGE]
    assert records(every.played.of("declare", "become"))[KEY] == every.new("become")
    kept = [path for path in every.fleet.place.rglob("*") if path.is_file() and not path.name.startswith("play-")]
    assert not [path for path in kept if BECOME_PASSWORD.encode() in path.read_bytes()]
    assert BECOME_PASSWORD not in every.played.output


def test_a_delegated_change_reaches_the_other_host(every: Everything) -> None:
    done = every.played.of("delegated change", "read")
    assert records(done)[KEY] == every.new("delegated") and records(done, "before")[KEY] != every.new("delegated")
    assert every.calls("delegated")[:2] == [READ, CHANGE]


def test_loops(every: Everything) -> None:
    first, second = every.played.of("declare", "loop")["results"]
    assert first["changed"] is second["changed"] is True and second["before"] == first["after"]
    found = {item["key"]: item["thumbprint"] for item in second["after"]["records"]}
    assert found[KEY] == found["new.example.com:443"] == every.new("loop")
    assert every.calls("loop") == [READ, CHANGE] * 2
    served = [item["endpoints"][0]["served"] for item in every.played.of("others", "loop")["results"]]
    assert served == of(every, "delegated", hosts.SHOP_NEW, hosts.OLD)
    assert every.calls("delegated") == [READ, CHANGE, READ, READ]


def test_defaults_of_the_action_group_reach_every_action(every: Everything) -> None:
    played = {
        task: every.played.of(task, "defaults") for task in ("document", "facts", "may", "see", "not read", "declare")
    }
    assert played["document"]["document"]["reader"]["certificates"] == "referenced"
    # Only certificates of records were read, so the new one is unknown; and the endpoint that nobody reaches is ignored.
    assert played["not read"]["problems"][0]["path"] == "bindings[0].certificate.thumbprint"
    assert played["declare"]["changed"] is True and records(played["declare"])[KEY] == every.new("defaults")
    verdicts = {(item["address"], item["verdict"]) for item in played["declare"]["probes"] if item["sni"] == SHOP}
    assert verdicts == {("10.0.0.5", "unreachable"), ("10.0.0.6", "right")}
    assert played["see"]["endpoints"][0]["outcome"] == "unreachable"


def test_a_wrong_password_and_a_host_that_is_away_are_unreachable_and_untouched(every: Everything) -> None:
    assert "credentials were rejected" in every.played.of("declare", "password").said
    assert "refused" in every.played.of("declare", "away").said
    counters: dict[str, Any] = every.counters
    assert every.calls("password") == every.calls("away") == []
    assert counters["password"]["refused"] > 0 and counters["away"]["requests"] == 0


def test_a_link_cut_in_the_middle_of_a_change_is_reconciled_by_reading_again(every: Everything) -> None:
    result = every.played.of("declare", "cut")
    assert result["error"]["code"] == "connection_lost" and result["changed"] is True
    assert "every change of the plan stands" in result.said and records(result)[KEY] == every.new("cut")
    # Three calls and never a second apply; then the run after it.
    assert every.calls("cut") == [READ, CHANGE, READ, READ]
    assert seen(every, "cut")[0] == every.new("cut")


def test_a_serial_run_takes_one_host_after_the_other_and_stops_where_one_fails(every: Everything) -> None:
    order = [(item.host, item.task) for item in every.played.results if item.task in ("in turn", "after")]
    assert order == [("one", "in turn"), ("one", "after"), ("two", "in turn")]
    assert records(every.played.of("in turn", "one"))[KEY] == every.new("one")
    assert every.played.of("in turn", "two")["problems"][0]["path"] == "bindings[0].site"
    assert (every.calls("two"), every.calls("three")) == ([READ], [])

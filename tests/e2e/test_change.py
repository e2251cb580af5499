# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing simulated hosts through the real ansible-playbook: counts, check mode, diff, second run, refusals, approval."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from e2e import hosts
from e2e.conftest import Start
from e2e.fleet import Fleet, Played

MODULE = "tlsfleet.iis.https_bindings"


def wish(site: str, host: str, thumbprint: str | None = None, **more: Any) -> dict[str, Any]:
    certificate = {"certificate": {"thumbprint": thumbprint}} if thumbprint else {}
    return {"site": site, "host": host, **certificate, **more}


def declare(fleet: Fleet, *bindings: dict[str, Any], words: tuple[str, ...] = (), **more: Any) -> Played:
    asked = {"bindings": list(bindings)} if bindings else {}
    return fleet.play([{"name": "declare", MODULE: {**asked, **more}}], *words)


def served(fleet: Fleet, *endpoints: dict[str, Any]) -> list[str | None]:
    task = {"endpoints": list(endpoints), "connect_to": "{{ tlsfleet_connect_to }}"}
    return [
        item["served"]
        for item in fleet.play([{"name": "see", "tlsfleet.iis.https_endpoint_info": task}]).of("see")["endpoints"]
    ]


@pytest.mark.parametrize("count", [1, 100])
def test_two_calls_to_change_and_one_to_see_that_nothing_is_left(count: int, start: Start) -> None:
    fleet = start(hosts.many(count))
    thumbprint = fleet.thumbprint("web01", hosts.SHOP)
    wishes = [wish(f"Site {number}", f"n{number}.example.com", thumbprint) for number in range(1, count + 1)]
    dry = declare(fleet, *wishes, words=("--check", "--diff")).of("declare")
    assert dry["changed"] is True and fleet.calls("web01") == 1
    fleet.reset()
    done = declare(fleet, *wishes).of("declare")
    assert done["changed"] is True and fleet.calls("web01") == 2
    # 1 call takes 6 requests, a further one 4; more input than 200 KB takes more of them
    assert fleet.counters("web01")["requests"] - 10 in (0, 1, 2)
    for name in ("before", "after", "plan", "affected", "findings", "diff", "support_tier"):
        assert dry[name] == done[name], name
    assert {probe["verdict"] for probe in done["probes"]} == {"right"}
    assert len(done["after"]["bindings"]) == len(done["after"]["records"]) == count
    fleet.reset()
    again = declare(fleet, *wishes).of("declare")
    assert again["changed"] is False and again["plan"] == [] and fleet.calls("web01") == 1
    assert served(fleet, {"address": "10.0.0.5", "sni": f"n{count}.example.com"}) == [thumbprint]


def test_a_changed_certificate_keeps_options_and_neighbours(start: Start) -> None:
    fleet = start(hosts.host())
    shop, new, api = (fleet.thumbprint("web01", name) for name in (hosts.SHOP, hosts.SHOP_NEW, hosts.API))
    played = declare(fleet, wish("Shop", "shop.example.com", new), words=("--diff",))
    done = played.of("declare")
    steps = [(step["op"], step["key"]) for step in done["plan"] if "key" in step]
    assert steps == [("record_update", "shop.example.com:443")]
    assert all(step["reason"] for step in done["plan"])
    records = {item["key"]: item for item in done["after"]["records"]}
    assert records["shop.example.com:443"]["thumbprint"] == new and records["shop.example.com:443"]["flags"] == 2
    assert shop in played.output and new in played.output  # the diff a person sees
    endpoints = [{"address": "10.0.0.5", "sni": name} for name in ("shop.example.com", "api.example.com")]
    assert served(fleet, *endpoints) == [new, api]


def test_repair_removes_ghost_and_orphan_and_leaves_what_others_use(start: Start) -> None:
    fleet = start(hosts.host())
    refused = declare(fleet, repair=["everything"]).of("declare")
    assert refused.status == "failed" and "repair[0]" in refused.said
    done = declare(fleet, repair=["orphan", "shadowed"]).of("declare")
    left = [item["key"] for item in done["after"]["records"]]
    assert sorted(left) == ["[::]:4433", "api.example.com:443", "shop.example.com:443"]
    assert not {"orphan", "shadowed"} & {item["id"] for item in done["findings"]}
    assert declare(fleet, repair=["orphan", "shadowed"]).of("declare")["changed"] is False


def test_an_approved_plan_is_applied_exactly_or_refused(start: Start, tmp_path: Path) -> None:
    fleet = start(hosts.host())
    new = fleet.thumbprint("web01", hosts.SHOP_NEW)
    bindings = [wish("Shop", "shop.example.com", new)]
    file = tmp_path / "approved.json"
    tasks = [
        {"name": "read", "tlsfleet.iis.https_bindings_info": {"return_document": True}, "register": "iis"},
        {
            "name": "plan",
            "tlsfleet.iis.https_bindings_plan": {
                "document": "{{ iis.document }}",
                "bindings": bindings,
                "dest": str(file),
            },
        },
    ]
    planned = fleet.play(tasks)
    assert planned.of("plan")["changed"] is True, planned.output
    assert fleet.calls("web01") == 1
    filed = json.loads(file.read_text())
    assert filed["host"] == "WEB01" and filed["simulated"] is True
    assert all({"reason", "inverse"} <= set(step) for step in filed["steps"])
    done = fleet.play([{"name": "apply", MODULE: {"plan": str(file)}}]).of("apply")
    assert done["changed"] is True and done["plan"] == filed["steps"]
    assert fleet.play([{"name": "apply", MODULE: {"plan": str(file)}}]).of("apply")["changed"] is False
    back = declare(fleet, wish("Shop", "shop.example.com", fleet.thumbprint("web01", hosts.BROKEN)))
    assert "1312" in back.of("declare").said
    declare(fleet, wish("Shop", "shop.example.com", state="absent"))
    fleet.reset()
    late = fleet.play([{"name": "apply", MODULE: {"plan": str(file)}}]).of("apply")
    assert late.status == "failed" and "plan.steps[0]" in late.said and "absent" in late.said
    assert fleet.calls("web01") == 1


def test_what_others_would_meet_needs_consent_by_name(start: Start) -> None:
    shared = hosts.host(
        sites=[
            hosts.site(1, "Shop", hosts.https("*:443:shop.example.com", 0)),
            hosts.site(2, "Api", hosts.https("*:443:api.example.com", 0)),
        ],
        records=[hosts.record("0.0.0.0:443", hosts.SHOP)],
    )
    fleet = start(shared)
    new = fleet.thumbprint("web01", hosts.SHOP_NEW)
    refused = declare(fleet, wish("Shop", "shop.example.com", new)).of("declare")
    assert refused.status == "failed" and fleet.calls("web01") == 1
    assert "allow.shared_change" in refused.said and "Api" in refused.said
    allowed = declare(fleet, wish("Shop", "shop.example.com", new), allow={"shared_change": ["Api"]}).of("declare")
    assert allowed["changed"] is True
    assert any(item["sites"] == ["api"] for item in allowed["affected"])


def test_all_faults_of_a_request_come_at_once_and_nothing_is_called(start: Start) -> None:
    fleet = start(hosts.host())
    bad: list[dict[str, Any]] = [
        {"host": "shop.example.com"},
        {"site": " "},
        {"site": "Shop", "port": "https"},
        {"site": "Shop", "port": 70000},
        {"site": "Shop", "address": "10.0.0.256"},
        {"site": "Shop", "address": "shop.example.com"},
        {"site": "Shop", "host": "10.0.0.5"},
        {"site": "Shop", "host": "www.*.example.com"},
        {"site": "Shop", "host": "two words"},
        {"site": "Shop", "host": "a" * 64 + ".example"},
        {"site": "Shop", "certificate": {"thumbprint": "xyz"}},
        {"site": "Shop", "certificate": {}},
        {"site": "Shop", "certificate": "AB" * 20},
        {"site": "Shop", "state": "gone"},
        {"site": "Shop", "sni": "required"},
        {"site": "Shop", "state": "absent", "sni": "auto", "host": "x.example.com"},
        {"site": "Shop", "hostname": "x.example.com"},
        "Shop",  # type: ignore[list-item]
    ]
    probe = {"on_unverified": "perhaps", "timeout": 0}
    refused = declare(fleet, *bad, repair=["everything"], probe=probe, words=("--diff",)).of("declare")
    assert refused.status == "failed" and refused["changed"] is False
    paths = [item["path"] for item in refused["problems"]]
    for index in range(len(bad)):
        assert any(path.startswith(f"bindings[{index}]") for path in paths), (index, refused.said)
    assert {"repair[0]", "probe.on_unverified", "probe.timeout"} <= set(paths)
    assert len(refused.said.splitlines()) == len(paths)
    assert fleet.calls("web01") == 0

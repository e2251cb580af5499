# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm whose hosts share one IIS configuration, changed by the role https_rollout: all together, phase by phase."""

from __future__ import annotations

import json
from typing import Any

import pytest
from e2e import hosts
from e2e.conftest import Start
from e2e.fleet import Fleet, Played

APPLIER, READER = "tlsfleet.iis.host_applier", "tlsfleet.iis.host_reader"
NODES = ("web01", "web02", "web03")
#: Both names move from the record for all addresses to records of their own.
MOVED = [{"site": name.title(), "host": f"{name}.example.com", "sni": "required"} for name in ("shop", "api")]


def node(slug: str) -> dict[str, Any]:
    """A host of the farm: two sites on one record for all addresses."""
    sites = [
        hosts.site(number, name.title(), hosts.https(f"*:443:{name}.example.com", 0))
        for number, name in enumerate(("shop", "api"), 1)
    ]
    both = hosts.certificate(hosts.SHOP, "shop.example.com", "api.example.com")
    more = {"records": [hosts.record("0.0.0.0:443", hosts.SHOP)], "certificates": [both], "http_ports": []}
    return hosts.host(slug, sites=sites, shared_configuration="//files/iis", **more)


@pytest.fixture
def farm(start: Start) -> Fleet:
    return start(*(node(slug) for slug in NODES), engine="model")


def roll_out(farm: Fleet, *words: str, **more: Any) -> Played:
    values = {
        "https_rollout_farm": True,
        "https_rollout_bindings": MOVED,
        "https_rollout_allow": {"shared_configuration": True},
        "https_rollout_connect_to": "{{ tlsfleet_connect_to }}",
        "https_rollout_report_dir": str(farm.place / "report"),
        **more,
    }
    return farm.playbook("tlsfleet.iis.rollout", *words, "-e", json.dumps(values))


def messages(farm: Fleet) -> dict[str, str]:
    report = json.loads((farm.place / "report" / "rollout.json").read_text(encoding="utf-8"))
    return {item["host"]: item["message"] for item in report["hosts"]}


def states(farm: Fleet) -> dict[str, str]:
    report = json.loads((farm.place / "report" / "rollout.json").read_text(encoding="utf-8"))
    return {item["host"]: item["state"] for item in report["hosts"]}


def written(farm: Fleet) -> list[tuple[str, str]]:
    """The writing calls on all hosts in the order of time, each with its host."""
    calls = [
        (entry["time"], slug, call)
        for slug in NODES
        if slug in farm.all_counters()
        for entry in farm.transcript(slug)
        for call in entry.get("calls", ())
    ]
    return [(slug, str(call).partition(" ")[0]) for _time, slug, call in sorted(calls, key=lambda item: item[0])]


SET, DELETE, COMMIT = "HttpSetServiceConfiguration", "HttpDeleteServiceConfiguration", "CommitChanges"


def test_a_farm_is_changed_phase_by_phase_and_once(farm: Fleet) -> None:
    refused = roll_out(farm, https_rollout_allow={})
    assert refused.status == 2 and states(farm) == dict.fromkeys(NODES, "failed")
    first, *others = messages(farm).values()
    assert (
        first.count("allow.shared_configuration") == 3
        and others == ["the farm cannot be changed as asked: web01 says why"] * 2
    )
    farm.reset()
    dry = roll_out(farm, "--check")
    assert dry.status == 0, dry.output
    assert [farm.counters(slug)["modules"] for slug in NODES] == [{READER: 2}] * 3
    farm.reset()
    done = roll_out(farm)
    assert done.status == 0, done.output
    assert states(farm) == dict.fromkeys(NODES, "changed")
    # the first host commits for all; the others have nothing to do in that phase
    assert [farm.counters(slug)["modules"] for slug in NODES] == [{READER: 5, APPLIER: calls} for calls in (3, 2, 2)]
    calls = written(farm)
    assert sorted(calls[:6]) == [(slug, SET) for slug in NODES for _name in MOVED]
    assert calls[6] == ("web01", COMMIT)
    assert sorted(calls[7:]) == [(slug, DELETE) for slug in NODES]
    again = roll_out(farm)
    assert again.status == 0 and "changed=0" in again.output and states(farm) == dict.fromkeys(NODES, "unchanged")


def test_no_host_of_a_farm_goes_on_where_one_fails_and_approved_plans_end_it(start: Start) -> None:
    """One host refuses its records: nobody commits. Then plans are approved, and applied phase by phase."""
    farm = start(*(node(slug) for slug in NODES[:2]), engine="model")
    farm.fault("web02", "refuse", code="access_denied", at_call=1, times="always")
    stuck = roll_out(farm)
    assert stuck.status == 2 and states(farm) == dict.fromkeys(NODES[:2], "failed")
    assert COMMIT not in {call for _slug, call in written(farm)}
    told = messages(farm)
    assert "web02 did not get this far" in told["web01"] and "administrator rights" in told["web02"]
    farm.heal()
    plans = str(farm.place / "plans")
    waiting = roll_out(farm, https_rollout_write_plans_to=plans)
    assert waiting.status == 0, waiting.output
    assert sorted(path.name for path in (farm.place / "plans" / "1-records").iterdir()) == ["web01.json", "web02.json"]
    tried = roll_out(farm, "--check", https_rollout_apply_plans_from=plans)
    assert tried.status == 2 and "cannot be tried in check mode" in " ".join(tried.output.split())
    assert COMMIT not in {call for _slug, call in written(farm)}
    done = roll_out(farm, https_rollout_apply_plans_from=plans)
    assert done.status == 0 and states(farm) == dict.fromkeys(NODES[:2], "changed"), done.output
    last = written(farm)[-3:]
    assert last[0] == ("web01", COMMIT) and sorted(last[1:]) == [(slug, DELETE) for slug in NODES[:2]]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role https_rollout: check mode, phases alone, plans for approval, batches, and hosts that fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from e2e import hosts
from e2e.conftest import Start
from e2e.fleet import Fleet, Played

ROLE = "tlsfleet.iis.https_rollout : "
APPLIER, READER = "tlsfleet.iis.host_applier", "tlsfleet.iis.host_reader"


def roll_out(fleet: Fleet, *words: str, **more: Any) -> Played:
    """One run of the playbook; the wishes are a new certificate for the shop, and the ghost and the orphan gone."""
    wish = {"site": "Shop", "host": "shop.example.com"}
    wish["certificate"] = {"thumbprint": fleet.thumbprint("web01", hosts.SHOP_NEW)}  # type: ignore[assignment]
    values = {
        "https_rollout_bindings": [wish],
        "https_rollout_repair": ["orphan"],
        "https_rollout_connect_to": "{{ tlsfleet_connect_to }}",
        "https_rollout_report_dir": str(fleet.place / "report"),
        **more,
    }
    return fleet.playbook("tlsfleet.iis.rollout", *words, "-e", json.dumps(values))


def modules(fleet: Fleet, host: str = "web01") -> dict[str, int]:
    found: dict[str, int] = fleet.counters(host)["modules"]
    return found


def reported(fleet: Fleet) -> dict[str, dict[str, Any]]:
    report = json.loads((fleet.place / "report" / "rollout.json").read_text(encoding="utf-8"))
    return {item["host"]: item for item in report["hosts"]}


def test_from_end_to_end_and_again(start: Start) -> None:
    fleet = start(hosts.host())
    done = roll_out(fleet)
    assert done.status == 0, done.output
    assert modules(fleet) == {READER: 2, APPLIER: 1}
    item = reported(fleet)["web01"]
    assert (item["state"], item["simulated"]) == ("changed", True)
    assert {probe["verdict"] for probe in item["probes"]} == {"right"}
    seen = {(probe["address"], probe["sni"]): probe["served"] for probe in item["probes"]}
    new = fleet.thumbprint("web01", hosts.SHOP_NEW)
    assert seen["10.0.0.5", "shop.example.com"] == seen["10.0.0.6", "shop.example.com"] == new
    # the ghost is gone: a neighbour that was hidden by it is proved, too
    assert seen["10.0.0.6", "api.example.com"] == fleet.thumbprint("web01", hosts.API)
    fleet.reset()
    again = roll_out(fleet)
    assert again.status == 0 and "changed=0" in again.output
    assert modules(fleet) == {READER: 2}
    assert reported(fleet)["web01"]["state"] == "unchanged"


def test_check_mode_changes_nothing_anywhere(start: Start) -> None:
    fleet = start(hosts.host())
    before = {path for path in fleet.place.rglob("*") if path.name not in ("results.jsonl", "counters.json")}
    dry = roll_out(fleet, "--check", "--diff", https_rollout_write_plans_to=str(fleet.place / "plans"))
    assert dry.status == 0, dry.output
    dry = roll_out(fleet, "--check", "--diff")
    assert dry.status == 0, dry.output
    assert dry.of(f"{ROLE}Apply the change")["changed"] is True
    assert "-record  hostnameport gone.example.com:443" in dry.output
    assert set(modules(fleet)) == {READER}
    after = {path for path in fleet.place.rglob("*") if path.name not in ("results.jsonl", "counters.json")}
    assert {path for path in after - before if ".ansible" not in path.parts} == set()


@pytest.mark.parametrize(
    ("tag", "calls", "status"),
    [("preflight", 1, 0), ("plan", 1, 0), ("probe", 1, 2), ("report", 1, 0), ("apply", 2, 0)],
)
def test_a_phase_can_run_alone(tag: str, calls: int, status: int, start: Start) -> None:
    """Probing alone, before anything was applied, finds that the wishes are not met."""
    fleet = start(hosts.host())
    alone = roll_out(fleet, "--tags", tag)
    assert alone.status == status, alone.output
    assert fleet.calls("web01") == calls
    assert (APPLIER in modules(fleet)) == (tag == "apply")
    if tag == "probe":
        assert f"expected {fleet.thumbprint('web01', hosts.SHOP_NEW)}" in alone.output


def test_bindings_that_nobody_names_go_as_far_as_the_scope_says(start: Start) -> None:
    fleet = start(hosts.host())
    others: dict[str, Any] = {"scope": "host", "at_most": 1, "keep": []}
    done = roll_out(fleet, https_rollout_remove_others=others)
    assert done.status == 0, done.output
    after = done.of(f"{ROLE}Apply the change")["after"]
    assert [item["host"] for item in after["bindings"]] == ["shop.example.com"]
    assert "api.example.com:443" not in {item["key"] for item in after["records"]}
    few = roll_out(
        fleet, "--tags", "plan", https_rollout_bindings=[], https_rollout_remove_others={**others, "at_most": 0}
    )
    assert few.status == 2 and "remove_others.at_most" in few.output


def test_plans_are_approved_and_then_applied_exactly(start: Start) -> None:
    fleet = start(hosts.host())
    plans = str(fleet.place / "plans")
    written = roll_out(fleet, https_rollout_write_plans_to=plans)
    assert written.status == 0 and APPLIER not in modules(fleet), written.output
    # what the variables say by now means nothing
    done = roll_out(
        fleet, https_rollout_apply_plans_from=plans, https_rollout_bindings=[], https_rollout_repair=["shadowed"]
    )
    assert done.status == 0 and "changed=1" in done.output, done.output
    left = {item["key"]: item["thumbprint"] for item in done.of(f"{ROLE}Apply the change")["after"]["records"]}
    assert set(left) == {"shop.example.com:443", "api.example.com:443", "[::]:4433"}
    assert left["shop.example.com:443"] == fleet.thumbprint("web01", hosts.SHOP_NEW)
    again = roll_out(fleet, https_rollout_apply_plans_from=plans)
    assert again.status == 0 and "changed=0" in again.output
    both = roll_out(fleet, https_rollout_apply_plans_from=plans, https_rollout_write_plans_to=plans)
    assert both.status == 2 and "cannot stand together" in both.output


def test_a_plan_that_does_not_prove_right_is_undone_and_says_so(start: Start) -> None:
    fleet = start(hosts.host())
    plans = fleet.place / "plans"
    roll_out(fleet, https_rollout_write_plans_to=str(plans))
    plan = json.loads((plans / "web01.json").read_text(encoding="utf-8"))
    # the record stays, and the handshakes of the plan still expect it to be gone
    plan["steps"] = [step for step in plan["steps"] if step.get("key") != "gone.example.com:443"]
    (plans / "web01.json").write_text(json.dumps(plan), encoding="utf-8")
    wrong = roll_out(fleet, https_rollout_apply_plans_from=str(plans))
    assert wrong.status == 2
    item = reported(fleet)["web01"]
    assert (item["state"], item["failed_in"], item["undone"]) == ("failed", "Apply the change", "complete")
    assert "gone.example.com: expected no handshake" in item["message"]
    assert wrong.of(f"{ROLE}Apply the change")["after"] == wrong.of(f"{ROLE}Apply the change")["before"]
    assert f"{ROLE}Probe from the controller" not in {result.task for result in wrong.results}


def test_a_host_that_fails_is_reported_and_the_others_go_on(start: Start, tmp_path: Path) -> None:
    old = {"os": {"name": "Windows Server 2012 R2", "build": "6.3.9600", "iis": "8.5", "language": "en-US"}}
    fleet = start(hosts.host(), {**hosts.host("web02"), **old}, hosts.host("web03"))
    away = tmp_path / "away.json"
    away.write_text(json.dumps({"windows": {"hosts": {"web03": {"ansible_password": "wrong"}}}}), encoding="utf-8")
    words = ("-i", str(fleet.place / "inventory.yml"), "-i", str(away))
    done = roll_out(fleet, *words, https_rollout_minimum_tier="supported", tlsfleet_serial=2)
    assert done.status == 2
    states = {host: (item["state"], item["failed_in"]) for host, item in reported(fleet).items()}
    assert states == {
        "web01": ("changed", None),
        "web02": ("failed", "Refuse a host that is not fit"),
        "web03": ("failed", "Reach the host"),
    }
    assert modules(fleet, "web02") == {READER: 1}
    text = (fleet.place / "report" / "rollout.txt").read_text(encoding="utf-8")
    assert text.startswith("3 hosts (simulated): 2 failed, 1 changed")


def test_findings_and_names_that_cannot_use_sni_refuse_a_host(start: Start) -> None:
    old = {"os": {"name": "Windows Server 2008 R2", "build": "6.1.7601", "iis": "7.5", "language": "en-US"}}
    fleet = start({**hosts.host(), **old})
    wish = {"site": "Shop", "host": "shop.example.com", "sni": "required"}
    refused = roll_out(
        fleet,
        "--tags",
        "preflight",
        https_rollout_bindings=[wish],
        https_rollout_refuse_on=["orphan", "sni_unsupported"],
    )
    message = refused.of(f"{ROLE}Refuse a host that is not fit").said
    assert refused.status == 2
    assert "shop.example.com must use SNI, but the IIS schema" in message and "Instead: " in message
    assert "sni_unsupported Shop/*:443:shop.example.com" in message
    # that one is to be repaired
    assert "orphan" not in message

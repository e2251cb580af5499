# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the laws notice? Faults seeded in the simulated http.sys and in the core have to turn a law red."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import BindingsStep
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning import (
    approved,
    certificates,
    farm,
    planner,
    wanted,
)
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.impact import Impact
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules import resolve
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.options import OptionWish
from lab.applier import Applier
from laws import cases, farms
from laws.__main__ import small
from laws.farms import Farm
from laws.laws import FARM_LAWS, LAWS
from laws.run import hold
from laws.world import World

#: So many cases may pass before a law notices.
CASES = 2000


def _red(name: str) -> None:
    tally = hold(range(CASES), laws={name: LAWS[name]})
    assert "AssertionError" in tally.broken[name]


def _red_on_farms(name: str, first: int = 0) -> None:
    tally = hold(range(first, first + CASES), laws={name: FARM_LAWS[name]}, make=Farm)
    assert "AssertionError" in tally.broken[name]


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        ("sni_before_address", "L9"),
        ("swapped_certificate", "L9"),
        ("swapped_certificate", "L1"),
        ("lost_record", "L1"),
        ("lost_record", "L6"),
        ("fail_call:1", "L1"),
    ],
)
def test_a_fault_in_the_simulated_host_is_noticed(fault: str, law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "World", partial(World, faults=(fault,)))
    _red(law)


def test_a_resolver_that_prefers_names_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = resolve.Resolver._ranks

    def names_first(self: resolve.Resolver, endpoint: Any) -> list[Any]:
        return sorted(ranks(self, endpoint), key=lambda found: found[0] == "exact_address")

    monkeypatch.setattr(resolve.Resolver, "_ranks", names_first)
    _red("L9")


def test_deleting_before_creating_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_ordered", lambda host, writes, commit, deletes: [*deletes, *commit, *writes])
    _red("L3")


def test_a_planner_without_respect_for_owners_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "owners", lambda host: lambda key, value: None)
    _red("L4 others")


def test_a_planner_that_asks_nobody_for_consent_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "consent", lambda request, affected, changed, problems: None)
    _red("L2")


def test_deletes_that_count_no_references_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_relied_on", lambda draft: set())
    _red("L4 references")


def test_options_that_only_the_binding_gets_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OptionWish, "value", lambda self, held: held)
    _red("wishes")


def test_options_that_others_get_unasked_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "option_consent", lambda draft, spoken, allowed: [])
    _red("L7")


def test_an_old_name_that_stays_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "_replaces", lambda item, own, check: None)
    _red("wishes")


def test_keys_that_windows_refuses_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates.Certificates, "usable", lambda self, wanted, value: True)
    _red("L6")


def test_a_plan_in_the_order_of_the_request_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_by_identity", lambda wanted: wanted)
    _red("L8")


def _inverse_in_the_order_of_the_edits(step: BindingsStep) -> BindingsStep:
    edits = tuple(edit._replace(before=edit.after, after=edit.before) for edit in step.edits)
    return BindingsStep(edits, "test")


def test_an_inverse_that_begins_at_the_wrong_end_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BindingsStep, "inverse", _inverse_in_the_order_of_the_edits)
    _red("L5")
    _red_on_farms("farm L5")


def test_a_host_of_a_farm_that_undoes_no_commit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Applier._step
    monkeypatch.setattr(
        Applier, "_step", lambda self, item: None if self._undoing and item["op"] == "bindings" else step(self, item)
    )
    _red_on_farms("farm L5")


def test_an_approved_plan_that_forgets_whom_a_port_that_opens_concerns_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Forgetful(Impact):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self._turning = frozenset()

    monkeypatch.setattr(approved, "Impact", Forgetful)
    _red("approved")


def test_a_farm_that_commits_before_its_records_are_there_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = farm._parts

    def commit_first(plan: planner.Plan) -> Any:
        early, commit, late = parts(plan)
        return [], commit, [*early, *late]

    monkeypatch.setattr(farm, "_parts", commit_first)
    # clients notice where the commit opens a port, which is one farm in two hundred
    _red_on_farms("farm L3", 360)


def test_a_farm_whose_hosts_all_commit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    phased = farm._phased
    monkeypatch.setattr(farm, "_phased", lambda plan, leads, now: phased(plan, True, now))
    _red_on_farms("farm phases")


def test_old_records_that_do_not_wait_for_the_configuration_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farm, "_needed_until_the_commit", lambda plan: [])
    _red_on_farms("farm L6")


def test_hosts_of_a_farm_that_are_not_asked_for_consent_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "consent", lambda request, affected, changed, problems: None)
    _red_on_farms("farm L2")


@pytest.mark.parametrize(("fault", "law"), [("lost_record", "farm L6"), ("swapped_certificate", "farm L6")])
def test_a_fault_in_a_host_of_a_farm_is_noticed(fault: str, law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farms, "World", partial(World, faults=(fault,)))
    _red_on_farms(law)


def test_a_small_case_is_found_and_shown_or_none(capsys: pytest.CaptureFixture[str]) -> None:
    def breaks_where_there_is_a_record(case: cases.Case) -> bool:
        assert not case.host.records
        return True

    def holds(case: cases.Case) -> bool:
        return True

    assert small(breaks_where_there_is_a_record, cases.Case, 100) == 1
    shown = capsys.readouterr().out
    assert "ipport 0.0.0.0:443 ->" in shown and "site Shop Started: \n" in shown
    assert small(holds, cases.Case, 5) == 0
    assert capsys.readouterr().out == "holds: held by 5 cases\n"

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the laws notice? Faults seeded in the simulated http.sys and in the core have to turn a law red."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning import match, planner
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules import resolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from laws import strategies, test_laws, test_more_laws
from laws.world import World

#: No shrinking: one counterexample is enough, and nobody reads it.
_QUICK = settings(
    max_examples=2000,
    database=None,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

LAWS: dict[str, tuple[Any, ...]] = {
    "L1": (test_laws.test_l1_applying_a_plan_leaves_nothing_to_plan, test_laws.worlds()),
    "L2": (test_laws.test_l2_endpoints_outside_the_request_never_change, test_laws.worlds(repairs=False)),
    "L3": (
        test_more_laws.test_l3_every_endpoint_shows_the_old_or_the_new_certificate_and_never_a_third,
        test_laws.worlds(),
    ),
    "L4": (test_more_laws.test_l4_what_others_use_is_never_touched, test_laws.worlds()),
    "references": (test_more_laws.test_l4_no_record_is_deleted_that_a_binding_relies_on, test_laws.worlds()),
    "L6": (test_laws.test_l6_the_prediction_is_what_happens_and_planning_writes_nothing, test_laws.worlds()),
    "L8": (
        test_laws.test_l8_the_order_of_the_request_changes_nothing,
        test_laws.worlds(),
        st.randoms(use_true_random=False),
    ),
    "L9": (
        test_laws.test_l9_the_resolver_equals_a_naive_reading_and_the_simulated_http_sys,
        strategies.descriptions(),
    ),
}


def _red(name: str) -> None:
    law, *examples = LAWS[name]
    wrap: Any = given(*examples)
    again: Callable[[], None] = _QUICK(wrap(law.hypothesis.inner_test))
    with pytest.raises(AssertionError):
        again()


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
    monkeypatch.setattr(test_laws, "World", partial(World, faults=(fault,)))
    _red(law)


def test_a_resolver_that_prefers_names_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = resolve.Resolver._ranks

    def names_first(self: resolve.Resolver, endpoint: Any) -> Iterator[Any]:
        yield from sorted(ranks(self, endpoint), key=lambda found: found[0] == "exact_address")

    monkeypatch.setattr(resolve.Resolver, "_ranks", names_first)
    _red("L9")


def test_deleting_before_creating_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_ordered", lambda host, writes, commit, deletes: [*deletes, *commit, *writes])
    _red("L3")


def test_a_planner_without_respect_for_owners_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "owner_of", lambda host: lambda key, value: None)
    _red("L4")


def test_a_planner_that_asks_nobody_for_consent_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_consent", lambda request, affected, problems: None)
    _red("L2")


def test_deletes_that_count_no_references_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "binding_record", lambda binding: None)
    _red("references")


def test_keys_that_windows_refuses_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match.Matcher, "_usable", lambda self, wanted, value: True)
    _red("L6")


def test_a_plan_in_the_order_of_the_request_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_by_identity", lambda wanted: wanted)
    _red("L8")

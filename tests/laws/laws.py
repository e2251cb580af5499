# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of docs/laws.md by name, and those of farms.

L10 is about crashes: the lab and the engine have it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import changing, owning, reading, refusing, sharing, showing

#: True where it held, False where it says nothing about the case: a Case for those of one host, a Farm for those of farms.
Law = Callable[[Any], bool]

LAWS: dict[str, Law] = {
    "L1": changing.applying_a_plan_leaves_nothing_to_plan,
    "L2": changing.endpoints_outside_the_request_never_change,
    "L3": changing.every_endpoint_shows_the_old_or_the_new_certificate_and_never_a_third,
    "L4 others": owning.what_others_use_changes_only_by_name_and_never_goes,
    "L4 references": changing.no_record_is_deleted_that_a_binding_relies_on,
    "L5": changing.the_inverse_of_any_prefix_restores_the_host_exactly,
    "L6": changing.the_prediction_is_what_happens_and_planning_writes_nothing,
    "L7": changing.options_and_unknown_bits_survive,
    "L8": changing.the_order_of_the_request_changes_nothing,
    "L9": reading.the_resolver_equals_a_naive_reading_and_the_simulated_http_sys,
    "L11": refusing.no_certificate_stands_in_what_is_shown,
    "L12 document": refusing.a_damaged_document_is_refused_with_its_place,
    "L12 request": refusing.a_damaged_request_is_refused_with_its_place,
    "lines": showing.no_line_is_wider_than_a_terminal,
    "approved": showing.an_approved_plan_is_the_plan_that_was_made,
    "stays": showing.what_stays_is_all_that_no_step_touches,
    "wishes": changing.what_was_asked_for_is_what_stands,
    "findings": reading.findings_are_well_formed_unique_and_sorted,
    "switches": reading.a_switch_that_an_answer_does_not_name_does_not_matter,
    "classes": reading.every_endpoint_is_in_one_class_that_says_what_it_gets,
}

#: What L1, L2, L3, L5, L6 and L8 say about the phases of a farm, and two of its own.
FARM_LAWS: dict[str, Law] = {
    "farm L1": sharing.carried_out_phases_leave_nothing_to_plan,
    "farm L2": sharing.endpoints_outside_the_request_change_on_no_host,
    "farm L3": sharing.no_endpoint_of_any_host_shows_a_third_certificate_between_any_two_calls,
    "farm L5": sharing.whatever_breaks_off_is_undone_on_every_host_and_so_is_all_before_it,
    "farm L6": sharing.each_phase_leaves_every_host_as_its_plan_says,
    "farm L8": sharing.the_order_of_the_hosts_changes_only_who_commits,
    "farm phases": sharing.records_come_first_then_one_commit_of_one_host_then_old_records,
    "farm refusals": sharing.a_refusal_names_the_host_or_the_farm,
}

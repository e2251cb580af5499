# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the design (docs say L1 to L12) and six more, by name. L10 is about crashes: the lab and the engine have it."""

from __future__ import annotations

from collections.abc import Callable

from . import changing, owning, reading, refusing, showing
from .cases import Case

Law = Callable[[Case], bool]

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
    "stays": showing.what_stays_is_all_that_no_step_touches,
    "wishes": changing.what_was_asked_for_is_what_stands,
    "findings": reading.findings_are_well_formed_unique_and_sorted,
    "switches": reading.a_switch_that_an_answer_does_not_name_does_not_matter,
    "classes": reading.every_endpoint_is_in_one_class_that_says_what_it_gets,
}

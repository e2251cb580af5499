# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the lab's own tests notice? Each fault is seeded into the lab, and the test it names has to turn red.

The tests named here run green in their own files; a fault that leaves its test green fails here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab import seeds_lab as rest
from lab import seeds_machine as machine
from lab import test_faults_form as forms
from lab import test_faults_model as machines
from lab import test_model as models
from lab import test_selection as selections
from lab import test_wire_dispatch as dispatches
from lab import test_wire_tls as handshakes
from lab import test_wire_winrm as winrm
from lab.certificates import Maker
from lab.wire_rig import recording

Patch = pytest.MonkeyPatch
Test = Callable[[], Any]


def vector(records: str, address: str, sni: str | None) -> Test:
    """The vector with these clients and records, as its own file expects it."""
    (found,) = (item for item in selections.VECTORS if item[:3] == (records, address, sni))
    return lambda: selections.test_vector(*found)


def over_winrm(test: Callable[..., Any], *more: Any) -> Test:
    def run() -> None:
        with recording() as recorder:
            test(recorder, *more)

    return run


def shaken(test: Callable[..., Any], *more: Any) -> Test:
    def run() -> None:
        rig = handshakes.Rig()
        try:
            rig.follow({handshakes.PLACE: (handshakes.LOOPBACK, rig.port)})
            test(rig, *more)
        finally:
            rig.loop.call_soon_threadsafe(rig.loop.stop)
            rig.thread.join(10)

    return run


MAKER = Maker(seed=4)
ASKED = handshakes.test_the_host_is_asked_and_its_certificate_shown
CODES = models.test_http_sys_answers_with_the_codes_of_the_sdk
COMMIT = models.test_a_commit_is_all_or_nothing
UNDONE = models.test_a_refused_call_undoes_everything_before_it
FIT = models.test_steps_that_do_not_fit_are_refused_before_their_call
READING = models.test_reading_gives_what_was_asked_for
DEAD = machines.test_a_dead_applier_leaves_a_journal_and_the_next_undoes_its_run
JOURNAL = machines.test_a_journal_after_which_somebody_else_has_written_is_left_alone


def refused(place: str) -> Test:
    """The argument that is refused at this place."""
    (mark,) = models.test_arguments_are_checked_before_anything_is_done.pytestmark
    (found,) = (item for item in mark.args[1] if item[2] == place)
    return lambda: models.test_arguments_are_checked_before_anything_is_done(*found)


SEEDS: list[tuple[Callable[[Patch], None], Test]] = [
    (machine.names_before_addresses, vector("A W4 S", "10.0.0.5", "www.x.com")),
    (machine.wildcards_before_names, vector("wild S", "10.0.0.5", "www.x.com")),
    (machine.central_store_before_names, vector("C S", "10.0.0.5", "www.x.com")),
    (machine.ipv4_fallback_for_everybody, vector("W4 W6", "2001:db8::1", None)),
    (machine.ipv6_fallback_for_everybody, vector("W6", "10.0.0.5", "any.example")),
    (machine.names_with_case, vector("A W4 S", "10.0.0.6", "WWW.X.com")),
    (machine.wildcards_match_any_depth, vector("wild", "10.0.0.5", "a.b.x.com")),
    (machine.unusable_keys_fall_back, vector("broken W4", "10.0.0.5", "broken.x.com")),
    (machine.no_fallback_from_an_empty_share, vector("C W4", "10.0.0.5", "z.com")),
    (machine.set_overwrites, CODES),
    (machine.a_wrong_code, CODES),
    (machine.update_creates, CODES),
    (machine.nothing_to_delete_is_fine, CODES),
    (machine.seeded("lost_record"), models.test_a_wrong_certificate_is_undone),
    (machine.seeded("swapped_certificate"), models.test_a_wrong_certificate_is_undone),
    (machine.listen_list_ignored, lambda: selections.test_the_listen_list(["10.0.0.5"], "10.0.0.6", False)),
    (machine.stopped_sites_listen, selections.test_a_host_listens_on_the_ports_of_running_sites_and_of_other_programs),
    (machine.half_a_commit, COMMIT),
    (machine.duplicates_allowed, COMMIT),
    (machine.old_schema_knows_ssl_flags, models.test_an_old_iis_knows_no_ssl_flags),
    (machine.no_undo, lambda: UNDONE(2)),
    (machine.undo_in_the_order_of_the_steps, selections.test_steps_on_one_record_are_undone_last_first),
    (machine.undo_forgets_the_place, selections.test_a_binding_returns_to_its_old_place),
    (machine.before_images_unread, FIT),
    (machine.update_where_it_is_not_exported, FIT),
    (machine.blind_probe, models.test_a_wrong_certificate_is_undone),
    (machine.replace_without_a_gap, models.test_a_replace_is_two_calls_with_a_gap_between),
    (rest.any_computer_will_do, refused("computer")),
    (rest.any_contract_will_do, refused("contract")),
    (rest.unknown_keys_pass, refused("more")),
    (rest.check_mode_writes, models.test_the_applier_refuses_check_mode_and_unknown_modules_are_errors),
    (rest.large_documents_unpacked, models.test_a_large_document_travels_packed),
    (rest.all_certificates_always, READING),
    (rest.keys_opened_unasked, READING),
    (rest.a_wrong_flag_bit, selections.test_options_of_a_record_are_read_as_numbers),
    (rest.faults_strike_for_ever, forms.test_skip_and_times),
    (rest.a_death_that_undoes, lambda: DEAD(2, "before")),
    (rest.recovery_overwrites_others, lambda: JOURNAL(machines.WRITTEN, "hostnameport api.example.com:443")),
    (rest.recovery_forgets_the_step_in_flight, lambda: DEAD(2, "after")),
    (rest.refusals_without_a_reason, machines.test_a_refusal_waits_for_a_call_that_can_have_it),
    (rest.everybody_is_admitted, over_winrm(winrm.test_no_credentials, "Basic !!!")),
    (rest.answers_half_as_long, over_winrm(winrm.test_module_call)),
    (rest.any_shell_will_do, over_winrm(winrm.test_unknown_shell_and_command)),
    (rest.answers_relate_to_nothing, over_winrm(winrm.test_answers_relate_to_their_request)),
    (rest.one_certificate_for_all_handshakes, shaken(handshakes.test_next_handshake_sees_the_new_state, MAKER)),
    (rest.what_nobody_knows_is_fine, dispatches.test_unknown_module),
    (rest.names_of_clients_unheard, shaken(ASKED, MAKER, "shop.example.com", None)),
    (rest.ports_stay_open, shaken(handshakes.test_ports_open_and_close, MAKER)),
]


@pytest.mark.parametrize(("fault", "test"), SEEDS, ids=[seed[0].__name__ for seed in SEEDS])
def test_a_fault_in_the_lab_turns_its_test_red(
    fault: Callable[[Patch], None], test: Test, monkeypatch: pytest.MonkeyPatch
) -> None:
    test()
    fault(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception, TypeError, KeyError)) as red:
        test()
    # An answer of another shape than the test expects is red, too; an error inside the lab would be a badly sown fault.
    assert red.errisinstance((AssertionError, pytest.fail.Exception)) or Path(red.traceback[-1].path).name.startswith(
        "test_"
    )


def test_there_are_enough_faults() -> None:
    assert len({fault.__name__ for fault, _test in SEEDS}) >= 20

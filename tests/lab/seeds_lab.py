# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults sown into the rest of the lab: modules, planned faults, wire, TLS. test_seeded_faults.py shows that each is noticed."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lab import (
    applier,
    contract,
    dispatch,
    faults,
    faults_model,
    http,
    recovery,
    simhost,
    soap,
    stores,
    tls,
    words,
    wsman,
)

Patch = pytest.MonkeyPatch

# -- the modules -------------------------------------------------------------------------------------------------


def any_computer_will_do(patch: Patch) -> None:
    check = contract.check_applier
    patch.setattr(simhost, "check_applier", lambda args, name: check(args, str(args["computer"])))


def any_contract_will_do(patch: Patch) -> None:
    patch.setattr(contract, "_contract", lambda args: None)


def unknown_keys_pass(patch: Patch) -> None:
    patch.setattr(contract, "_keys", lambda data, place, wanted: None)


def check_mode_writes(patch: Patch) -> None:
    patch.setattr(simhost.SimulatedHost, "_call_applier", lambda self, args, check_mode: {"changed": True})


def large_documents_unpacked(patch: Patch) -> None:
    patch.setattr(contract, "LIMIT", 1 << 40)


def all_certificates_always(patch: Patch) -> None:
    listing = stores.Stores.listing
    patch.setattr(
        stores.Stores, "listing", lambda self, which, key_check, records: listing(self, "all", key_check, records)
    )


def keys_opened_unasked(patch: Patch) -> None:
    key = words.private_key
    patch.setattr(stores, "private_key", lambda entry, container, key_check: key(entry, container, "open"))


def a_wrong_flag_bit(patch: Patch) -> None:
    patch.setitem(words._FLAGS, "disable_tls13", 0x20)


# -- faults and recovery -----------------------------------------------------------------------------------------


def faults_strike_for_ever(patch: Patch) -> None:
    patch.setattr(faults.Fault, "spent", property(lambda self: False))


def a_death_that_undoes(patch: Patch) -> None:
    stopped = applier.Stopped("internal", "process", "died")

    def crash(self: Any, number: int, when: str, undoing: bool) -> None:
        if any(fault.values["when"] == when and fault.strikes() for fault in self._at(number, "crash")):
            raise stopped

    patch.setattr(faults_model.Planned, "_crash", crash)


def recovery_overwrites_others(patch: Patch) -> None:
    patch.setattr(recovery, "equal", lambda held, expected: held is not None)


def recovery_forgets_the_step_in_flight(patch: Patch) -> None:
    recover = recovery.recover

    def shorter(journal: recovery.Journal, *more: Any) -> None:
        recover(dataclasses.replace(journal, begun=journal.begun[: journal.done]), *more)

    patch.setattr(recovery, "recover", shorter)


def refusals_without_a_reason(patch: Patch) -> None:
    patch.setitem(faults_model._POSSIBLE, "key_unusable", faults_model._POSSIBLE["access_denied"])
    patch.setitem(applier._COMMITS, "key_unusable", (1312, "cannot be used"))


# -- the wire ----------------------------------------------------------------------------------------------------


def everybody_is_admitted(patch: Patch) -> None:
    patch.setattr(http.Credentials, "admit", lambda self, request: True)


def answers_half_as_long(patch: Patch) -> None:
    patch.setattr(wsman, "MOST_OUTPUT", 48 * 1024)


def any_shell_will_do(patch: Patch) -> None:
    def commands(self: wsman.Service, message: soap.Message) -> dict[str, wsman.Command]:
        return self._shells.setdefault(message.shell or "", {})

    patch.setattr(wsman.Service, "_commands", commands)


def answers_relate_to_nothing(patch: Patch) -> None:
    envelope = soap.envelope
    patch.setattr(soap, "envelope", lambda action, relates_to, body: envelope(action, "", body))


def one_certificate_for_all_handshakes(patch: Patch) -> None:
    load, first = tls.load, []

    def always(self: tls.Contexts, material: tls.Material) -> Any:
        first.append(load(material))
        return first[0]

    patch.setattr(tls.Contexts, "of", always)


def names_of_clients_unheard(patch: Patch) -> None:
    hello = tls.Endpoint._on_hello
    patch.setattr(
        tls.Endpoint, "_on_hello", lambda self, connection, sni, context: hello(self, connection, None, context)
    )


def ports_stay_open(patch: Patch) -> None:
    follow = tls.Listeners.follow

    async def more(self: tls.Listeners, wanted: dict[Any, Any]) -> None:
        kept = {place: ("", 0) for place in self.open}
        await follow(self, {**kept, **wanted})

    patch.setattr(tls.Listeners, "follow", more)


def what_nobody_knows_is_fine(patch: Patch) -> None:
    patch.setattr(dispatch, "not_understood", lambda host, counters, what, transcript=None: wsman.Outcome(0, b"{}"))

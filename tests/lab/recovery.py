# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal that a dead applier leaves behind, and the way back from it to the state before its run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .applier import equal
from .httpsys import NO_LOGON_SESSION, HttpSys, table_key
from .iis import Iis, Refused, swapped


class Conflict(Exception):
    """Somebody else has written since: what stands there is neither before nor after a step. ``place`` names it."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(place)


@dataclass(frozen=True)
class Journal:
    """A run that never ended.

    ``steps``: those it was to have; ``begun``: those it had begun, with what stood there before; ``done``: how many of
    them were finished. The one after these may have happened or not. ``guard``: when the run is undone unless it was
    confirmed, None where nobody is to confirm; ``acted``: (``undone`` or ``failed``, when), once the guard has done so.
    """

    run: str
    started: str
    steps: list[dict[str, Any]]
    begun: list[dict[str, Any]]
    done: int
    guard: str | None = None
    acted: tuple[str, str] | None = None

    @property
    def waiting(self) -> bool:
        return self.guard is not None and self.acted is None and self.done == len(self.steps)

    @property
    def undone(self) -> bool:
        return self.acted is not None and self.acted[0] == "undone"

    def view(self) -> dict[str, Any]:
        """As the document shows it."""
        shown = {"run": self.run, "started": self.started, "steps": self.steps, "done": self.done}
        if self.guard is None:
            return shown
        state, at = self.acted or ("armed", self.guard)
        return {**shown, "guard": {"state": state, "at": at}}


def met(
    journal: Journal | None, steps: list[dict[str, Any]], http: HttpSys, iis: Iis
) -> tuple[Journal | None, dict[str, Any] | None]:
    """What an applier answers that meets the journal of another run: that run is undone, and nothing else done. And the journal then.

    Steps were planned for a state that is gone now: an error. Without steps that was all the caller wanted. None as an
    answer: nothing is in the way.
    """
    if journal is None or journal.undone:
        return None, None
    answer: dict[str, Any] = {"applied": 0, "error": None, "undone": None, "undo_errors": [], "probes": []}
    error: dict[str, Any] = {"step": None, "call": None, "number": None}
    try:
        lost = recover(journal, http, iis)
    except Conflict as fault:
        hint = f"run {journal.run} has not finished, and somebody else has written since"
        return journal, {**answer, "error": {**error, "code": "journal_conflict", "place": fault.place, "hint": hint}}
    hint = f"run {journal.run} had not finished and was undone; read again and plan anew"
    if lost:
        answer |= {"undone": "partial", "undo_errors": lost}
        missing = " and ".join(f"{item['place']}: {item['hint']}" for item in lost)
        hint = f"run {journal.run} had not finished and was undone, but for {missing}"
    elif not steps:
        return None, answer
    return None, {**answer, "error": {**error, "code": "journal_unfinished", "place": "journal", "hint": hint}}


def recover(journal: Journal, http: HttpSys, iis: Iis) -> list[dict[str, Any]]:
    """Undo what the dead run did, or change nothing: all is looked at before the first call. Raises Conflict.

    An error for each record that http.sys does not have back, since its key cannot be used.
    """
    records, sites = dict(http.records), iis.sites
    lost: list[dict[str, Any]] = []
    try:
        for index, step in reversed(list(enumerate(journal.begun))):
            if step["op"] == "bindings":
                _bindings_back(step["edits"], index >= journal.done, iis)
            elif step["op"] != "probe":
                lost += _back(step, index >= journal.done, http)
    except Conflict:
        http.records, iis.sites = records, sites
        raise
    return lost


def _back(step: dict[str, Any], uncertain: bool, http: HttpSys) -> list[dict[str, Any]]:
    family, key = step["family"], step["key"]
    held = http.query(family, key)
    if uncertain and equal(held, step["before"]):
        return []
    between = uncertain and step["op"] == "record_replace" and held is None
    if not between and not equal(held, step["after"]):
        raise Conflict(f"{family} {key}")
    place = table_key(family, key)
    was = http.records.pop(place, None)
    if step["before"] is None:
        return []
    if http.set(family, key, step["before"]) != NO_LOGON_SESSION:
        http.load({"family": family, "key": key, **step["before"]})
        return []
    updates = step["op"] == "record_update"
    if was is not None and (updates or step["op"] == "record_replace"):
        http.records[place] = was  # never gone, or put back: better than nothing
    hint = "the certificate or its private key cannot be used by SYSTEM"
    call = "HttpUpdateServiceConfiguration" if updates else "HttpSetServiceConfiguration"
    error = {"code": "key_unusable", "place": f"{family} {key}", "hint": hint, "step": None}
    return [{**error, "call": call, "number": NO_LOGON_SESSION}]


def _bindings_back(edits: list[dict[str, Any]], uncertain: bool, iis: Iis) -> None:
    back = [swapped(edit) for edit in reversed(edits)]
    try:
        iis.commit(back)
    except Refused as refusal:
        if not uncertain:
            raise Conflict(f"edits[{len(edits) - 1 - refusal.index}]") from None
        sites = iis.sites
        try:
            iis.commit([swapped(edit) for edit in reversed(back)])
        except Refused as second:
            raise Conflict(f"edits[{second.index}]") from None
        iis.sites = sites

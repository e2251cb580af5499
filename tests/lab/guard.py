# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard of a run on a simulated host: undone at its time unless confirmed. Time passes as it does, or when somebody says so."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

from .contract import BadArgument
from .httpsys import HttpSys
from .iis import Iis
from .recovery import Conflict, Journal, recover

NO_ERROR: dict[str, Any] = {"applied": 0, "error": None, "undone": None, "undo_errors": [], "probes": []}
FORM = "%Y-%m-%dT%H:%M:%SZ"


def split(args: dict[str, Any]) -> tuple[dict[str, Any], int | None, str | None]:
    """Arguments of host_guard: those of host_applier, and either minutes or the run to confirm. Raises BadArgument."""
    plain = {name: value for name, value in args.items() if name not in ("guard", "confirm")}
    guard, confirm = args.get("guard"), args.get("confirm")
    if (guard is None) == (confirm is None):
        raise BadArgument("guard", "give exactly one of guard and confirm")
    if guard is None:
        if not isinstance(confirm, str):
            raise BadArgument("confirm", "must be text")
        if plain.get("steps"):
            raise BadArgument("steps", "a confirmation has none")
        return plain, None, confirm
    minutes = guard.get("minutes") if isinstance(guard, dict) else None
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 1440:
        raise BadArgument("guard.minutes", "must be a whole number from 1 to 1440")
    if not isinstance(guard.get("engine"), list) or set(guard) != {"minutes", "engine"}:
        raise BadArgument("guard.engine", "must be a list")
    return plain, minutes, None


def confirmed(journal: Journal | None, run: str) -> dict[str, Any]:
    """What the applier answers to a confirmation; without an error the journal goes."""
    if journal is not None and journal.run == run and journal.waiting:
        return NO_ERROR
    hint = f"run {run} does not wait for a confirmation: it was confirmed already, or undone"
    if journal is not None and journal.run == run and journal.acted:
        hint = f"run {run} was not confirmed in time, and its guard has acted"
    error = {"code": "guard_expired", "place": "confirm", "hint": hint, "step": None, "call": None, "number": None}
    return {**NO_ERROR, "error": error}


def deadline(now: datetime, minutes: int) -> str:
    return (now + timedelta(minutes=minutes)).strftime(FORM)


def expired(journal: Journal, now: datetime, http: HttpSys, iis: Iis) -> Journal:
    """The journal as the guard leaves it: it undoes the run when its time has come, and changes nothing where others have written."""
    at = now.strftime(FORM)
    if journal.guard is None or journal.acted or at < journal.guard:
        return journal
    try:
        lost = recover(journal, http, iis)
    except Conflict:
        return dataclasses.replace(journal, acted=("failed", at))
    if lost:
        return dataclasses.replace(journal, acted=("failed", at))
    return dataclasses.replace(journal, acted=("undone", at), done=0)

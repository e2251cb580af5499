# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The applier on a simulated host: steps, each after a look at its before-image; probe; undo of exactly what was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .httpsys import ACCESS_DENIED, BAD_PARAMETER, DEFAULTS, EXISTS, NO_LOGON_SESSION, NOT_FOUND, OK, HttpSys
from .iis import Iis, Refused, swapped

Observer = Callable[[str], None]
_CALLS = {"set": "HttpSetServiceConfiguration", "delete": "HttpDeleteServiceConfiguration"}
_UPDATE, _COMMIT = "HttpUpdateServiceConfiguration", "CommitChanges"
_CODES = {
    NOT_FOUND: ("record_missing", "the record is not there"),
    ACCESS_DENIED: ("access_denied", "administrator rights are missing"),
    BAD_PARAMETER: ("not_supported_here", "this Windows does not know this kind of record"),
    EXISTS: ("record_exists", "there is such a record already"),
    NO_LOGON_SESSION: ("key_unusable", "the certificate or its private key cannot be used by SYSTEM"),
}
_NUMBERS = {code: number for number, (code, _hint) in _CODES.items()}
#: HRESULTs and sentences of commits that are refused from outside.
_COMMITS = {
    "access_denied": (0x80070005, "administrator rights are missing"),
    "config_conflict": (0x80071A90, "somebody else has committed at the same time"),
    "config_locked": (0x80070020, "another process holds applicationHost.config"),
}


def number_of(code: str, call: str) -> int:
    """The number that a call gives which is refused with this code of the host contract."""
    return _COMMITS[code][0] if call == _COMMIT else _NUMBERS[code]


class Died(Exception):
    """The process of the applier ended here: no answer, no undo, everything stays as it is."""


class Trouble:
    """What may happen to single calls from outside; here: nothing. ``number`` counts the calls of a run from 1."""

    def begin(self) -> None:
        """The journal is created. Raises Stopped."""

    def before(self, number: int, call: str, undoing: bool) -> str | None:
        """The code of the host contract the call is refused with, None when it goes on. Raises Stopped and Died."""
        return None

    def after(self, number: int, call: str, undoing: bool) -> None:
        """The call has worked. Raises Died."""


class Stopped(Exception):
    """A step that failed: the error object of the host contract."""

    def __init__(self, code: str, place: str, hint: str, call: str | None = None, number: int | None = None) -> None:
        self.error = {"code": code, "place": place, "hint": hint, "step": None, "call": call, "number": number}
        super().__init__(hint)


class Applier:
    """One run. ``served(address, port, sni)`` tells what a handshake shows; ``observer`` hears of every single call."""

    def __init__(
        self,
        http: HttpSys,
        iis: Iis,
        update_exported: bool,
        served: Callable[[str, int, str | None], tuple[str, str | None]],
        observer: Observer | None = None,
        trouble: Trouble | None = None,
    ) -> None:
        self._http, self._iis, self._update_exported = http, iis, update_exported
        self._served, self._observer, self._trouble = served, observer, trouble or Trouble()
        self.calls = 0
        #: What a journal would hold: the steps as they were begun, with what stood there, and how many were finished.
        self.begun: list[dict[str, Any]] = []
        self.finished = 0
        self._undoing = 0
        self._done: list[dict[str, Any]] = []

    def run(self, steps: list[dict[str, Any]], probe: dict[str, Any]) -> dict[str, Any]:
        """Carry out the steps. Answer: applied, error, undone, undo_errors, probes."""
        answer: dict[str, Any] = {"applied": 0, "error": None, "undone": None, "undo_errors": [], "probes": []}
        try:
            self._trouble.begin()
        except Stopped as stop:
            return {**answer, "error": stop.error}
        for index, step in enumerate(steps):
            try:
                if step["op"] == "probe":
                    self._note(step)
                    answer["probes"] += self._probe(step["endpoints"], probe)
                else:
                    self._step(step)
                answer["applied"] = self.finished = index + 1
            except Stopped as stop:
                answer["error"] = {**stop.error, "step": index}
                answer["probes"] += getattr(stop, "probes", [])
                self._undo(answer)
                return answer
        return answer

    def _step(self, step: dict[str, Any]) -> None:
        if step["op"] == "bindings":
            edits = self._placed(step["edits"])
            self._note({"op": "bindings", "edits": edits})
            self._commit(edits)
            self._done.append({"op": "bindings", "edits": [swapped(edit) for edit in reversed(edits)]})
            return
        family, key = step["family"], step["key"]
        place = f"{family} {key}"
        held = self._http.query(family, key)
        if not equal(held, step["before"]):
            raise Stopped("changed_meanwhile", place, f"expected {_shown(step['before'])}, found {_shown(held)}")
        after = None if step["after"] is None else {**DEFAULTS, **step["after"]}
        self._note({**step, "before": held, "after": after})
        op = step["op"]
        if op == "record_update":
            if not self._update_exported:
                raise Stopped("update_unsupported", place, "this Windows does not export it", _UPDATE)
            self._call(_UPDATE, place, lambda: self._http.update(family, key, after or {}))
        if op in ("record_delete", "record_replace"):
            self._call(_CALLS["delete"], place, lambda: self._http.delete(family, key))
            if op == "record_replace":
                self._done.append({"op": "record_set", "family": family, "key": key, "before": None, "after": held})
        if op in ("record_set", "record_replace"):
            self._call(_CALLS["set"], place, lambda: self._http.set(family, key, after or {}))
            if op == "record_replace":
                self._done.pop()
        inverse = {"record_set": "record_delete", "record_delete": "record_set"}.get(op, op)
        self._done.append({"op": inverse, "family": family, "key": key, "before": after, "after": held})

    def _note(self, step: dict[str, Any]) -> None:
        if not self._undoing:
            self.begun.append(step)

    def _placed(self, edits: list[dict[str, Any]]) -> list[dict[str, Any]]:
        try:
            return self._iis.placed(edits)
        except Refused:
            # the commit itself will say so
            return edits

    def _call(self, name: str, place: str, call: Callable[[], int]) -> None:
        refused = self._enter(name)
        code = call() if refused is None else _NUMBERS[refused]
        if code == OK:
            self._look(name, f"{name} {place}")
            return
        kind, hint = _CODES[code]
        raise Stopped(kind, place, hint, name, code)

    def _commit(self, edits: list[dict[str, Any]]) -> None:
        refused = self._enter(_COMMIT)
        try:
            if refused is not None:
                number, hint = _COMMITS[refused]
                raise Refused(refused, 0, hint, number)
            self._iis.commit(edits)
        except Refused as refusal:
            place = f"edits[{refusal.index}]"
            raise Stopped(refusal.code, place, refusal.message, _COMMIT, refusal.number) from None
        self._look(_COMMIT, _COMMIT)

    def _enter(self, name: str) -> str | None:
        """Count a single call; the code it is refused with from outside."""
        self.calls += 1
        return self._trouble.before(self.calls - self._undoing, name, self._undoing > 0)

    def _look(self, name: str, moment: str) -> None:
        if self._observer is not None:
            self._observer(moment)
        self._trouble.after(self.calls - self._undoing, name, self._undoing > 0)

    def _probe(self, endpoints: list[dict[str, Any]], options: dict[str, Any]) -> list[dict[str, Any]]:
        seen = []
        for endpoint in endpoints:
            kind, thumbprint = self._served(endpoint["address"], endpoint["port"], endpoint["sni"])
            expect = endpoint["expect"]
            if kind == "tls":
                verdict = "tls_unsupported_here"
            elif kind == "unreachable":
                verdict = "right" if expect is None else "unreachable"
            elif expect == "file":
                # a record's certificate may lie in the central store as well: the host itself cannot tell
                verdict = "right" if kind == "file" else "unverified"
            else:
                verdict = "right" if kind != "file" and thumbprint == expect else "wrong"
            seen.append({**endpoint, "served": thumbprint, "verdict": verdict})
        wrong = [item for item in seen if item["verdict"] == "wrong"]
        lost = [item for item in seen if item["verdict"] not in ("right", "wrong")]
        failed = wrong or (lost if options["on_unverified"] == "fail" else [])
        if failed:
            first = failed[0]
            place = f"{first['address']}:{first['port']} {first['sni'] or 'without SNI'}"
            shown = f"expected {first['expect'] or 'no handshake'}, saw {first['served'] or 'no handshake'}"
            stop = Stopped("probe_wrong" if wrong else "probe_unverified", place, shown)
            stop.probes = seen  # type: ignore[attr-defined]
            raise stop
        return seen

    def _undo(self, answer: dict[str, Any]) -> None:
        """The inverses of what was done, last first."""
        if not self._done:
            return
        self._undoing = self.calls
        answer["undone"] = "complete"
        for step in list(reversed(self._done)):
            try:
                self._step(step)
            except Stopped as stop:
                answer["undone"] = "partial"
                answer["undo_errors"].append(stop.error)


def equal(held: dict[str, Any] | None, expected: dict[str, Any] | None) -> bool:
    if held is None or expected is None:
        return held is expected
    return _folded(held) == _folded(expected)


def _folded(image: dict[str, Any]) -> dict[str, Any]:
    full = {**DEFAULTS, **image}
    full["store"] = full["store"] or "MY"
    return {name: value.lower() if isinstance(value, str) else value for name, value in full.items()}


def _shown(image: dict[str, Any] | None) -> str:
    return "no record" if image is None else f"certificate {image.get('thumbprint')}"

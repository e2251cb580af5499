# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The applier's C# on Windows' own .NET under Wine: every kind of step and every failure ends as under Mono. Simulated."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from engine import applying
from engine.applying import SITES, edit, edits, refuse, standing
from engine.fakes.example import binding
from engine.harness import journals
from engine.harness.lane import APPLY, Lane
from wine.machine import answers, windows_path

pytestmark = pytest.mark.mono
Case = tuple[Path, Path, list[dict[str, Any]]]
CALLS = "create section new add delete put clear commit".split()
#: HRESULT -> the exception the CLR makes of it; Mono makes a COMException of each.
TYPES = {
    0x80070020: "FileLoadException",
    0x80070021: "FileLoadException",
    0x80071A90: "COMException",
    0x80070005: "UnauthorizedAccessException",
    0x80070002: "FileNotFoundException",
    0x80070003: "DirectoryNotFoundException",
    0x8007000D: "COMException",
    0x80070585: "COMException",
    0x800700B7: "COMException",
    0x80070057: "ArgumentException",
    0x80070032: "COMException",
    0x80040154: "COMException",
    0xC00CEF03: "COMException",
}
#: The first call of these that fails, and how many do. Managers: one looks at the redirection; the second at what stands there before the
#: run, where a failure is none yet; the third is the step's. The latter two make an element to see whether it has sslFlags. A commit is
#: tried six times.
FAILING = {"create": (2, 2), "section": (2, 2), "new": (1, 2), "commit": (1, 6)}
#: What a commit that goes on failing with it is called (contracts.md, section 6).
NAMES = {
    0x80070020: "config_locked",
    0x80070021: "config_locked",
    0x80071A90: "config_conflict",
    0x80070005: "access_denied",
    0x800700B7: "config_conflict",
    0x80040154: "not_supported_here",
}
#: Kind of step -> its call; and what http.sys answers (F4.07).
RECORD_CALLS = {"set": "set", "update": "update", "replace": "delete", "delete": "delete"}
NUMBERS = (1, 2, 5, 6, 50, 87, 120, 122, 127, 183, 234, 259, 1114, 1312, 1450)


def task(folder: Path, steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"do": "apply", "state": windows_path(folder), "args": {**APPLY, "steps": steps}, **more}


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """All that both runtimes have to say alike: words of Windows itself differ, and stand where nobody knew the failure."""
    found = {name: value for name, value in answer.items() if name != "msg"}
    for error in (found["error"], *found["undo_errors"]):
        if error and error["code"] == "internal":
            error["hint"] = ""
    for gap in found["document"]["incomplete"]:
        gap["message"] = ""
    return found


def pair(tmp_path: Path, name: str) -> tuple[Path, Path]:
    """The same host twice: for Mono, for Wine."""
    return applying.host(tmp_path / "mono" / name), applying.host(tmp_path / "wine" / name)


def both(lane: Lane, cases: list[Case]) -> list[dict[str, Any]]:
    """Carries each case out on either runtime, asserts that they say and leave the same, and gives what they said."""
    found = answers([task(theirs, steps) for _mine, theirs, steps in cases])
    for (mine, theirs, steps), answer in zip(cases, found, strict=True):
        assert told(answer) == told(lane.apply(mine, steps)), theirs.name
        assert standing(theirs) == standing(mine), theirs.name
        assert not (theirs / journals.PATH).exists(), theirs.name
    return found


def every_edit() -> dict[str, Any]:
    """A commit that makes every call of the IIS objects."""
    first, shop, plain, bare = SITES[0]["bindings"]
    return edits(
        edit(0, first, None),
        edit(0, shop, {**shop, "ssl_flags": None}),
        edit(1, plain, {**plain, "information": "*:8443:a.example.com"}),
        edit(2, bare, {**bare, "ssl_flags": 33}),
        edit(1, None, binding("*:443:new.example.com", 97)),
        edit(None, None, binding("*:443:b.example.com"), "Übung & Co"),
    )


def test_every_kind_of_step(lane: Lane, tmp_path: Path) -> None:
    kinds = list(applying.each(applying.host(tmp_path / "kinds")))
    cases: list[Case] = []
    for name in (*kinds, "every edit", "all of them"):
        mine, theirs = pair(tmp_path, name)
        steps = applying.each(mine)
        chosen = {"every edit": [every_edit()], "all of them": list(steps.values())}
        cases.append((mine, theirs, chosen.get(name) or [steps[name]]))
    before = standing(applying.host(tmp_path / "before"))
    for answer, (_mine, theirs, carried) in zip(both(lane, cases), cases, strict=True):
        assert (answer["error"], answer["applied"], answer["changed"]) == (None, len(carried), True)
        assert standing(theirs) != before


def test_exceptions_are_those_of_the_clr(tmp_path: Path) -> None:
    tasks = []
    for call, number in itertools.product(CALLS, TYPES):
        folder = applying.host(tmp_path / f"{call}-{number:x}")
        refuse(folder, "iis", (call, hex(number)))
        tasks.append({"do": "provoke", "state": windows_path(folder)})
    found = answers(tasks)
    wanted = [{"type": TYPES[number], "result": number} for _call, number in itertools.product(CALLS, TYPES)]
    assert found == wanted


def test_every_hresult_at_every_call_of_a_commit(lane: Lane, tmp_path: Path) -> None:
    cases: list[Case] = []
    for call, number in itertools.product(CALLS, TYPES):
        folders = pair(tmp_path, f"{call}-{number:x}")
        for folder in folders:
            refuse(folder, "iis", (call, hex(number), *FAILING.get(call, (1, 1))))
        cases.append((*folders, [applying.each(folders[0])["set"], every_edit()]))
    before = standing(applying.host(tmp_path / "before"))
    failures = 0
    for answer, (call, number), (_mine, theirs, _steps) in zip(
        both(lane, cases), itertools.product(CALLS, TYPES), cases, strict=True
    ):
        error = answer["error"]
        if error is None:  # what passes is tried again, and was gone by then
            assert number in (0x80070020, 0x80071A90) and call != "commit", theirs.name
            continue
        failures += 1
        assert (answer["undone"], answer["undo_errors"], answer["changed"]) == ("complete", [], False), theirs.name
        assert standing(theirs) == before, theirs.name
        assert call != "commit" or (error["code"], error["number"]) == (NAMES.get(number, "internal"), number)
    assert failures >= len(TYPES) * (len(CALLS) - 2)


def test_every_code_of_http_sys_at_every_kind_of_step(lane: Lane, tmp_path: Path) -> None:
    cases: list[Case] = []
    for (kind, call), number in itertools.product(RECORD_CALLS.items(), NUMBERS):
        folders = pair(tmp_path, f"{kind}-{number}")
        for folder in folders:
            refuse(folder, "http", (call, "*", number, 1, 1))
        cases.append((*folders, [every_edit(), applying.each(folders[0])[kind]]))
    before = standing(applying.host(tmp_path / "before"))
    for answer, (_mine, theirs, _steps) in zip(both(lane, cases), cases, strict=True):
        error = answer["error"]
        assert (error["step"], answer["undone"], answer["changed"]) == (1, "complete", False), theirs.name
        assert theirs.name.endswith(f"-{error['number']}")
        assert standing(theirs) == before, theirs.name

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lock, journal and recovery of the applier on Wine's Win32: processes that wait, die, and come after one that died. Simulated."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from engine import applying
from engine.applying import standing
from engine.harness import journals
from engine.harness.lane import APPLY, READ, Lane
from wine.machine import Died, Process, answers, windows_path

pytestmark = pytest.mark.mono


def task(folder: Path, steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"do": "apply", "state": windows_path(folder), "args": {**APPLY, "steps": steps}, **more}


def wait_for(path: Path) -> None:
    for _again in range(400):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError("the other process did not get the lock")


def holder(prefix: Path, file: Path, **more: Any) -> Process:
    """A process that has the lock of all appliers as long as ``file`` is there."""
    answers([{"do": "handles"}], prefix)  # makes the machine
    other = Process({"do": "lock", "wait": 5, "file": windows_path(file), **more}, prefix)
    wait_for(file)
    return other


def test_the_lock_keeps_other_processes_out_until_it_is_given_back(prefix: Path, tmp_path: Path) -> None:
    folder = applying.host(tmp_path / "host")
    before, steps = standing(folder), list(applying.each(folder).values())
    other = holder(prefix, tmp_path / "got")
    [refused] = answers([task(folder, steps, wait=0)], prefix)
    assert (refused["error"]["code"], standing(folder)) == ("busy", before)
    second = Process(task(folder, steps, wait=60), prefix)
    time.sleep(2)  # most likely it waits by now; if not, it comes in time all the same
    (tmp_path / "got").unlink()
    waited = second.answer()
    assert (waited["error"], waited["applied"], other.answer()) == (None, len(steps), True)
    assert standing(folder) != before


def test_the_lock_of_a_process_that_died_is_free(prefix: Path, tmp_path: Path) -> None:
    folder = applying.host(tmp_path / "host")
    other = holder(prefix, tmp_path / "got", die=True)
    (tmp_path / "got").unlink()
    [answer] = answers([task(folder, list(applying.each(folder).values()), wait=30)], prefix)
    assert answer["error"] is None
    with pytest.raises(Died):
        other.answer()


@pytest.mark.parametrize(
    "crash",
    [
        {"call": 1, "when": "before"},
        {"call": 3, "when": "after"},
        {"call": 6, "when": "after"},
        {"journal": 3, "bytes": 12},
    ],
    ids=["before the first call", "between delete and set", "after the commit", "inside of a journal write"],
)
def test_an_applier_that_died_is_undone_by_the_next(
    lane: Lane, prefix: Path, tmp_path: Path, crash: dict[str, Any]
) -> None:
    folder = applying.host(tmp_path / "host")
    before, steps = standing(folder), list(applying.each(folder).values())
    with pytest.raises(Died):
        answers([task(folder, steps, crash=crash)], prefix)
    assert journals.read(folder)[0][0] == "run" if "call" in crash else (folder / journals.PATH).exists()
    seen = lane.answer(folder)["document"]["journal"]
    assert seen["steps"][0]["op"] == "record_set"
    read, recovered, done = answers(
        [{"state": windows_path(folder), "args": READ}, task(folder, steps), task(folder, steps)], prefix
    )
    assert read["document"]["journal"] == seen
    assert recovered["error"]["code"] == "journal_unfinished" and recovered["document"]["records"]
    assert (done["error"], done["applied"]) == (None, len(steps))
    assert standing(folder) != before and not (folder / journals.PATH).exists()


def test_what_died_is_exactly_as_before_after_a_recovery(prefix: Path, tmp_path: Path) -> None:
    folders = [applying.host(tmp_path / str(number)) for number in range(3)]
    before = standing(folders[0])
    for folder, call in zip(folders, (2, 4, 6), strict=True):
        with pytest.raises(Died):
            answers([task(folder, list(applying.each(folder).values()), crash={"call": call, "when": "after"})], prefix)
    for folder, answer in zip(folders, answers([task(folder, []) for folder in folders], prefix), strict=True):
        assert (answer["error"], answer["changed"]) == (None, True)
        assert standing(folder) == before


def test_the_writing_class_is_found_by_its_registration(prefix: Path, tmp_path: Path) -> None:
    folder = applying.host(tmp_path / "host")
    before = standing(folder)
    task = {"do": "provoke", "state": windows_path(folder), "registered": True}
    [missing] = answers([task], prefix)
    assert (missing, standing(folder)) == ({"type": "COMException", "result": 0x80040154}, before)
    assert answers([task], prefix, folder) == [None]
    assert standing(folder) != before


def test_a_journals_folder_that_is_not_the_administrators_own_is_refused() -> None:
    """On Wine every file belongs to its user, whatever was asked for: just what the check is there for."""
    [answer] = answers([{"do": "folder"}])
    assert answer["code"] == "journal_untrusted"
    assert answer["place"] == r"C:\ProgramData\tlsfleet.iis" and "S-1-5-21-" in answer["message"]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's task at Wine's Task Scheduler, by the same COM calls as on Windows. Wine keeps tasks and starts none at their time."""

from __future__ import annotations

from pathlib import Path

from engine import applying
from engine.harness.lane import Lane
from engine.test_guard import guarded
from wine.machine import answers


def test_a_task_is_registered_replaced_and_removed(lane: Lane, prefix: Path, tmp_path: Path) -> None:
    folder = applying.host(tmp_path / "host")
    assert guarded(lane, folder, [applying.each(folder)["set"]])["error"] is None
    [file] = (folder / "scheduled").iterdir()
    xml = file.read_text(encoding="utf-8")
    task = {"do": "schedule", "name": "undo-1", "xml": xml}
    gone = {"do": "schedule", "name": "undo-1"}
    kept = prefix / "drive_c" / "windows" / "system32" / "tasks" / "tlsfleet.iis"
    # none is there, and no folder for it
    assert answers([gone, task], prefix) == [None, None]
    # Wine writes down what it has understood, which is not all: no trigger, no user, no command
    understood = (kept / "undo-1").read_text(encoding="utf-8-sig")
    assert "Undoes a change" in understood and "<StartWhenAvailable>true<" in understood and "PT2H" in understood
    replaced, second, odd, removed = answers(
        [{**task, "xml": xml.replace("PT2H", "PT3H")}, {**task, "name": "undo-2"}, {**task, "xml": "<Task"}, gone],
        prefix,
    )
    assert (replaced, second, removed) == (None, None, None) and odd["code"] >> 31 == 1
    assert [file.name for file in kept.iterdir()] == ["undo-2"]
    assert answers([{**gone, "name": "undo-2"}, gone], prefix) == [None, None] and not kept.exists()

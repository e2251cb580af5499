# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard: a run that nobody confirms is undone by a scheduled task, and only that run, and only where nobody else has written."""

from __future__ import annotations

import base64
import gzip
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from engine import applying
from engine.applying import EXACT, KEYLESS, OTHER, image, standing, step
from engine.fakes.example import record
from engine.fakes.rows import write_rows
from engine.harness import journals
from engine.harness.lane import APPLY, SHIPPED, Lane, missing

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
JOURNALS = Path(journals.PATH).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return applying.host(tmp_path / "host")


def packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


def guarded(lane: Lane, folder: Path, steps: list[dict[str, Any]], minutes: int = 10, **more: Any) -> dict[str, Any]:
    """Apply with a guard. ``more``: ``crash``, ``engine``."""
    guard = {"minutes": minutes, "engine": more.pop("engine", [packed("class A {}"), packed("class B {}")])}
    task = {"do": "guard", "state": str(folder), "args": {**APPLY, "steps": steps, "guard": guard}, **more}
    answer: dict[str, Any] = lane.ask(task)
    return answer


def confirm(lane: Lane, folder: Path, run: str) -> dict[str, Any]:
    task = {"do": "guard", "state": str(folder), "args": {**APPLY, "steps": [], "confirm": run}}
    answer: dict[str, Any] = lane.ask(task)
    return answer


def expire(lane: Lane, folder: Path, run: str) -> str:
    said: str = lane.ask({"do": "expire", "state": str(folder), "run": run})
    return said


def seen(lane: Lane, folder: Path) -> dict[str, Any] | None:
    """``journal`` of the document."""
    found: dict[str, Any] | None = lane.document(folder)["journal"]
    return found


def left(folder: Path) -> list[str]:
    """What a guard leaves on the machine."""
    places = [*(folder / JOURNALS).iterdir(), *(folder / "scheduled").glob("*")]
    return sorted(place.name for place in places)


def test_a_confirmed_run_stands_and_nothing_is_left(lane: Lane, folder: Path) -> None:
    steps = list(applying.each(folder).values())
    answer = guarded(lane, folder, steps)
    assert (answer["error"], answer["applied"], answer["changed"]) == (None, 5, True)
    run, after = answer["unconfirmed"], standing(folder)
    assert answer["document"]["journal"]["run"] == run
    assert answer["document"]["journal"]["guard"] == {"state": "armed", "at": "2026-11-24T12:10:00Z"}
    assert left(folder) == ["journal.txt", f"undo-{run}", f"undo-{run}.xml"]
    answer = confirm(lane, folder, run)
    assert (answer["error"], answer["changed"], answer["applied"]) == (None, False, 0)
    assert answer["document"]["journal"] is None and standing(folder) == after and left(folder) == []
    assert expire(lane, folder, run) == "nothing to do" and standing(folder) == after


def test_a_run_that_nobody_confirms_is_undone_and_that_is_told(lane: Lane, folder: Path) -> None:
    steps, before = list(applying.each(folder).values()), standing(folder)
    run = guarded(lane, folder, steps)["unconfirmed"]
    assert expire(lane, folder, run) == "undone, since nobody had confirmed it"
    assert standing(folder) == before and left(folder) == ["journal.txt"]
    journal = seen(lane, folder)
    assert journal is not None and journal["run"] == run and journal["guard"]["state"] == "undone"
    answer = confirm(lane, folder, run)
    assert answer["error"]["code"] == "guard_expired" and "its guard has acted" in answer["msg"]
    # the next apply goes on as if nothing had been
    assert lane.apply(folder, steps)["error"] is None and seen(lane, folder) is None


def test_the_task_is_what_the_scheduler_takes(lane: Lane, folder: Path) -> None:
    guarded(lane, folder, [applying.each(folder)["set"]], minutes=90)
    [file] = (folder / "scheduled").iterdir()
    task = ET.fromstring(file.read_text(encoding="utf-8"))
    said = {element.tag.removeprefix(TASK): element.text for element in task.iter()}
    assert task.tag == f"{TASK}Task" and task.get("version") == "1.2"
    assert said["StartBoundary"] == "2026-11-24T13:30:00Z" and said["UserId"] == "S-1-5-18"
    assert said["StartWhenAvailable"] == "true" and said["DeleteExpiredTaskAfter"] == "PT0S" and said["EndBoundary"]
    assert said["Command"] == r"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"
    script = Path(str(said["Arguments"]).partition('-File "')[2].removesuffix('"'))
    assert script.parent.parent == folder / JOURNALS and file.stem in str(script)
    assert "-Check" not in str(said["Arguments"]) and "TlsFleet.Guard" in script.read_text(encoding="ascii")


def test_what_lies_beside_the_script_is_the_engine(lane: Lane, folder: Path) -> None:
    parts = ("Reading", "Applying", "Guarding")
    texts = [(SHIPPED / f"{part}.cs").read_text(encoding="ascii") for part in parts]
    write_rows(folder / "machine" / "tasks.txt", [["compile", "yes"]])
    assert guarded(lane, folder, [applying.each(folder)["set"]], engine=[*map(packed, texts)])["error"] is None
    kept = sorted((folder / JOURNALS).glob("undo-*/*.cs"))
    assert [file.read_text(encoding="ascii") for file in kept] == texts


def test_an_engine_that_does_not_compile_is_no_guard(lane: Lane, folder: Path) -> None:
    write_rows(folder / "machine" / "tasks.txt", [["compile", "yes"]])
    answer = guarded(lane, folder, [applying.each(folder)["set"]], engine=[packed("class A {")])
    assert answer["error"]["code"] == "guard_unavailable" and "CS" in answer["msg"]


@pytest.mark.parametrize(
    ("row", "said"), [(["register", "0x80070005"], ""), (["powershell", "it ended with code 1"], "ended with code 1")]
)
def test_without_a_guard_nothing_is_written(lane: Lane, folder: Path, row: list[str], said: str) -> None:
    steps, before = list(applying.each(folder).values()), standing(folder)
    write_rows(folder / "machine" / "tasks.txt", [row])
    answer = guarded(lane, folder, steps, crash={"call": 1, "when": "before"})
    assert answer["failed"] is True and answer["error"]["code"] == "guard_unavailable" and said in answer["msg"]
    assert (answer["applied"], answer["changed"], answer["undone"]) == (0, False, None)
    assert standing(folder) == before and left(folder) == [] and answer["document"]["journal"] is None


def test_a_run_that_fails_needs_no_guard(lane: Lane, folder: Path) -> None:
    steps, before = applying.each(folder), standing(folder)
    answer = guarded(lane, folder, [steps["set"], steps["set"]])
    assert answer["error"]["code"] == "changed_meanwhile" and answer["undone"] == "complete"
    assert standing(folder) == before and left(folder) == []


def test_a_run_that_dies_is_undone_by_its_guard(lane: Lane, folder: Path) -> None:
    steps, before = list(applying.each(folder).values()), standing(folder)
    with Lane() as dying, pytest.raises((RuntimeError, OSError)):
        guarded(dying, folder, steps, crash={"call": 4, "when": "after"})
    journal = seen(lane, folder)
    assert journal is not None and journal["guard"]["state"] == "armed" and standing(folder) != before
    assert confirm(lane, folder, journal["run"])["error"]["code"] == "guard_expired"
    assert expire(lane, folder, journal["run"]).startswith("undone") and standing(folder) == before


def test_what_somebody_else_wrote_since_stays(lane: Lane, folder: Path) -> None:
    steps = applying.each(folder)
    run = guarded(lane, folder, [steps["update"], steps["set"]])["unconfirmed"]
    held = image(folder, EXACT)
    assert lane.ask({"do": "apply", "state": str(folder), "args": {**APPLY, "steps": []}})["error"] is None
    # that applier took the missing confirmation for lost; so begin anew, and write behind the engine's back
    run = guarded(lane, folder, [steps["update"], steps["set"]])["unconfirmed"]
    kept = (folder / journals.PATH).read_bytes()
    (folder / journals.PATH).unlink()
    lane.apply(folder, [step("update", EXACT, held, {**(held or {}), "thumbprint": OTHER, "timeout": 7})])
    (folder / journals.PATH).write_bytes(kept)
    after = standing(folder)
    assert expire(lane, folder, run).startswith("journal_conflict: ") and standing(folder) == after
    journal = seen(lane, folder)
    assert journal is not None and journal["guard"]["state"] == "failed"
    assert confirm(lane, folder, run)["error"]["code"] == "guard_expired"
    assert lane.apply(folder, [])["error"]["code"] == "journal_conflict" and standing(folder) == after


def test_an_old_task_leaves_the_next_run_alone(lane: Lane, folder: Path) -> None:
    steps, before = applying.each(folder), standing(folder)
    first = guarded(lane, folder, [steps["set"]])["unconfirmed"]
    answer = lane.apply(folder, [])
    assert answer["error"] is None and answer["changed"] is True and standing(folder) == before
    second = guarded(lane, folder, [steps["update"]])["unconfirmed"]
    after = standing(folder)
    assert expire(lane, folder, first) == "nothing to do" and standing(folder) == after
    assert confirm(lane, folder, first)["error"]["code"] == "guard_expired"
    assert confirm(lane, folder, second)["error"] is None and standing(folder) == after and left(folder) == []


def test_a_record_that_cannot_be_put_back_is_told_by_the_document_and_the_next_applier(
    lane: Lane, tmp_path: Path
) -> None:
    """Its key has become unusable; to say of such a host that it stands as before would be wrong."""
    place = ("ipport", "10.0.0.9:443")
    folder = applying.host(tmp_path / "host", records=[record(place[1], thumbprint=KEYLESS)])
    run = guarded(lane, folder, [step("delete", place, image(folder, place), None)])["unconfirmed"]
    assert expire(lane, folder, run) == "undone but for records that could not be put back"
    journal = seen(lane, folder)
    assert journal is not None and journal["guard"]["state"] == "failed"
    kept = (folder / journals.PATH).read_bytes()
    answer = lane.apply(folder, [])
    assert (answer["error"]["code"], answer["undone"]) == ("journal_unfinished", "partial")
    assert [error["place"] for error in answer["undo_errors"]] == ["ipport 10.0.0.9:443"]
    assert seen(lane, folder) is None and lane.apply(folder, [])["error"] is None
    # who has put another certificate there meanwhile is not in the way
    assert lane.apply(folder, [step("set", place, None, {"thumbprint": OTHER})])["error"] is None
    (folder / journals.PATH).write_bytes(kept)
    answer = lane.apply(folder, [])
    assert (answer["error"], answer["changed"]) == (None, False) and seen(lane, folder) is None
    assert (image(folder, place) or {})["thumbprint"] == OTHER


@pytest.mark.parametrize(
    ("args", "place"),
    [
        ({}, "guard"),
        ({"guard": {"minutes": 5, "engine": []}, "confirm": "x"}, "guard"),
        ({"guard": {"minutes": 0, "engine": []}}, "guard.minutes"),
        ({"guard": {"minutes": 5}}, "guard.engine"),
        ({"guard": {"minutes": 5, "engine": ["no"]}}, "guard.engine[0]"),
        ({"guard": {"minutes": 5, "engine": []}, "more": 1}, "more"),
        ({"confirm": 5}, "confirm"),
    ],
)
def test_arguments_are_judged_first(lane: Lane, folder: Path, args: dict[str, Any], place: str) -> None:
    answer = lane.ask({"do": "guard", "state": str(folder), "args": {**APPLY, "steps": [], **args}})
    assert (answer["error"]["code"], answer["error"]["place"]) == ("bad_argument", place)


def test_an_applier_without_a_guard_takes_no_guard(lane: Lane, folder: Path) -> None:
    answer = lane.apply(folder, [], guard={"minutes": 5, "engine": []})
    assert (answer["error"]["code"], answer["error"]["place"]) == ("bad_argument", "guard")


#: taskschd.h of the SDK: what stands behind the seven members of IDispatch.
INTERFACES = {
    "ITaskService": ("2faba4c7-4da9-4013-9697-20cc3fd40f85", "GetFolder GetRunningTasks NewTask Connect"),
    "ITaskFolder": (
        "8cfac062-a080-4c15-9a88-aa7c2af80dfc",
        "GetName GetPath GetFolder GetFolders CreateFolder DeleteFolder GetTask GetTasks DeleteTask RegisterTask",
    ),
}


def test_interfaces_have_the_ids_and_the_slot_order_of_the_sdk(lane: Lane) -> None:
    found = lane.ask({"do": "layout"})["interfaces"]
    for name, (number, members) in INTERFACES.items():
        assert found[name] == {"id": number, "slots": members.split()}


def test_a_shell_that_ends_badly_or_not_at_all_is_told(tmp_path: Path) -> None:
    script = "#!/bin/sh\necho much; cat; case $1 in good) exit 0;; slow) sleep 9;; esac; echo bad news >&2; exit 3\n"
    shell = tmp_path / "System32" / "WindowsPowerShell" / "v1.0" / "powershell.exe"
    shell.parent.mkdir(parents=True)
    shell.write_text(script, encoding="ascii")
    shell.chmod(0o700)
    with Lane(None, SystemRoot=str(tmp_path)) as lane:
        said = [
            lane.ask({"do": "schedule", "powershell": word, "seconds": seconds})
            for word, seconds in (("good", 60), ("bad", 60), ("slow", 1))
        ]
    assert said == [None, "it ended with code 3 bad news", "it did not end in 1 seconds"]

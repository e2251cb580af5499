# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An applier that is killed, and the next one: exactly before follows, or a conflict that is stated."""

from __future__ import annotations

import itertools
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from engine import applying
from engine.applying import EXACT, GOOD, KEYLESS, OTHER, edit, edits, image, standing, step
from engine.fakes.example import binding, record
from engine.harness import journals
from engine.harness.lane import APPLY, READ, Lane, missing

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return applying.host(tmp_path / "host")


def killed(folder: Path, steps: list[dict[str, Any]], crash: dict[str, Any]) -> bool:
    """Carry steps out in a process of its own that ends where ``crash`` says; false when it did not come there."""
    with Lane() as lane:
        try:
            lane.apply(folder, steps, crash=crash)
        except (RuntimeError, OSError):
            return True
        return False


def test_killed_before_and_after_every_call(lane: Lane, folder: Path) -> None:
    steps, before = list(applying.each(folder).values()), standing(folder)
    assert not killed(folder, [], {"call": 1, "when": "before"})
    for number, when in itertools.product(range(1, 7), ("before", "after")):
        assert killed(folder, steps, {"call": number, "when": when})
        journal = lane.answer(folder)["document"]["journal"]
        assert journal["steps"][0]["op"] == "record_set" and 0 <= journal["done"] <= 5
        answer = lane.apply(folder, [])
        assert (answer["error"], answer["applied"], answer["undone"]) == (None, 0, None)
        assert answer["changed"] is ((number, when) not in ((1, "before"),))
        assert standing(folder) == before and lane.answer(folder)["document"]["journal"] is None


#: Additions of the five steps: the head, begin and done of each, the end.
HEAD, FIRST_BEGIN, FIRST_DONE, LAST_DONE, END = 1, 2, 3, 11, 12


@pytest.mark.parametrize("number", [HEAD, FIRST_BEGIN, FIRST_DONE, LAST_DONE, END])
def test_killed_inside_of_a_journal_write(lane: Lane, folder: Path, number: int) -> None:
    steps, before = list(applying.each(folder).values()), standing(folder)
    for written in (0, 12, 10_000):
        assert killed(folder, steps, {"journal": number, "bytes": written})
        assert lane.apply(folder, [])["error"] is None
        assert lane.answer(folder)["document"]["journal"] is None
        if (number, written) == (END, 10_000):
            assert len(standing(folder)[0]) == len(before[0])  # after: a record more, and one less
            assert standing(folder) != before
        else:
            assert standing(folder) == before


def test_a_plan_for_the_state_before_is_not_carried_out(lane: Lane, folder: Path) -> None:
    steps, before = list(applying.each(folder).values()), standing(folder)
    assert killed(folder, steps, {"call": 3, "when": "after"})
    answer = lane.apply(folder, steps)
    assert answer["error"]["code"] == "journal_unfinished" and answer["error"]["place"] == "journal"
    assert answer["changed"] is True and standing(folder) == before
    assert lane.apply(folder, steps)["error"] is None


def test_a_recovery_that_is_killed_is_gone_on_with(lane: Lane, folder: Path) -> None:
    steps, before = list(applying.each(folder).values()), standing(folder)
    for number, when in ((1, "before"), (2, "after"), (4, "after")):
        assert killed(folder, steps, {"call": 6, "when": "after"})
        assert killed(folder, [], {"call": number, "when": when})
        assert lane.apply(folder, [])["error"] is None and standing(folder) == before


def test_a_step_that_failed_is_not_judged_by_what_the_undo_has_left(lane: Lane, folder: Path) -> None:
    """As a bridge does it: a record is made, and a later step that was to take it away fails; then the undo is killed."""
    place, made, before = ("hostnameport", "new.example.com:443"), {"thumbprint": OTHER}, standing(folder)
    for number in range(4, 8):
        applying.refuse(folder, "http", ("delete", "*", 5, 1, 1))
        steps = [step("set", place, None, made), step("delete", place, made, None)]
        assert killed(folder, steps, {"journal": number, "bytes": 10_000})
        applying.refuse(folder, "http")
        assert lane.apply(folder, [])["error"] is None
        assert standing(folder) == before, number


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("what", ["record", "bindings"])
def test_a_step_that_had_not_happened_is_not_undone_by_a_later_recovery(
    lane: Lane, folder: Path, what: str, number: int
) -> None:
    """The first recovery has left what that step would have left: the set before it is undone, so that there is none, as after a delete."""
    place, made, added = ("hostnameport", "new.example.com:443"), {"thumbprint": OTHER}, binding("*:443:new", 1)
    there_and_back = {
        "record": [step("set", place, None, made), step("delete", place, made, None)],
        "bindings": [edits(edit(None, None, added)), edits(edit(4, added, None))],
    }
    before = standing(folder)
    assert killed(folder, there_and_back[what], {"call": 2, "when": "before"})
    # its additions: that the second step has not happened, undo and undone of the first, the end
    assert killed(folder, [], {"journal": number, "bytes": 0})
    assert lane.apply(folder, [])["error"] is None
    assert standing(folder) == before


def test_somebody_else_has_written_since(lane: Lane, folder: Path) -> None:
    steps = applying.each(folder)
    assert killed(folder, [steps["bindings"], steps["set"], steps["update"]], {"call": 3, "when": "after"})
    held = image(folder, EXACT)
    journal = (folder / journals.PATH).read_bytes()
    aside = folder / "aside"
    (folder / journals.PATH).rename(aside)
    assert lane.apply(folder, [step("update", EXACT, held, {**(held or {}), "freshness": 7})])["error"] is None
    aside.rename(folder / journals.PATH)
    before = standing(folder)
    for asked in ([], [steps["replace"]]):
        answer = lane.apply(folder, asked)
        error = answer["error"]
        assert (error["code"], error["place"], answer["changed"]) == ("journal_conflict", "ipport 10.0.0.5:443", False)
        assert OTHER in error["hint"]
        assert standing(folder) == before and (folder / journals.PATH).read_bytes() == journal


def test_a_damaged_journal_is_not_guessed_at(lane: Lane, folder: Path) -> None:
    assert killed(folder, [applying.each(folder)["set"]], {"call": 1, "when": "after"})
    path, before = folder / journals.PATH, standing(folder)
    text = path.read_text(encoding="ascii")
    path.write_text(text.replace("begin\t0", "begin\t1") + journals.line("done", "0"), encoding="ascii")
    answer = lane.apply(folder, [])
    assert (answer["error"]["code"], answer["error"]["place"]) == ("journal_conflict", "journal")
    assert standing(folder) == before


#: Lines with sound sums that no applier would have written, in place of the last one of ``update`` and ``bindings`` that had begun.
ODD_LINES = {
    "a step that is not there": ("begin", "2\tnull"),
    "a number that is none": ("begin", "first\tnull"),
    "a negative number": ("done", "-1"),
    "no image": ("begin", "1"),
    "no json": ("begin", "1\t[0,"),
    "a record in place of places": ("begin", "1\t{}"),
    "too few places": ("begin", "1\t[0, 0]"),
    "a place that is none": ("begin", "1\t[0, 0, -1]"),
    "not the record of the step": ("begin", '0\t{"thumbprint": "' + "AB" * 20 + '"}'),
    "no record where the step has one": ("begin", "0\tnull"),
    "done, not begun": ("done", "1"),
    "undone, not begun": ("undone", "1"),
    "lost, not begun": ("lost", "1"),
    "undone beyond the end": ("undo", "7"),
}


@pytest.mark.parametrize(("name", "value"), ODD_LINES.values(), ids=list(ODD_LINES))
def test_a_journal_that_is_summed_and_makes_no_sense_is_one_that_cannot_be_read(
    lane: Lane, folder: Path, name: str, value: str
) -> None:
    steps = applying.each(folder)
    assert killed(folder, [steps["update"], steps["bindings"]], {"call": 2, "when": "before"})
    path, before = folder / journals.PATH, standing(folder)
    lines = journals.read(folder)
    assert [one for one, _value in lines[-2:]] == ["done", "begin"]
    path.write_text("".join(journals.line(*line) for line in [*lines[:-1], (name, value)]), encoding="ascii")
    kept = path.read_bytes()
    for asked in ([], [steps["set"]]):
        answer = lane.apply(folder, asked)
        error = answer["error"]
        assert (error["code"], error["place"], answer["changed"]) == ("journal_conflict", "journal", False), error
        assert "cannot be read" in error["hint"] and standing(folder) == before and path.read_bytes() == kept
    path.write_text("".join(journals.line(*line) for line in lines), encoding="ascii")
    assert lane.apply(folder, [])["error"] is None and standing(folder) != before


def test_what_cannot_be_undone_stays_in_the_journal(lane: Lane, folder: Path) -> None:
    steps, before = applying.each(folder), standing(folder)
    assert killed(folder, [steps["set"], steps["delete"]], {"call": 2, "when": "after"})
    applying.refuse(folder, "http", ("delete", "*", 5))
    answer = lane.apply(folder, [])
    assert (answer["error"]["code"], answer["error"]["call"]) == ("access_denied", "HttpDeleteServiceConfiguration")
    applying.refuse(folder, "http")
    assert lane.apply(folder, [])["error"] is None and standing(folder) == before


def test_the_journal_holds_what_stood_there(folder: Path) -> None:
    steps = applying.each(folder)
    assert killed(folder, [steps["update"], steps["bindings"]], {"call": 2, "when": "after"})
    lines = journals.read(folder)
    assert [name for name, _value in lines] == ["run", "started", "owner", "steps", "begin", "done", "begin"]
    values = dict(lines)
    assert values["started"] == "2026-11-24T12:00:00Z" and len(values["owner"].split()) == 2
    assert [item["op"] for item in json.loads(values["steps"])] == ["record_update", "bindings"]
    assert json.loads(lines[4][1].partition("\t")[2])["thumbprint"] == steps["update"]["before"]["thumbprint"]
    assert json.loads(lines[6][1].partition("\t")[2]) == ["http *:80:", 3, 0]


def test_another_applier_is_waited_for(lane: Lane, folder: Path) -> None:
    """Two processes at once: one after the other, and each meets what the other has left."""
    with Lane() as other:
        answers: list[dict[str, Any]] = []
        made = [step("set", ("ipport", f"10.0.0.5:{port}"), None, {"thumbprint": OTHER}) for port in range(1000, 1040)]
        thread = threading.Thread(target=lambda: answers.append(other.apply(folder, made[:20])))
        thread.start()
        answers.append(lane.apply(folder, made[20:]))
        thread.join()
    assert [answer["error"] for answer in answers] == [None, None]
    assert len(standing(folder)[0]) == 43


def test_one_that_takes_too_long_is_named(lane: Lane, folder: Path) -> None:
    import fcntl

    with open(folder / "lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        answer = lane.apply(folder, [applying.each(folder)["set"]], wait=0)
    assert (answer["error"]["code"], answer["error"]["place"], answer["changed"]) == ("busy", "journal", False)
    assert APPLY["contract"] == READ["contract"] == answer["contract"]


def test_records_that_http_sys_will_not_have_back_do_not_block_the_host(lane: Lane, tmp_path: Path) -> None:
    dead, other = record("10.0.0.9:443", thumbprint=KEYLESS), record("10.0.0.8:443", thumbprint=KEYLESS)
    folder = applying.host(tmp_path / "host", records=[dead, other, record("0.0.0.0:443")])
    before = standing(folder)
    keys = [("ipport", item["key"]) for item in (dead, other)]
    good = {"thumbprint": GOOD}
    steps = [
        step("delete", ("ipport", "0.0.0.0:443"), good, None),
        step("delete", keys[0], image(folder, keys[0]), None),
        step("replace", keys[1], image(folder, keys[1]), good),
    ]
    assert killed(folder, steps, {"call": 4, "when": "after"})
    answer = lane.apply(folder, [])
    assert (answer["error"]["code"], answer["undone"], answer["changed"]) == ("journal_unfinished", "partial", True)
    assert [error["code"] for error in answer["undo_errors"]] == ["key_unusable", "key_unusable"]
    assert "10.0.0.9:443" in answer["msg"] and "before the run there was" in answer["msg"]
    # what could be put back is back, a replaced record keeps the certificate that worked, and the next run is free
    assert image(folder, ("ipport", "0.0.0.0:443")) == next(
        {name: value for name, value in item.items() if name not in ("family", "key")}
        for item in before[0]
        if item["key"] == "0.0.0.0:443"
    )
    assert image(folder, keys[0]) is None and (image(folder, keys[1]) or {})["thumbprint"] == GOOD
    assert lane.answer(folder)["document"]["journal"] is None
    assert lane.apply(folder, [])["error"] is None


def test_what_a_recovery_that_dies_could_not_put_back_is_told_by_the_next_one(lane: Lane, tmp_path: Path) -> None:
    dead = record("10.0.0.9:443", thumbprint=KEYLESS)
    folder = applying.host(tmp_path / "host", records=[dead, record("0.0.0.0:443")])
    before, place = standing(folder), ("ipport", "10.0.0.9:443")
    steps = [
        step("set", ("hostnameport", "new.example.com:443"), None, {"thumbprint": OTHER}),
        step("delete", place, image(folder, place), None),
    ]
    assert killed(folder, steps, {"call": 2, "when": "after"})
    # undo of the delete, which is refused, and that; undo and undone of the set; no end, after which nobody would hear of the record
    assert killed(folder, [], {"journal": 4, "bytes": 10_000})
    aside = (folder / journals.PATH).read_bytes()
    assert not killed(folder, [], {"journal": 3, "bytes": 10_000})
    (folder / journals.PATH).write_bytes(aside)
    answer = lane.apply(folder, [])
    assert (answer["error"]["code"], answer["undone"]) == ("journal_unfinished", "partial")
    assert [(error["code"], error["place"]) for error in answer["undo_errors"]] == [
        ("key_unusable", "ipport 10.0.0.9:443")
    ]
    assert standing(folder)[0] == [item for item in before[0] if item["key"] != "10.0.0.9:443"]
    assert lane.answer(folder)["document"]["journal"] is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("hostnameport", "*:8443"), ("ccs", "8443")),
        (("hostnameport", "New.example.com:443"), ("hostnameport", "new.example.com:443")),
        (("ipport", "[2001:db8:0::9]:443"), ("ipport", "[2001:db8::9]:443")),
    ],
)
def test_a_record_that_goes_by_two_spellings_is_one(
    lane: Lane, folder: Path, first: tuple[str, str], second: tuple[str, str]
) -> None:
    image = {"thumbprint": None} if second[0] == "ccs" else {"thumbprint": OTHER}
    before = standing(folder)
    steps = [step("set", first, None, image), step("delete", second, image, None), step("set", second, None, image)]
    assert killed(folder, steps, {"call": 3, "when": "after"})
    assert lane.apply(folder, [])["error"] is None and standing(folder) == before

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that fail: what they are called, what is tried again, and that everything before them is undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine import applying
from engine.applying import EXACT, GOOD, NAME, OTHER, SITES, bindings, edit, edits, image, refuse, standing, step
from engine.fakes.example import binding
from engine.harness import journals
from engine.harness.lane import Lane, missing

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
CALLS = {
    "set": ("HttpSetServiceConfiguration", "set"),
    "update": ("HttpUpdateServiceConfiguration", "update"),
    "replace": ("HttpDeleteServiceConfiguration", "delete"),
    "delete": ("HttpDeleteServiceConfiguration", "delete"),
}
#: Every code that http.sys is known to answer, and one that it is not.
CODES = {
    2: "record_missing",
    5: "access_denied",
    6: "internal",
    87: "not_supported_here",
    122: "internal",
    183: "record_exists",
    234: "internal",
    259: "internal",
    1114: "internal",
    1312: "key_unusable",
    1450: "internal",
}
#: HRESULT of a commit -> code, and whether it is tried again.
COMMITS = {
    0x80070005: ("access_denied", False),
    0x80070020: ("config_locked", True),
    0x80070021: ("config_locked", True),
    0x80071A90: ("config_conflict", True),
    0x80070002: ("internal", False),
    0x80070003: ("internal", False),
    0x8007000D: ("internal", False),
    0x80070032: ("internal", False),
    0x80070057: ("internal", False),
    0x80070070: ("internal", False),
    0x800700B7: ("config_conflict", False),
    0x80070585: ("internal", False),
    0x80040154: ("not_supported_here", False),
    0xC00CEF03: ("internal", False),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return applying.host(tmp_path / "host")


def first_of_all(folder: Path) -> dict[str, Any]:
    """A step that has to be undone when the next one fails."""
    return edits(edit(0, None, binding("*:9:first")), edit(3, SITES[0]["bindings"][2], None))


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("kind", CALLS)
def test_every_code_of_http_sys_at_every_kind_of_step(lane: Lane, folder: Path, kind: str, number: int) -> None:
    before = standing(folder)
    call, word = CALLS[kind]
    last = applying.each(folder)[kind]
    refuse(folder, "http", (word, "*", number, 1, 1))
    answer = lane.apply(folder, [first_of_all(folder), last])
    error = answer["error"]
    assert (error["code"], error["place"], error["step"]) == (CODES[number], f"{last['family']} {last['key']}", 1)
    assert (error["call"], error["number"]) == (call, number) and error["hint"]
    assert (answer["undone"], answer["undo_errors"], answer["changed"]) == ("complete", [], False)
    assert standing(folder) == before and not (folder / journals.PATH).exists()


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("kind", CALLS)
def test_every_code_at_the_look_before_every_kind_of_step(lane: Lane, folder: Path, kind: str, number: int) -> None:
    before, last = standing(folder), applying.each(folder)[kind]
    refuse(folder, "http", ("query", "*", number, 2, 1))  # the first look is the one before the run
    answer = lane.apply(folder, [first_of_all(folder), last])
    error = answer["error"]
    # 2 says that there is none, and so does 87 of a family that this Windows may not know
    none = number == 2 or (number == 87 and last["family"] != "ipport")
    if none and kind == "set":
        assert (error, answer["applied"]) == (None, 2)
        return
    assert (error["code"], error["step"]) == ("changed_meanwhile" if none else CODES[number], 1)
    assert none or (error["call"], error["number"]) == ("HttpQueryServiceConfiguration", number)
    assert (answer["undone"], answer["undo_errors"], answer["changed"]) == ("complete", [], False)
    assert standing(folder) == before and not (folder / journals.PATH).exists()


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("kind", CALLS)
def test_a_call_that_fails_and_has_happened_is_undone_too(lane: Lane, folder: Path, kind: str, number: int) -> None:
    """Where the code does not say that somebody else was faster: a record that is there already is not ours, nor one that is gone."""
    before = standing(folder)
    call, word = CALLS[kind]
    last = applying.each(folder)[kind]
    refuse(folder, "http", ("written", {"ipport": 1, "hostnameport": 5}[last["family"]], number, 1, 1))
    answer = lane.apply(folder, [first_of_all(folder), last])
    assert (answer["error"]["code"], answer["error"]["call"], answer["error"]["step"]) == (CODES[number], call, 1)
    assert (answer["undone"], answer["undo_errors"]) == ("complete", [])
    theirs = (word, number) in (("set", 183), ("delete", 2))
    assert (standing(folder) == before, answer["changed"]) == (not theirs, theirs)
    assert standing(folder)[1] == before[1]


@pytest.mark.parametrize("number", CODES)
def test_a_replacement_of_which_the_second_half_fails(lane: Lane, folder: Path, number: int) -> None:
    before = standing(folder)
    for call in ("set", "written"):
        first = 1 if call == "set" else 2  # the deletion is a call that is written, too
        refuse(folder, "http", (call, 5, number, first, 1))
        answer = lane.apply(folder, [first_of_all(folder), applying.each(folder)["replace"]])
        assert (answer["error"]["code"], answer["error"]["number"]) == (CODES[number], number)
        assert (answer["undone"], answer["changed"]) == ("complete", False) and standing(folder) == before


def test_what_cannot_be_read_after_a_failure_is_told(lane: Lane, folder: Path) -> None:
    before = standing(folder)
    refuse(folder, "http", ("set", 5, 1312, 1, 1), ("query", 5, 1450, 3, 0))
    answer = lane.apply(folder, [first_of_all(folder), applying.each(folder)["replace"]])
    [told] = answer["undo_errors"]
    assert (answer["error"]["code"], answer["undone"], answer["changed"]) == ("key_unusable", "partial", True)
    assert (told["code"], told["number"]) == ("internal", 1450) and "could not be read" in told["hint"]
    assert standing(folder)[1] == before[1]


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("kind", CALLS)
def test_every_code_at_the_undo_of_every_kind_of_step(lane: Lane, folder: Path, kind: str, number: int) -> None:
    """It is named with what stands there, the other steps are undone all the same, and the host counts as changed."""
    before, last = standing(folder), applying.each(folder)[kind]
    word = {"set": "delete", "delete": "set"}.get(kind, CALLS[kind][1])
    refuse(folder, "http", (word, "*", number, 1 if kind in ("set", "delete") else 2, 1))
    answer = lane.apply(
        folder, [first_of_all(folder), last, applying.step("delete", NAME, {"thumbprint": OTHER}, None)]
    )
    [told] = answer["undo_errors"]
    assert (told["code"], told["number"], told["place"]) == (CODES[number], number, f"{last['family']} {last['key']}")
    assert (answer["error"]["code"], answer["undone"], answer["changed"]) == ("changed_meanwhile", "partial", True)
    assert "before the run there was" in told["hint"] and standing(folder)[1] == before[1]


@pytest.mark.parametrize("number", [1, 50, 120, 127])
def test_an_update_that_is_exported_and_not_there(lane: Lane, folder: Path, number: int) -> None:
    refuse(folder, "http", ("update", "*", number))
    answer = lane.apply(folder, [applying.each(folder)["update"]])
    assert (answer["error"]["code"], answer["error"]["number"]) == ("update_unsupported", number)


@pytest.mark.parametrize("number", COMMITS, ids=hex)
def test_every_code_of_a_commit(lane: Lane, folder: Path, number: int) -> None:
    code, again = COMMITS[number]
    before, steps = standing(folder), applying.each(folder)
    refuse(folder, "iis", ("commit", hex(number)))
    answer = lane.apply(folder, [steps["set"], steps["update"], steps["bindings"]])
    error = answer["error"]
    assert (error["code"], error["place"], error["step"]) == (code, "edits[0]", 2)
    assert (error["call"], error["number"]) == ("CommitChanges", number)
    assert (answer["undone"], answer["changed"]) == ("complete", False) and standing(folder) == before
    refuse(folder, "iis", ("commit", hex(number), 1, 5))  # gone with the sixth attempt
    assert (lane.apply(folder, [steps["bindings"]])["error"] is None) is again


@pytest.mark.parametrize(
    ("call", "number", "code", "said"),
    [
        ("section", 0x80070005, "access_denied", "GetAdminSection"),
        ("section", 0x8007000D, "internal", "GetAdminSection"),
        ("add", 0x80070021, "config_locked", "AddElement"),
        ("add", 0x800700B7, "config_conflict", "AddElement"),
        ("put", 0x80070021, "config_locked", "SetValue"),
        ("delete", 0x80070021, "config_locked", "DeleteElement"),
        ("delete", 0x80070585, "internal", "DeleteElement"),
    ],
)
def test_a_call_before_the_commit_is_not_repeated_where_it_is_a_lock(
    lane: Lane, folder: Path, call: str, number: int, code: str, said: str
) -> None:
    before = standing(folder)
    steps = applying.each(folder)
    # Two looks come first: at redirection.config, and at what stands there before the plan.
    refuse(folder, "iis", (call, hex(number), 3 if call == "section" else 1, 1))
    answer = lane.apply(folder, [steps["set"], steps["bindings"]])
    error = answer["error"]
    assert (error["code"], error["call"], error["number"]) == (code, said, number)
    assert (answer["undone"], standing(folder)) == ("complete", before)


@pytest.mark.parametrize("number", COMMITS, ids=hex)
def test_a_commit_that_fails_and_has_happened_counts(lane: Lane, folder: Path, number: int) -> None:
    before, steps = standing(folder), applying.each(folder)
    refuse(folder, "iis", ("committed", hex(number)))
    answer = lane.apply(folder, [steps["bindings"]])
    assert (answer["error"], answer["applied"], answer["changed"]) == (None, 1, True)
    assert standing(folder)[1] != before[1]
    # and it is undone when a later step fails, by another such commit
    fresh = applying.host(folder.parent / "fresh")
    refuse(fresh, "iis", ("committed", hex(number)))
    refuse(fresh, "http", ("set", "*", 1312))
    answer = lane.apply(fresh, [steps["bindings"], steps["set"]])
    assert (answer["undone"], answer["undo_errors"]) == ("complete", []) and standing(fresh) == before


def test_an_iis_that_is_not_registered(lane: Lane, tmp_path: Path) -> None:
    folder = applying.host(tmp_path / "bare", iis=None, sites=[], schema_ssl_flags=None)
    answer = lane.apply(folder, [edits(edit(0, None, binding("*:1:")))])
    assert (answer["error"]["code"], answer["error"]["number"]) == ("not_supported_here", 0x80040154)
    assert lane.apply(folder, [applying.each(folder)["update"]])["error"] is None


@pytest.mark.parametrize(("number", "code"), [(5, "access_denied"), (87, "internal"), (1450, "internal")])
def test_a_http_sys_that_does_not_open_is_told_like_any_other_failure(
    lane: Lane, folder: Path, number: int, code: str
) -> None:
    before = standing(folder)
    refuse(folder, "http", ("initialize", "*", number))
    answer = lane.apply(folder, list(applying.each(folder).values()))
    error = answer["error"]
    assert (error["code"], error["call"], error["number"]) == (code, "HttpInitialize", number)
    assert error["place"] == "HttpInitialize" and error["hint"] and answer["msg"]
    assert standing(folder) == before and not (folder / journals.PATH).exists()


def test_undo_gives_every_binding_its_old_place(lane: Lane, folder: Path) -> None:
    before = bindings(folder)
    rows = [
        edit(1, before[1], None),
        edit(1, before[2], binding("*:443:z", 4)),
        edit(0, before[0], None),
        edit(None, None, before[1]),
    ]
    refuse(folder, "http", ("set", "*", 1312))
    answer = lane.apply(folder, [edits(*rows), applying.each(folder)["set"]])
    assert answer["undone"] == "complete" and bindings(folder) == before


def test_a_failed_undo_says_what_stands_where(lane: Lane, folder: Path) -> None:
    steps = applying.each(folder)
    refuse(folder, "http", ("set", "*", 5, 2, 0), ("delete", "*", 5, 2, 0))
    answer = lane.apply(folder, [steps["bindings"], steps["set"], steps["replace"], steps["update"]])
    assert (answer["error"]["code"], answer["error"]["step"], answer["undone"]) == ("access_denied", 2, "partial")
    assert answer["changed"] is True and answer["document"] is not None
    replaced, made = answer["undo_errors"]
    assert (replaced["code"], replaced["place"]) == ("access_denied", "hostnameport shop.example.com:443")
    assert replaced["hint"].endswith(f"there is no record, before the run there was certificate {GOOD}")
    assert (made["code"], made["place"]) == ("access_denied", "hostnameport new.example.com:443")
    assert made["hint"].endswith(f"there is certificate {GOOD}, before the run there was no record")
    assert bindings(folder) == SITES[0]["bindings"]  # the others were undone all the same
    assert image(folder, NAME) is None


def test_undo_leaves_alone_what_somebody_else_wrote(lane: Lane, folder: Path) -> None:
    """A probe that fails, after somebody has changed what the first step made."""
    first = step("set", ("ipport", "10.0.0.5:8443"), None, {"thumbprint": GOOD})
    held = {"thumbprint": GOOD}
    other = step("update", ("ipport", "10.0.0.5:8443"), held, {"thumbprint": OTHER})
    wrong = step("delete", ("ipport", "10.0.0.5:8443"), held, None)
    answer = lane.apply(folder, [first, other, wrong])
    assert (answer["error"]["code"], answer["undone"], answer["changed"]) == ("changed_meanwhile", "complete", False)
    assert image(folder, ("ipport", "10.0.0.5:8443")) is None


def test_a_probe_of_an_endpoint_that_refuses(lane: Lane, folder: Path) -> None:
    before = standing(folder)
    closed = {"address": "10.0.0.5", "port": 443, "sni": "shop.example.com", "expect": GOOD}
    look = {"op": "probe", "endpoints": [{**closed, "expect": None, "sni": None}, closed]}
    answer = lane.apply(folder, [applying.each(folder)["set"], look])
    error = answer["error"]
    assert (error["code"], error["place"], error["step"]) == ("probe_unverified", "10.0.0.5:443 shop.example.com", 1)
    assert [row["verdict"] for row in answer["probes"]] == ["right", "unreachable"]
    assert answer["undone"] == "complete" and standing(folder) == before
    ignored = {"on_unverified": "ignore", "timeout": 5, "retries": 0}
    assert lane.apply(folder, [look], probe=ignored)["error"] is None


def test_a_journal_that_cannot_be_written_stops_before_the_first_call(lane: Lane, folder: Path) -> None:
    before = standing(folder)
    (folder / journals.PATH).mkdir(parents=True)
    answer = lane.apply(folder, [applying.each(folder)["set"]])
    assert answer["failed"] and answer["error"]["place"] == "journal" and answer["error"]["call"] == "WriteFile"
    assert standing(folder) == before


def test_exact_replacement_is_undone_by_the_same_kind_of_step(lane: Lane, folder: Path) -> None:
    before, held = standing(folder), image(folder, EXACT)
    first = step("replace", EXACT, held, {**(held or {}), "thumbprint": OTHER})
    answer = lane.apply(folder, [first, first])
    assert (answer["error"]["code"], answer["undone"]) == ("changed_meanwhile", "complete")
    assert standing(folder) == before

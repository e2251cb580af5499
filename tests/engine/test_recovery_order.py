# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run died with bindings changed, and somebody else has edited the same site since: theirs stay where they put them, the
others come back in their order, or it is a conflict. And commits that fail: what stands there tells whether they have happened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine import applying
from engine.applying import bindings, edit, edits, refuse, standing
from engine.fakes.example import binding
from engine.harness import journals
from engine.harness.lane import Lane, missing

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
SHOP: list[dict[str, Any]] = applying.SITES[0]["bindings"]
#: Two removed, one changed, one added first; and what stands there afterwards.
TURNED = [
    edit(3, SHOP[3], None),
    edit(1, SHOP[1], None),
    edit(1, SHOP[2], binding("*:443:a2.example.com")),
    edit(0, None, binding("*:1:")),
]
STRANGER = binding("*:2:other")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return applying.host(tmp_path / "host")


def meddled(lane: Lane, folder: Path, *others: dict[str, Any]) -> None:
    """A run of two steps dies before its end, whose bindings stand; then somebody else makes these edits."""
    with Lane() as mortal, pytest.raises((RuntimeError, OSError)):
        mortal.apply(folder, [edits(*TURNED), applying.each(folder)["set"]], crash={"call": 2, "when": "before"})
    aside = folder / "aside"
    (folder / journals.PATH).rename(aside)
    assert lane.apply(folder, [edits(*others)])["error"] is None
    aside.rename(folder / journals.PATH)


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        (0, [STRANGER, *SHOP]),
        (1, [STRANGER, *SHOP]),  # behind what the run had added, which goes
        (2, [SHOP[0], SHOP[1], STRANGER, SHOP[2], SHOP[3]]),
        (3, [*SHOP, STRANGER]),
    ],
)
def test_bindings_of_somebody_else_stay_and_the_others_have_their_order(
    lane: Lane, folder: Path, at: int, kept: list[dict[str, Any]]
) -> None:
    records, _sites = standing(folder)
    meddled(lane, folder, edit(at, None, STRANGER))
    answer = lane.apply(folder, [])
    assert (answer["error"], answer["changed"]) == (None, True)
    assert bindings(folder) == kept and standing(folder)[0] == records


@pytest.mark.parametrize(
    "other",
    [
        edit(2, binding("*:443:a2.example.com"), None),  # what the run had changed
        edit(0, binding("*:1:"), None),  # what it had added
        edit(1, SHOP[0], binding("*:81:", None, "http")),  # what a removed one stood behind
        edit(3, None, SHOP[3]),  # what it had removed
    ],
)
def test_other_bindings_in_the_way(lane: Lane, folder: Path, other: dict[str, Any]) -> None:
    meddled(lane, folder, other)
    before = standing(folder)
    answer = lane.apply(folder, [])
    assert (answer["error"]["code"], answer["error"]["place"]) == ("journal_conflict", "edits[0]")
    assert standing(folder) == before


def test_a_failed_undo_of_bindings_says_how_they_stand(lane: Lane, folder: Path) -> None:
    steps = applying.each(folder)
    refuse(folder, "iis", ("commit", hex(0x80070005), 2, 0))
    refuse(folder, "http", ("set", "*", 1312))
    answer = lane.apply(folder, [steps["bindings"], steps["set"]])
    [told] = answer["undo_errors"]
    assert (told["code"], told["place"], told["call"]) == ("access_denied", "edits[0]", "CommitChanges")
    assert told["hint"].endswith("the bindings stand as the plan left them")
    assert (answer["undone"], answer["changed"]) == ("partial", True) and bindings(folder) != SHOP


@pytest.mark.parametrize("number", [0x80070005, 0x80070020], ids=hex)
def test_a_binding_that_was_to_move_and_did_not_is_no_success(lane: Lane, folder: Path, number: int) -> None:
    """Its inverse, which goes by what stands there, could be carried out before the move as well as after it."""
    before, last = standing(folder), SHOP[3]
    moved = edits(edit(3, last, None), edit(0, None, last))
    refuse(folder, "iis", ("commit", hex(number)))
    answer = lane.apply(folder, [moved])
    assert (answer["error"]["number"], answer["applied"]) == (number, 0) and standing(folder) == before
    refuse(folder, "iis", ("committed", hex(number)))
    refuse(folder, "http", ("set", "*", 1312))
    answer = lane.apply(folder, [moved, applying.each(folder)["set"]])
    assert (answer["applied"], answer["undone"]) == (1, "complete") and standing(folder) == before

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run died with bindings changed, and somebody else has edited the same site since: theirs stay where they put them, the
others come back in their order, or it is a conflict.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine import applying
from engine.applying import bindings, edit, edits, standing
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

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shipped C# makes of JSON that it did not write itself, and of values as PowerShell wraps them."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from engine import applying
from engine.applying import standing
from engine.harness import journals
from engine.harness.lane import Lane, missing
from hypothesis import given
from hypothesis import strategies as st

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text('abcäÄ"\\\n'), inner), max_leaves=20
)
NOT_JSON = [
    "", " ", "nul", "1.5", "1e3", "99999999999999999999", "[", "[1", "[1,", "[1,]", "[1 2]", "[1]]", "1 2", "{", '{"a"', '{"a":', '{"a":1',
    "{a:1}", '{"a" 1}', '{"a":1 "b":2}', '{"a":1,}', '"', '"a', '"a\\', '"\\u12', '"\\u12"', '"\\uwxyz"', '{1:2}', "]", "}", '"a" "b"',
    "[" * 100_000, '{"a":' * 100_000,
]  # fmt: skip


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_json_is_read_as_python_writes_it(lane: Lane, value: Any, indent: int | None, ascii_only: bool) -> None:
    assert lane.ask({"do": "parse", "text": json.dumps(value, indent=indent, ensure_ascii=ascii_only)}) == {
        "value": value
    }


@pytest.mark.parametrize("text", NOT_JSON)
def test_what_is_no_json_is_refused(lane: Lane, text: str) -> None:
    assert lane.ask({"do": "parse", "text": text})["refused"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return applying.host(tmp_path / "host")


@pytest.mark.parametrize("text", ["[", '[{"op":"record_delete"', "[99999999999999999999]", '{"op":1}', '"x"'])
def test_packed_steps_that_are_no_list_are_refused_with_their_place(lane: Lane, folder: Path, text: str) -> None:
    before = standing(folder)
    answer = lane.apply(folder, base64.b64encode(gzip.compress(text.encode())).decode())
    assert answer["error"]["code"] == "bad_argument" and answer["error"]["place"].startswith("steps")
    assert standing(folder) == before and not (folder / journals.PATH).exists()


@pytest.mark.parametrize("steps", [{"op": "probe"}, 7, None, True])
def test_steps_that_are_no_list(lane: Lane, folder: Path, steps: Any) -> None:
    answer = lane.apply(folder, steps)
    assert (answer["error"]["code"], answer["error"]["place"]) == ("bad_argument", "steps")
    assert "must be a list" in answer["msg"]


@pytest.mark.parametrize("text", ["[", "[1,]", '{"op":1}', '[{"op":"record_set","family":"ipport","key":"x"}]'])
def test_a_journal_whose_lines_are_whole_and_say_nothing_is_a_conflict(lane: Lane, folder: Path, text: str) -> None:
    path, before = folder / journals.PATH, standing(folder)
    path.parent.mkdir(parents=True)
    lines = [("run", "r1"), ("started", "2026-11-24T11:00:00Z"), ("owner", "1 1"), ("steps", text)]
    path.write_text("".join(journals.line(*one) for one in lines), encoding="ascii")
    answer = lane.apply(folder, list(applying.each(folder).values()))
    assert (answer["error"]["code"], answer["error"]["place"]) == ("journal_conflict", "journal")
    assert "cannot be read" in answer["error"]["hint"]
    assert standing(folder) == before and path.exists()


def test_what_powershell_wraps_is_the_same(lane: Lane, tmp_path: Path) -> None:
    plain, wrapped = applying.host(tmp_path / "plain"), applying.host(tmp_path / "wrapped")
    steps = list(applying.each(plain).values())
    answers = [lane.apply(plain, steps), lane.apply(wrapped, steps, wrap=1)]
    assert answers[0] == answers[1] and answers[1]["error"] is None and answers[1]["applied"] == 5
    assert standing(plain) == standing(wrapped)


@pytest.mark.parametrize("text", ["[", "[1,]", '[]},"records":[', "[" * 100_000])
def test_a_journal_that_says_nothing_is_a_gap_of_a_read_and_changes_nothing_else_in_it(
    lane: Lane, folder: Path, text: str
) -> None:
    """Everybody may make a folder in ProgramData where there is none yet: its text must not become part of the document."""
    before = lane.document(folder)
    path = folder / journals.PATH
    path.parent.mkdir(parents=True)
    lines = [("run", "r1"), ("started", "2026-11-24T11:00:00Z"), ("owner", "1 1"), ("steps", text)]
    path.write_text("".join(journals.line(*one) for one in lines), encoding="ascii")
    found = lane.document(folder)
    [gap] = [one for one in found.pop("incomplete") if one["layer"] == "journal"]
    assert "unfinished apply" in gap["message"]
    assert found == {name: value for name, value in before.items() if name != "incomplete"}

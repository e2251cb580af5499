# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""https_bindings_plan: no call at all, and a file that is written whole, once, and for its owner only."""

from __future__ import annotations

import json
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.planfile import plan_from_file
from support.actions import API, Simulated, description, run
from support.certificates import NOW
from support.texts import said

HOST = Simulated(description())
DOCUMENT = HOST.host.read()
CHOSEN = {"thumbprint": HOST.thumbprint(API)}
WISH: dict[str, Any] = {
    "bindings": [{"site": "Api", "host": "api.example.com", "sni": "required", "certificate": CHOSEN}]
}


def test_the_plan_is_the_one_https_bindings_would_make(tmp_path: Path) -> None:
    result = run("https_bindings_plan", {**WISH, "document": DOCUMENT})
    checked = run("https_bindings", WISH, Simulated(description()), check_mode=True)
    assert result["changed"] is False and result["dest"] is None and result["host"] == "WEB01"
    for key in (
        "before",
        "after",
        "plan",
        "affected",
        "findings",
        "diff",
        "undone",
        "support_tier",
        "probes",
        "stays",
        "notes",
    ):
        assert result[key] == checked[key], key
    assert [step["op"] for step in result["plan"]] == ["record_set", "bindings", "probe"]


def test_the_file_holds_the_plan_for_its_owner_only(tmp_path: Path) -> None:
    args = {**WISH, "document": DOCUMENT, "dest": "web01.json"}
    result = run("https_bindings_plan", args, directory=tmp_path)
    path = tmp_path / "web01.json"
    assert result["changed"] is True and result["dest"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and os.listdir(tmp_path) == ["web01.json"]
    filed = json.loads(path.read_text(encoding="utf-8"))
    assert filed["steps"] == result["plan"] and filed["created_at"] == "2026-11-24T12:00:00Z"
    assert filed["simulated"] is True and plan_from_file(filed).host == "WEB01"


def test_an_unchanged_plan_leaves_the_file_alone(tmp_path: Path) -> None:
    args = {**WISH, "document": DOCUMENT, "dest": str(tmp_path / "plan.json")}
    run("https_bindings_plan", args)
    held = (tmp_path / "plan.json").read_bytes()
    later = run("https_bindings_plan", args, now=NOW + timedelta(hours=1))
    assert later["changed"] is False and (tmp_path / "plan.json").read_bytes() == held
    other = run(
        "https_bindings_plan", {"repair": ["orphan"], "document": DOCUMENT, "dest": str(tmp_path / "plan.json")}
    )
    assert other["changed"] is True and json.loads((tmp_path / "plan.json").read_bytes())["steps"] == []


def test_check_mode_writes_nothing_and_says_the_same(tmp_path: Path) -> None:
    args = {**WISH, "document": DOCUMENT, "dest": str(tmp_path / "plan.json")}
    checked = run("https_bindings_plan", args, check_mode=True)
    assert checked["changed"] is True and os.listdir(tmp_path) == []
    assert run("https_bindings_plan", args) == checked
    assert run("https_bindings_plan", args, check_mode=True)["changed"] is False


def test_a_saved_document_is_as_good(tmp_path: Path) -> None:
    (tmp_path / "web01.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    saved = run("https_bindings_plan", {**WISH, "document_file": "web01.json"}, directory=tmp_path)
    assert saved == run("https_bindings_plan", {**WISH, "document": DOCUMENT})


@pytest.mark.parametrize(
    ("args", "path", "words"),
    [
        ({"document_file": "nothing.json"}, "document_file", "cannot be read"),
        ({"document_file": "broken.json"}, "document_file", "is not JSON"),
        ({"document": {"format": "x"}}, "document.format", "must be"),
        ({"document": {**DOCUMENT, "http_ports": [0]}}, "document.http_ports", "ports"),
        ({"document": DOCUMENT, "dest": "nowhere/plan.json"}, "dest", "there is no directory"),
        ({"document": DOCUMENT, "dest": "."}, "dest", "is a directory"),
    ],
)
def test_what_cannot_be_read_or_written_is_said(tmp_path: Path, args: dict[str, Any], path: str, words: str) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    result = run("https_bindings_plan", {**WISH, **args}, directory=tmp_path)
    assert [problem["path"] for problem in result["problems"]] == [path] and words in said(result)
    assert os.listdir(tmp_path) == ["broken.json"]


def test_a_failed_write_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    args = {**WISH, "document": DOCUMENT, "dest": str(tmp_path / "plan.json")}
    run("https_bindings_plan", args)
    held = (tmp_path / "plan.json").read_bytes()

    def full(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = run(
        "https_bindings_plan", {"repair": ["orphan"], "document": DOCUMENT, "dest": str(tmp_path / "plan.json")}
    )
    assert result["failed"] is True and "No space left on device" in said(result)
    assert (tmp_path / "plan.json").read_bytes() == held and os.listdir(tmp_path) == ["plan.json"]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both fakes tell of writing calls: a trace of every state in between, faults after the fact, several processes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import build, read, state
from .browsing import bindings, code_of
from .callers import HttpApi
from .com import Library
from .example import document, record, small
from .rows import write_rows
from .test_ahadmin_writing import made

pytestmark = pytest.mark.skipif(bool(build.missing()), reason=build.missing() or "there")


def full(key: str, **more: Any) -> dict[str, Any]:
    return {**state.RECORD_DEFAULTS, **record(key), **more}


def test_every_write_leaves_what_it_made(api: HttpApi, library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "host"
    assert library.select(folder) == 0
    (folder / "trace").mkdir()
    assert [api.change("Set", full("0.0.0.0:444")) for _again in range(2)] == [0, 183]
    manager = library.manager(writable=True)
    bindings(manager)("AddElement", made(bindings(manager)), -1)
    manager("CommitChanges")
    manager("CommitChanges")  # nothing to do
    assert api.change("Delete", full("0.0.0.0:444")) == 0
    steps = sorted((folder / "trace").iterdir())
    assert [step.name.partition("-")[2] for step in steps] == ["records", "config", "records"]
    assert ["0.0.0.0:444" in step.read_text(encoding="utf-8") for step in steps] == [True, False, False]
    assert steps[1].read_bytes() == (folder / "config" / "applicationHost.config").read_bytes()
    assert steps[2].read_bytes() == (folder / "http" / "records.txt").read_bytes()


def test_a_fault_of_any_write_and_one_after_the_fact(api: HttpApi, tmp_path: Path) -> None:
    folder = tmp_path / "host"
    write_rows(folder / "http" / "faults.txt", [("write", "*", 5, 2, 1), ("written", "1", 1312, 2, 1)])
    calls = [("Set", "0.0.0.0:444"), ("Delete", "0.0.0.0:444"), ("Update", "0.0.0.0:444"), ("Delete", "0.0.0.0:444")]
    assert [api.change(call, full(key, flags=1)) for call, key in calls] == [0, 5, 1312, 0]
    keys = [item["key"] for item in read.read_state(folder)["records"]]
    assert "0.0.0.0:444" not in keys


def test_a_commit_that_says_it_failed_and_did_not(library: Library, host: Path) -> None:
    write_rows(host / "iis" / "faults.txt", [("committed", "0x80071A90", 1, 1)])
    manager = library.manager(writable=True)
    bindings(manager)("AddElement", made(bindings(manager)), -1)
    assert code_of(lambda: manager("CommitChanges")) == 0x80071A90
    assert len(read.read_state(host)["sites"][0]["bindings"]) == 4


WRITER = """
import sys
from pathlib import Path
from engine.fakes.test_traces import build, full, HttpApi
api = HttpApi(build.build() / "libhttpapi.so")
assert (api.select(Path(sys.argv[1])), api.initialize()) == (0, 0)
for number in range(100):
    assert api.change("Set", full(f"10.0.{sys.argv[2]}.5:{1000 + number}")) == 0
"""


def test_processes_do_not_lose_each_others_records(tmp_path: Path) -> None:
    """As http.sys, which is one for all."""
    state.write_state(tmp_path, small(certificates=document()["certificates"]))
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, net], cwd=build.HERE.parents[1]) for net in "123"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(read.read_state(tmp_path)["records"]) == 300

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the lab: two labs at once, made-up fleets, one clear line for every error."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from winrm.exceptions import WSManFaultError

from lab.cli import PROGRAM
from lab.wire_lab import HOST, Running, command_line, read, started


def test_second_lab_in_the_same_place(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        again = command_line("start", "--dir", first.directory, "--hosts", "1")
        assert (again.returncode, again.stdout) == (2, "")
        assert "already running" in again.stderr
        assert read(first.client())["name"] == "WEB-1"


def test_second_lab_beside(tmp_path: Path) -> None:
    with started(tmp_path / "first") as first, started(tmp_path / "second", "--max-requests", "6") as second:
        assert first.hosts["web-1"]["ansible_host"] != second.hosts["web-1"]["ansible_host"]
        assert first.variables["ansible_password"] != second.variables["ansible_password"]
        read(second.client())
        with pytest.raises(WSManFaultError, match="more than 6 requests"):
            read(second.client())
        assert first.counters()["requests"] == 0


def test_fleet(tmp_path: Path) -> None:
    started = command_line("start", "--dir", tmp_path, "--hosts", "7", "--seed", "3")
    try:
        assert started.returncode == 0, started.stderr
        fleet = Running(tmp_path)
        assert len(fleet.hosts) == 7
        names = {read(fleet.client(slug))["name"] for slug in fleet.hosts}
        assert len(names) == 7
    finally:
        assert command_line("stop", "--dir", tmp_path).returncode == 0
    assert command_line("stop", "--dir", tmp_path).returncode == 2


BROKEN = "broken.json"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--fixtures", "nowhere"), "nowhere: there is no such file or directory"),
        (("--fixtures", "empty"), "there is no *.json file"),
        (("--fixtures", BROKEN), BROKEN),
        (("--fixtures", "list.json"), "must be a JSON object"),
        (("--hosts", "1", "--engine", "mono"), "--engine mono needs mcs, mono, gcc; on Debian or Ubuntu: sudo apt-get"),
        (("--hosts", "0"), "--hosts must be at least 1"),
        (("--fixtures", "clash.json"), "443 and 20443 would both stand on loopback port 20443"),
    ],
)
def test_start_errors(tmp_path: Path, words: tuple[str, ...], text: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / BROKEN).write_text('{"slug": "x",', encoding="utf-8")
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    clash = {**HOST, "http_ports": [20443]}
    (tmp_path / "clash.json").write_text(json.dumps(clash), encoding="utf-8")
    command = [str(PROGRAM), "start", "--dir", "lab", *words]
    # A machine without compilers: on such a one the engine that needs them has to say so.
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "dirname", "readlink", "python3"):
        (programs / name).symlink_to(shutil.which(name) or name)
    values = {**os.environ, "PATH": str(programs)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path, env=values)
    assert done.returncode == 2
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert command_line("status", "--dir", tmp_path / "lab").returncode == 2


@pytest.mark.parametrize("word", ["stop", "status", "reset"])
def test_nothing_runs_there(tmp_path: Path, word: str) -> None:
    for directory in (tmp_path, tmp_path / "nowhere"):
        done = command_line(word, "--dir", directory)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"lab: no lab runs in {directory}\n"

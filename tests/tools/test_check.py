# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate runner fails when a gate fails, runs the others all the same, and hides nothing."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from tools import check, sanity


def gate(name: str, program: str) -> check.Gate:
    return check.Gate(name, ((sys.executable, "-c", program),))


def test_one_failed_gate_fails_the_whole_and_stops_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    gates = [gate("first", "raise SystemExit('what went wrong')"), gate("second", "print('not shown')")]
    assert check.run_all(gates) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("FAILED first")
    assert "    | what went wrong" in said
    assert any(line.startswith("ok     second") for line in said)
    assert "not shown" not in "\n".join(said)
    assert said[-1].startswith("2 gates, 1 failed: first")


def test_what_a_green_gate_could_not_run_is_repeated_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.run_all([gate("only", "print('NOT RUN: half of it')")]) == 0
    assert capsys.readouterr().out.splitlines()[-2:][0] == "NOT RUN: half of it"


def test_a_gate_with_two_commands_needs_both() -> None:
    commands = tuple((sys.executable, "-c", f"raise SystemExit({status})") for status in (1, 0))
    assert check.run_all([check.Gate("two", commands)]) == 1


def test_what_a_gate_leaves_in_the_temporary_directory_goes(tmp_path: Path) -> None:
    program = "import tempfile; print(tempfile.mkdtemp())"
    outcome = check.run_gate(check.Gate("tidied", ((sys.executable, "-c", program),), tidied=True), tmp_path)
    assert outcome.passed and Path(outcome.output.strip()).parent == tmp_path


def test_a_gate_out_of_time_ends_with_everything_it_started(tmp_path: Path) -> None:
    marker = tmp_path / "still-alive"
    child = f"import time; time.sleep(2); open({str(marker)!r}, 'w').close()"
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]).wait()"
    status, said = check.run((sys.executable, "-c", program), tmp_path, {}, seconds=0.5)
    assert status == 1
    assert "out of time" in said
    time.sleep(2.2)
    assert not marker.exists()


def test_the_pip_stand_in_gets_the_name_ansible_test_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanity, "HOME", tmp_path)
    sanity.lay_stand_in()
    names = [path.name for path in (tmp_path / ".ansible" / "test" / "cache").iterdir()]
    requirements = Path(str(pytest.importorskip("ansible_test").__path__[0])) / "_internal" / "python_requirements.py"
    versions = [name.removeprefix("get_pip_").removesuffix(".py").replace("_", ".") for name in names]
    assert versions and all(f"'{version}'" in requirements.read_text(encoding="utf-8") for version in versions)

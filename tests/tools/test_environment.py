# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python is taken, what is said when there is none, and what makes an environment stale."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tools import environment


def interpreter(directory: Path, minor: int, script: str) -> str:
    """A made-up ``python3.<minor>`` that runs a shell script."""
    path = directory / f"python3.{minor}"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it, and no pyenv. The tests use versions that do not exist, so no real one is found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return tmp_path


def test_the_newest_python_that_really_runs_is_taken(bare: Path) -> None:
    interpreter(bare, 99, "exit 127")
    wanted = interpreter(bare, 98, "echo 3.98")
    interpreter(bare, 97, "echo 3.97")
    assert environment.find_python((97, 98, 99)) == wanted


def test_a_shim_that_runs_another_version_is_not_taken(bare: Path) -> None:
    interpreter(bare, 98, "echo 3.96")
    with pytest.raises(environment.NoPython, match=r"needs Python 3\.98"):
        environment.find_python((98,))


def test_pyenv_is_searched_when_path_has_nothing(bare: Path) -> None:
    directory = bare / "pyenv" / "versions" / "3.98.0" / "bin"
    directory.mkdir(parents=True)
    wanted = interpreter(directory, 98, "echo 3.98")
    assert environment.find_python((97, 98)) == wanted


def test_a_python_without_venv_is_named_with_the_remedy(bare: Path) -> None:
    interpreter(bare, 97, "echo 3.97; exit 1")
    with pytest.raises(environment.NoPython, match=r"apt-get install python3\.97-venv"):
        environment.find_python((96, 97))


def test_an_unknown_core_is_refused() -> None:
    with pytest.raises(environment.Failed, match=r"2\.99 is not known"):
        environment.core_kind("2.99")


def test_another_core_makes_another_stamp() -> None:
    kinds = [environment.default_kind(), environment.lint_kind(), *map(environment.core_kind, environment.CORES)]
    assert len({environment.stamp_of(kind) for kind in kinds}) == len(kinds)
    assert len({kind.path for kind in kinds}) == len(kinds)


def test_the_exports_are_shell_that_puts_the_environment_first() -> None:
    kind = environment.core_kind(environment.FLOOR)
    script = environment.exports(kind) + '\necho "$PATH"; echo "$ANSIBLE_COLLECTIONS_PATH"'
    lines = subprocess.run(["sh", "-ec", script], check=True, capture_output=True, text=True).stdout.splitlines()
    assert lines[0].split(":")[0] == str(kind.path / "bin")
    assert lines[1] == str(environment.COLLECTIONS)

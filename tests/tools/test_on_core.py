# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ansible-core the end-to-end gates take, and that none of them is left out in silence."""

from __future__ import annotations

import subprocess

import pytest
from tools import check, environment, on_core


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    """What would have been played, where only Pythons up to 3.12 were here."""
    found: list[tuple[str, tuple[str, ...]]] = []

    def lay(core: str) -> int:
        return 0 if 12 in environment.CORES[core] else environment.NO_SUCH_PYTHON

    def play(core: str, files: list[str]) -> int:
        found.append((core, tuple(files)))
        return 0

    monkeypatch.setattr(on_core, "lay", lay)
    monkeypatch.setattr(on_core, "play", play)
    return found


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["on_core", *words])
    return on_core.main()


def test_newest_is_the_newest_that_a_python_here_can_run(
    monkeypatch: pytest.MonkeyPatch, played: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert run(monkeypatch, "newest") == 0
    assert played == [("2.21", ("tests/e2e",))]


def test_one_core_runs_what_it_is_asked_for_or_nothing(
    monkeypatch: pytest.MonkeyPatch, played: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert run(monkeypatch, "2.19", "test_read.py") == run(monkeypatch, "2.22") == 0
    assert played == [("2.19", ("tests/e2e/test_read.py",))]


def test_what_fails_to_install_fails_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_core, "lay", lambda _core: 1)
    assert run(monkeypatch, "newest") == 1


def test_a_core_that_no_python_here_can_run_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    no_python = subprocess.CompletedProcess([], environment.NO_SUCH_PYTHON, stdout="")
    monkeypatch.setattr("subprocess.run", lambda *_words, **_more: no_python)
    assert on_core.lay("2.22") == environment.NO_SUCH_PYTHON
    assert capsys.readouterr().out.startswith("NOT RUN: end-to-end plays on ansible-core 2.22")


def test_the_gates_run_the_oldest_and_the_newest_in_full_and_what_is_between_in_part() -> None:
    gates = {gate.name: gate.commands[0][3:] for gate in check.gates() if gate.name.startswith("e2e-")}
    assert gates == {
        "e2e-2.16": ("2.16",),
        "e2e-2.19": ("2.19", *check.BETWEEN_FILES),
        "e2e-2.21": ("2.21", *check.BETWEEN_FILES),
        "e2e-newest": ("newest",),
    }
    assert all((environment.ROOT / on_core.SUITE / name).is_file() for name in check.BETWEEN_FILES)

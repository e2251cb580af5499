# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Mono process for all tests of the C# engine in a pytest worker, and the coverage of the C# at the end of a run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.fakes import state
from engine.harness import coverage
from engine.harness.lane import ROOT, Lane, missing

PAGE = ROOT / "docs" / "tested.md"
#: Where this run's reports lie; set in the process that sums up only. A folder that was named from outside is kept.
OWN = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and coverage.available() and not os.environ.get(coverage.FOLDER):
        config.stash[OWN] = Path(tempfile.mkdtemp(prefix="tlsfleet-coverage-"))
        os.environ[coverage.FOLDER] = str(config.stash[OWN])


def pytest_unconfigure(config: pytest.Config) -> None:
    if OWN in config.stash:
        shutil.rmtree(config.stash[OWN], ignore_errors=True)
        del os.environ[coverage.FOLDER]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much of the shipped C# ran, or, loudly, that nobody knows."""
    terminalreporter.section("shipped C#")
    folder = os.environ.get(coverage.FOLDER)
    if missing() or not folder:
        terminalreporter.line(f"NOT RUN: {missing()}" if missing() else coverage.MISSING, red=True, bold=True)
        return
    found = coverage.ran(sorted(Path(folder).glob("*.xml")))
    for row in coverage.table(found):
        terminalreporter.line(row)
    named = (Path(word.partition("::")[0]) for word in terminalreporter.config.args)
    if set(terminalreporter.stats) & {"failed", "error", "deselected"} or not all(path.is_dir() for path in named):
        return  # not all tests have run
    unlisted = coverage.unlisted(found, PAGE.read_text(encoding="utf-8"))
    if unlisted:
        terminalreporter.line(f"not run, and not explained in docs/tested.md: {', '.join(unlisted)}")


@pytest.fixture(scope="session")
def lane() -> Iterator[Lane]:
    if missing():
        pytest.skip(missing())
    with Lane() as running:
        yield running


@pytest.fixture
def host(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Writes a document as a state folder and gives the folder."""

    def write(document: dict[str, Any]) -> Path:
        folder = tmp_path / "host"
        state.write_state(folder, document)
        return folder

    return write

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test run shares: the collection on the path, hypothesis profiles, and skips that nobody can overlook."""

from __future__ import annotations

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tools import mono

ROOT = Path(__file__).resolve().parents[1]
LINK = ROOT / ".env" / "collections" / "ansible_collections" / "tlsfleet" / "iis"

# `ci` takes the same examples every time, so that a red gate is red for everybody; `long` looks for new ones.
settings.register_profile(
    "ci",
    max_examples=500,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("ci"), max_examples=5000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure(config: pytest.Config) -> None:
    # An exported tree stands inside a collection path of its own and needs no link.
    if ROOT.parts[-3:-2] != ("ansible_collections",) and not LINK.exists():
        raise pytest.UsageError("the collection is not on the path: run `make setup` in the checkout first")


def pytest_report_header(config: pytest.Config) -> list[str]:
    seed = config.getoption("hypothesis_seed", None)
    return [
        f"ansible-core {metadata.version('ansible-core')} ({shutil.which('ansible-playbook') or 'not on PATH'})",
        f"hypothesis: {settings().max_examples} examples, "
        + ("the same in every run" if settings().derandomize else f"seed {'random' if seed is None else seed}"),
    ]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Certificates differ from process to process: a thumbprint in the name of a test would keep it from being found again."""
    return argname if isinstance(val, str) and re.search(r"[0-9A-F]{40}", val) else None


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    if not mono.missing():
        return
    for item in items:
        if item.get_closest_marker("mono"):
            item.add_marker(pytest.mark.skip(reason=mono.HINT))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every skipped test's reason, and how many tests it cost, where the reader looks last."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.stats.get("skipped", []):
        if isinstance(report.longrepr, tuple):
            reasons[report.longrepr[2].removeprefix("Skipped: ")].append(report.nodeid.split("[")[0])
    if not reasons:
        return
    terminalreporter.section("NOT RUN on this machine", yellow=True, bold=True)
    for reason, tests in sorted(reasons.items()):
        names = ", ".join(sorted(set(tests))[:3]) + (", ..." if len(set(tests)) > 3 else "")
        terminalreporter.line(f"{len(tests)} skipped: {reason}: {names}", yellow=True)

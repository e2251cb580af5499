# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make check``: every gate runs, each says ok or failed on one line, and one failure fails the whole.

The full output of a failed gate is shown. A gate that could not judge everything here prints lines beginning
``NOT RUN:``; they are repeated at the end, so that green is never taken for more than it is.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import environment
from tools.export import ROOT, export

SECONDS_PER_GATE = 1200
# Cores between the oldest and the newest, and what they run: every action in every way, and what goes wrong on the way.
BETWEEN, BETWEEN_FILES = ("2.19", "2.21"), ("test_every_core.py", "test_faults.py")
PLUGINS = "ansible_collections.tlsfleet.iis.plugins"
# Package -> its directory; what has no Python file yet is left out.
TYPED = {
    f"{PLUGINS}.plugin_utils": "plugins/plugin_utils",
    f"{PLUGINS}.action": "plugins/action",
    f"{PLUGINS}.filter": "plugins/filter",
    "bench": "tests/bench",
    "e2e": "tests/e2e",
    "engine": "tests/engine",
    "lab": "tests/lab",
    "laws": "tests/laws",
    "support": "tests/support",
    "tools": "tests/tools",
    "wine": "tests/wine",
}


@dataclass(frozen=True)
class Gate:
    """One check: its name, the commands it consists of, and where they run."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    in_export: bool = False
    #: It leaves files in the temporary directory, for people, whom a gate has not.
    tidied: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a gate ended: whether it passed, how long it took, and everything it said."""

    gate: Gate
    passed: bool
    seconds: float
    output: str

    @property
    def not_run(self) -> list[str]:
        return [line for line in self.output.splitlines() if line.startswith("NOT RUN:")]


def typed_packages() -> list[str]:
    return [word for package, path in TYPED.items() if any((ROOT / path).rglob("*.py")) for word in ("-p", package)]


def gates() -> tuple[Gate, ...]:
    def tool(name: str, *words: str) -> tuple[tuple[str, ...], ...]:
        return ((sys.executable, "-m", f"tools.{name}", *words),)

    return (
        Gate("ruff", (("ruff", "check", "--no-cache", "."),)),
        Gate("format", (("ruff", "format", "--no-cache", "--check", "--diff", "."),)),
        Gate("mypy", (("mypy", *typed_packages()),)),
        Gate("tree-rules", tool("tree_rules")),
        Gate("shell", tool("shell")),
        # Do the lab's tests notice faults in the lab itself? Also part of `make test`; named here because all rests on it.
        Gate("sown-faults", ((sys.executable, "-m", "pytest", "-q", "tests/lab/test_seeded_faults.py"),)),
        Gate("windows-lane", tool("windows_lane")),
        # What README.md opens with; it holds everything it shows against what is expected.
        Gate("demo", (("tests/demo/run",),), tidied=True),
        Gate("yamllint", (("yamllint", "--strict", "."),), in_export=True),
        Gate("changelog", (("antsibull-changelog", "lint"),)),
        Gate(
            "docs",
            (("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", "."),),
            in_export=True,
        ),
        Gate("ansible-lint", (("ansible-lint", "--offline", "--strict"),), in_export=True),
        Gate("sanity", tool("sanity")),
        Gate("package", tool("package")),
        Gate(f"e2e-{environment.FLOOR}", tool("on_core", environment.FLOOR)),
        *(Gate(f"e2e-{core}", tool("on_core", core, *BETWEEN_FILES)) for core in BETWEEN),
        Gate("e2e-newest", tool("on_core", "newest")),
    )


def gate_environment() -> dict[str, str]:
    """The environment of `make env` with the lint tools on PATH and Ansible's own files kept out of the home directory."""
    lint, home = ROOT / ".env" / "lint" / "bin", ROOT / ".env" / "home"
    values = {
        "ANSIBLE_HOME": str(home / ".ansible"),
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(ROOT / "tests"),
    }
    path = os.environ["PATH"].split(os.pathsep)
    return {**os.environ, **values, "PATH": os.pathsep.join([path[0], str(lint), *path[1:]])}


def run_gate(gate: Gate, scratch: Path) -> Outcome:
    started = time.monotonic()
    values, place = gate_environment(), ROOT
    if gate.in_export:
        place = export(scratch / gate.name)
        values["ANSIBLE_COLLECTIONS_PATH"] = str(scratch / gate.name)
    if gate.tidied:
        values["TMPDIR"] = str(scratch)
    output, passed = "", True
    for command in gate.commands:
        status, said = run(command, place, values)
        output += said
        passed = passed and status == 0
    return Outcome(gate, passed, time.monotonic() - started, output)


def run(
    command: tuple[str, ...], place: Path, values: dict[str, str], seconds: float = SECONDS_PER_GATE
) -> tuple[int, str]:
    """Run one command in a process group of its own, so that a gate out of time leaves nothing behind."""
    with subprocess.Popen(
        command,
        cwd=place,
        env=values,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            said, _errors = process.communicate(timeout=seconds)
            return process.returncode, said
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return 1, f"{process.communicate()[0]}\nout of time: more than {seconds:.0f} s\n"


def report(outcome: Outcome) -> None:
    word = "ok    " if outcome.passed else "FAILED"
    print(f"{word} {outcome.gate.name:<13}{outcome.seconds:6.1f} s", flush=True)
    if not outcome.passed:
        print(*(f"    | {line}" for line in outcome.output.splitlines()), sep="\n", flush=True)


def main() -> int:
    everything = gates()
    parser = argparse.ArgumentParser(description="run the gates")
    parser.add_argument("--only", default="", help="names of gates, separated by commas")
    parser.add_argument("--list", action="store_true", help="name the gates and stop")
    args = parser.parse_args()
    chosen = [name for name in args.only.split(",") if name]
    unknown = set(chosen) - {gate.name for gate in everything}
    if unknown:
        parser.error(f"no such gate: {', '.join(sorted(unknown))}")
    if args.list:
        print(*(gate.name for gate in everything), sep="\n")
        return 0
    return run_all([gate for gate in everything if not chosen or gate.name in chosen])


def run_all(chosen: Sequence[Gate]) -> int:
    """Run the gates in order, whatever becomes of each, and sum up; the exit status."""
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="iis-check-") as scratch:
        for gate in chosen:
            outcomes.append(run_gate(gate, Path(scratch)))
            report(outcomes[-1])
    for line in (line for outcome in outcomes for line in outcome.not_run):
        print(line)
    failed = [outcome.gate.name for outcome in outcomes if not outcome.passed]
    seconds = sum(outcome.seconds for outcome in outcomes)
    print(f"{len(outcomes)} gates, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)} ({seconds:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's .NET for Windows under Wine, with the C fakes in the place of Windows' libraries. It is not Windows: results are simulated.

The runtime is a bundle of its own that lies beside the checkout (``../shared/wine-dotnet``); it is no part of this collection.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from engine.fakes import build
from engine.harness import lane

BUNDLE = lane.ROOT.parent / "shared" / "wine-dotnet" / "run"
PROGRAM = "TlsFleet.Harness.Program"
PACKAGES = "wine wine64 gcc-mingw-w64-x86-64"
_ESCAPED = re.compile(r"\\([\\rn])")


def missing() -> str:
    """What this machine lacks for the Windows lane, in one sentence; an empty text when nothing is."""
    if not BUNDLE.exists():
        return "the Windows .NET runtime for Wine (../shared/wine-dotnet) is not on this machine"
    if not shutil.which("wine") or build.missing(windows=True):
        return f"needs Wine and mingw-w64; on Debian or Ubuntu: sudo apt-get install --no-install-recommends {PACKAGES}"
    return lane.missing()


def windows_path(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")


def environment(prefix: Path | None = None, state: Path | None = None) -> dict[str, str]:
    """For a call on a machine of its own, which is gone afterwards, or on the one that lies in ``prefix``; the fakes show ``state``."""
    values = {name: value for name, value in os.environ.items() if name != "WINEPREFIX"}
    if prefix is not None:
        values["WINEPREFIX"] = str(prefix)
    if state is not None:
        values["TLSFLEET_FAKE_STATE"] = windows_path(state)
    return values


@functools.cache
def engine() -> Path:
    """The shipped C# and the harness in one assembly. Raises RuntimeError with the compiler's words."""
    target = Path(tempfile.mkdtemp(prefix="tlsfleet-wine-")) / "Engine.dll"
    sources = [*lane.shipped(), *sorted(lane.HARNESS.glob("*.cs"))]
    complaint = lane.compile_library(sources, target, "-r:System.Xml.dll", "-r:System.Core.dll")
    if complaint:
        raise RuntimeError(complaint)
    return target


def command(state: Path | None = None, libraries: str = "") -> list[str]:
    """Starts a process that answers lines. With ``state`` the IIS classes are registered, so that the engine finds them as on Windows."""
    native = build.build(windows=True)
    options = [] if state is None else ["--register", str(native / "ahadmin.dll")]
    return [str(BUNDLE), "--lines", "--native", str(native / libraries), *options, str(engine()), PROGRAM, "Answer"]


def answers(
    tasks: list[dict[str, Any]], prefix: Path | None = None, state: Path | None = None, libraries: str = ""
) -> list[Any]:
    """One answer per task, in one process. Raises Died when it ends before the last one."""
    text = "".join(json.dumps(task) + "\n" for task in tasks)
    # Into files: the services of a kept machine would hold a pipe open for 20 seconds more.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        chosen = environment(prefix, state)
        words = command(state, libraries)
        subprocess.run(words, input=text, stdout=out, stderr=err, text=True, check=False, env=chosen)
        out.seek(0)
        err.seek(0)
        found, said = out.read().splitlines(), err.read()
    if len(found) < len(tasks):
        raise Died(said)
    return [_answer(line) for line in found]


class Died(Exception):
    """The process ended before it had answered; the text is what it said."""


class Process:
    """A process on a kept machine that works on one task while others do something else."""

    def __init__(self, task: dict[str, Any], prefix: Path) -> None:
        self._out = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            command(),
            stdin=subprocess.PIPE,
            stdout=self._out,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(prefix),
        )
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.close()

    def answer(self) -> Any:
        """Waits for its end. Raises Died where it has not answered."""
        self._process.wait(timeout=60)
        self._out.seek(0)
        found = self._out.read().splitlines()
        self._out.close()
        if not found:
            raise Died("")
        return _answer(found[0])


def _answer(line: str) -> Any:
    assert line.startswith("ok "), line
    return json.loads(_plain(line.removeprefix("ok ")))


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda match: {"r": "\r", "n": "\n"}.get(match[1], match[1]), text)


def gaps(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What could not be read, but for the table of sockets: Wine gives that up while many sockets of the Linux machine come and go."""
    return [gap for gap in document["incomplete"] if "GetExtendedTcpTable returned 14" not in gap["message"]]


def stop(prefix: Path) -> None:
    """End the services of a machine that was kept."""
    subprocess.run([str(BUNDLE), "--stop"], env=environment(prefix), check=False)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``--engine mono``: the C# that ships answers for simulated hosts, in one Mono process for the whole lab.

The model stays the machine: it keeps state and serves TLS. For a call, its state is written as a state folder
(tests/engine/fakes), which the C# reads through the C fakes. Where C# has written through them, ``adopt`` takes the
folder's state back into the model.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.fakes import read, state
from engine.harness.lane import Lane

from lab.simhost import READER, SimulatedHost

STATES = "states"


class Mono:
    """The C# engine of one lab; state folders lie below ``directory``, one per host."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / STATES
        self._lane: Lane | None = None

    def attach(self, host: SimulatedHost) -> None:
        """From now on the C# reader answers for this host."""
        host.engines[READER] = functools.partial(self.call, host, "read")

    def call(self, host: SimulatedHost, task: str, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        """The module's answer about the host as it is now. Raises RuntimeError with what Mono or the harness said."""
        answer: dict[str, Any] = self.ask(
            {"do": task, "state": str(self.write(host)), "args": {**args, "_ansible_check_mode": check_mode}}
        )
        return answer

    def ask(self, task: dict[str, Any]) -> Any:
        """One task for the running process, which is started at the first one and again when it died."""
        if self._lane is None:
            self._lane = Lane()
        try:
            return self._lane.ask(task)
        except (RuntimeError, OSError):
            if self._lane.process.poll() is not None:
                self.close()
            raise

    def folder(self, host: SimulatedHost) -> Path:
        return self._directory / quote(host.slug, safe="")

    def write(self, host: SimulatedHost) -> Path:
        """The host's state folder, as the host is now. It knows everything: the reader decides how much of it is looked at."""
        folder = self.folder(host)
        state.write_state(folder, host.read("all", "sign"))
        return folder

    def adopt(self, host: SimulatedHost) -> None:
        """Let the host be as its state folder is now: records and sites, which is what an applier writes."""
        found = read.read_state(self.folder(host))
        host.adopt(found["records"], found["sites"])

    def close(self) -> None:
        """End the process. Another task starts a new one."""
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.close()

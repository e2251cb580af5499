# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``--engine mono``: the C# that ships answers for simulated hosts, in one Mono process for the whole lab.

The model stays the machine: it serves TLS, and says which faults strike. For a call, its state is written as a state folder
(tests/engine/fakes), which the C# reads and changes through the C fakes; ``adopt`` takes the folder's state back into the model.
"""

from __future__ import annotations

import functools
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.fakes import read, state
from engine.fakes.rows import write_rows
from engine.harness import journals
from engine.harness.lane import Lane

from lab.applier import Died
from lab.contract import BadArgument, unpacked
from lab.guard import FORM as TIME
from lab.mono_link import LOOPBACK, Link, Meeting, Place
from lab.simhost import APPLIER, GUARD, READER, SimulatedHost

STATES = "states"
#: What appliers leave in a state folder: the journal with what lies beside it, and scheduled tasks.
LEFT = (Path(journals.PATH).parent, Path("scheduled"))
#: When a scheduled task is to run.
START = re.compile(r"<StartBoundary>([^<]+)<")


class Mono:
    """The C# engine of one lab; state folders lie below ``directory``, one per host."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / STATES
        self._lane: Lane | None = None
        self._link: Link | None = None

    def attach(self, host: SimulatedHost) -> None:
        """From now on the C# answers for this host."""
        host.engines[READER] = functools.partial(self.read, host)
        host.engines[APPLIER] = functools.partial(self.apply, host, "apply")
        host.engines[GUARD] = functools.partial(self.apply, host, "guard")
        host.alarm = functools.partial(self.expire, host)

    def call(
        self, host: SimulatedHost, task: str, args: dict[str, Any], check_mode: bool, **more: Any
    ) -> dict[str, Any]:
        """The module's answer about the host as it is now. Raises RuntimeError with what Mono or the harness said."""
        arguments = {**args, "_ansible_check_mode": check_mode}
        answer: dict[str, Any] = self.ask({"do": task, "state": str(self.folder(host)), "args": arguments, **more})
        return answer

    def read(self, host: SimulatedHost, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        """The reader's answer about the host as it is now."""
        self.write(host)
        return self.call(host, "read", args, check_mode)

    def expire(self, host: SimulatedHost, now: datetime) -> None:
        """Run what is scheduled on the host for this time, or was."""
        for task in sorted((self.folder(host) / LEFT[1]).glob("*.xml")):
            start = START.search(task.read_text(encoding="utf-8"))
            if start is not None and start[1] <= now.strftime(TIME):
                run = task.stem.removeprefix("undo-")
                self.ask({"do": "expire", "state": str(self.write(host)), "run": run})
                self.adopt(host)

    def apply(self, host: SimulatedHost, task: str, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        """The applier's answer, or that of the one with a guard; whatever it has written is the host's state then.

        Raises Died where a fault ends its process.
        """
        self._link = self._link or Link()
        folder = self.write(host)
        meeting = Meeting(host, lambda: self._follow(host), lambda: state.rewrite(folder, host.read("all", "sign")))
        with self._link.open(meeting, sorted(set(_probed(args)))) as met:
            write_rows(
                folder / "machine" / "dial.txt", [(*place, LOOPBACK, port) for place, port in met.endpoints.items()]
            )
            try:
                return self.call(host, task, args, check_mode, watch=met.watch)
            except (RuntimeError, OSError):
                if met.died:
                    self._end()
                    raise Died from None
                raise
            finally:
                self.adopt(host)

    def ask(self, task: dict[str, Any]) -> Any:
        """One task for the running process, which is started at the first one and again when it died."""
        if self._lane is None:
            self._lane = Lane()
        try:
            return self._lane.ask(task)
        except (RuntimeError, OSError):
            if self._lane.process.poll() is not None:
                self._end()
            raise

    def _end(self) -> None:
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.close()

    def folder(self, host: SimulatedHost) -> Path:
        return self._directory / quote(host.slug, safe="")

    def write(self, host: SimulatedHost) -> Path:
        """The host's state folder, as the host is now. It knows everything: the reader decides how much of it is looked at.

        The journal that an applier has left, and its guard, are the folder's alone, and stay.
        """
        folder = self.folder(host)
        with tempfile.TemporaryDirectory() as aside:
            kept = [place for place in LEFT if (folder / place).exists()]
            for place in kept:
                shutil.move(folder / place, Path(aside) / place.name)
            state.write_state(folder, host.read("all", "sign"))
            for place in kept:
                shutil.move(Path(aside) / place.name, folder / place)
        return folder

    def adopt(self, host: SimulatedHost) -> None:
        """Let the host be as its state folder is now: records and sites, which is what an applier writes."""
        found = read.read_state(self.folder(host))
        host.adopt(found["records"], found["sites"])

    def _follow(self, host: SimulatedHost) -> None:
        """As :meth:`adopt`, and the ports that http.sys opens or closes for it are told to whoever reads the folder."""
        self.adopt(host)
        write_rows(self.folder(host) / "machine" / "http_ports.txt", [(port,) for port in sorted(host.ports())])

    def close(self) -> None:
        """End the process. Another task starts a new one."""
        self._end()
        link, self._link = self._link, None
        if link is not None:
            link.close()


def _readable(args: dict[str, Any]) -> dict[str, Any]:
    try:
        return unpacked(args)
    except BadArgument:
        return args  # the C# says so


def _probed(args: dict[str, Any]) -> Iterator[Place]:
    """The places that a well-formed call looks at; whether it is one is the C#'s to say."""
    steps = _readable(args).get("steps")
    for step in steps if isinstance(steps, list) else ():
        endpoints = step.get("endpoints") if isinstance(step, dict) else None
        for endpoint in endpoints if isinstance(endpoints, list) else ():
            if isinstance(endpoint, dict) and isinstance(endpoint.get("port"), int):
                yield str(endpoint.get("address")), endpoint["port"]

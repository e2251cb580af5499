# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``--engine mono``: the C# that ships answers for simulated hosts, in one Mono process for the whole lab.

The model stays the machine: it serves TLS, and says which faults strike. For a call, its state is written as a state folder
(tests/engine/fakes), which the C# reads and changes through the C fakes; ``adopt`` takes the folder's state back into the model.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.fakes import read, state
from engine.fakes.rows import write_rows
from engine.harness import journals
from engine.harness.lane import Lane

from lab.applier import Died
from lab.mono_link import LOOPBACK, Link, Meeting, Place
from lab.simhost import APPLIER, READER, SimulatedHost

STATES = "states"


class Mono:
    """The C# engine of one lab; state folders lie below ``directory``, one per host."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / STATES
        self._lane: Lane | None = None
        self._link: Link | None = None

    def attach(self, host: SimulatedHost) -> None:
        """From now on the C# answers for this host."""
        host.engines[READER] = functools.partial(self.read, host)
        host.engines[APPLIER] = functools.partial(self.apply, host)

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

    def apply(self, host: SimulatedHost, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        """The applier's answer; whatever it has written is the host's state then. Raises Died where a fault ends its process."""
        self._link = self._link or Link()
        folder = self.write(host)
        meeting = Meeting(host, lambda: self._follow(host), lambda: state.rewrite(folder, host.read("all", "sign")))
        with self._link.open(meeting, sorted(set(_probed(args)))) as met:
            write_rows(
                folder / "machine" / "dial.txt", [(*place, LOOPBACK, port) for place, port in met.endpoints.items()]
            )
            try:
                return self.call(host, "apply", args, check_mode, watch=met.watch)
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

        The journal that an applier has left is the folder's alone, and stays.
        """
        folder = self.folder(host)
        journal = folder / journals.PATH
        kept = journal.read_bytes() if journal.exists() else None
        state.write_state(folder, host.read("all", "sign"))
        if kept is not None:
            journal.parent.mkdir()
            journal.write_bytes(kept)
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


def _probed(args: dict[str, Any]) -> Iterator[Place]:
    """The places that a well-formed call looks at; whether it is one is the C#'s to say."""
    steps = args.get("steps")
    for step in steps if isinstance(steps, list) else ():
        endpoints = step.get("endpoints") if isinstance(step, dict) else None
        for endpoint in endpoints if isinstance(endpoints, list) else ():
            if isinstance(endpoint, dict) and isinstance(endpoint.get("port"), int):
                yield str(endpoint.get("address")), endpoint["port"]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an applier in the Mono process meets of the lab while it works: TLS endpoints, and whoever interferes with its calls.

The lab's own loop waits for the applier meanwhile, so this is a thread with a loop of its own. Before each handshake and after
each call the model takes over what stands in the state folder: a handshake shows the state as written so far.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lab.applier import Died, number_of
from lab.certificates import Material
from lab.simhost import SimulatedHost
from lab.tls import Contexts, Endpoint

LOOPBACK = "127.0.0.1"
#: (address, port) of the simulated machine.
Place = tuple[str, int]


class Meeting:
    """One call of an applier on one host. ``adopt`` lets the model be as the folder is, ``push`` the folder as the model is."""

    def __init__(self, host: SimulatedHost, adopt: Callable[[], None], push: Callable[[], None]) -> None:
        self._host, self._adopt, self._push = host, adopt, push
        #: The process was told to end.
        self.died = False
        #: Port on 127.0.0.1 that the applier tells of its calls.
        self.watch = 0
        #: Where the endpoints of the machine stand on 127.0.0.1.
        self.endpoints: dict[Place, int] = {}

    def choose(self, address: str, port: int, sni: str | None) -> Material | None:
        """The certificate for the machine's own look at itself; None: the connection is reset."""
        self._adopt()
        return None if self._host.front.closed_for_host(address, port) else self._host.serve(address, port, sni)

    def hear(self, told: dict[str, Any]) -> dict[str, Any]:
        """The answer to one line of the applier: ``code`` it is refused with, ``full``: the disk is, ``die``: end here."""
        try:
            return {"journal": self._journal, "before": self._before, "after": self._after}[told["event"]](told)
        except Died:
            self.died = True
            return {"die": True}

    def _journal(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"full": self._host.planned.disk_full(told["number"])}

    def _before(self, told: dict[str, Any]) -> dict[str, Any]:
        code = self._host.planned.before(told["number"], told["call"], told["undoing"])
        if any(fault.name in ("other_writer", "certificate_removed") for fault in self._host.planned.faults):
            self._push()
        return {} if code is None else {"code": number_of(code, told["call"])}

    def _after(self, told: dict[str, Any]) -> dict[str, Any]:
        self._adopt()
        if self._host.observer is not None:
            self._host.observer(f"{told['call']} {told['place']}".rstrip())
        self._host.planned.after(told["number"], told["call"], told["undoing"])
        return {}


class Link:
    """The thread. One meeting at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._contexts = Contexts()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lab-mono-link", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def open(self, meeting: Meeting, places: Iterable[Place]) -> Iterator[Meeting]:
        """Listen for the applier of ``meeting`` as long as the context lasts."""
        servers = asyncio.run_coroutine_threadsafe(self._listen(meeting, places), self._loop).result()
        try:
            yield meeting
        finally:
            asyncio.run_coroutine_threadsafe(self._end(servers), self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self, meeting: Meeting, places: Iterable[Place]) -> list[asyncio.Server]:
        async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                writer.write(json.dumps(meeting.hear(json.loads(line))).encode() + b"\n")
            writer.close()

        servers = [await asyncio.start_server(watch, LOOPBACK, 0)]
        meeting.watch = _port(servers[0])
        for place in places:
            servers.append(await self._loop.create_server(self._endpoint(meeting, place), LOOPBACK, 0))
            meeting.endpoints[place] = _port(servers[-1])
        return servers

    def _endpoint(self, meeting: Meeting, place: Place) -> Callable[[], asyncio.Protocol]:
        versions = meeting._host.front.versions(*place)
        return lambda: Endpoint(lambda sni: meeting.choose(*place, sni), self._contexts, versions)

    async def _end(self, servers: list[asyncio.Server]) -> None:
        for server in servers:
            server.close()


def _port(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port

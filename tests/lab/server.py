# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab: all its simulated hosts in one process and one event loop, until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import secrets
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import control, files, http, leaks
from lab.certificates import Maker, Material
from lab.counters import Caps
from lab.dispatch import LOG
from lab.faults import EVERY_HOST, BadFault, fault
from lab.listener import prepare
from lab.places import Block, connect_to, take_block
from lab.simhost import SimulatedHost
from lab.station import Station
from lab.tls import Contexts
from lab.transcript import Transcript
from lab.transports import TRANSPORTS, Transport

if TYPE_CHECKING:
    from lab.mono import Mono

USER = "SimulatedAdministrator"


class Lab:
    """All stations of a lab directory, its files and its control socket."""

    def __init__(
        self, directory: Path, descriptions: list[dict[str, Any]], caps: Caps, transport: Transport, engine: str
    ) -> None:
        self.directory = directory
        self._caps = caps
        self._credentials = http.Credentials(USER, secrets.token_urlsafe(18))
        self._maker = Maker()
        self._block: Block = take_block()
        self._stopped = asyncio.Event()
        self._counted: dict[str, str] = {}
        self._closed = False
        free, contexts = self._block.addresses(), Contexts()
        self.stations = []
        shares: dict[str, SimulatedHost] = {}
        for description in descriptions:
            host = SimulatedHost(description, self._maker)
            if isinstance(share := description.get("shared_configuration"), str):
                host.iis.share(shares.setdefault(share, host).iis)
            loopbacks = {address: next(free) for address in host.addresses}
            first = next(iter(loopbacks.values()), "") or next(free)
            way = TRANSPORTS[description["transport"]] if description.get("transport") else transport
            transcript = Transcript(directory, host.slug)
            self.stations.append(Station(host, loopbacks, first, way, contexts, transcript))
        self._mono = self._attached() if engine == "mono" else None

    def _certify(self, address: str) -> Material:
        """The certificate that WinRM over HTTPS shows at a loopback address."""
        return self._maker.certificate("WinRM", [address], None)

    def _attached(self) -> Mono:
        from lab.mono import Mono  # only here: it needs more than the lab itself does

        mono = Mono(self.directory)
        for station in self.stations:
            mono.attach(station.host)
        return mono

    async def serve(self) -> None:
        """Open everything, write the files, answer until stopped. Raises OSError or NoPlace when that cannot be."""
        inventory = [
            files.InventoryHost(
                station.host.slug,
                station.winrm,
                connect_to(station.loopbacks, station.host.possible_ports),
                station.transport,
            )
            for station in self.stations
        ]
        ways = [station.transport for station in self.stations]
        shared = prepare(ways, self.directory, self._credentials, self._certify)
        for station in self.stations:
            await station.open(shared, self._caps, self.write_counters)
        self._write_files(inventory)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopped.set)
        # Last: whoever finds the control socket may rely on everything else.
        server = await control.serve(self.directory, self.answer)
        LOG.info("%d simulated hosts on 127.%d.0.0/16", len(self.stations), self._block.number)
        await self._stopped.wait()
        await self.close()
        if self._mono is not None:
            self._mono.close()
        server.close()
        (self.directory / control.SOCKET).unlink(missing_ok=True)
        self.write_counters()

    async def close(self) -> list[str]:
        """Stop to listen everywhere. What is left open that should not be; told once, and in the log."""
        if self._closed:
            return []
        self._closed = True
        left = [line for station in self.stations for line in await station.close()]
        names = {
            address: station.host.slug
            for station in self.stations
            for address in (station.winrm, *station.loopbacks.values())
        }
        left += await leaks.connections(names)
        for line in left:
            LOG.error("leak: %s", line)
        return left

    def _write_files(self, inventory: list[files.InventoryHost]) -> None:
        ca_file = self.directory / files.CA
        files.write(ca_file, self._maker.ca_pem.decode())
        thumbprints = {station.host.slug: station.host.thumbprints for station in self.stations}
        files.write_json(self.directory / files.THUMBPRINTS, thumbprints)
        text = files.inventory(inventory, self._credentials.user, self._credentials.password, ca_file)
        files.write(self.directory / files.INVENTORY, text, 0o600)
        self.write_counters()

    def counters(self) -> dict[str, Any]:
        return {station.host.slug: station.counters.as_dict() for station in self.stations}

    def write_counters(self, changed: Station | None = None) -> None:
        """Write the counters of all hosts; with ``changed``, only that host's are looked at again (200 hosts count often)."""
        for station in self.stations if changed is None else [changed]:
            self._counted[station.host.slug] = json.dumps(station.counters.as_dict())
        lines = ",\n".join(f" {json.dumps(slug)}: {text}" for slug, text in self._counted.items())
        files.write(self.directory / files.COUNTERS, f"{{\n{lines}\n}}\n")

    async def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Control words in ``do``: ``status``, ``reset``, ``fault``, ``heal``, ``wait``, ``stop``. What goes wrong is in ``error``."""
        word, more = asked.get("do"), {}
        try:
            if word == "reset":
                for station in self.stations:
                    station.counters.reset()
            elif word == "fault":
                await self._plan(asked)
            elif word == "heal":
                for station in self._named(asked.get("host", EVERY_HOST)):
                    await station.heal()
            elif word == "wait":
                for station in self._named(asked.get("host", EVERY_HOST)):
                    await station.wait(_minutes(asked.get("minutes")))
            elif word == "stop":
                more["leaks"] = await self.close()
                self._stopped.set()
            elif word != "status":
                return {"error": f"{word!r} is no word of the control socket"}
        except (BadFault, OSError) as refusal:
            return {"error": str(refusal)}
        self.write_counters()
        return self._state() | more

    async def _plan(self, asked: dict[str, Any]) -> None:
        place = str(asked.get("place") or "fault")
        for station in self._named(asked.get("host")):
            await station.plan(fault(asked.get("fault"), place), place)

    def _named(self, slug: Any) -> list[Station]:
        found = [station for station in self.stations if slug in (EVERY_HOST, station.host.slug)]
        if not found:
            raise BadFault(f"there is no host {slug!r}; write a name of the inventory, or {EVERY_HOST}")
        return found

    def _state(self) -> dict[str, Any]:
        return {
            "simulated": True,
            "pid": os.getpid(),
            "hosts": {station.host.slug: station.winrm for station in self.stations},
            "transports": {station.host.slug: station.transport.name for station in self.stations},
            "user": self._credentials.user,
            "password": self._credentials.password,
            "counters": self.counters(),
            "faults": {
                station.host.slug: [item.view() for item in station.host.planned.faults]
                for station in self.stations
                if station.host.planned.faults
            },
        }


def _minutes(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadFault("minutes must be a whole number from 1")
    return value


def run(directory: Path, descriptions: list[dict[str, Any]], caps: Caps, transport: Transport, engine: str) -> None:
    """The body of the background process."""
    _most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # some ten sockets for each host
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

    async def main() -> None:
        await Lab(directory, descriptions, caps, transport, engine).serve()

    asyncio.run(main())

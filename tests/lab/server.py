# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab: all its simulated hosts in one process and one event loop, until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import signal
from functools import partial
from pathlib import Path
from typing import Any

from lab import control, files, http, psrp, wsman
from lab.certificates import Maker, Material
from lab.counters import Caps, Counters
from lab.dispatch import LOG, dispatch
from lab.listener import Inside, Listening, Shared, open_door, prepare
from lab.payload import decode_script
from lab.places import Block, connect_to, high_port, take_block
from lab.simhost import SimulatedHost
from lab.tls import Contexts, Listeners
from lab.transports import TRANSPORTS, Transport

USER = "SimulatedAdministrator"


class Station:
    """One simulated host on the wire: WinRM on its first loopback address, TLS on all of them."""

    def __init__(
        self, host: SimulatedHost, loopbacks: dict[str, str], winrm: str, transport: Transport, contexts: Contexts
    ) -> None:
        self.host = host
        self.loopbacks = loopbacks
        self.winrm = winrm
        self.transport = transport
        self.counters = Counters()
        self.listeners = Listeners(host.serve, contexts)
        self.server: Listening | None = None

    async def open(self, shared: Shared, caps: Caps, lab: Lab) -> None:
        settled = partial(lab.write_counters, self)
        service = wsman.Service(self.run, self.counters, caps, settled)
        service.resources[psrp.URI] = psrp.Remoting(self.run_script, self.counters, settled).operations
        inside = Inside(service.handle, self.run_script, self.counters, caps, settled)
        self.server = await open_door(self.transport, (self.winrm, self.transport.port), shared, inside)
        await self.follow()

    async def run(self, line: str, stdin: bytes) -> wsman.Outcome:
        """Carry out one WinRS command."""
        return await self._settled(dispatch(self.host, self.counters, line, stdin))

    async def run_script(self, script: str, stdin: bytes) -> wsman.Outcome:
        """Carry out one pipeline of PowerShell remoting, or one command that came over ssh."""
        return await self._settled(dispatch(self.host, self.counters, script, stdin, decode_script))

    async def _settled(self, outcome: wsman.Outcome) -> wsman.Outcome:
        """The ports that a command opened or closed are so before its answer is out."""
        try:
            await self.follow()
        except OSError as fault:
            LOG.error("%s: %s", self.host.slug, fault)
            return wsman.Outcome(1, b"", f"simulated host {self.host.slug}: {fault}\r\n".encode())
        return outcome

    async def follow(self) -> None:
        """Let the TLS ports be those http.sys listens on now."""
        await self.listeners.follow(
            {
                (address, port): (loopback, high_port(port))
                for address, loopback in self.loopbacks.items()
                if self.host.http.listens_on(address)
                for port in self.host.ports()
            }
        )


class Lab:
    """All stations of a lab directory, its files and its control socket."""

    def __init__(self, directory: Path, descriptions: list[dict[str, Any]], caps: Caps, transport: Transport) -> None:
        self.directory = directory
        self._caps = caps
        self._credentials = http.Credentials(USER, secrets.token_urlsafe(18))
        self._maker = Maker()
        self._block: Block = take_block()
        self._stopped = asyncio.Event()
        self._counted: dict[str, str] = {}
        free, contexts = self._block.addresses(), Contexts()
        self.stations = []
        for description in descriptions:
            host = SimulatedHost(description, self._maker)
            loopbacks = {address: next(free) for address in host.addresses}
            first = next(iter(loopbacks.values()), "") or next(free)
            way = TRANSPORTS[description["transport"]] if description.get("transport") else transport
            self.stations.append(Station(host, loopbacks, first, way, contexts))

    def _certify(self, address: str) -> Material:
        """The certificate that WinRM over HTTPS shows at a loopback address."""
        return self._maker.certificate("WinRM", [address], None)

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
            await station.open(shared, self._caps, self)
        self._write_files(inventory)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopped.set)
        # Last: whoever finds the control socket may rely on everything else.
        server = await control.serve(self.directory, self.answer)
        LOG.info("%d simulated hosts on 127.%d.0.0/16", len(self.stations), self._block.number)
        await self._stopped.wait()
        server.close()
        (self.directory / control.SOCKET).unlink(missing_ok=True)
        self.write_counters()

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

    async def answer(self, word: str) -> dict[str, Any]:
        """Control words: ``status``, ``reset``, ``stop``."""
        if word == "reset":
            for station in self.stations:
                station.counters.reset()
        elif word == "stop":
            self._stopped.set()
        elif word != "status":
            return {"error": f"{word!r} is no word of the control socket"}
        self.write_counters()
        return {
            "simulated": True,
            "pid": os.getpid(),
            "hosts": {station.host.slug: station.winrm for station in self.stations},
            "transports": {station.host.slug: station.transport.name for station in self.stations},
            "user": self._credentials.user,
            "password": self._credentials.password,
            "counters": self.counters(),
        }


def run(directory: Path, descriptions: list[dict[str, Any]], caps: Caps, transport: Transport) -> None:
    """The body of the background process."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

    async def main() -> None:
        await Lab(directory, descriptions, caps, transport).serve()

    asyncio.run(main())

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated host on the wire, with the faults that are planned for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial

from lab import psrp, wsman
from lab.certificates import Material
from lab.counters import Caps, Counters
from lab.dispatch import dispatch
from lab.door import FAULT, REBOOT, Door
from lab.faults import BadFault, Fault
from lab.faults_wire import Interference
from lab.leaks import shells
from lab.listener import Inside, Shared, open_door
from lab.payload import decode_script
from lab.places import high_port
from lab.simhost import SimulatedHost
from lab.sockets import cut
from lab.tls import Contexts, Listeners
from lab.transcript import Transcript
from lab.transports import Transport

LOG = logging.getLogger("lab")


class Station:
    """The way in on the first loopback address of a host, TLS on all of them."""

    def __init__(
        self,
        host: SimulatedHost,
        loopbacks: dict[str, str],
        winrm: str,
        transport: Transport,
        contexts: Contexts,
        transcript: Transcript,
    ) -> None:
        self.host = host
        self.loopbacks = loopbacks
        self.winrm = winrm
        self.transport = transport
        self.counters = Counters()
        self.transcript = transcript
        self.listeners = Listeners(self.choose, contexts, host.front.versions)
        self._waiting: set[asyncio.Task[None]] = set()

    async def open(self, shared: Shared, caps: Caps, settled: Callable[[Station], None]) -> None:
        done = partial(settled, self)
        self.shells = wsman.Service(self.run, self.counters, caps, done)
        self.pools = psrp.Remoting(self.run_script, self.counters, done)
        self.shells.resources[psrp.URI] = self.pools.operations
        self.wire = Interference(self.host.planned.faults, self.shells.handle, self.reboot, self.transcript.note)
        inside = Inside(self.wire.handle, self.run_script, self.counters, caps, done)
        place = (self.winrm, self.transport.port)
        self.door = Door(lambda: open_door(self.transport, place, shared, inside))
        await self.settle()

    async def run(self, line: str, stdin: bytes) -> wsman.Outcome:
        """Carry out one WinRS command."""
        return await self._settled(dispatch(self.host, self.counters, line, stdin, transcript=self.transcript))

    async def run_script(self, script: str, stdin: bytes) -> wsman.Outcome:
        """Carry out one pipeline of PowerShell remoting, or one command that came over ssh."""
        return await self._settled(
            dispatch(self.host, self.counters, script, stdin, decode_script, transcript=self.transcript)
        )

    async def _settled(self, outcome: wsman.Outcome) -> wsman.Outcome:
        """The ports that a command opened or closed are so before its answer is out."""
        try:
            await self.follow()
        except OSError as fault:
            LOG.error("%s: %s", self.host.slug, fault)
            return wsman.Outcome(1, b"", f"simulated host {self.host.slug}: {fault}\r\n".encode())
        return outcome

    async def follow(self) -> None:
        """Let the TLS ports be those that can be reached now."""
        await self.listeners.follow(
            {
                (address, port): (loopback, high_port(port))
                for address, loopback in self.loopbacks.items()
                if self.host.http.listens_on(address) and not self.door.down
                for port in self.host.ports()
                if not self.host.front.closed(address, port)
            }
        )

    def choose(self, address: str, port: int, sni: str | None) -> Material | None:
        """The certificate that a handshake from outside meets; None: the connection is reset."""
        return self.host.front.certificate(address, port) or self.host.serve(address, port, sni)

    # -- faults --------------------------------------------------------------------------------------------------

    async def plan(self, fault: Fault, place: str = "fault") -> None:
        """Let a fault happen from now on. Raises BadFault when it speaks of what this host does not have."""
        if fault.room == "wire" and self.transport.plugin == "ssh":
            raise BadFault(
                f"{place}.fault: {fault.name} strikes requests of WSMan; {self.host.slug} is reached over ssh"
            )
        fault.base = self.wire.commands
        self.host.plan(fault, place)
        self.transcript.note("planned", **fault.view())
        await self.settle()

    async def heal(self) -> None:
        """Take all faults away. What they did to the machine stays; a host that is going up goes on doing so."""
        self.host.planned.heal()
        self.transcript.note("healed")
        await self.settle()

    async def wait(self, minutes: int) -> None:
        """Let time pass on this host alone."""
        self.host.pass_time(minutes)
        self.transcript.note("waited", minutes=minutes)
        await self.settle()

    async def settle(self) -> None:
        """Let listeners be as the planned faults want them. Raises OSError naming the place."""
        if any(fault.name == "unreachable" for fault in self.host.planned.faults):
            await self.door.shut(FAULT)
            cut({self.winrm})
        else:
            await self.door.release(FAULT)
        await self.follow()

    async def reboot(self, seconds: float) -> None:
        """Go down: connections cut, shells gone, nothing listens. Up again by itself."""
        self.transcript.note("down", seconds=seconds)
        await self.door.shut(REBOOT)
        self.shells.forget()
        self.pools.forget()
        await self.follow()
        cut({self.winrm, *self.loopbacks.values()})
        task = asyncio.get_running_loop().create_task(self._up(seconds))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _up(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.door.release(REBOOT)
        await self.follow()
        self.transcript.note("up")

    # -- the end -------------------------------------------------------------------------------------------------

    async def close(self) -> Iterable[str]:
        """Stop to listen. What is left that somebody should have cleared away."""
        for task in self._waiting:
            task.cancel()
        await self.door.shut(FAULT)
        await self.listeners.follow({})
        left = {**self.shells.open_shells(), **self.pools.open_shells()}
        return list(shells(self.host.slug, left, self.wire.cut))

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell remoting over WSMan for one simulated host: runspace pools and pipelines in place of shells and commands.

What a pipeline brings is treated like a WinRS command without cmd.exe: the text of its script and the lines of its
input are decoded, standard output goes back line by line, standard error as an error record, the exit code as the host
call that ``exit`` makes.
"""

from __future__ import annotations

import asyncio
import base64
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from psrpcore import (
    CreatePipelineEvent,
    EndOfPipelineInputEvent,
    PipelineInputEvent,
    PSRPCoreError,
    PSRPPayload,
    ServerPipeline,
    ServerRunspacePool,
    StreamType,
)
from psrpcore.types import HostMethodIdentifier, NETException, PSInvocationState, RunspacePoolState

from lab import soap
from lab.counters import Counters
from lab.soap import Fault, Message
from lab.wsman import MOST_OUTPUT, Operation, Outcome, Run

URI = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
NAMES = {**soap.NAMES, "ps": "http://schemas.microsoft.com/powershell"}
# Protocol data is cut into pieces of this many bytes; an answer takes as many as fit.
PIECE = MOST_OUTPUT // 6
SIGNALS = ("/signal/terminate", "powershell/signal/ctrl_c", "/signal/ctrl_c")


@dataclass
class Pipeline:
    """A pipeline: the lines that were sent to it so far, and once all are there the running work."""

    remote: ServerPipeline
    lines: list[str] = field(default_factory=list)
    work: asyncio.Task[Outcome] | None = None


@dataclass
class Pool:
    """A runspace pool, its pipelines by id, and the output that waits by pipeline (None: the pool itself)."""

    remote: ServerRunspacePool = field(default_factory=ServerRunspacePool)
    pipelines: dict[uuid.UUID, Pipeline] = field(default_factory=dict)
    waiting: dict[uuid.UUID | None, list[bytes]] = field(default_factory=dict)

    def collect(self) -> None:
        """Sort what the protocol wants to send by whom it is for."""
        while (payload := self.remote.data_to_send(PIECE)) is not None:
            self.waiting.setdefault(payload.pipeline_id, []).append(payload.data)

    def fetch(self, key: uuid.UUID | None) -> tuple[bytes, bool]:
        """Output for one answer, and whether that was the last of it; empty when there is none."""
        pieces, taken = self.waiting.get(key, []), b""
        while pieces and len(taken) + len(pieces[0]) <= MOST_OUTPUT:
            taken += pieces.pop(0)
        return taken, not pieces


class Remoting:
    """The PowerShell endpoint of one host. ``run`` gets the text of a script and its input."""

    def __init__(self, run: Run, counters: Counters, settled: Callable[[], None]) -> None:
        self._run = run
        self._counters = counters
        self._settled = settled
        self._pools: dict[str, Pool] = {}
        self.operations: dict[str, Operation] = {
            f"{soap.TRANSFER}/Create": self._create,
            f"{soap.TRANSFER}/Delete": self._delete,
            f"{soap.SHELL}/Command": self._command,
            f"{soap.SHELL}/Send": self._send,
            f"{soap.SHELL}/Receive": self._receive,
            f"{soap.SHELL}/Signal": self._signal,
        }

    def open_shells(self) -> dict[str, int]:
        """Pools nobody has deleted, each with the number of its pipelines that still work.

        One that has ended needs no signal: the pool takes it along.
        """
        return {
            name: sum(1 for pipeline in pool.pipelines.values() if pipeline.work is None or not pipeline.work.done())
            for name, pool in self._pools.items()
        }

    def forget(self) -> None:
        """The machine goes down: pools and pipelines are gone without a word."""
        for pool in self._pools.values():
            for pipeline in pool.pipelines.values():
                if pipeline.work is not None:
                    pipeline.work.cancel()
        self._counters.shells_closed += len(self._pools)
        self._pools.clear()

    def _pool(self, message: Message) -> Pool:
        pool = self._pools.get(message.shell or "")
        if pool is None:
            text = f"the runspace pool {message.shell} was not found on the server"
            raise Fault("w:InvalidSelectors", text, soap.SHELL_NOT_FOUND)
        return pool

    def _pipeline(self, pool: Pool, node: Element) -> Pipeline:
        found = pool.pipelines.get(identifier(node, "CommandId"))
        if found is None:
            text = f"the pipeline {node.get('CommandId')} was not found"
            raise Fault("w:InvalidSelectors", text, soap.SHELL_NOT_FOUND)
        return found

    async def _create(self, message: Message) -> str:
        shell = message.find("rsp:Shell")
        opening = shell.find("ps:creationXml", NAMES)
        pool, name = Pool(), str(identifier(shell, "ShellId")).upper()
        if opening is None or name in self._pools:
            raise Fault("w:SchemaValidationError", "a runspace pool needs creationXml and an id of its own")
        self._feed(pool, opening, None)
        if pool.remote.state != RunspacePoolState.Opened:
            raise Fault("w:SchemaValidationError", "creationXml does not open a runspace pool")
        self._pools[name] = pool
        self._counters.shells_opened += 1
        return soap.created(name, URI)

    async def _delete(self, message: Message) -> str:
        pool = self._pool(message)
        for pipeline in pool.pipelines.values():
            stop(pipeline)
        del self._pools[message.shell or ""]
        self._counters.shells_closed += 1
        self._settled()
        return ""

    async def _command(self, message: Message) -> str:
        pool = self._pool(message)
        line = message.find("rsp:CommandLine")
        key = identifier(line, "CommandId")
        if key in pool.pipelines:
            raise Fault("w:InvalidParameter", f"the pipeline {key} is there already")
        # It has to be in the pool before its own description is read.
        pool.pipelines[key] = Pipeline(ServerPipeline(pool.remote, key))
        try:
            self._feed(pool, message.find("rsp:CommandLine/rsp:Arguments"), key)
        except Fault:
            stop(pool.pipelines.pop(key))
            raise
        return soap.command_started(str(key).upper())

    async def _send(self, message: Message) -> str:
        pool = self._pool(message)
        for node in message.body.findall("rsp:Send/rsp:Stream", soap.NAMES):
            key = None
            if node.get("CommandId"):
                key = self._pipeline(pool, node).remote.pipeline_id
            self._feed(pool, node, key)
        return "<rsp:SendResponse/>"

    def _feed(self, pool: Pool, node: Element, key: uuid.UUID | None) -> None:
        """Take in protocol data and start what is complete by it. Raises Fault when it is none."""
        try:
            data = base64.b64decode(node.text or "", validate=True)
            pool.remote.receive_data(PSRPPayload(data, StreamType.default, key))
            while (event := pool.remote.next_event()) is not None:
                pipeline = pool.pipelines.get(event.pipeline_id) if event.pipeline_id else None
                if isinstance(event, CreatePipelineEvent) and pipeline is not None:
                    pipeline.remote.start()
                    if event.pipeline.no_input:
                        self._start(pool, pipeline)
                elif isinstance(event, PipelineInputEvent) and pipeline is not None:
                    pipeline.lines.append(str(event.data))
                elif isinstance(event, EndOfPipelineInputEvent) and pipeline is not None:
                    self._start(pool, pipeline)
        except (PSRPCoreError, ParseError, struct.error, ValueError, KeyError) as fault:
            raise Fault("w:InvalidParameter", f"no PowerShell remoting: {type(fault).__name__}: {fault}") from fault
        pool.collect()

    def _start(self, pool: Pool, pipeline: Pipeline) -> None:
        if pipeline.work is not None:
            raise ValueError("input after the end of the input")
        pipeline.work = asyncio.get_running_loop().create_task(self._finish(pool, pipeline))

    async def _finish(self, pool: Pool, pipeline: Pipeline) -> Outcome:
        self._counters.commands += 1
        commands = getattr(pipeline.remote.metadata, "commands", [])
        script = "\n".join(command.command_text for command in commands)
        outcome = await self._run(script, "\n".join(pipeline.lines).encode())
        remote = pipeline.remote
        if outcome.stdout:
            for line in outcome.stdout.decode(errors="replace").removesuffix("\r\n").split("\r\n"):
                remote.write_output(line)
        if outcome.stderr:
            remote.write_error(NETException(Message=outcome.stderr.decode(errors="replace").rstrip()))
        remote.host_call(HostMethodIdentifier.SetShouldExit, [outcome.code])
        remote.complete()
        pool.collect()
        return outcome

    async def _receive(self, message: Message) -> str:
        pool = self._pool(message)
        node = message.find("rsp:Receive/rsp:DesiredStream")
        if not node.get("CommandId"):
            taken, _last = pool.fetch(None)
            if not taken:
                raise await timed_out(message.timeout)
            return f"<rsp:ReceiveResponse>{soap.stream('stdout', None, taken, False)}</rsp:ReceiveResponse>"
        pipeline, name = self._pipeline(pool, node), node.get("CommandId", "")
        if pipeline.work is None:
            raise await timed_out(message.timeout)
        done, _pending = await asyncio.wait({pipeline.work}, timeout=message.timeout)
        if not done:
            raise await timed_out(0)
        if pipeline.work.cancelled():
            raise Fault("w:InvalidSelectors", f"the pipeline {name} was stopped", soap.SHELL_NOT_FOUND)
        pipeline.work.result()
        taken, last = pool.fetch(pipeline.remote.pipeline_id)
        if not taken:
            raise await timed_out(message.timeout)
        return soap.received(name, soap.stream("stdout", name, taken, last), 0 if last else None)

    async def _signal(self, message: Message) -> str:
        pool = self._pool(message)
        pipeline = self._pipeline(pool, message.find("rsp:Signal"))
        code = message.find("rsp:Signal/rsp:Code").text or ""
        if not code.endswith(SIGNALS):
            raise Fault("w:InvalidParameter", f"the signal {code} is not known here")
        stop(pipeline)
        key = pipeline.remote.pipeline_id
        del pool.pipelines[key]
        pool.waiting.pop(key, None)
        self._settled()
        return "<rsp:SignalResponse/>"


def identifier(node: Element, name: str) -> uuid.UUID:
    """An attribute that holds a UUID. Raises Fault."""
    try:
        return uuid.UUID(node.get(name, ""))
    except ValueError as fault:
        raise Fault("w:SchemaValidationError", f"{name} is no UUID") from fault


def stop(pipeline: Pipeline) -> None:
    """End the work of a pipeline and take it out of its pool."""
    if pipeline.work is not None:
        pipeline.work.cancel()
    if pipeline.remote.state in (PSInvocationState.Running, PSInvocationState.Stopping):
        pipeline.remote.stop()
    pipeline.remote.close()


async def timed_out(seconds: float) -> Fault:
    """The fault of an operation that found nothing, after that time: at once, the controller would ask without pause."""
    await asyncio.sleep(seconds)
    return Fault("w:TimedOut", "the operation did not end within its time", soap.OPERATION_TIMEOUT)

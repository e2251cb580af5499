# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRS over WSMan for one simulated host: shells, commands, streams. Strict: what is not understood is a fault."""

from __future__ import annotations

import asyncio
import base64
import binascii
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from lab import soap
from lab.counters import Caps, Counters
from lab.http import Request, Response
from lab.payload import LONGEST_LINE
from lab.soap import Fault, Message

# Default MaxEnvelopeSizekb of Windows.
MOST_ENVELOPE = 500 * 1024
# Output per Receive; with base64 it stays below the 150 KB the client allows for one envelope.
MOST_OUTPUT = 96 * 1024


@dataclass(frozen=True)
class Outcome:
    """How a command ended: exit code and its two streams."""

    code: int
    stdout: bytes = b""
    stderr: bytes = b""


Run = Callable[[str, bytes], Awaitable[Outcome]]
Operation = Callable[[Message], Awaitable[str]]


@dataclass
class Command:
    """A WinRS command: its line, what was sent to it so far, and once all input is there the running work."""

    line: str
    stdin: bytearray = field(default_factory=bytearray)
    work: asyncio.Task[Outcome] | None = None
    delivered: int = 0


class Service:
    """The WinRM service of one host.

    ``run`` carries out a complete command. ``settled`` is called before the answer to each Signal and Delete goes out,
    so that whoever waits for the controller finds the counters on disk.
    """

    def __init__(self, run: Run, counters: Counters, caps: Caps, settled: Callable[[], None]) -> None:
        self._run = run
        self._counters = counters
        self._caps = caps
        self._settled = settled
        self._shells: dict[str, dict[str, Command]] = {}
        operations: dict[str, Operation] = {
            f"{soap.TRANSFER}/Create": self._create,
            f"{soap.TRANSFER}/Delete": self._delete,
            f"{soap.SHELL}/Command": self._command,
            f"{soap.SHELL}/Send": self._send,
            f"{soap.SHELL}/Receive": self._receive,
            f"{soap.SHELL}/Signal": self._signal,
        }
        # By resource; whoever offers another one adds its operations here.
        self.resources: dict[str, dict[str, Operation]] = {soap.SHELL_URI: operations}

    def open_shells(self) -> dict[str, int]:
        """Shells nobody has deleted, each with the number of its commands that nobody has ended."""
        return {shell: len(commands) for shell, commands in self._shells.items()}

    def forget(self) -> None:
        """The machine goes down: shells and commands are gone without a word."""
        for commands in self._shells.values():
            for command in commands.values():
                if command.work is not None:
                    command.work.cancel()
        self._counters.shells_closed += len(self._shells)
        self._shells.clear()

    async def handle(self, request: Request) -> Response:
        self._counters.request(request.length)
        response = await self._answer(request)
        self._counters.bytes_sent += len(response.body)
        return response

    async def _answer(self, request: Request) -> Response:
        message_id = ""
        try:
            message = self._admit(request)
            message_id = message.message_id
            operations = self.resources.get(message.resource)
            if operations is None:
                raise Fault("a:DestinationUnreachable", f"the resource {message.resource} is not known here")
            operation = operations.get(message.action)
            if operation is None:
                raise Fault("a:ActionNotSupported", f"the action {message.action} is not known here")
            body = await operation(message)
        except Fault as fault:
            fault.message_id = fault.message_id or message_id
            if fault.number != soap.OPERATION_TIMEOUT:
                self._counters.faults += 1
            return Response(500, soap.fault_envelope(fault))
        return Response(200, soap.envelope(f"{message.action}Response", message_id, body))

    def _admit(self, request: Request) -> Message:
        exhausted = self._counters.exhausted(self._caps)
        if exhausted:
            raise Fault("w:QuotaLimit", f"{exhausted} since the last reset; is the controller in an endless loop?")
        if request.length > MOST_ENVELOPE:
            raise Fault("w:EncodingLimit", f"envelope of {request.length} bytes, at most {MOST_ENVELOPE} are taken")
        return soap.parse(request.body)

    def _commands(self, message: Message) -> dict[str, Command]:
        commands = self._shells.get(message.shell or "")
        if commands is None:
            text = f"the shell {message.shell} was not found on the server"
            raise Fault("w:InvalidSelectors", text, soap.SHELL_NOT_FOUND)
        return commands

    def _of(self, message: Message, path: str) -> tuple[str, Command]:
        """Command id and command that the element at ``path`` names."""
        command_id = message.find(path).get("CommandId", "")
        command = self._commands(message).get(command_id)
        if command is None:
            raise Fault("w:InvalidSelectors", f"the command {command_id} was not found", soap.SHELL_NOT_FOUND)
        return command_id, command

    async def _create(self, message: Message) -> str:
        message.find("rsp:Shell")
        shell = str(uuid.uuid4()).upper()
        self._shells[shell] = {}
        self._counters.shells_opened += 1
        return soap.created(shell)

    async def _delete(self, message: Message) -> str:
        self._commands(message)
        del self._shells[message.shell or ""]
        self._counters.shells_closed += 1
        self._settled()
        return ""

    async def _command(self, message: Message) -> str:
        commands = self._commands(message)
        words = [message.find("rsp:CommandLine/rsp:Command")]
        words += message.body.findall("rsp:CommandLine/rsp:Arguments", soap.NAMES)
        command = Command(" ".join(word.text or "" for word in words))
        command_id = str(uuid.uuid4()).upper()
        commands[command_id] = command
        if len(command.line) > LONGEST_LINE or message.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE") == "TRUE":
            # Nothing will be sent to it, or nothing that could still matter.
            self._start(command)
        return soap.command_started(command_id)

    def _start(self, command: Command) -> None:
        command.work = asyncio.get_running_loop().create_task(self._finish(command))

    async def _finish(self, command: Command) -> Outcome:
        self._counters.commands += 1
        if len(command.line) > LONGEST_LINE:
            self._counters.unknown += 1
            return Outcome(1, b"", b"The command line is too long. (simulated)\r\n")
        return await self._run(command.line, bytes(command.stdin))

    async def _send(self, message: Message) -> str:
        _id, command = self._of(message, "rsp:Send/rsp:Stream")
        if command.work is not None and len(command.line) <= LONGEST_LINE:
            raise Fault("w:InvalidParameter", "input after the end of the input")
        streams = message.body.findall("rsp:Send/rsp:Stream", soap.NAMES)
        for node in streams:
            try:
                command.stdin += base64.b64decode(node.text or "", validate=True)
            except binascii.Error as fault:
                raise Fault("w:InvalidParameter", f"the input is no base64: {fault}") from fault
        if streams[-1].get("End", "false") == "true" and command.work is None:
            self._start(command)
        return "<rsp:SendResponse/>"

    async def _receive(self, message: Message) -> str:
        command_id, command = self._of(message, "rsp:Receive/rsp:DesiredStream")
        waiting = Fault("w:TimedOut", "the operation did not end within its time", soap.OPERATION_TIMEOUT)
        if command.work is None:
            # The real service waits for output, too: answering at once would make the controller ask without pause.
            await asyncio.sleep(message.timeout)
            raise waiting
        done, _pending = await asyncio.wait({command.work}, timeout=message.timeout)
        if not done:
            raise waiting
        if command.work.cancelled():
            raise Fault("w:InvalidSelectors", f"the command {command_id} was terminated", soap.SHELL_NOT_FOUND)
        outcome = command.work.result()
        piece = outcome.stdout[command.delivered : command.delivered + MOST_OUTPUT]
        command.delivered += len(piece)
        last = command.delivered >= len(outcome.stdout)
        streams = soap.stream("stdout", command_id, piece, last)
        if last:
            streams += soap.stream("stderr", command_id, outcome.stderr, True)
        return soap.received(command_id, streams, outcome.code if last else None)

    async def _signal(self, message: Message) -> str:
        command_id, command = self._of(message, "rsp:Signal")
        code = message.find("rsp:Signal/rsp:Code").text or ""
        if not code.endswith("/signal/terminate"):
            raise Fault("w:InvalidParameter", f"the signal {code} is not known here")
        if command.work is not None:
            command.work.cancel()
        del self._commands(message)[command_id]
        self._settled()
        return "<rsp:SignalResponse/>"

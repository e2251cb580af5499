# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on the way of a request: cut links, refusals, time-outs, slowness, a reboot. Stands before the WSMan service."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from lab import psrp, soap
from lab.faults import Fault
from lab.http import Dropped, Handler, Request, Response

#: Action of a request, by the end of its URI.
_OPERATIONS = {
    b"transfer/Create": "create",
    b"transfer/Delete": "delete",
    b"shell/Command": "command",
    b"shell/Send": "send",
    b"shell/Receive": "receive",
    b"shell/Signal": "signal",
}
_ACTION = re.compile(rb"<(?:\w+:)?Action[^>]*>\s*[^<]*?(\w+/\w+)\s*<")
_COMMAND = re.compile(rb"CommandId(?:=[\"']|>)([0-9A-Fa-f-]{36})")
_SHELL = re.compile(rb"Name=[\"']ShellId[\"'][^>]*>\s*([0-9A-Fa-f-]{36})")
_INPUT = re.compile(rb"<(?:\w+:)?Stream[^>]*Name=[\"']stdin[\"']")
_END = re.compile(rb"<(?:\w+:)?Stream[^>]*End=[\"']true[\"']", re.IGNORECASE)
#: PowerShell remoting marks no end of its input: every Send of it counts.
REMOTING = psrp.URI.encode()
#: Header elements come first; nothing that is looked for stands behind the first kilobytes.
_HEAD = 8192
#: Number of the fault for too many shells or processes of one user.
QUOTA = 0x803381A6


class Interference:
    """The requests of one host, with the faults that are planned for them.

    ``faults`` is the host's own list, looked at anew for every request. ``reboot(seconds)`` takes the host down,
    ``note(kind, …)`` is told of every fault that strikes.
    ``cut`` holds the shells that a fault cut off from their owner: nobody can be asked to close these.
    """

    def __init__(
        self,
        faults: list[Fault],
        handler: Handler,
        reboot: Callable[[float], Awaitable[None]],
        note: Callable[..., None],
    ) -> None:
        self._faults = faults
        self._handler = handler
        self._reboot = reboot
        self._note = note
        self._numbers: dict[bytes, int] = {}
        self.commands = 0
        self.cut: set[str] = set()

    async def handle(self, request: Request) -> Response:
        """Answer one authenticated request. The handler gets it unless a fault says so. Raises Dropped for a cut link."""
        head = request.body[:_HEAD]
        action = _ACTION.search(head)
        operation = _OPERATIONS.get(action.group(1), "") if action else ""
        if operation == "command":
            self.commands += 1
        number = self._number(operation, head)
        if operation == "send" and _INPUT.search(head) and not _END.search(head) and REMOTING not in head:
            operation = "part"  # a fault at send strikes where the input ends, into however many messages it was cut
        for fault in [item for item in self._faults if item.name == "latency"]:
            if _fits(fault, operation, number) and fault.strikes():
                await asyncio.sleep(fault.values["seconds"])
        for fault in [item for item in self._faults if item.room == "wire" and item.name != "latency"]:
            if _fits(fault, operation, number) and fault.strikes():
                self._note("fault", fault=fault.name, at=operation, command=number)
                return await self._struck(fault, request, head)
        response = await self._handler(request)
        self._remember(operation, head, response.body)
        return response

    def _number(self, operation: str, head: bytes) -> int | None:
        """Which command of this host the request belongs to, counted from 1 since the lab began."""
        if operation == "command":
            return self.commands
        named = _COMMAND.search(head)
        return self._numbers.get(named.group(1).upper()) if named else None

    def _remember(self, operation: str, head: bytes, answer: bytes) -> None:
        named = _COMMAND.search(head) or _COMMAND.search(answer[:_HEAD])
        if operation == "command" and named:
            self._numbers[named.group(1).upper()] = self.commands
        elif operation == "signal" and named:
            self._numbers.pop(named.group(1).upper(), None)

    async def _struck(self, fault: Fault, request: Request, head: bytes) -> Response:
        answer = b""
        if fault.values.get("carried_out") and not _keeps_output(fault):
            response = await self._handler(request)
            answer = response.body
        shell = _SHELL.search(head) or _SHELL.search(answer[:_HEAD])
        if shell:
            self.cut.add(shell.group(1).decode().upper())
        if fault.name == "reboot":
            await self._reboot(fault.values["seconds"])
        if fault.name in ("drop", "reboot"):
            raise Dropped
        if fault.name == "unavailable":
            return Response(503, close=True)
        return Response(500, soap.fault_envelope(_said(fault)))


def _fits(fault: Fault, operation: str, number: int | None) -> bool:
    at = fault.values.get("at", "command" if fault.name == "reboot" else "any")
    if operation == "" or at not in (operation, "any"):
        return False
    call = fault.values.get("call")
    return call is None or (number is not None and number - fault.base == call)


def _keeps_output(fault: Fault) -> bool:
    """A Receive that ran out of time handed nothing over: the next one has to find all of it."""
    return fault.name == "operation_timeout" and fault.values["at"] == "receive"


def _said(fault: Fault) -> soap.Fault:
    if fault.name == "operation_timeout":
        return soap.Fault(
            "w:TimedOut", "planned fault: the operation did not end within its time", soap.OPERATION_TIMEOUT
        )
    if fault.name == "quota":
        return soap.Fault("w:QuotaLimit", "planned fault: too many commands of this user", QUOTA, wmi=True)
    return soap.Fault("w:InternalError", "planned fault: the service could not process the request")

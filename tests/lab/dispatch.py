# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a decoded WinRS command to the answer of a simulated host. Strict: what nobody planned for fails and is counted."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from lab.applier import Died
from lab.counters import Counters
from lab.payload import Call, decode
from lab.simhost import SimulatedHost
from lab.transcript import Transcript
from lab.wsman import Outcome

LOG = logging.getLogger("lab")
PINGS = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "ansible.legacy.", "ansible.builtin.", "ansible.windows.")
    for name in ("ping", "win_ping")
)
#: Exit code of a process that somebody else ended.
ENDED = 1067


def dispatch(
    host: SimulatedHost,
    counters: Counters,
    line: str,
    stdin: bytes,
    decoder: Callable[[str, bytes], Call] = decode,
    transcript: Transcript | None = None,
) -> Outcome:
    """Carry out one command. A fault of the model itself becomes a failed command that says so, and a traceback in the log."""
    call = decoder(line, stdin)
    if call.kind == "remove":
        return Outcome(0)
    if call.kind == "mkdtemp":
        return Outcome(0, f"{call.name.replace('%TEMP%', 'C:' + chr(92) + 'Temp')}\r\n".encode())
    if call.kind == "unknown":
        return not_understood(host, counters, call.name, transcript)
    return answer(host, counters, call, transcript)


def answer(host: SimulatedHost, counters: Counters, call: Call, transcript: Transcript | None = None) -> Outcome:
    counters.call(call.name, call.become)
    if call.name in PINGS:
        return as_json({"changed": False, "ping": call.args.get("data", "pong"), "simulated": True})
    try:
        if transcript is None:
            return as_json(host.call(call.name, call.args, call.check_mode))
        return as_json(transcript.call(host, call.name, call.args, call.check_mode))
    except Died:
        return Outcome(ENDED)
    except KeyError as fault:
        if fault.args != (call.name,):
            return broken(host, call)
        return not_understood(host, counters, f"module {call.name}", transcript)
    except Exception:
        return broken(host, call)


def as_json(result: dict[str, Any]) -> Outcome:
    return Outcome(0, json.dumps(result).encode() + b"\r\n")


def not_understood(host: SimulatedHost, counters: Counters, what: str, transcript: Transcript | None = None) -> Outcome:
    counters.unknown += 1
    if transcript is not None:
        transcript.note("unknown", what=what)
    LOG.warning("%s: not known here: %s", host.slug, what)
    return Outcome(1, b"", f"simulated host {host.slug}: not known here: {what}\r\n".encode())


def broken(host: SimulatedHost, call: Call) -> Outcome:
    LOG.exception("%s: %s broke the simulation", host.slug, call.name)
    text = f"simulated host {host.slug}: {call.name} broke the simulation; the traceback is in the log of the lab\r\n"
    return Outcome(1, b"", text.encode())

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened on one simulated host, one JSON object per line: for tests, and for whoever wonders the next morning."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from lab.contract import BadArgument, unpacked
from lab.simhost import SimulatedHost

DIRECTORY = "transcripts"


class Transcript:
    """The file of one host. It never holds arguments themselves, only a digest of them: a secret may be among them."""

    def __init__(self, directory: Path, slug: str) -> None:
        self.path = directory / DIRECTORY / f"{re.sub('[^A-Za-z0-9._-]', '_', slug)}.jsonl"
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text("", encoding="utf-8")

    def note(self, kind: str, **more: Any) -> None:
        """Add a line. ``kind``: ``call``, ``unknown``, ``fault`` (one struck), ``planned``, ``healed``, ``waited``, ``up`` or ``down``."""
        now = datetime.datetime.now(datetime.timezone.utc)
        entry = {"time": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z", "kind": kind, **more}
        # Opened for each line: hundreds of hosts would hold as many files.
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def call(self, host: SimulatedHost, module: str, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        """Let the host answer a module call and write down how it went. Raises what the host raises."""
        calls: list[str] = []
        shown: list[list[str | None]] = []

        def hear(moment: str) -> None:
            calls.append(moment)
            shown.append([host.served(*spot) for spot in host.watched])

        host.observer = hear
        outcome: dict[str, Any] = {"raised": "no answer"}
        try:
            answer = host.call(module, args, check_mode)
            outcome = summary(answer)
            return answer
        except Exception as fault:
            outcome = {"raised": type(fault).__name__}
            raise
        finally:
            host.observer = None
            self.note(
                "call",
                module=module,
                check_mode=check_mode,
                args=digest(args),
                steps=[step_line(step) for step in steps_of(args)],
                calls=calls,
                outcome=outcome,
                **({"shown": shown} if host.watched else {}),
            )


def digest(args: dict[str, Any]) -> str:
    """Equal for equal arguments, and nothing can be read back from it that is not guessed."""
    return hashlib.sha256(json.dumps(args, sort_keys=True).encode()).hexdigest()


def steps_of(args: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        steps = unpacked(args).get("steps")
    except BadArgument:
        return []
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def step_line(step: dict[str, Any]) -> str:
    """A step in one line: what it does, and to what."""
    op = str(step.get("op"))
    for many in ("edits", "endpoints"):
        if isinstance(step.get(many), list):
            return f"{op} {len(step[many])} {many}"
    return f"{op} {step.get('family')} {step.get('key')}"


def summary(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says, without its document."""
    error = answer.get("error")
    found = {"changed": answer.get("changed"), "error": error["code"] if error else None}
    return found | {name: answer[name] for name in ("applied", "undone") if name in answer}

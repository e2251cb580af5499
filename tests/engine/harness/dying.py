# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The C# in processes that are killed in the middle of their work, and one that comes after them."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol

from engine.harness import coverage
from engine.harness.lane import Lane

Task = dict[str, Any]


class Engine(Protocol):
    """The C# in a process that lives, and in one that can be killed."""

    def ask(self, task: Task) -> dict[str, Any]:
        """The answer of the process that lives."""

    def killed(self, task: Task) -> bool:
        """Was the process killed where the task says? False when it did not come there, and the task was done."""


def _lane(**environment: str) -> Lane:
    """Without coverage: a process that is killed has nothing to say about it."""
    return Lane(None, **{coverage.FOLDER: "", **environment})


class Replaced:
    """A Mono process that is replaced when it was killed, and the next one has to recover. The one after that starts meanwhile."""

    def __init__(self) -> None:
        self._now, self._next = _lane(), _lane()

    def __enter__(self) -> Replaced:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._now.close()
        self._next.close()

    def ask(self, task: Task) -> dict[str, Any]:
        answer: dict[str, Any] = self._now.ask(task)
        return answer

    def killed(self, task: Task) -> bool:
        try:
            self._now.ask(task)
            return False
        except (RuntimeError, OSError):
            if self._now.process.wait(10) != -9:
                raise
        self._now.close()
        self._now, self._next = self._next, _lane()
        return True


class Forked:
    """One Mono process, which recovers, and copies of it, which are killed: no start of a runtime, but nothing can be probed (Child.cs)."""

    def __init__(self) -> None:
        self.lane = _lane(MONO_GC_PARAMS="major=marksweep,nursery-size=64m")

    def __enter__(self) -> Forked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lane.close()

    def ask(self, task: Task) -> dict[str, Any]:
        answer: dict[str, Any] = self.lane.ask(task)
        return answer

    def killed(self, task: Task) -> bool:
        outcome = self.lane.ask({"do": "child", "seconds": 30, "task": task})
        if outcome not in ("killed", "ended"):
            raise RuntimeError(f"the child: {outcome}")
        return bool(outcome == "killed")

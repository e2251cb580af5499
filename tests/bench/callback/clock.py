# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback for the bench: how long each task took and what it cost the controller, one JSON line per task."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: clock
type: aggregate
short_description: time of each task, for the bench
version_added: 0.1.0
author: tlsfleet.iis contributors (@tlsfleet)
description:
  - Appends one line per task to the file that E(BENCH_CLOCK) names.
"""


class CallbackModule(CallbackBase):
    """``wall`` runs from the start of a task to its last result, ``cpu`` is that of ansible-playbook and its workers; seconds."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "clock"

    def __init__(self) -> None:
        super().__init__()
        self._task: tuple[str, str, float, float] | None = None
        self._last = 0.0
        self._play = ""

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._close()
        self._play = play.get_name()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._close()
        self._task = (self._play, task.get_name(), time.monotonic(), _cpu())
        self._last = time.monotonic()

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._close()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._last = time.monotonic()

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._last = time.monotonic()

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._last = time.monotonic()

    def _close(self) -> None:
        if self._task is None:
            return
        play, task, began, cpu = self._task
        line = {"play": play, "task": task, "wall": self._last - began, "cpu": _cpu() - cpu}
        with open(os.environ["BENCH_CLOCK"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        self._task = None


def _cpu() -> float:
    """Processor time of this process and of all workers that have ended."""
    multiprocessing.active_children()  # collects those that have
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )

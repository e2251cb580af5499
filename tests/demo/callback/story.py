# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Standard output for the demo: what debug tasks say, changes, failures, one line of recap. The counts also go into a file."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: story
type: stdout
short_description: what the demo shows of a play
version_added: 0.1.0
author: tlsfleet.iis contributors (@tlsfleet)
description:
  - Leaves out tasks that say nothing. E(DEMO_STATS) names a file that gets the counts of the play as JSON.
"""

WIDTH = 108
_COLOURS = {"-": "red", "+": "green", "!": "bright red"}


class CallbackModule(CallbackBase):
    """Names as ansible-core calls them."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "story"

    def __init__(self) -> None:
        super().__init__()
        #: Host and text, what the task that runs has said so far; hosts answer in any order.
        self._said: list[tuple[str, str]] = []
        #: The last failure of each host; a role that rescues repeats it with its place.
        self._failed: dict[str, str] = {}

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._flush()

    def v2_runner_on_ok(self, result: Any) -> None:
        host, said, action = _parts(result)
        if action in ("debug", "ansible.builtin.debug"):
            message = said.get("msg", "")
            self._said.append((host, "\n".join(message) if isinstance(message, list) else str(message)))
        elif said.get("changed"):
            self._said.append((host, "changed"))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        host, said, _action = _parts(result)
        if not ignore_errors:
            self._failed[host] = f"FAILED: {said.get('msg', 'no message')}"

    def v2_runner_on_unreachable(self, result: Any) -> None:
        host, said, _action = _parts(result)
        self._failed[host] = f"UNREACHABLE: {said.get('msg', 'no message')}"

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._flush()
        for host, message in sorted(self._failed.items()):
            for line in f"{host} {message}".replace("\n    ", " ").splitlines():  # broken for another width
                self._display.display(textwrap.fill(line, WIDTH, subsequent_indent="  "), color="red")
        counts = {host: stats.summarize(host) for host in sorted(stats.processed)}
        changed = [host for host, count in counts.items() if count["changed"]]
        failed = [host for host, count in counts.items() if count["failures"] or count["unreachable"]]
        self._display.display(
            f"recap: {len(counts)} {'host' if len(counts) == 1 else 'hosts'}, {len(changed)} changed, {len(failed)} failed"
        )
        if path := os.environ.get("DEMO_STATS"):
            Path(path).write_text(json.dumps(counts), encoding="utf-8")

    def _flush(self) -> None:
        for host, text in sorted(self._said):
            first, *rest = text.splitlines() or [""]
            if rest:
                self._display.display("")
            named = first.lower().startswith(host.lower()) or host == "localhost"
            self._display.display(first if named else f"{host}: {first}", color="bright blue")
            for line in rest:
                self._display.display(line, color=_COLOURS.get(line.strip()[:1]))
        self._said.clear()


def _parts(result: Any) -> tuple[str, dict[str, Any], str]:
    """Inventory name, result and action, from the two shapes that versions of ansible-core hand over."""
    host = getattr(result, "host", None) or result._host
    said = getattr(result, "result", None) or result._result
    task = getattr(result, "task", None) or result._task
    name = "localhost" if "_ansible_delegated_vars" in said else host.get_name()
    return name, dict(said), task.action

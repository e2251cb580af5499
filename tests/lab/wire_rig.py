# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests of the wire: a WinRM service that keeps what it is sent, and a real ansible-playbook to send it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import http, wsman
from lab.counters import Caps, Counters
from lab.payload import COLLECTIONS, decode
from lab.sockets import listen

ROOT = Path(__file__).resolve().parents[2]
CREDENTIALS = http.Credentials("somebody", "a:b%c")
ADDRESS = "127.0.0.1"

MODULE = """#!powershell
#Requires -Version 5.1
'{"changed": false}'
"""
CHORES = """
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        path = self._make_tmp_path()
        self._remove_tmp_path(path, force=True)
        return {"changed": False, "path": path}
"""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - wire.probe.echo:
        text: "Grüße; ' \\" `$(x) \\\\"
        number: 9007199254740993
        items: [1, two, null, {key: [true]}]
        empty: []
      diff: true
    - wire.probe.echo: {text: checked}
      check_mode: true
    - wire.probe.chores:
    - wire.probe.echo: {text: became}
      become: true
      become_method: runas
      become_user: SYSTEM
"""


@dataclass
class Recorder:
    """What arrived, in order. Module calls are answered with their arguments; everything not understood fails."""

    port: int = 0
    counters: Counters = field(default_factory=Counters)
    commands: list[tuple[str, bytes]] = field(default_factory=list)
    settled: int = 0

    async def run(self, line: str, stdin: bytes) -> wsman.Outcome:
        self.commands.append((line, stdin))
        call = decode(line, stdin)
        if call.kind == "module":
            return wsman.Outcome(0, json.dumps({"changed": False, "args": call.args}).encode())
        return wsman.Outcome(1 if call.kind == "unknown" else 0, f"{call.name}\r\n".encode())

    def settle(self) -> None:
        self.settled += 1


@contextmanager
def recording(caps: Caps = Caps()) -> Iterator[Recorder]:  # noqa: B008 (frozen)
    """A recorder on a port of its own, served by a thread as long as the context lasts."""
    recorder, loop, ready = Recorder(), asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        service = wsman.Service(recorder.run, recorder.counters, caps, recorder.settle)
        handler = http.guarded(CREDENTIALS, service.handle, recorder.counters.refuse)
        server = await listen(lambda: http.Connection(handler, wsman.MOST_ENVELOPE), (ADDRESS, 0))
        recorder.port = server.sockets[0].getsockname()[1]
        ready.set()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.create_task(serve())
        loop.run_forever()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    if not ready.wait(10):
        raise TimeoutError("the recorder does not come up")
    try:
        yield recorder
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def playbooks() -> list[Path]:
    """Every ansible-playbook of this checkout: beside the running Python first, then those of other cores."""
    name = "ansible-playbook"
    found = [Path(sys.executable).with_name(name), *sorted((ROOT / ".env").glob(f"core-*/bin/{name}"))]
    return list(dict.fromkeys(path for path in found if path.exists()))


def play(playbook: Path, directory: Path, port: int, text: str = PLAY) -> subprocess.CompletedProcess[str]:
    """Run a play with the collection ``wire.probe`` against a recorder; everything Ansible needs stands in ``directory``."""
    plugins = directory / COLLECTIONS / "wire" / "probe" / "plugins"
    for kind, name, content in (
        ("modules", "echo.ps1", MODULE),
        ("modules", "echo.py", 'DOCUMENTATION = "module: echo"\n'),
        ("modules", "chores.py", 'DOCUMENTATION = "module: chores"\n'),
        ("action", "chores.py", CHORES),
    ):
        (plugins / kind).mkdir(parents=True, exist_ok=True)
        (plugins / kind / name).write_text(content, encoding="utf-8")
    variables: dict[str, Any] = {
        "ansible_connection": "winrm",
        "ansible_winrm_transport": "basic",
        "ansible_winrm_scheme": "http",
        "ansible_host": ADDRESS,
        "ansible_port": port,
        "ansible_user": CREDENTIALS.user,
        "ansible_password": CREDENTIALS.password,
    }
    (directory / "hosts.json").write_text(json.dumps({"all": {"hosts": {"simulated": variables}}}), encoding="utf-8")
    (directory / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
    (directory / "play.yml").write_text(text, encoding="utf-8")
    values = {
        "ANSIBLE_COLLECTIONS_PATH": str(directory),
        "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONPATH": "",
    }
    command = [str(playbook), "-i", str(directory / "hosts.json"), str(directory / "play.yml"), "-v"]
    return subprocess.run(
        command, env={**os.environ, **values}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )

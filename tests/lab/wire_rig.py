# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests of the wire: a WinRM service that keeps what it is sent, and a real ansible-playbook to send it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import http, psrp, wsman
from lab.certificates import Maker, Material
from lab.counters import Caps, Counters
from lab.listener import Inside, open_door, prepare
from lab.payload import COLLECTIONS, Call, decode, decode_script
from lab.transports import DEFAULT, TRANSPORTS

ROOT = Path(__file__).resolve().parents[2]
CREDENTIALS, PLAIN_CREDENTIALS = http.Credentials("somebody", "a:b%c"), http.Credentials("somebody", "a b%c")
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


ECHOED = {
    "text": "Grüße; ' \" `$(x) \\",
    "number": 9007199254740993,
    "items": [1, "two", None, {"key": [True]}],
    "empty": [],
}


def expect_the_play(calls: list[Call]) -> None:
    """Asserts that these are the five commands of the play, with every value as the play has it."""
    first, checked, made, removed, became = calls
    assert first == Call("module", "wire.probe.echo", ECHOED, check_mode=False, diff=True, verbosity=1)
    assert checked == Call("module", "wire.probe.echo", {"text": "checked"}, check_mode=True, diff=False, verbosity=1)
    assert made.kind == "mkdtemp"
    assert made.name.startswith("%TEMP%\\ansible-tmp-")
    assert removed == Call("remove", made.name + "\\.")
    assert became == Call("module", "wire.probe.echo", {"text": "became"}, diff=False, verbosity=1, become="SYSTEM")


@dataclass
class Recorder:
    """What arrived, in order. Module calls are answered with their arguments; everything not understood fails.

    ``variables``: how Ansible gets here, over the transport that was asked for.
    """

    port: int = 0
    ca_file: Path = Path()
    variables: dict[str, Any] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)
    commands: list[tuple[str, bytes]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    settled: int = 0

    async def run(self, line: str, stdin: bytes) -> wsman.Outcome:
        return self.answer(line, stdin, decode(line, stdin))

    async def run_script(self, script: str, stdin: bytes) -> wsman.Outcome:
        return self.answer(script, stdin, decode_script(script, stdin))

    def answer(self, line: str, stdin: bytes, call: Call) -> wsman.Outcome:
        self.commands.append((line, stdin))
        self.calls.append(call)
        if call.kind == "module":
            return wsman.Outcome(0, json.dumps({"changed": False, "args": call.args}).encode())
        return wsman.Outcome(1 if call.kind == "unknown" else 0, f"{call.name}\r\n".encode())

    def settle(self) -> None:
        self.settled += 1


@contextmanager
def recording(caps: Caps = Caps(), transport: str = DEFAULT) -> Iterator[Recorder]:  # noqa: B008 (frozen)
    """A recorder on a port of its own, served by a thread as long as the context lasts."""
    recorder, loop, ready = Recorder(), asyncio.new_event_loop(), threading.Event()
    way, maker, place = TRANSPORTS[transport], Maker(), tempfile.TemporaryDirectory(prefix="wire-")
    # The file that pyspnego reads cannot hold a colon.
    credentials = CREDENTIALS if way.auth == "basic" else PLAIN_CREDENTIALS
    recorder.ca_file = Path(place.name) / "ca.pem"
    recorder.ca_file.write_bytes(maker.ca_pem)

    def certify(address: str) -> Material:
        return maker.certificate("WinRM", [address], None)

    shared = prepare([way], Path(place.name), credentials, certify)

    async def serve() -> None:
        service = wsman.Service(recorder.run, recorder.counters, caps, recorder.settle)
        service.resources[psrp.URI] = psrp.Remoting(recorder.run_script, recorder.counters, recorder.settle).operations
        recorder.port = free_port()
        inside = Inside(service.handle, recorder.run_script, recorder.counters, caps, recorder.settle)
        await open_door(way, (ADDRESS, recorder.port), shared, inside)
        recorder.variables = {
            "ansible_user": credentials.user,
            "ansible_password": credentials.password,
            **way.variables(recorder.ca_file),
            "ansible_host": ADDRESS,
            "ansible_port": recorder.port,
        }
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
        place.cleanup()


def free_port() -> int:
    with socket.create_server((ADDRESS, 0)) as taken:
        return int(taken.getsockname()[1])


def playbooks() -> list[Path]:
    """Every ansible-playbook of this checkout: beside the running Python first, then those of other cores."""
    name = "ansible-playbook"
    found = [Path(sys.executable).with_name(name), *sorted((ROOT / ".env").glob(f"core-*/bin/{name}"))]
    return list(dict.fromkeys(path for path in found if path.exists()))


def play(playbook: Path, directory: Path, recorder: Recorder, text: str = PLAY) -> subprocess.CompletedProcess[str]:
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
    inventory = {"all": {"hosts": {"simulated": recorder.variables}}}
    (directory / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
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

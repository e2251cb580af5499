# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests of the wire: a lab started by its command line, and one host description to start it with."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from lab import control
from lab.cli import PROGRAM
from lab.wire_client import Client

ADDRESS, SECOND, UNHEARD = "10.0.0.5", "2001:db8::5", "10.0.0.9"
OLD, NEW = "0123456789abcdef0123456789abcdef01234567", "89ABCDEF0123456789ABCDEF0123456789ABCDEF"
HOST = {
    "slug": "web-1",
    "title": "one site, one spare certificate",
    "os": {"name": "Windows Server 2022", "build": "10.0.20348", "iis": "10.0", "language": "en-US"},
    "sites": [
        {
            "id": 1,
            "name": "Shop",
            "state": "Started",
            "bindings": [{"protocol": "https", "information": "*:443:shop.example.com", "ssl_flags": 1}],
        }
    ],
    "records": [
        {
            "family": "hostnameport",
            "key": "shop.example.com:443",
            "thumbprint": OLD,
            "store": "MY",
            "app_id": "{4dc3e181-e14b-4a21-b022-59fc669b0914}",
            "options": {},
        }
    ],
    "certificates": [
        {"thumbprint": text, "names": ["shop.example.com"], "not_after": "2030-01-01", "in_store": True, "key": "ok"}
        for text in (OLD, NEW)
    ],
    "ip_listen": [ADDRESS, SECOND],
    "local_addresses": [ADDRESS, SECOND, UNHEARD],
    "questions": [],
}


def command_line(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


class Running:
    """A started lab and what its files say."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        group = yaml.safe_load((directory / "inventory.yml").read_text(encoding="utf-8"))["windows"]
        self.variables: dict[str, Any] = group["vars"]
        self.hosts: dict[str, dict[str, Any]] = group["hosts"]
        self.thumbprints = json.loads((directory / "thumbprints.json").read_text(encoding="utf-8"))

    def client(self, slug: str = "web-1") -> Client:
        variables = self.variables
        return Client(
            self.hosts[slug]["ansible_host"],
            variables["ansible_port"],
            variables["ansible_user"],
            variables["ansible_password"],
        )

    def counters(self, slug: str = "web-1") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.directory / "counters.json").read_text(encoding="utf-8"))[slug]
        return found

    def fault(self, name: str, /, **values: Any) -> None:
        """Plan a fault of the host."""
        control.ask(self.directory, "fault", host="web-1", fault={"fault": name, **values})

    def heal(self) -> None:
        control.ask(self.directory, "heal")

    def transcript(self, slug: str = "web-1") -> list[dict[str, Any]]:
        text = (self.directory / "transcripts" / f"{slug}.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def shake(self, address: str, port: int, sni: str | None, slug: str = "web-1") -> str:
        """Thumbprint served at an address and port of the simulated machine."""
        prefix = f"[{address}]:{port}:" if ":" in address else f"{address}:{port}:"
        (entry,) = (entry for entry in self.hosts[slug]["tlsfleet_connect_to"] if entry.startswith(prefix))
        host, _colon, number = entry.removeprefix(prefix).rpartition(":")
        context = ssl.create_default_context(cafile=self.variables["tlsfleet_ca_file"])
        context.check_hostname = False
        with (
            socket.create_connection((host, int(number)), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=sni) as secure,
        ):
            return hashlib.sha1(secure.getpeercert(True) or b"").hexdigest().upper()


@contextmanager
def started(directory: Path, *words: str) -> Iterator[Running]:
    """A lab of one host below ``directory``, stopped in the end."""
    (directory / "hosts").mkdir(parents=True)
    (directory / "hosts" / "web-1.json").write_text(json.dumps(HOST), encoding="utf-8")
    done = command_line("start", "--dir", directory / "lab", "--fixtures", directory / "hosts", *words)
    assert done.returncode == 0, done.stderr
    assert "simulated" in done.stdout
    try:
        yield Running(directory / "lab")
    finally:
        stopped = command_line("stop", "--dir", directory / "lab")
    assert stopped.returncode == 0, stopped.stderr


def document(answer: dict[str, Any]) -> dict[str, Any]:
    packed = answer.get("document_gz")
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed))) if packed else answer["document"]
    return found


def read(client: Client) -> dict[str, Any]:
    arguments = {"contract": 1, "certificates": "candidates", "key_check": "open"}
    return document(client.module("tlsfleet.iis.host_reader", arguments))

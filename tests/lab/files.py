# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab writes into its directory. YAML is written as plain lines: every value is a JSON text, which YAML takes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.transports import Transport

INVENTORY, CA, THUMBPRINTS, COUNTERS, LOG, PID = (
    "inventory.yml",
    "ca.pem",
    "thumbprints.json",
    "counters.json",
    "lab.log",
    "lab.pid",
)


@dataclass(frozen=True)
class InventoryHost:
    """One host as the inventory shows it."""

    slug: str
    address: str
    connect_to: list[str]
    transport: Transport


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file in one go, so that a reader never meets half of it."""
    fresh = path.with_name(f".{path.name}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def write_json(path: Path, data: Any) -> None:
    write(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def inventory(hosts: Sequence[InventoryHost], user: str, password: str, ca_file: Path) -> str:
    """The inventory: group ``windows``, host names are the slugs. How to connect stands where it holds for all: at the
    group when every host is reached in the same way, else at the hosts."""
    ways = {
        host.transport.name: {
            "ansible_user": user,
            "ansible_password": password,
            **host.transport.variables(ca_file),
        }
        for host in hosts
    }
    common, *others = ways.values()
    common = {**({} if others else common), "tlsfleet_ca_file": str(ca_file)}
    lines = [
        "# Simulated hosts: made by tests/lab, gone when the lab stops.",
        "# tlsfleet_connect_to: simulated address and port, then where it stands on loopback, as in curl --connect-to.",
        "windows:",
        "  vars:",
    ]
    lines += [f"    {name}: {json.dumps(value)}" for name, value in common.items()]
    lines.append("  hosts:")
    for host in hosts:
        own = ways[host.transport.name] if others else {}
        lines += [
            f"    {json.dumps(host.slug)}:",
            f"      ansible_host: {json.dumps(host.address)}",
            *(f"      {name}: {json.dumps(value)}" for name, value in own.items()),
            "      tlsfleet_connect_to:",
            *(f"        - {json.dumps(entry)}" for entry in host.connect_to),
        ]
    return "\n".join(lines) + "\n"

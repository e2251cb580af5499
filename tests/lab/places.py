# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a lab stands on loopback: one block 127.x.0.0/16 per lab, one loopback address per local address of a host."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

WINRM_PORT, WINRM_TLS_PORT = 5985, 5986
# Stands for 22.
SSH_PORT = 20022
# Ports below 1024 need root; on the two of WinRM the lab itself answers.
SHIFT = 20000
# A rollout may open these although no description mentions them.
USUAL_PORTS = frozenset({443, 444, 8443, 9443})
HOSTS_PER_ROW = 250
FIRST_BLOCK, LAST_BLOCK = 16, 250


class NoPlace(Exception):
    """The loopback network cannot hold what was asked for; the text says why."""


def high_port(port: int) -> int:
    """The loopback port that stands for a port of the host."""
    return SHIFT + port if port < 1024 or port in (WINRM_PORT, WINRM_TLS_PORT) else port


@dataclass(frozen=True)
class Block:
    """127.``number``.0.0/16, kept from other labs by a socket that is open as long as this one runs."""

    number: int
    lock: socket.socket

    def addresses(self) -> Iterator[str]:
        for row in range(1, 250):
            for column in range(1, HOSTS_PER_ROW + 1):
                yield f"127.{self.number}.{row}.{column}"
        raise NoPlace("more local addresses than a lab has room for")


def take_block() -> Block:
    """A block that no other lab on this machine holds."""
    numbers = list(range(FIRST_BLOCK, LAST_BLOCK))
    random.shuffle(numbers)
    for number in numbers:
        lock = socket.socket()
        try:
            lock.bind((f"127.{number}.255.254", SHIFT))
            lock.listen(1)
        except OSError:
            lock.close()
            continue
        return Block(number, lock)
    raise NoPlace("no block 127.x.0.0/16 is free: are other labs left running?")


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def connect_to(loopbacks: dict[str, str], ports: Iterable[int]) -> list[str]:
    """The map in curl's --connect-to notation. Raises NoPlace when two ports would need the same loopback port."""
    wanted = sorted(set(ports) | USUAL_PORTS)
    by_high: dict[int, int] = {}
    for port in wanted:
        other = by_high.setdefault(high_port(port), port)
        if other != port:
            raise NoPlace(f"ports {other} and {port} would both stand on loopback port {high_port(port)}")
    return [
        f"{bracketed(address)}:{port}:{loopback}:{high_port(port)}"
        for address, loopback in loopbacks.items()
        for port in wanted
    ]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSH of a simulated host, with PowerShell as its default shell: one command for each channel, no file transfer.

Only keys are taken: for passwords Ansible would need a further program on the controller.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from lab.counters import Caps, Counters
from lab.live import OPEN
from lab.payload import reads_input
from lab.transports import KNOWN_HOSTS, SSH_KEY
from lab.wsman import Run

Process = asyncssh.SSHServerProcess[bytes]


@dataclass(frozen=True)
class Keys:
    """The key of all hosts of a lab, and the public half of the key that its user proves to have."""

    host: asyncssh.SSHKey
    user: asyncssh.SSHKey


def make_keys(directory: Path) -> Keys:
    """New keys; the user's own and the list of known hosts are written where the inventory says they are."""
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    keys = Keys(asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519"))
    with open(os.open(directory / SSH_KEY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(keys.user.export_private_key())
    public = keys.host.export_public_key().decode().strip()
    (directory / KNOWN_HOSTS).write_text(f"[127.*]:* {public}\n", encoding="ascii")
    return keys


class Session(asyncssh.SSHServer):
    """One connection: who may come in."""

    def __init__(self, user: str, keys: Keys, counters: Counters, place: tuple[str, int]) -> None:
        self._user, self._keys, self._counters, self._place = user, keys, counters, place
        self._admitted = False
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        OPEN.made(conn, self._place)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = key.public_data == self._keys.user.public_data
        if username == self._user and known:
            return True
        self._counters.refuse()
        return False

    def auth_completed(self) -> None:
        self._admitted = True
        self._counters.shells_opened += 1

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            OPEN.lost(self._connection)
        if self._admitted:
            self._counters.shells_closed += 1


async def open_ssh(
    place: tuple[str, int],
    user: str,
    keys: Keys,
    run: Run,
    counters: Counters,
    caps: Caps,
    settled: Callable[[], None],
) -> asyncssh.SSHAcceptor:
    """Listen at an address and port; ``run`` gets a command and what came on its standard input. Raises OSError."""

    async def handle(process: Process) -> None:
        line = process.command or ""
        # Like PowerShell: a script that does not look at its input does not wait for the end of it either.
        stdin = await process.stdin.read() if reads_input(line) else b""
        counters.request(len(stdin))
        exhausted = counters.exhausted(caps)
        if exhausted:
            process.stderr.write(f"simulated host: {exhausted} since the last reset\r\n".encode())
            process.exit(1)
            return
        counters.commands += 1
        outcome = await run(line, stdin)
        settled()
        process.stdout.write(outcome.stdout)
        process.stderr.write(outcome.stderr)
        process.exit(outcome.code)

    return await asyncssh.listen(
        *place,
        reuse_address=True,
        server_factory=lambda: Session(user, keys, counters, place),
        server_host_keys=[keys.host],
        process_factory=handle,
        encoding=None,
        sftp_factory=None,
        allow_scp=False,
    )

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests of the wire: module calls by pywinrm without Ansible, and raw HTTP for what pywinrm would never send."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any

from winrm.protocol import Protocol

from lab.payload import SEPARATOR

LINE = f"powershell -EncodedCommand {base64.b64encode('# bootstrap'.encode('utf-16-le')).decode()}"


class Client:
    """One user of one host; counts nothing and retries nothing."""

    def __init__(self, address: str, port: int, user: str, password: str, timeout: int = 20) -> None:
        self.protocol = Protocol(
            f"http://{address}:{port}/wsman",
            transport="basic",
            username=user,
            password=password,
            ca_trust_path="none: plain HTTP",
            operation_timeout_sec=timeout,
            read_timeout_sec=timeout + 10,
        )
        self._address, self._port = address, port
        self._basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def command(self, line: str, stdin: bytes | None) -> tuple[bytes, bytes, int]:
        """Standard output, standard error and exit code of one command in a shell and a connection of its own."""
        try:
            return self._command(line, stdin)
        finally:
            self.protocol.transport.close_session()

    def _command(self, line: str, stdin: bytes | None) -> tuple[bytes, bytes, int]:
        shell = self.protocol.open_shell()
        command = self.protocol.run_command(shell, line, console_mode_stdin=stdin is None)
        if stdin is not None:
            for start in range(0, len(stdin), 200_000):
                piece = stdin[start : start + 200_000]
                self.protocol.send_command_input(shell, command, piece, end=start + len(piece) == len(stdin))
        said: tuple[bytes, bytes, int] = self.protocol.get_command_output(shell, command)
        self.protocol.cleanup_command(shell, command)
        self.protocol.close_shell(shell)
        return said

    def module(self, name: str, args: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
        """The result of a module; an AssertionError with what the host said when there is none."""
        own = {"_ansible_module_name": name, "_ansible_check_mode": check_mode}
        payload = {"actions": ["module"], "module_args": {**args, **own}}
        out, err, code = self.command(LINE, b"source" + SEPARATOR + json.dumps(payload).encode())
        assert code == 0, err.decode()
        result: dict[str, Any] = json.loads(out)
        return result

    def post(self, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of a raw POST; a header given as empty text is left out."""
        sent = {"Authorization": self._basic, **{name.replace("_", "-"): text for name, text in headers.items()}}
        connection = http.client.HTTPConnection(self._address, self._port, timeout=20)
        try:
            connection.request("POST", "/wsman", body, {name: text for name, text in sent.items() if text})
            answer = connection.getresponse()
            return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()
        finally:
            connection.close()

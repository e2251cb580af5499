# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP and WSMan as an unmodified client meets them: answers, refusals, limits, counts."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator

import pytest
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from lab import soap, wsman
from lab.counters import Caps
from lab.payload import SEPARATOR
from lab.wire_client import LINE, Client
from lab.wire_rig import ADDRESS, CREDENTIALS, Recorder, recording


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording() as running:
        yield running


def client(recorder: Recorder, password: str = CREDENTIALS.password, timeout: int = 20) -> Client:
    return Client(ADDRESS, recorder.port, CREDENTIALS.user, password, timeout)


def test_module_call(recorder: Recorder) -> None:
    assert client(recorder).module("a.b.c", {"text": "é" * 300_000}) == {
        "changed": False,
        "args": {"text": "é" * 300_000},
    }
    counts = recorder.counters
    # \\u00e9 each: 1.8 MB of input in 10 Sends, as much output in 19 Receives.
    assert counts.requests == 4 + 10 + 19
    assert counts.bytes > 1_800_000 * 4 / 3
    assert (counts.shells_opened, counts.shells_closed, counts.commands, counts.faults) == (1, 1, 1, 0)


def test_wrong_password(recorder: Recorder) -> None:
    with pytest.raises(InvalidCredentialsError):
        client(recorder, "wrong").protocol.open_shell()
    assert (recorder.counters.refused, recorder.counters.requests) == (1, 0)


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Negotiate YII=", "Bearer x"])
def test_no_credentials(recorder: Recorder, header: str) -> None:
    status, headers, _body = client(recorder).post(soap.request("Create", None), Authorization=header)
    assert status == 401
    assert headers["www-authenticate"] == 'Basic realm="WSMAN"'
    assert recorder.counters.shells_opened == 0


def raw(recorder: Recorder, sent: bytes) -> bytes:
    """Everything that comes back for bytes of one's own, until the server closes."""
    with socket.create_connection((ADDRESS, recorder.port), timeout=10) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /wsman SPDY/3\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /wsman HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST /wsman HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
        (b"POST /elsewhere HTTP/1.1\r\n\r\n", 404),
        (b"GET /wsman HTTP/1.1\r\n\r\n", 405),
    ],
)
def test_bad_http(recorder: Recorder, sent: bytes, status: int) -> None:
    assert raw(recorder, sent).startswith(f"HTTP/1.1 {status} ".encode())


def test_pipelined_and_split_requests(recorder: Recorder) -> None:
    body = soap.request("Create", None)
    head = f"POST /wsman HTTP/1.1\r\nAuthorization: {CREDENTIALS.header}\r\nContent-Length: {len(body)}\r\n"
    one = head.encode() + b"\r\n" + body
    last = head.encode() + b"Connection: close\r\n\r\n" + body
    with socket.create_connection((ADDRESS, recorder.port), timeout=10) as connection:
        for piece in (one[:50], one[50:-3], one[-3:] + one + last[:10], last[10:]):
            connection.sendall(piece)
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    assert said.count(b"HTTP/1.1 200 OK") == 3
    assert recorder.counters.shells_opened == 3


def test_tls_to_the_plain_port_is_reset(recorder: Recorder) -> None:
    with pytest.raises(ConnectionResetError):
        raw(recorder, b"\x16\x03\x01\x00\x05hello")


def fault_of(answer: tuple[int, dict[str, str], bytes]) -> str:
    status, _headers, body = answer
    assert status == 500
    assert b"simulated host" in body
    return body.decode()


def test_unknown_action_and_resource(recorder: Recorder) -> None:
    user = client(recorder)
    assert "a:ActionNotSupported" in fault_of(user.post(soap.request("Get", None)))
    elsewhere = soap.request("Create", None).replace(b"shell/cmd", b"powershell/Microsoft.PowerShell")
    assert "a:DestinationUnreachable" in fault_of(user.post(elsewhere))
    assert recorder.counters.faults == 2
    assert recorder.counters.shells_opened == 0


@pytest.mark.parametrize("body", [b"", b"no xml", b"<a/>", b'<!DOCTYPE x [<!ENTITY y "z">]><x>&y;</x>'])
def test_no_envelope(recorder: Recorder, body: bytes) -> None:
    assert "w:SchemaValidationError" in fault_of(client(recorder).post(body))


def test_answers_relate_to_their_request(recorder: Recorder) -> None:
    body = soap.request("Create", None)
    sent = body[body.index(b"uuid:") :][:41].decode()
    uuid.UUID(sent)
    for request in (body, body.replace(b"Create", b"Get")):
        _status, _headers, answer = client(recorder).post(request)
        assert f"<a:RelatesTo>{sent}</a:RelatesTo>" in answer.decode()


def test_unknown_shell_and_command(recorder: Recorder) -> None:
    user = client(recorder).protocol
    for what in (lambda: user.run_command("nowhere", "x"), lambda: user.close_shell("nowhere", close_session=False)):
        with pytest.raises(WSManFaultError) as caught:
            what()
        assert caught.value.wsman_fault_code == soap.SHELL_NOT_FOUND
    with pytest.raises(WSManFaultError):
        user.get_command_output_raw(user.open_shell(), "no-command")
    assert recorder.counters.faults == 3


def test_input_after_its_end(recorder: Recorder) -> None:
    user = client(recorder).protocol
    shell = user.open_shell()
    command = user.run_command(shell, LINE, console_mode_stdin=False)
    user.send_command_input(shell, command, b"x", end=True)
    with pytest.raises(WSManFaultError):
        user.send_command_input(shell, command, b"y", end=True)


def test_waiting_for_a_command_without_its_input(recorder: Recorder) -> None:
    user = client(recorder, timeout=1).protocol
    shell = user.open_shell()
    command = user.run_command(shell, LINE, console_mode_stdin=False)
    with pytest.raises(WinRMOperationTimeoutError):
        user.get_command_output_raw(shell, command)
    assert recorder.counters.faults == 0
    assert recorder.commands == []


def test_command_line_of_cmd_exe(recorder: Recorder) -> None:
    longest = "x" * 8191
    _out, err, code = client(recorder).command(longest, None)
    assert (code, err, recorder.commands) == (1, b"", [(longest, b"")])
    for stdin in (None, b"source" + SEPARATOR + b"{}"):
        _out, err, code = client(recorder).command(longest + "x", stdin)
        assert code == 1
        assert b"too long" in err
    assert len(recorder.commands) == 1
    assert recorder.counters.unknown == 2


def test_envelope_limit(recorder: Recorder) -> None:
    body = soap.request("Create", None)
    padded = body + b" " * (wsman.MOST_ENVELOPE - len(body))
    assert client(recorder).post(padded)[0] == 200
    assert "w:EncodingLimit" in fault_of(client(recorder).post(padded + b" "))
    assert recorder.counters.shells_opened == 1


@pytest.mark.parametrize(
    ("caps", "opened", "why"), [(Caps(requests=3), 3, "3 requests"), (Caps(bytes=2_500), 2, "2500 bytes")]
)
def test_caps(caps: Caps, opened: int, why: str) -> None:
    body = soap.request("Create", None)
    body += b" " * (1_000 - len(body))
    with recording(caps) as recorder:
        user = client(recorder)
        statuses = [user.post(body)[0] for _round in range(5)]
        assert statuses == [200] * opened + [500] * (5 - opened)
        assert f"more than {why}" in fault_of(user.post(body))
        recorder.counters.reset()
        assert user.post(body)[0] == 200


def test_a_host_that_breaks_says_so(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(line: str, stdin: bytes) -> wsman.Outcome:
        raise ZeroDivisionError

    monkeypatch.setattr(wsman.Service, "_finish", broken)
    user = client(recorder).protocol
    shell = user.open_shell()
    command = user.run_command(shell, "x")
    with pytest.raises(WinRMTransportError, match="500") as caught:
        user.get_command_output_raw(shell, command)
    assert "simulated host failed" in caught.value.response_text


def test_counters_are_plain_data(recorder: Recorder) -> None:
    client(recorder).module("a.b.c", {})
    assert json.loads(json.dumps(recorder.counters.as_dict()))["commands"] == 1

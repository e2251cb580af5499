# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NTLM: the real ansible-playbook over HTTP and HTTPS, message encryption, and everything that must be refused."""

from __future__ import annotations

import base64
import http.client
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import spnego
from cryptography import x509
from spnego.channel_bindings import GssChannelBindings

from lab import ntlm, soap
from lab.http import Credentials
from lab.wire_lab import Running
from lab.wire_rig import ADDRESS, PLAIN_CREDENTIALS, Recorder, expect_the_play, play, playbooks, recording
from lab.wire_tap import tapped
from lab.wire_transports import (
    READ,
    each_core,
    expected_requests,
    fleet_over,
    read_and_change,
    readable,
    with_wrong_password,
)
from lab.wsman import MOST_ENVELOPE

CREATE = soap.request("Create", None)


@each_core
def test_read_and_change(core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_over(tmp_path / "lab", core, monkeypatch, "basic", "ntlm", "ntlm-https") as fleet:
        counted = read_and_change(fleet, "basic", "ntlm", "ntlm-https")
    requests = {slug: counts["requests"] for slug, counts in counted.items()}
    # 2 + 4k for each of the two tasks; a further one where a module is longer than one Send.
    assert requests["basic"] == requests["ntlm"] == requests["ntlm-https"]
    assert requests["basic"] - 16 in (0, 1, 2, 3)
    # One connection for each task. Over HTTP the proof comes first, over HTTPS its last message brings a request along.
    assert {slug: counts["handshakes"] for slug, counts in counted.items()} == {"basic": 0, "ntlm": 6, "ntlm-https": 4}


@each_core
def test_wrong_password(core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_over(tmp_path / "lab", core, monkeypatch, "ntlm", "ntlm-https") as fleet:
        played = with_wrong_password(fleet)
        for slug in ("ntlm", "ntlm-https"):
            result, counts = played.of("read", slug), fleet.counters(slug)
            assert result.status == "unreachable"
            assert "ntlm: the specified credentials were rejected by the server" in result["msg"]
            assert (counts["refused"], counts["handshakes"], counts["requests"], counts["shells_opened"]) == (
                1,
                2,
                0,
                0,
            )


@pytest.mark.parametrize("transport", ["ntlm", "ntlm-https"])
@each_core
def test_requests_are_exact(core: Path, transport: str, tmp_path: Path) -> None:
    with recording(transport=transport) as recorder:
        done = play(core, tmp_path, recorder)
        expect_the_play(recorder.calls)
    assert "ok=4" in done.stdout and "failed=0" in done.stdout, done.stdout
    counts = recorder.counters
    assert counts.requests == expected_requests(recorder)
    assert (counts.shells_opened, counts.shells_closed, counts.faults, counts.refused) == (4, 4, 0, 0)
    assert counts.handshakes == 4 * (3 if transport == "ntlm" else 2)


def test_nobody_can_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = {}
    with fleet_over(tmp_path / "lab", playbooks()[0], monkeypatch, "basic", "ntlm") as fleet:
        for slug in ("basic", "ntlm"):
            with tapped(Running(fleet.place).hosts[slug]["ansible_host"], 5985) as tap:
                words = ("-e", f"ansible_port={tap.port}", "-e", "ansible_host=127.0.0.1")
                assert fleet.play([READ], *words, hosts=slug).of("read")["simulated"] is True
            heard[slug] = bytes(tap.heard)
    assert len(heard["ntlm"]) > 100_000
    for word in ("host_reader", "_ansible_check_mode", "shop.example.com", "CommandLine", "Envelope"):
        # The same search finds it where nothing is encrypted.
        assert readable(heard["basic"], word), word
        assert not readable(heard["ntlm"], word), word
    assert heard["ntlm"].count(b"--Encrypted Boundary--") == 2 * 6


class Client:
    """An NTLM client of one TCP connection that can do wrong on purpose."""

    def __init__(self, recorder: Recorder, user: Credentials = PLAIN_CREDENTIALS) -> None:
        if recorder.variables["ansible_winrm_scheme"] == "https":
            context = ssl.create_default_context(cafile=str(recorder.ca_file))
            secure = http.client.HTTPSConnection(ADDRESS, recorder.port, timeout=20, context=context)
            self.connection: http.client.HTTPConnection = secure
        else:
            self.connection = http.client.HTTPConnection(ADDRESS, recorder.port, timeout=20)
        self.user = user

    def post(self, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        self.connection.request("POST", "/wsman", body, sent)
        answer = self.connection.getresponse()
        return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()

    def prove(self, protocol: str = "ntlm", bindings: GssChannelBindings | None = None, body: bytes = b"") -> int:
        """The exchange; the status of its last answer."""
        self.context = spnego.client(
            self.user.user,
            self.user.password,
            protocol=protocol,
            channel_bindings=bindings,
            options=spnego.NegotiateOptions.use_ntlm if protocol == "ntlm" else spnego.NegotiateOptions.use_negotiate,
        )
        token, status = self.context.step(), 401
        while token:
            last = status == 401 and self.context.complete
            said = f"Negotiate {base64.b64encode(token).decode()}"
            status, headers, _body = self.post(body if last else b"", Authorization=said)
            challenge = headers.get("www-authenticate", "").removeprefix("Negotiate").strip()
            token = self.context.step(base64.b64decode(challenge)) if challenge else None
        return status

    def sealed(self, body: bytes) -> tuple[int, bytes]:
        """Send an envelope encrypted; status and decrypted answer."""
        status, headers, answer = self.post(ntlm.seal(self.context, body), Content_Type=ntlm.CONTENT_TYPE)
        if headers["content-type"] == ntlm.CONTENT_TYPE:
            answer = ntlm.unseal(self.context, answer)
        return status, answer


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording(transport="ntlm") as running:
        yield running


@contextmanager
def proven(recorder: Recorder, protocol: str = "ntlm") -> Iterator[Client]:
    client = Client(recorder)
    assert client.prove(protocol) == 200
    yield client
    client.connection.close()


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_encrypted_answers(recorder: Recorder, protocol: str) -> None:
    with proven(recorder, protocol) as client:
        status, answer = client.sealed(CREATE)
        assert status == 200
        assert soap.shell_of(answer)
        # Faults are encrypted as well.
        status, answer = client.sealed(CREATE.replace(b"Create", b"Get"))
        assert status == 500
        assert b"ActionNotSupported" in answer
    assert (recorder.counters.requests, recorder.counters.faults) == (2, 1)
    assert recorder.counters.bytes == 2 * len(CREATE) - len("Create") + len("Get")


def test_credentials_belong_to_the_connection(recorder: Recorder) -> None:
    with proven(recorder) as client:
        assert client.sealed(CREATE)[0] == 200
        stranger = Client(recorder)
        status, headers, _body = stranger.post(ntlm.seal(client.context, CREATE), Content_Type=ntlm.CONTENT_TYPE)
        assert (status, headers["www-authenticate"]) == (401, "Negotiate")
        stranger.connection.close()
    assert recorder.counters.shells_opened == 1


@pytest.mark.parametrize("header", ["Basic c29tZWJvZHk6YSBiJWM=", "Negotiate !!!", "Negotiate AAAA", "Bearer x"])
def test_refused(recorder: Recorder, header: str) -> None:
    client = Client(recorder)
    status, headers, _body = client.post(CREATE, Authorization=header)
    assert (status, headers["www-authenticate"]) == (401, "Negotiate")
    client.connection.close()
    assert (recorder.counters.refused, recorder.counters.requests, recorder.counters.shells_opened) == (1, 0, 0)


@pytest.mark.parametrize("user", [Credentials("nobody", "a b%c"), Credentials("somebody", "A B%C")])
@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_wrong_user_or_password(recorder: Recorder, protocol: str, user: Credentials) -> None:
    client = Client(recorder, user)
    assert client.prove(protocol) == 401
    client.connection.close()
    assert (recorder.counters.refused, recorder.counters.requests) == (1, 0)


def test_the_last_message_alone_proves_nothing(recorder: Recorder) -> None:
    with proven(recorder):
        pass
    client = Client(recorder)
    context = spnego.client("somebody", "a b%c", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    other = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    answer = context.step(other.step(context.step() or b""))
    status, _headers, _body = client.post(CREATE, Authorization=f"Negotiate {base64.b64encode(answer or b'').decode()}")
    assert status == 401
    client.connection.close()
    assert recorder.counters.shells_opened == 0


def test_plain_text_is_refused_over_http(recorder: Recorder) -> None:
    with proven(recorder) as client:
        status, _headers, answer = client.post(CREATE)
        assert status == 500
        assert b"unencrypted traffic is disabled" in answer
    assert (recorder.counters.requests, recorder.counters.faults, recorder.counters.shells_opened) == (0, 1, 0)


@pytest.mark.parametrize("spoil", ["flip", "cut", "length", "again"])
def test_a_spoiled_message_ends_the_connection(recorder: Recorder, spoil: str) -> None:
    with proven(recorder) as client:
        sealed = ntlm.seal(client.context, CREATE)
        if spoil == "flip":
            spoiled = sealed[:-40] + bytes([sealed[-40] ^ 1]) + sealed[-39:]
        elif spoil == "cut":
            spoiled = sealed[:-10]
        elif spoil == "length":
            spoiled = sealed.replace(b"Length=", b"Length=1")
        else:
            assert client.post(sealed, Content_Type=ntlm.CONTENT_TYPE)[0] == 200
            spoiled = sealed
        status, headers, _body = client.post(spoiled, Content_Type=ntlm.CONTENT_TYPE)
        assert (status, headers["connection"]) == (400, "close")
    assert recorder.counters.shells_opened == (1 if spoil == "again" else 0)
    assert recorder.counters.refused == 1


def test_envelope_limit(recorder: Recorder) -> None:
    padded = CREATE + b" " * (MOST_ENVELOPE - len(CREATE))
    with proven(recorder) as client:
        assert client.sealed(padded)[0] == 200
        status, answer = client.sealed(padded + b" ")
        assert status == 500
        assert b"w:EncodingLimit" in answer
    with proven(recorder) as client:
        status, answer = client.sealed(padded + b" " * 2000)
        assert status == 500
        assert b"w:EncodingLimit" in answer


@pytest.mark.parametrize(("bound", "status"), [("right", 200), ("none", 401), ("wrong", 401)])
def test_channel_bindings(bound: str, status: int) -> None:
    with recording(transport="ntlm-https") as recorder:
        client = Client(recorder)
        client.connection.connect()
        bindings = None
        if bound != "none":
            peer = client.connection.sock
            assert isinstance(peer, ssl.SSLSocket)
            bindings = ntlm.channel_bindings(x509.load_der_x509_certificate(peer.getpeercert(True) or b""))
        if bound == "wrong":
            bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + b"x" * 32)
        # Over TLS the last message may bring a request in plain text.
        assert client.prove(bindings=bindings, body=CREATE) == status
        client.connection.close()
    assert recorder.counters.shells_opened == (1 if status == 200 else 0)
    assert recorder.counters.refused == (0 if status == 200 else 1)


def test_a_colon_cannot_stand_in_the_file_of_users(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="colon"):
        ntlm.admit_user(tmp_path, Credentials("somebody", "a:b"))
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_users_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ntlm.USERS, "restored at the end")
    ntlm.admit_user(tmp_path, PLAIN_CREDENTIALS)
    assert (tmp_path / ntlm.USER_FILE).stat().st_mode & 0o077 == 0

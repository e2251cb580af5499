# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""https_endpoint_info against real TLS servers on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell.connect_to import redirect, target
from lab.certificates import Maker
from support.actions import run
from support.certificates import NOW
from support.texts import said

MAKER = Maker(seed=3, now=NOW)
BARE, NAMED = (
    MAKER.certificate("bare", ("bare.example.com",), None),
    MAKER.certificate("named", ("a.example.com",), None),
)


class Server(NamedTuple):
    """Shows NAMED to whoever asks for a.example.com, closes on closed.example.com, and BARE to everybody else."""

    port: int
    asked: list[str | None]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("tls")
    contexts = {name: _context(directory, name, item) for name, item in (("bare", BARE), ("named", NAMED))}
    asked: list[str | None] = []

    def choose(tls: ssl.SSLObject | ssl.SSLSocket, name: str | None, context: ssl.SSLContext) -> int | None:
        asked.append(name)
        if name == "a.example.com":
            tls.context = contexts["named"]
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if name == "closed.example.com" else None

    contexts["bare"].sni_callback = choose
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, contexts["bare"]), daemon=True)
        thread.start()
        yield Server(listening.getsockname()[1], asked)


def _context(directory: Path, name: str, material: Any) -> ssl.SSLContext:
    chain, key = directory / f"{name}.pem", directory / f"{name}.key"
    chain.write_bytes(material.certificate_pem)
    key.write_bytes(material.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


def _serve(listening: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _peer = listening.accept()
        except OSError:
            return
        with connection:
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                continue


def _silent_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def look(server: Server, *endpoints: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Endpoints of 10.0.0.5, which is really the server."""
    asked = [{"address": "10.0.0.5", **item} for item in endpoints]
    redirects = [f"10.0.0.5:443:127.0.0.1:{server.port}", f"10.0.0.5:444:127.0.0.1:{_silent_port()}"]
    return run("https_endpoint_info", {"endpoints": asked, "connect_to": redirects, "timeout": 2, **more})


def test_what_is_shown_with_sni_and_without(server: Server) -> None:
    server.asked.clear()
    result = look(server, {"sni": "A.example.com"}, {}, {"sni": "closed.example.com"}, {"port": 444})
    assert sorted(server.asked, key=str) == [None, "a.example.com", "closed.example.com"]
    assert "failed" not in result and result["changed"] is False
    first, second, third, fourth = result["endpoints"]
    assert first == {
        "address": "10.0.0.5",
        "port": 443,
        "sni": "a.example.com",
        "connected_to": f"127.0.0.1:{server.port}",
        "outcome": "served",
        "served": NAMED.thumbprint,
        "names": ["a.example.com"],
        "not_after": "2027-09-20T12:00:00Z",
        "tls_version": "TLSv1.3",
        "reason": "",
        "expect": None,
        "verdict": None,
    }
    assert (second["sni"], second["served"]) == (None, BARE.thumbprint)
    assert (third["outcome"], third["served"]) == ("no_handshake", None) and third["reason"]
    assert (fourth["outcome"], fourth["served"]) == ("unreachable", None) and fourth["reason"]


def test_right_is_right(server: Server) -> None:
    result = look(
        server,
        {"sni": "a.example.com", "expect": NAMED.thumbprint.lower()},
        {"expect": "file"},
        {"sni": "closed.example.com", "expect": "nothing"},
    )
    assert [item["verdict"] for item in result["endpoints"]] == ["right", "right", "right"] and "failed" not in result


def test_every_wrong_one_is_listed(server: Server) -> None:
    result = look(
        server,
        {"sni": "a.example.com", "expect": BARE.thumbprint},
        {"expect": BARE.thumbprint},
        {"expect": "nothing"},
        {"sni": "closed.example.com", "expect": "file"},
    )
    assert result["failed"] is True
    assert [item["verdict"] for item in result["endpoints"]] == ["wrong", "right", "wrong", "wrong"]
    lines = said(result).splitlines()
    assert lines[0] == (
        f"10.0.0.5:443 a.example.com: expected {BARE.thumbprint}, shows {NAMED.thumbprint} (a.example.com)"
    )
    assert lines[1].startswith("10.0.0.5:443 without SNI: expected no certificate, shows")
    assert lines[2].startswith("10.0.0.5:443 closed.example.com: expected any certificate, shows no certificate (")
    assert len(lines) == 3


def test_nobody_there_is_neither_right_nor_wrong(server: Server) -> None:
    result = look(server, {"port": 444, "expect": BARE.thumbprint}, {"port": 444, "expect": "nothing"})
    assert [item["verdict"] for item in result["endpoints"]] == [None, None] and "failed" not in result


def test_a_server_that_says_nothing_is_given_up_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        asked = [{"address": "127.0.0.1", "port": listening.getsockname()[1]}]
        seen = run("https_endpoint_info", {"endpoints": asked, "timeout": 1})["endpoints"][0]
    assert seen["outcome"] == "unreachable" and "within 1 s" in seen["reason"]


@pytest.mark.parametrize(
    ("text", "goes_to"),
    [
        ("10.0.0.5:443:127.0.0.1:8443", ("127.0.0.1", 8443)),
        ("shop.example.com:443:127.0.0.1:8443", ("127.0.0.1", 8443)),
        ("::127.0.0.1:", ("127.0.0.1", 443)),
        (":443::8443", ("10.0.0.5", 8443)),
        ("10.0.0.5:443:[::1]:8443", ("::1", 8443)),
        ("10.0.0.6:443:127.0.0.1:8443", ("10.0.0.5", 443)),
        ("10.0.0.5:444:127.0.0.1:8443", ("10.0.0.5", 443)),
        ("0.0.0.0:443:127.0.0.1:8443", ("10.0.0.5", 443)),
    ],
)
def test_redirects(text: str, goes_to: tuple[str, int]) -> None:
    assert target("10.0.0.5", 443, "shop.example.com", [redirect(text)]) == goes_to


def test_the_first_redirect_that_fits_decides() -> None:
    redirects = [redirect("10.0.0.6:::1"), redirect("10.0.0.5:::2"), redirect(":::3")]
    assert target("10.0.0.5", 443, None, redirects) == ("10.0.0.5", 2)

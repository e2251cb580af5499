# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# probe at servers that answer nonsense, too much, too slowly or nothing: it ends in time and claims nothing."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from engine.harness.lane import Lane
from engine.harness.servers import Handler, Servers, Tls, certificate, record, resets, says
from engine.test_probe import OTHER, Probe

pytestmark = pytest.mark.mono
#: Verdicts where a certificate is expected, and where no handshake may succeed.
NOTHING, REFUSED, OTHER_TLS, UNCLEAR = (
    ("unreachable", "right"),
    ("unverified", "right"),
    ("tls_unsupported_here", "tls_unsupported_here"),
    ("unverified", "unverified"),
)
HELLO = b"\x02" + (38).to_bytes(3, "big") + b"\x03\x03" + b"r" * 32 + b"\x00\xc0\x2f\x00"


def shown(listed: bytes) -> bytes:
    """A Certificate message with this list of certificates."""
    return b"\x0b" + (len(listed) + 3).to_bytes(3, "big") + len(listed).to_bytes(3, "big") + listed


def alert(level: int, reason: int) -> bytes:
    return record(bytes([level, reason]), kind=21)


ANSWERS = {
    "close": (b"", NOTHING),
    "half a record": (record(HELLO)[:20], NOTHING),
    "half a flight": (record(HELLO), NOTHING),
    "http": (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", UNCLEAR),
    "ssh": (b"SSH-2.0-OpenSSH_9.6\r\n", UNCLEAR),
    "zeros": (bytes(1000), UNCLEAR),
    "ssl 2": (b"\x80\x2e\x04\x00\x01\x00\x02" + bytes(40), UNCLEAR),
    "data first": (record(b"x" * 100, kind=23), UNCLEAR),
    "huge record": (b"\x16\x03\x03\xff\xff" + bytes(70000), UNCLEAR),
    "empty records": (record(b"") * 1000, UNCLEAR),
    "version 4": (record(HELLO, version=b"\x04\x00"), UNCLEAR),
    "huge message": (record(HELLO + b"\x0b\xff\xff\xff" + b"x" * 1000), UNCLEAR),
    "certificate before hello": (record(shown(b"\x00\x00\x04dddd") + HELLO), UNCLEAR),
    "hello twice": (record(HELLO * 2), UNCLEAR),
    "short hello": (record(b"\x02\x00\x00\x02\x03\x03"), UNCLEAR),
    "hello of tls 1.3": (record(HELLO.replace(b"\x03\x03", b"\x03\x04")), UNCLEAR),
    "anonymous": (record(HELLO + b"\x0c\x00\x00\x04abcd" + b"\x0e\x00\x00\x00"), UNCLEAR),
    "no certificate": (record(HELLO + shown(b"")), UNCLEAR),
    "empty certificate": (record(HELLO + shown(b"\x00\x00\x00" + b"\x00\x00\x01x")), UNCLEAR),
    "certificate longer than its list": (record(HELLO + shown(b"\x00\xff\xffabc")), UNCLEAR),
    "list longer than its message": (record(HELLO + b"\x0b\x00\x00\x07\x00\x00\xff\x00\x00\x01x"), UNCLEAR),
    "handshake failure": (alert(2, 40), REFUSED),
    "internal error": (alert(2, 80), REFUSED),
    "unknown name": (alert(2, 112), REFUSED),
    "goodbye": (alert(1, 0), REFUSED),
    "alert in two records": (record(b"\x02", kind=21) + record(b"\x28", kind=21), REFUSED),
    "odd alert": (alert(7, 40), UNCLEAR),
    "protocol version": (alert(2, 70), OTHER_TLS),
    "too weak": (alert(2, 71), OTHER_TLS),
    "warning, then close": (alert(1, 112), NOTHING),
}


@pytest.fixture
def probe(lane: Lane, tmp_path: Path) -> Probe:
    return Probe(lane, tmp_path / "host")


def both(probe: Probe, handlers: list[Handler | None], timeout: int = 5) -> list[tuple[str, str]]:
    """Verdicts with and without a certificate expected, at one server per handler."""
    with Servers() as servers:
        ports = [probe.put(1000 + number, servers.add(handler)) for number, handler in enumerate(handlers)]
        asked = [(port, None, expect) for port in ports for expect in (OTHER, None)]
        found = [verdict for verdict, served in probe.verdicts(*asked, timeout=timeout) if served is None]
    assert len(found) == len(asked)
    return list(zip(found[::2], found[1::2], strict=True))


def test_odd_answers(probe: Probe) -> None:
    found = both(probe, [says(answer) for answer, _verdicts in ANSWERS.values()])
    assert dict(zip(ANSWERS, found, strict=True)) == {name: verdicts for name, (_answer, verdicts) in ANSWERS.items()}


def test_a_reset_is_how_http_sys_refuses(probe: Probe) -> None:
    assert both(probe, [resets]) == [NOTHING]


def test_nobody_there(probe: Probe) -> None:
    assert probe.verdicts((443, None, OTHER), (443, None, None)) == [("unreachable", None), ("right", None)]


def test_the_odd_answers_are_close_to_a_right_one(probe: Probe) -> None:
    """Otherwise they would be refused for another reason than theirs."""
    der = certificate("ec")
    listed = len(der).to_bytes(3, "big") + der
    with Servers() as servers:
        port = probe.put(443, servers.add(says(record(HELLO + shown(listed)))))
        assert [verdict for verdict, _served in probe.verdicts((port, None, OTHER))] == ["wrong"]


def test_silence_and_slowness_end_in_time(probe: Probe) -> None:
    def trickles(connection: socket.socket) -> None:
        for byte in record(HELLO) + record(b"x" * 1000):
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    def stalls(connection: socket.socket) -> None:
        connection.sendall(record(HELLO))
        connection.recv(1 << 20)
        connection.recv(1)

    begin = time.monotonic()
    assert both(probe, [trickles, stalls, None], timeout=1) == [UNCLEAR] * 3
    assert time.monotonic() - begin < 4


def test_endless_answers_are_cut_off(probe: Probe) -> None:
    """By their length, far below the time they would take."""

    def endless(first: bytes, part: bytes) -> Handler:
        def handler(connection: socket.socket) -> None:
            connection.sendall(first)
            while True:
                connection.sendall(part)

        return handler

    long = record(HELLO + b"\x0b\x03\xff\xff" + b"x" * 9000)  # the longest that is still taken in
    before, begin = probe.lane.peak_megabytes(), time.monotonic()
    found = both(probe, [endless(b"", alert(1, 112) * 1000), endless(long, record(b"y" * 16000))], 20)
    assert found == [UNCLEAR] * 2
    assert time.monotonic() - begin < 10
    assert probe.lane.peak_megabytes() - before < 64


def test_many_silent_endpoints_do_not_wait_for_each_other(probe: Probe) -> None:
    with Servers() as servers:
        port = probe.put(443, servers.add(None))
        begin = time.monotonic()
        found = probe.verdicts(*[(port, None, OTHER)] * 150, timeout=1)
        took = time.monotonic() - begin
    assert found == [("unverified", None)] * 150
    assert took < 12  # one after the other: 150 s


def test_a_connection_that_does_not_come_about(lane: Lane) -> None:
    """The machine's own way to connect. A full backlog swallows what would open a connection, as a firewall does."""
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    place = full.getsockname()
    waiting = [socket.socket() for _again in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(place)
    rows = [{"address": place[0], "port": place[1], "sni": None, "expect": expect} for expect in (OTHER, None)]
    begin = time.monotonic()
    answer = lane.ask({"do": "probe", "endpoints": rows, "timeout": 1, "retries": 0})
    assert 0.9 < time.monotonic() - begin < 4
    assert [row["verdict"] for row in answer["probes"]] == ["unreachable", "unverified"]
    for one in (full, *waiting):
        one.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_machine_itself(lane: Lane, address: str) -> None:
    tls = Tls("ec")
    with Servers() as servers:
        row = {"address": address, "port": servers.add(tls, address), "sni": "a.example", "expect": tls.thumbprint}
        again = {**row, "expect": OTHER}
        answer = lane.ask({"do": "probe", "endpoints": [row, again, {**row, "port": 1}], "timeout": 5, "retries": 1})
    assert [item["verdict"] for item in answer["probes"]] == ["right", "wrong", "unreachable"]


def test_an_address_that_is_none_is_an_error_of_the_caller(probe: Probe) -> None:
    row = {"address": "shop", "port": 443, "sni": None, "expect": OTHER}
    with pytest.raises(RuntimeError, match="probe: FormatException"):
        probe.lane.ask({"do": "probe", "state": str(probe.folder), "endpoints": [row], "timeout": 1, "retries": 0})


def test_order_is_that_of_the_question(probe: Probe) -> None:
    tls = Tls("ec")
    with Servers() as servers:
        good, bad = probe.put(443, servers.add(tls)), probe.put(444, servers.add(says(b"")))
        asked = [(good if number % 3 else bad, None, tls.thumbprint) for number in range(60)]
        verdicts = [verdict for verdict, _served in probe.verdicts(*asked)]
    assert verdicts == ["right" if number % 3 else "unreachable" for number in range(60)]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# probe, under Mono, at OpenSSL servers: it sees the certificate that a client would be shown."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.fakes import state
from engine.fakes.example import record, small
from engine.fakes.rows import write_rows
from engine.harness.lane import Lane
from engine.harness.servers import Servers, Tls, flight, says
from engine.harness.servers import record as tls_record

pytestmark = pytest.mark.mono
OTHER = "0123456789ABCDEF0123456789ABCDEF01234567"


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as running:
        yield running


class Probe:
    """Looks from a host whose address 10.0.0.5 has the ports that were put there."""

    def __init__(self, lane: Lane, folder: Path, **more: Any) -> None:
        self.lane, self.folder = lane, folder
        state.write_state(folder, small(**more))
        self._ports: dict[int, int] = {}

    def put(self, port: int, loopback: int, address: str = "10.0.0.5") -> int:
        self._ports[port] = loopback
        rows = [(address, here, "127.0.0.1", there) for here, there in self._ports.items()]
        write_rows(self.folder / "machine" / "dial.txt", rows)
        return port

    def look(
        self, *endpoints: tuple[int, str | None, str | None], timeout: int = 5, retries: int = 0
    ) -> dict[str, Any]:
        """(port, SNI, expected thumbprint) each."""
        rows = [{"address": "10.0.0.5", "port": p, "sni": sni, "expect": expect} for p, sni, expect in endpoints]
        task = {"do": "probe", "state": str(self.folder), "endpoints": rows, "timeout": timeout, "retries": retries}
        answer: dict[str, Any] = self.lane.ask(task)
        assert [{name: row[name] for name in rows[0]} for row in answer["probes"]] == rows
        return answer

    def verdicts(self, *endpoints: tuple[int, str | None, str | None], **more: int) -> list[tuple[str, str | None]]:
        return [(row["verdict"], row["served"]) for row in self.look(*endpoints, **more)["probes"]]


@pytest.fixture
def probe(lane: Lane, tmp_path: Path) -> Probe:
    return Probe(lane, tmp_path / "host")


@pytest.mark.parametrize("kind", ["rsa", "ec", "ec521"])
@pytest.mark.parametrize("highest", ["TLSv1_2", "TLSv1_3"])
def test_the_leaf_is_seen(probe: Probe, servers: Servers, kind: str, highest: str) -> None:
    tls = Tls(kind, highest=highest)
    port = probe.put(443, servers.add(tls))
    asked = [(port, "shop.example.com", tls.thumbprint), (port, None, tls.thumbprint.lower()), (port, "x", OTHER)]
    assert [verdict for verdict, _served in probe.verdicts(*asked)] == ["right", "right", "wrong"]
    assert {served for _verdict, served in probe.verdicts(*asked)} == {tls.thumbprint}


def test_where_no_handshake_may_succeed_a_certificate_is_wrong(probe: Probe, servers: Servers) -> None:
    tls = Tls("ec")
    assert probe.verdicts((probe.put(443, servers.add(tls)), None, None)) == [("wrong", tls.thumbprint)]


def test_a_server_that_wants_tls_1_3_is_not_judged(probe: Probe, servers: Servers) -> None:
    port = probe.put(443, servers.add(Tls("rsa", "TLSv1_3")))
    answer = probe.look((port, "shop.example.com", OTHER), (port, None, None), (port, None, "file"), retries=3)
    assert {(row["verdict"], row["served"]) for row in answer["probes"]} == {("tls_unsupported_here", None)}
    assert answer["pauses"] == 0  # asking again would not help


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_versions_show_their_certificate_too(probe: Probe, servers: Servers, version: str) -> None:
    tls = Tls("rsa", version, version)
    assert probe.verdicts((probe.put(443, servers.add(tls)), None, tls.thumbprint)) == [("right", tls.thumbprint)]


@pytest.mark.parametrize(
    ("kind", "suite"),
    [
        ("rsa", "AES128-SHA"),
        ("rsa", "AES256-SHA256"),
        ("rsa", "AES256-GCM-SHA384"),
        ("rsa", "ECDHE-RSA-AES256-SHA"),
        ("rsa", "ECDHE-RSA-AES256-SHA384"),
        ("rsa", "ECDHE-RSA-CHACHA20-POLY1305"),
        ("ec", "ECDHE-ECDSA-AES128-SHA"),
        ("ec", "ECDHE-ECDSA-AES128-SHA256"),
        ("ec", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ],
)
def test_suites_that_a_server_may_insist_on_are_offered(probe: Probe, servers: Servers, kind: str, suite: str) -> None:
    tls = Tls(kind, highest="TLSv1_2", ciphers=suite)
    assert probe.verdicts((probe.put(443, servers.add(tls)), None, tls.thumbprint)) == [("right", tls.thumbprint)]


def test_a_chain_of_more_than_30_kilobytes(probe: Probe, servers: Servers) -> None:
    tls = Tls("rsa", more=60)
    assert probe.verdicts((probe.put(443, servers.add(tls)), None, tls.thumbprint)) == [("right", tls.thumbprint)]


def test_the_name_decides_and_is_sent_as_given(probe: Probe, servers: Servers) -> None:
    default, other, heard = Tls("rsa"), Tls("ec"), list[str | None]()

    def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        heard.append(name)
        if name == "other.example.com":
            connection.context = other.context

    default.context.sni_callback = choose
    port = probe.put(443, servers.add(default))
    names = ["other.example.com", "xn--bcher-kva.example", None, "my_host.corp.local"]
    expected = [other.thumbprint, *[default.thumbprint] * 3]
    asked = zip([port] * 4, names, expected, strict=True)
    assert probe.verdicts(*asked) == [("right", one) for one in expected]
    assert sorted(map(str, heard)) == sorted(map(str, names))


def test_records_and_messages_cut_or_joined_in_any_way(probe: Probe, servers: Servers) -> None:
    tls = Tls("rsa", highest="TLSv1_2", more=3)

    def cut(size: int, joined: bool, warn: bool) -> int:
        def handler(connection: socket.socket) -> None:
            messages = flight(tls, connection)
            runs = [b"".join(messages)] if joined else messages
            parts = [run[at : at + size] for run in runs for at in range(0, len(run), size)]
            warning = tls_record(b"\x01\x70", kind=21) if warn else b""
            stream = warning + b"".join(map(tls_record, parts))
            for at in range(0, len(stream), 1500 if size > 1 else 999):
                connection.sendall(stream[at : at + (1500 if size > 1 else 999)])
            connection.recv(1)

        return servers.add(handler)

    ways = [(size, joined, size == 7) for size in (1, 2, 3, 5, 7, 100, 1000, 16384) for joined in (False, True)]
    ports = [probe.put(1000 + number, cut(*way)) for number, way in enumerate(ways)]
    found = probe.verdicts(*[(port, None, tls.thumbprint) for port in ports])
    assert found == [("right", tls.thumbprint)] * len(ways)


def test_central_store(probe: Probe, servers: Servers) -> None:
    """Any certificate will do, but for one of a record of that port: then nobody can tell whether it came from a file."""
    tls = Tls("ec")
    assert probe.verdicts((probe.put(443, servers.add(tls)), "a.example.com", "file")) == [("right", tls.thumbprint)]
    named = Probe(probe.lane, probe.folder, records=[{**record("0.0.0.0:443"), "thumbprint": tls.thumbprint}])
    for port, verdict in ((443, "unverified"), (8443, "right")):
        assert named.verdicts((named.put(port, servers.add(tls)), "a.example.com", "file")) == [
            (verdict, tls.thumbprint)
        ]
    write_rows(probe.folder / "http" / "faults.txt", [("query", 1, 1450)])
    assert named.verdicts((8443, "a.example.com", "file")) == [
        ("unverified", tls.thumbprint)
    ]  # nobody knows the records


def test_what_may_pass_is_tried_again(probe: Probe, servers: Servers) -> None:
    tls, calls = Tls("rsa"), list[int]()

    def late(connection: socket.socket) -> None:
        calls.append(1)
        (tls if len(calls) > 2 else says(b""))(connection)

    port = probe.put(443, servers.add(late))
    answer = probe.look((port, None, tls.thumbprint), (444, None, None), retries=3)
    assert [row["verdict"] for row in answer["probes"]] == ["right", "right"]
    assert (answer["pauses"], len(calls)) == (2, 3)
    answer = probe.look((445, None, OTHER), retries=4)
    assert [row["verdict"] for row in answer["probes"]] == ["unreachable"]
    # WAS may need some seconds until it listens on a new port: the pauses grow
    assert (answer["pauses"], answer["paused"]) == (4, 500 + 1000 + 2000 + 4000)


@pytest.mark.parametrize(("wrong_looks", "verdict", "calls"), [(1, "right", 2), (2, "right", 3), (9, "wrong", 3)])
def test_a_wrong_certificate_is_looked_at_again_for_a_moment(
    probe: Probe, servers: Servers, wrong_looks: int, verdict: str, calls: int
) -> None:
    """It may be the old one still; and undo must not wait: not for more looks, and for no other endpoint."""
    old, new, heard, silent = Tls("ec"), Tls("rsa"), list[int](), list[int]()

    def late(connection: socket.socket) -> None:
        heard.append(1)
        (old if len(heard) <= wrong_looks else new)(connection)

    def away(connection: socket.socket) -> None:
        silent.append(1)

    asked = [
        (probe.put(443, servers.add(late)), None, new.thumbprint),
        (probe.put(444, servers.add(away)), None, OTHER),
    ]
    answer = probe.look(*asked, retries=3)
    assert [row["verdict"] for row in answer["probes"]] == [verdict, "unreachable"]
    assert len(heard) == calls
    assert len(silent) == (1 if verdict == "wrong" else 4)
    if verdict == "wrong":
        assert answer["paused"] == 2 * 500
    heard.clear()
    assert probe.verdicts(asked[0]) == [("wrong", old.thumbprint)] and len(heard) == 1  # without retries, not once more


def test_silence_takes_no_wrong_certificate_back(probe: Probe, servers: Servers) -> None:
    tls, heard = Tls("ec"), list[int]()

    def once(connection: socket.socket) -> None:
        heard.append(1)
        (tls if len(heard) == 1 else says(b""))(connection)

    port = probe.put(443, servers.add(once))
    assert probe.verdicts((port, None, OTHER), retries=3) == [("wrong", tls.thumbprint)]
    heard.clear()
    assert probe.verdicts((port, None, None), retries=3) == [
        ("right", None)
    ]  # that nobody answers any more is what was wanted

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe on Windows' own .NET and Wine's sockets: it judges servers on this machine as it does under Mono, and a change by them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine import applying
from engine.applying import standing
from engine.fakes.rows import write_rows
from engine.harness.lane import APPLY, Lane
from engine.harness.servers import Handler, Servers, Tls, resets, says
from wine.machine import answers, windows_path

pytestmark = pytest.mark.mono
OTHER = "0123456789ABCDEF0123456789ABCDEF01234567"
ADDRESS = "10.0.0.5"


@pytest.fixture
def servers() -> Iterator[Servers]:
    with Servers() as running:
        yield running


def closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def dialling(folder: Path, ports: dict[int, int]) -> Path:
    """A host whose ports lead to servers on the loopback address."""
    applying.host(folder)
    write_rows(folder / "machine" / "dial.txt", [(ADDRESS, here, "127.0.0.1", there) for here, there in ports.items()])
    return folder


def endpoint(port: int, expect: str | None, sni: str | None = None) -> dict[str, Any]:
    return {"address": ADDRESS, "port": port, "sni": sni, "expect": expect}


def test_every_kind_of_server(lane: Lane, servers: Servers, tmp_path: Path) -> None:
    rsa, old, new = Tls("rsa"), Tls("ec521", highest="TLSv1_2", more=3), Tls("ec", "TLSv1_3")
    plain = says(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    handlers: dict[int, Handler | None] = {443: rsa, 444: old, 445: new, 446: resets, 447: plain, 448: None}
    ports = {port: servers.add(handler) for port, handler in handlers.items()}
    folder = dialling(tmp_path / "host", {**ports, 449: closed()})
    rows = [endpoint(port, expect) for port in (*handlers, 449) for expect in (rsa.thumbprint, OTHER, "file", None)]
    rows += [endpoint(443, rsa.thumbprint.lower(), "shop.example.com"), endpoint(444, old.thumbprint, "a.example.com")]
    task = {"do": "probe", "endpoints": rows, "timeout": 1, "retries": 1}
    [theirs], mine = answers([{**task, "state": windows_path(folder)}]), lane.ask({**task, "state": str(folder)})
    assert theirs["probes"] == mine["probes"]
    verdicts = [row["verdict"] for row in theirs["probes"]]
    assert verdicts[:4] == ["right", "wrong", "right", "wrong"] and verdicts[-2:] == ["right", "right"]
    assert set(verdicts) <= {"right", "wrong", "unreachable", "tls_unsupported_here", "unverified"}
    assert {"right", "wrong", "unreachable", "tls_unsupported_here"} <= set(verdicts)


def test_a_change_is_judged_by_what_is_shown(servers: Servers, tmp_path: Path) -> None:
    tls = Tls("rsa")
    folder = dialling(tmp_path / "host", {443: servers.add(tls)})
    steps, before = list(applying.each(folder).values()), standing(folder)
    plans = [
        [*steps, {"op": "probe", "endpoints": [endpoint(443, expect, "shop.example.com")]}]
        for expect in (OTHER, tls.thumbprint)
    ]
    wrong, right = answers(
        [{"do": "apply", "state": windows_path(folder), "args": {**APPLY, "steps": plan}} for plan in plans]
    )
    assert (wrong["error"]["code"], wrong["undone"], wrong["changed"]) == ("probe_wrong", "complete", False)
    assert wrong["probes"][0]["served"] == tls.thumbprint
    assert (right["error"], right["applied"], right["probes"][0]["verdict"]) == (None, 6, "right")
    assert standing(folder) != before

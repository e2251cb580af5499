# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab: files, calls, ports that open and close, counters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.wire_client import LINE, Client
from lab.wire_lab import ADDRESS, NEW, OLD, SECOND, UNHEARD, Running, command_line, read, started


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    # A long path: names of Unix sockets may have 107 bytes, directories of tests are longer.
    directory = tmp_path / ("x" * 100)
    with started(directory) as lab:
        yield lab


def new_site_binding(port: int, thumbprint: str) -> list[dict[str, Any]]:
    """Steps for one more binding of the site on a port of its own."""
    record = {"thumbprint": thumbprint, "store": "MY"}
    binding = {"protocol": "https", "information": f"*:{port}:shop.example.com", "ssl_flags": 1}
    edit = {"site": "Shop", "position": None, "before": None, "after": binding}
    key = f"shop.example.com:{port}"
    return [
        {"op": "record_set", "family": "hostnameport", "key": key, "before": None, "after": record},
        {"op": "bindings", "edits": [edit]},
    ]


def apply(client: Client, steps: list[dict[str, Any]]) -> dict[str, Any]:
    arguments = {
        "contract": 1,
        "computer": "WEB-1",
        "steps": steps,
        "probe": {"on_unverified": "fail", "timeout": 5, "retries": 1},
        "read": {"certificates": "referenced", "key_check": "metadata"},
    }
    return client.module("tlsfleet.iis.host_applier", arguments)


def test_files(running: Running) -> None:
    assert (running.directory / "inventory.yml").stat().st_mode & 0o077 == 0
    assert running.variables["ansible_connection"] == "winrm"
    assert running.thumbprints["web-1"].keys() == {OLD.upper(), NEW}
    entries = running.hosts["web-1"]["tlsfleet_connect_to"]
    loopback = running.hosts["web-1"]["ansible_host"]
    assert f"{ADDRESS}:443:{loopback}:20443" in entries
    assert f"{ADDRESS}:8443:{loopback}:8443" in entries
    assert sum(entry.startswith(f"[{SECOND}]:443:127.") for entry in entries) == 1


def test_reading_is_counted(running: Running) -> None:
    # The look of `lab start` whether the host answers does not count.
    assert not any(running.counters().values())
    assert read(running.client())["simulated"] is True
    counts = running.counters()
    assert (counts["calls"], counts["requests"], counts["modules"]) == (1, 6, {"tlsfleet.iis.host_reader": 1})
    assert command_line("reset", "--dir", running.directory).returncode == 0
    assert running.counters()["requests"] == 0
    status = command_line("status", "--dir", running.directory)
    assert "simulated" in status.stdout
    assert "web-1" in status.stdout


def test_endpoints(running: Running) -> None:
    mine = running.thumbprints["web-1"]
    for address in (ADDRESS, SECOND):
        assert running.shake(address, 443, "shop.example.com") == mine[OLD.upper()]
        for sni in (None, "other.example.com"):
            with pytest.raises(ConnectionResetError):
                running.shake(address, 443, sni)
    # The IP listen list leaves this address out; and nothing uses that port.
    for address, port in ((UNHEARD, 443), (ADDRESS, 8443)):
        with pytest.raises(ConnectionRefusedError):
            running.shake(address, port, "shop.example.com")


def test_an_apply_shows_at_once(running: Running) -> None:
    mine, client = running.thumbprints["web-1"], running.client()
    opening = new_site_binding(8443, mine[NEW])
    answer = apply(client, opening)
    assert (answer["changed"], answer["applied"], answer["error"]) == (True, 2, None)
    assert running.shake(SECOND, 8443, "shop.example.com") == mine[NEW]
    (record,) = (item for item in read(client)["records"] if item["key"] == "shop.example.com:443")
    image = {name: value for name, value in record.items() if name not in ("family", "key")}
    update = {
        "op": "record_update",
        "family": "hostnameport",
        "key": "shop.example.com:443",
        "before": image,
        "after": {**image, "thumbprint": mine[NEW]},
    }
    assert apply(client, [update])["changed"] is True
    assert running.shake(ADDRESS, 443, "shop.example.com") == mine[NEW]
    (added,) = opening[1]["edits"]
    removal = {"site": "Shop", "position": 1, "before": added["after"], "after": None}
    assert apply(client, [{"op": "bindings", "edits": [removal]}])["error"] is None
    with pytest.raises(ConnectionRefusedError):
        running.shake(ADDRESS, 8443, "shop.example.com")


def test_ping_and_unknown(running: Running) -> None:
    client = running.client()
    for name in ("ansible.legacy.win_ping", "ansible.windows.win_ping"):
        assert client.module(name, {"data": "x"})["ping"] == "x"
    with pytest.raises(AssertionError, match=r"simulated host web-1: not known here: module ansible\.windows\.setup"):
        client.module("ansible.windows.setup", {})
    out, err, code = client.command("whoami", None)
    assert (code, out) == (1, b"")
    assert b"not known here" in err
    assert running.counters()["unknown"] == 2
    assert "whoami" in (running.directory / "lab.log").read_text(encoding="utf-8")


def test_check_mode_reaches_the_model(running: Running) -> None:
    arguments = {"contract": 1, "computer": "WEB-1", "steps": [], "probe": {}, "read": {}}
    answer = running.client().module("tlsfleet.iis.host_applier", arguments, check_mode=True)
    assert answer["failed"] is True
    assert answer["error"]["code"] == "check_mode_refused"


def test_undecodable_payload(running: Running) -> None:
    out, err, code = running.client().command(LINE, b"whatever")
    assert (code, out) == (1, b"")
    assert b"without a payload" in err

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classes that touch Windows itself, on Wine's registry, files and locks: what they read is what Mono reads of the simulated host."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from engine.fakes import state
from engine.fakes.example import document, record
from engine.fakes.rows import write_rows
from engine.harness.lane import READ, Lane
from wine.machine import answers, gaps, windows_path

pytestmark = pytest.mark.mono
HASH = "0123456789ABCDEF0123456789ABCDEF01234567"
#: Windows' own part is not the simulated host's here: no socket, no certificate, no address and no journal is planted; Wine names itself.
NOT_PLANTED = {
    "name",
    "simulated",
    "read_at",
    "addresses",
    "http_ports",
    "certificates",
    "connection",
    "journal",
    "incomplete",
}
USERS = [
    [r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener\*+HTTPS", "certThumbprint", "sz", HASH.lower()],
    [r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp", "SSLCertificateSHA1Hash", "binary", HASH],
    [r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL", "MSSQLSERVER", "sz", "MSSQL15.X"],
    [r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL15.X\MSSQLServer\SuperSocketNetLib", "Certificate", "sz", HASH],
    [r"HKLM\SOFTWARE\Microsoft\WebManagement\Server", "SslCertificateHash", "binary", HASH],
    [r"HKLM\SOFTWARE\Microsoft\WebManagement\Server", "Port", "dword", "8173"],
    [r"HKLM\SYSTEM\CurrentControlSet\Services\TSGateway", "Start", "dword", "2"],
]  # fmt: skip
HTTP = r"HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters"
TRACED: dict[str, Any] = {
    "asked": [{"what": "http2", "present": True, "evidence": f"{HTTP}, EnableHttp2Tls = 4294967295"}],
    "mappers": [{"site": 1, "thumbprint": HASH, "store": "MY"}],
    "managers": [
        {"kind": "certify", "evidence": r"HKLM\SYSTEM\CurrentControlSet\Services\Certify.Service"},
        {"kind": "win_acme", "evidence": "scheduled task win-acme renew (acme-v02)"},
        {"kind": "simple_acme", "evidence": r"%ProgramData%\simple-acme"},
    ],
    "rebind": True,
    "renewals": [{"at": "2026-01-03T04:05:06Z", "old": "A" * 40, "new": "B" * 40}],
    "changes": [{"at": "2026-02-03T04:05:06Z", "kind": "updated", "endpoint": "0.0.0.0:443"}],
}  # fmt: skip


def planted(folder: Path, prefix: Path, described: dict[str, Any]) -> None:
    """The files of a state folder where Windows keeps them, on the drive of a machine that exists already."""
    state.write_state(folder, described)
    registry = folder / "machine" / "registry.txt"
    before = registry.read_bytes()
    write_rows(registry, USERS)
    registry.write_bytes(before + registry.read_bytes())
    drive = prefix / "drive_c"
    for name, place in (
        ("config", "windows/system32/inetsrv/config"),
        ("tasks", "windows/system32/Tasks"),
        ("programdata", "ProgramData"),
        ("programfiles", "Program Files"),
    ):
        shutil.copytree(folder / name, drive / place, dirs_exist_ok=True)


@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
def test_a_whole_machine_is_read_as_under_mono(lane: Lane, prefix: Path, tmp_path: Path, shared: bool) -> None:
    folder = tmp_path / "host"
    described = document(
        **TRACED,
        incomplete=[],
        users=[],
        connection=None,
        journal=None,
        central_store=None,
        shared_configuration=shared,
    )
    answers([{"do": "handles"}], prefix)  # makes the machine
    planted(folder, prefix, described)
    if shared:  # a folder stands for the share
        redirection = prefix / "drive_c" / "windows" / "system32" / "inetsrv" / "config" / "redirection.config"
        text = redirection.read_text(encoding="utf-8")
        redirection.write_text(text.replace(r"\\simulated\config", windows_path(folder / "share")), encoding="utf-8")
        (redirection.parent / "applicationHost.config").write_text("<configuration/>", encoding="utf-8")
    answers([{"do": "registry", "state": windows_path(folder)}], prefix)
    [answer] = answers([{"do": "windows", "args": READ}], prefix, folder)
    found, mine = answer["document"], lane.document(folder)
    assert gaps(found) == []
    assert found["simulated"] is False
    for name in set(mine) - NOT_PLANTED:
        assert found[name] == mine[name], name
    assert [len(mine[name]) for name in ("sites", "records", "users")] == [3, 6, 5]
    assert [site["state"] for site in found["sites"]] == ["started", "stopped", "unknown"]


def test_without_the_export_no_update_is_promised(tmp_path: Path) -> None:
    """The library itself is asked, by the CLR's own look-up."""
    state.write_state(tmp_path / "host", document(records=[record("0.0.0.0:443")]))
    assert answers([{"do": "export"}], state=tmp_path / "host") == [True]
    assert answers([{"do": "export"}], state=tmp_path / "host", libraries="noupdate") == [False]


def test_a_file_that_others_hold_open(lane: Lane, tmp_path: Path) -> None:
    """Open for writing elsewhere: read all the same, and nobody is kept out. Open for one alone: a gap with the code of Windows."""
    folder = tmp_path / "host"
    state.write_state(folder, document(incomplete=[]))
    path = windows_path(folder / "config" / "applicationHost.config")
    task = {"do": "held", "state": windows_path(folder), "args": READ, "path": path}
    beside, alone = answers([{**task, "alone": False}, {**task, "alone": True}])
    assert beside == lane.answer(folder)
    gaps = [(gap["layer"], gap["code"]) for gap in alone["document"]["incomplete"]]
    assert ("sites", "0x80070020") in gaps and alone["document"]["sites"] == []
    assert len(alone["document"]["records"]) == 6

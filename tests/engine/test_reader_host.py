# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# reader on everything beside http.sys and IIS: key access, other users, connection, and how long large hosts take."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.fakes import state
from engine.fakes.example import CNG, binding, certificate, document, record, small
from engine.fakes.rows import write_rows
from engine.harness.lane import Lane

pytestmark = pytest.mark.mono
Host = Callable[[dict[str, Any]], Path]
HASH = "0123456789ABCDEF0123456789ABCDEF01234567"
WSMAN = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener"
RDP = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
IIS = {"iis": {"major": 10, "minor": 0}, "schema_ssl_flags": True}
SQL_32 = r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Microsoft SQL Server"
SQL = r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server"


# -- may SYSTEM read the key? -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sddl", "verdict"),
    [
        ("O:BAG:SYD:PAI(A;;FA;;;SY)(A;;FA;;;BA)", "granted"),
        ("D:(A;;FA;;;BA)", "granted"),  # SYSTEM carries the Administrators group
        ("D:(A;;FR;;;WD)", "granted"),
        ("D:(A;;0x80000000;;;AU)", "granted"),
        ("D:(A;;0x10000000;;;SY)", "granted"),
        ("D:(A;;FA;;;NS)(A;;FA;;;S-1-5-21-1-2-3-1001)", "denied"),
        ("D:(D;;FA;;;SY)(A;;FA;;;SY)", "denied"),
        ("D:(D;;FR;;;BA)(A;;FA;;;SY)", "denied"),
        ("D:(A;;FA;;;SY)(D;;FA;;;WD)", "granted"),  # order decides, as Windows does it
        ("D:(D;;FA;;;BG)(A;;FA;;;SY)", "granted"),  # Guests are none of SYSTEM's groups
        ("D:(D;;0x2;;;SY)(A;;FA;;;SY)", "granted"),  # writing may be denied
        ("D:(A;;0x2;;;SY)", "denied"),
        ("D:(A;IO;FA;;;SY)", "denied"),  # only for what lies below
        ("O:BAG:SY", "unknown"),  # says nothing about access
    ],
)
def test_access_of_system_is_judged_as_windows_does(lane: Lane, sddl: str, verdict: str) -> None:
    assert lane.ask({"do": "access", "sddl": sddl}) == verdict


def test_an_empty_list_lets_nobody_in_and_nothing_at_all_is_unknown(lane: Lane) -> None:
    head = "0100048000000000000000000000000014000000"
    assert lane.ask({"do": "access", "hex": head + "0200080000000000"}) == "denied"
    assert lane.ask({"do": "access", "hex": "01000480" + "00" * 16}) == "granted"  # a list that is null: everybody
    assert lane.ask({"do": "access", "hex": ""}) == "unknown"


@pytest.mark.parametrize(
    ("file", "check", "shown"),
    [
        (r"Keys\0123", "open", True),
        (r"RSA\MachineKeys\0123", "sign", True),
        (r"SystemKeys\0123", "open", True),
        (r"RSA\S-1-5-18\0123", "open", True),
        (r"Keys\0123", "metadata", False),
        (r"PCPKSP\0123", "open", False),
    ],
)
def test_the_file_of_a_key_is_shown_where_it_lies(lane: Lane, host: Host, file: str, check: str, shown: bool) -> None:
    path = rf"%ProgramData%\Microsoft\Crypto\{file}"
    folder = host(small(certificates=[certificate("good", {**CNG, "file": path})]))
    [item] = lane.document(folder, key_check=check)["certificates"]
    assert item["key"].get("file") == (path if shown else None)


# -- others -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "users"),
    [
        (
            [
                [rf"{WSMAN}\*+HTTPS", "certThumbprint", "sz", HASH.lower()],
                [rf"{WSMAN}\*+HTTP", "Port", "dword", "5985"],
            ],
            [("winrm", "ipport 0.0.0.0:5986", HASH)],
        ),
        (
            [
                [rf"{WSMAN}\IP:10.0.0.5+HTTPS", "certThumbprint", "sz", "\u200e01 23 45 " + HASH[6:]],
                [rf"{WSMAN}\IP:10.0.0.5+HTTPS", "Port", "dword", "443"],
            ],
            [("winrm", "ipport 10.0.0.5:443", HASH)],
        ),
        (
            [[rf"{WSMAN}\IP:[2001:db8::1]+HTTPS", "certThumbprint", "sz", HASH]],
            [("winrm", "ipport [2001:db8::1]:5986", HASH)],
        ),
        ([[rf"{WSMAN}\*+HTTPS", "Port", "dword", "5986"]], []),
        ([[RDP, "SSLCertificateSHA1Hash", "binary", HASH]], [("rdp", None, HASH)]),
        ([[RDP, "SSLCertificateSHA1Hash", "binary", "00"]], []),
        (
            [
                [rf"{SQL}\Instance Names\SQL", "MSSQLSERVER", "sz", "MSSQL15.MSSQLSERVER"],
                [rf"{SQL}\MSSQL15.MSSQLSERVER\MSSQLServer\SuperSocketNetLib", "Certificate", "sz", HASH],
                [rf"{SQL}\Instance Names\SQL", "EMPTY", "sz", "MSSQL15.EMPTY"],
                [rf"{SQL}\MSSQL15.EMPTY\MSSQLServer\SuperSocketNetLib", "Certificate", "sz", ""],
                [rf"{SQL}\Instance Names\RS", "SSRS", "sz", "SSRS"],
            ],
            [("sql", None, HASH), ("ssrs", None, None)],
        ),
        (
            [[r"HKLM\SOFTWARE\Microsoft\WebManagement\Server", "SslCertificateHash", "binary", HASH]],
            [("wmsvc", "ipport 0.0.0.0:8172", HASH)],
        ),
        (
            [[r"HKLM\SYSTEM\CurrentControlSet\Services\SstpSvc\Parameters", "SHA1CertificateHash", "binary", HASH]],
            [("sstp", "ipport 0.0.0.0:443", HASH)],
        ),
        (
            [
                [
                    r"HKLM\SYSTEM\CurrentControlSet\Services\SstpSvc\Parameters",
                    "SHA256CertificateHash",
                    "binary",
                    "AB" * 32,
                ]
            ],
            [("sstp", "ipport 0.0.0.0:443", None)],
        ),
        ([[r"HKLM\SYSTEM\CurrentControlSet\Services\SstpSvc\Parameters", "SHA256CertificateHash", "binary", "00"]], []),
        (
            [
                [rf"{SQL_32}\Instance Names\SQL", "OLD", "sz", "MSSQL10.OLD"],
                [rf"{SQL_32}\MSSQL10.OLD\MSSQLServer\SuperSocketNetLib", "Certificate", "sz", HASH],
            ],
            [("sql", None, HASH)],
        ),
        (
            [[r"HKLM\SYSTEM\CurrentControlSet\Services\TSGateway", "Start", "dword", "2"]],
            [("rd_gateway", "ipport 0.0.0.0:443", None)],
        ),
        (
            [
                [r"HKLM\SOFTWARE\Microsoft\Update Services\Server\Setup", "PortNumber", "dword", "8531"],
                [r"HKLM\SOFTWARE\Microsoft\Update Services\Server\Setup", "UsingSSL", "dword", "1"],
            ],
            [("wsus", "ipport 0.0.0.0:8531", None)],
        ),
        (
            [
                [r"HKLM\SYSTEM\CurrentControlSet\Services\adfssrv", "Start", "dword", "2"],
                [r"HKLM\SYSTEM\CurrentControlSet\Services\appproxysvc", "Start", "dword", "2"],
                [r"HKLM\SOFTWARE\Microsoft\ExchangeServer\v15\Setup", "MsiInstallPath", "sz", "C:"],
            ],
            [("adfs", None, None), ("wap", None, None), ("exchange", None, None)],
        ),
    ],
)
def test_other_users_show_themselves_in_the_registry(
    lane: Lane, host: Host, rows: list[list[str]], users: list[tuple[str, str | None, str | None]]
) -> None:
    folder = host(small())
    path = folder / "machine" / "registry.txt"
    before = path.read_bytes()
    write_rows(path, rows)
    path.write_bytes(before + path.read_bytes())
    found = lane.document(folder)["users"]
    assert [(user["kind"], user["key"], user["thumbprint"]) for user in found] == users
    assert all(user["evidence"].startswith("HKLM\\") for user in found)


def test_of_several_connections_the_one_with_tls_is_named(lane: Lane, host: Host) -> None:
    folder = host(small())
    write_rows(
        folder / "machine" / "connection.txt",
        [["10.0.0.5", 5985, False], ["10.0.0.6", 5986, True], ["::1", 443, False]],
    )
    found = lane.document(folder)
    assert found["connection"] == {"address": "10.0.0.6", "port": 5986, "tls": True}
    assert [(gap["layer"], gap["code"]) for gap in found["incomplete"]] == [("connection", "ambiguous")]


@pytest.mark.parametrize(
    "layer",
    "records sites site_states certificates keys chains addresses http_ports connection users journal central_store_files"
    " managers rebind events".split(),
)
def test_every_layer_can_fail_alone(lane: Lane, host: Host, layer: str) -> None:
    gap = {"layer": layer, "code": "access_denied", "message": "not for you"}
    described = document(incomplete=[gap], certificates=[certificate("good", CNG)])
    found = lane.document(host(described))
    own = [item for item in found["incomplete"] if item["layer"] == layer]
    assert own and {item["layer"] for item in found["incomplete"]} <= {layer, "schema"}
    assert all(item["code"] == "access_denied" and "not for you" in item["message"] for item in own)
    assert set(found) == set(state.complete(described))


def test_a_build_that_is_no_number_costs_its_layer_only(lane: Lane, host: Host) -> None:
    folder = host(small(records=[record("0.0.0.0:443")]))
    path = folder / "machine" / "registry.txt"
    before = path.read_bytes()
    path.write_bytes(re.sub(rb"(CurrentBuildNumber\tsz\t)\d+", rb"\1next", before))
    assert path.read_bytes() != before
    found = lane.document(folder)
    assert [item["key"] for item in found["records"]] == ["0.0.0.0:443"]
    assert found["os"]["build"] == 0
    assert [gap["layer"] for gap in found["incomplete"]] == ["os"]


def test_a_record_met_twice_is_read_again_and_then_a_gap(lane: Lane, host: Host) -> None:
    folder = host(small(records=[record("443", "ccs", None), record("0.0.0.0:443")]))
    path = folder / "http" / "records.txt"
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[1])
    found = lane.document(folder)
    assert [item["family"] for item in found["records"]] == ["ccs"]
    assert [(gap["layer"], gap["code"]) for gap in found["incomplete"]] == [("records", "changed_meanwhile")]


@pytest.mark.parametrize(
    ("text", "known", "gaps"),
    [
        (None, None, []),
        ("<configSchema/>", None, []),
        (
            "<configSchema><sectionSchema name='x'><collection><attribute name='sslFlags'/></collection></sectionSchema>"
            "</configSchema>",
            None,
            [],
        ),
        ("<configSchema>", None, [("schema", "malformed")]),
    ],
)
def test_a_schema_that_says_nothing_is_no_answer(
    lane: Lane, host: Host, text: str | None, known: bool | None, gaps: list[tuple[str, str]]
) -> None:
    folder = host(small(iis={"major": 10, "minor": 0}, schema_ssl_flags=True))
    path = folder / "config" / "schema" / "IIS_schema.xml"
    assert lane.document(folder)["schema_ssl_flags"] is True
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="utf-8")
    found = lane.document(folder)
    assert found["schema_ssl_flags"] is known
    assert [(gap["layer"], gap["code"]) for gap in found["incomplete"]] == gaps


# -- large hosts --------------------------------------------------------------------------------------------------


def test_ten_thousand_bindings_and_records(lane: Lane, host: Host) -> None:
    """Design: at most 600 bytes per binding with its record, certificates aside. The time is told beside that of a bare loop."""
    count = 10000
    names = [f"shop{number:05d}.customers.example.com" for number in range(count)]
    sites = [
        {"id": at + 1, "name": f"site {at}", "state": "started", "bindings": [binding(f"*:443:{names[at]}", 1)]}
        for at in range(count)
    ]
    records = [record(f"{name}:443", "hostnameport", store="WebHosting") for name in names]
    stored = [{**certificate("good", CNG), "thumbprint": f"{number:040X}"} for number in range(300)]
    described = small(**IIS, sites=sites, records=records, certificates=stored)
    folder = host(described)
    found, seconds = timed(lane, folder)
    loop = lane.ask({"do": "loop", "state": str(folder)})
    without = {**found, "certificates": []}
    size = len(json.dumps(without, separators=(",", ":")))
    print(
        f"{count} bindings and records, 300 certificates: {seconds:.2f} s, {seconds * 1000 / max(loop['milliseconds'], 1):.1f} x"
        f" a bare loop over the records; {size / count:.0f} bytes per binding, certificates aside; peak {lane.peak_megabytes()} MB"
    )
    assert (len(found["sites"]), len(found["records"]), len(found["certificates"])) == (count, count, 300)
    assert loop["records"] == count
    assert size / count <= 600
    # A list searched for every element would show: ten times the host may take a little more than ten times as long.
    few = host({**described, "sites": sites[:1000], "records": records[:1000], "certificates": stored[:30]})
    assert seconds < 30 * max(timed(lane, few)[1], 0.05)


def timed(lane: Lane, folder: Path) -> tuple[dict[str, Any], float]:
    """The document, and seconds of the fastest of three reads: the first is cold, and others work on the machine, too."""
    took = []
    for _round in range(3):
        started = time.monotonic()
        found = lane.document(folder)
        took.append(time.monotonic() - started)
    return found, min(took)

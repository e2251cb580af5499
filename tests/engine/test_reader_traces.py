# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# reader on what others leave behind: event logs, scheduled tasks, certificate managers, switches, chains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.fakes import traces
from engine.fakes.example import CNG, certificate, small
from engine.fakes.rows import write_rows
from engine.harness.lane import Lane

pytestmark = pytest.mark.mono
Host = Callable[[dict[str, Any]], Path]
IIS = {"iis": {"major": 10, "minor": 0}, "schema_ssl_flags": True}
HTTP = "Microsoft-Windows-HttpEvent"
LIFECYCLE = "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"
ONE, TWO = "0123456789ABCDEF0123456789ABCDEF01234567", "F" * 40


def logged(host: Host, *events: tuple[str, str], **more: Any) -> Path:
    folder = host(small(**more))
    write_rows(folder / "machine" / "events.txt", events)
    return folder


def http_event(number: int, at: str, name: str) -> tuple[str, str]:
    return "System", traces.event(HTTP, number, at, traces.endpoint(name))


def gaps(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(gap["layer"], gap["code"]) for gap in found["incomplete"]]


# -- event logs ---------------------------------------------------------------------------------------------------


def test_the_newest_change_of_each_endpoint_is_told(lane: Lane, host: Host) -> None:
    folder = logged(
        host,
        http_event(15301, "2026-01-01T00:00:00Z", "0.0.0.0:443"),
        http_event(15301, "2026-01-02T00:00:00Z", "Shop.example.com:443"),
        http_event(15021, "2026-01-03T00:00:00Z", "10.0.0.5:443"),
        http_event(15302, "2026-01-04T00:00:00Z", "shop.example.com:443"),
        http_event(15300, "2026-01-05T00:00:00Z", "[::]:443"),
    )
    found = lane.document(folder)
    assert found["changes"] == [
        {"at": "2026-01-05T00:00:00Z", "kind": "deleted", "endpoint": "[::]:443"},
        {"at": "2026-01-04T00:00:00Z", "kind": "updated", "endpoint": "shop.example.com:443"},
        {"at": "2026-01-01T00:00:00Z", "kind": "created", "endpoint": "0.0.0.0:443"},
    ]
    assert gaps(found) == []


def test_events_of_any_form_are_read_or_left_out(lane: Lane, host: Host) -> None:
    """Old Windows gives data no names; a long event needs a second call; one without an endpoint says nothing."""
    unnamed = "<EventData><Data>\\Device\\Http\\ReqQueue</Data><Data>0.0.0.0:443</Data></EventData>"
    folder = logged(
        host,
        ("System", traces.event(HTTP, 15301, "2026-01-01T00:00:00Z", unnamed)),
        http_event(15300, "2026-01-02T00:00:00Z", "x" * 6000),
        ("System", traces.event(HTTP, 15300, "2026-01-03T00:00:00Z", "")),
        http_event(15300, "2026-01-04T00:00:00Z", ""),
    )
    assert [change["endpoint"] for change in lane.document(folder)["changes"]] == ["x" * 6000, "0.0.0.0:443"]


def test_only_the_newest_thousand_events_are_looked_at(lane: Lane, host: Host) -> None:
    events = [http_event(15301, "2026-01-01T00:00:00Z", f"name{number}:443") for number in range(1300)]
    found = lane.document(logged(host, *events))["changes"]
    assert (len(found), found[0]["endpoint"], found[-1]["endpoint"]) == (1000, "name1299:443", "name300:443")


def test_renewals_are_told_oldest_first(lane: Lane, host: Host) -> None:
    half = "<UserData><CertNotificationData><OldCertificateDetails Thumbprint='1'/></CertNotificationData></UserData>"
    folder = logged(
        host,
        (LIFECYCLE, traces.event("x", 1001, "2026-01-01T00:00:00Z", traces.replaced(ONE, TWO))),
        (LIFECYCLE, traces.event("x", 1001, "2026-01-02T00:00:00Z", half)),
        (LIFECYCLE, traces.event("x", 1003, "2026-01-03T00:00:00Z", traces.replaced(ONE, TWO))),
        (LIFECYCLE, traces.event("x", 1001, "2026-01-04T00:00:00Z", traces.replaced(TWO, ONE))),
    )
    assert lane.document(folder)["renewals"] == [
        {"at": "2026-01-01T00:00:00Z", "old": ONE, "new": TWO},
        {"at": "2026-01-04T00:00:00Z", "old": TWO, "new": ONE},
    ]


@pytest.mark.parametrize(
    ("fact", "value", "code"),
    [
        ("events", "5", "access_denied"),
        ("events", "1722", "1722"),
        ("events_next", "5", "access_denied"),
        ("events_render", "13", "13"),
        ("events_render", "122", "122"),
    ],
)
def test_a_log_that_refuses_is_a_gap(lane: Lane, host: Host, fact: str, value: str, code: str) -> None:
    folder = logged(host, http_event(15301, "2026-01-01T00:00:00Z", "0.0.0.0:443"))
    write_rows(folder / "windows" / "facts.txt", [(fact, value)])
    found = lane.document(folder)
    assert found["changes"] == []
    assert ("events", code) in gaps(found)
    if code == "access_denied":
        assert "Event Log Readers" in found["incomplete"][0]["message"]


def test_every_handle_of_the_event_log_is_given_back(lane: Lane, host: Host) -> None:
    events = [http_event(15301, "2026-01-01T00:00:00Z", f"name{number}:443") for number in range(20)]
    folder = logged(host, *events)
    before = lane.ask({"do": "handles"})
    assert len(lane.document(folder)["changes"]) == 20
    write_rows(folder / "windows" / "facts.txt", [("events_render", "13")])
    lane.document(folder)
    assert lane.ask({"do": "handles"}) == before


# -- tasks and managers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (None, False),
        (traces.task(True).encode("utf-16"), True),
        (traces.task(False).encode("utf-16"), False),
        (b"<Task/>", True),
        (b"<Task><Settings/></Task>", True),
    ],
    ids=["missing", "on", "off", "says nothing", "settings only"],
)
def test_the_automatic_rebind_is_a_task(lane: Lane, host: Host, data: bytes | None, value: bool) -> None:
    folder = host(small(**IIS))
    if data is not None:
        (folder / traces.REBIND).write_bytes(data)
    found = lane.document(folder)
    assert (found["rebind"], gaps(found)) == (value, [])


def test_an_unreadable_task_is_a_gap(lane: Lane, host: Host) -> None:
    folder = host(small(**IIS))
    (folder / traces.REBIND).write_text("<Task", encoding="utf-8")
    found = lane.document(folder)
    assert (found["rebind"], gaps(found)) == (None, [("rebind", "malformed")])


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("win-acme renew (acme-v02.api.letsencrypt.org)", "win_acme"),
        ("simple-acme renew (acme-v02.api.letsencrypt.org)", "simple_acme"),
        ("letsencrypt-win-simple httpsacme-v01", "other"),
        ("Renew with Posh-ACME", "posh_acme"),
        ("acme.sh", "other"),
        ("Nightly backup", None),
    ],
)
def test_managers_are_known_by_their_tasks(lane: Lane, host: Host, task: str, kind: str | None) -> None:
    folder = host(small())
    (folder / "tasks" / task).write_text("<Task/>", encoding="utf-8")
    expected = [] if kind is None else [{"kind": kind, "evidence": f"scheduled task {task}"}]
    assert lane.document(folder)["managers"] == expected


# -- switches -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "value", "present"), [(20348, 1, True), (20348, 0, False), (17763, 1, False), (26100, 2**32 - 1, True)]
)
def test_a_switch_counts_where_the_build_has_the_feature(
    lane: Lane, host: Host, build: int, value: int, present: bool
) -> None:
    key = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.3\Server"
    switch = {"what": "tls13", "present": present, "evidence": f"{key}, Enabled = {value}"}
    system = {"name": "Windows Server", "major": 10, "minor": 0, "build": build, "revision": None}
    assert lane.document(host(small(os=system, asked=[switch])))["asked"][0] == switch


# -- chains -------------------------------------------------------------------------------------------------------


def test_chains_are_told_by_status_and_length(lane: Lane, host: Host) -> None:
    whole = certificate("good", CNG, chain={"status": 0, "elements": 3})
    partial = certificate("denied", CNG, chain={"status": 0x10000 | 0x1000040, "elements": 1})
    unknown = certificate("keyless", None)
    found = lane.document(host(small(certificates=[whole, partial, unknown])))["certificates"]
    assert [item.get("chain") for item in found] == [whole["chain"], None, partial["chain"]]

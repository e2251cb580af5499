# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned faults on the way of a request, as a client meets them; what the host did meanwhile is looked up behind its back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from winrm.exceptions import WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError

from lab.wire_lab import ADDRESS, OLD, Running, read, started

READER = "tlsfleet.iis.host_reader"
CUT = (requests.ConnectionError, WinRMTransportError, WSManFaultError)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.fixture
def running(lab: Running) -> Iterator[Running]:
    yield lab
    lab.heal()


def calls(running: Running) -> int:
    """Module calls the host has carried out so far."""
    return sum(1 for entry in running.transcript() if entry["kind"] == "call")


@pytest.mark.parametrize(
    ("name", "raised"),
    [("drop", requests.ConnectionError), ("unavailable", WinRMTransportError), ("soap_fault", WSManFaultError)],
)
@pytest.mark.parametrize(
    ("at", "happened"),
    [("create", 0), ("command", 0), ("send", 0), ("receive", 1), ("signal", 1), ("delete", 1)],
)
def test_a_link_that_breaks(name: str, raised: type[Exception], at: str, happened: int, running: Running) -> None:
    before = calls(running)
    running.fault(name, at=at)
    with pytest.raises(raised):
        read(running.client())
    assert calls(running) - before == happened
    struck = [entry for entry in running.transcript() if entry["kind"] == "fault"][-1]
    assert (struck["fault"], struck["at"]) == (name, at)
    assert read(running.client())["name"] == "WEB-1"  # it strikes once


@pytest.mark.parametrize(("carried_out", "happened"), [(False, 0), (True, 1)])
def test_did_the_last_input_arrive(carried_out: bool, happened: int, running: Running) -> None:
    before = calls(running)
    running.fault("drop", at="send", carried_out=carried_out)
    with pytest.raises(requests.ConnectionError):
        read(running.client())
    time.sleep(0.2)
    assert calls(running) - before == happened


def test_only_the_second_call(running: Running) -> None:
    running.fault("drop", at="receive", call=2)
    assert read(running.client())["name"] == "WEB-1"
    with pytest.raises(requests.ConnectionError):
        read(running.client())
    assert read(running.client())["name"] == "WEB-1"


def test_a_receive_out_of_time_loses_nothing(running: Running) -> None:
    running.fault("operation_timeout", at="receive", times=2)
    before = running.counters()["requests"]
    assert read(running.client())["name"] == "WEB-1"
    assert running.counters()["requests"] - before == 6  # pywinrm asks again, the host never hears of the first two


@pytest.mark.parametrize(("carried_out", "happened"), [(True, 1), (False, 0)])
def test_a_send_out_of_time(carried_out: bool, happened: int, running: Running) -> None:
    before = calls(running)
    running.fault("operation_timeout", at="send", carried_out=carried_out)
    with pytest.raises(WinRMOperationTimeoutError):
        read(running.client())
    time.sleep(0.2)
    assert calls(running) - before == happened


def test_quota(running: Running) -> None:
    running.fault("quota")
    with pytest.raises(WSManFaultError) as refusal:
        read(running.client())
    assert refusal.value.wmierror_code == 0x803381A6


def test_latency(running: Running) -> None:
    running.fault("latency", at="receive", seconds=0.4, times=1)
    began = time.monotonic()
    read(running.client())
    slow = time.monotonic() - began
    assert slow >= 0.4
    began = time.monotonic()
    read(running.client())
    assert time.monotonic() - began < slow


def test_a_reboot_takes_shells_and_endpoints_along(running: Running) -> None:
    client = running.client()
    shell = client.protocol.open_shell()
    running.fault("reboot", call=1, seconds=0.6)
    with pytest.raises(requests.ConnectionError):
        client.protocol.run_command(shell, "whoami")
    with pytest.raises(requests.ConnectionError):
        client.protocol.open_shell()
    with pytest.raises(ConnectionRefusedError):
        running.shake(ADDRESS, 443, "shop.example.com")
    time.sleep(1)
    with pytest.raises(WSManFaultError, match="was not found on the server"):
        client.protocol.run_command(shell, "whoami")
    client.protocol.transport.close_session()
    assert running.shake(ADDRESS, 443, "shop.example.com") == running.thumbprints["web-1"][OLD.upper()]
    assert [entry["kind"] for entry in running.transcript()][-2:] == ["down", "up"]


def test_unreachable_until_healed(running: Running) -> None:
    running.fault("unreachable")
    with pytest.raises(requests.ConnectionError):
        read(running.client())
    assert running.shake(ADDRESS, 443, "shop.example.com")  # only WinRM is shut
    running.heal()
    assert read(running.client())["name"] == "WEB-1"


def test_cut_shells_are_no_leaks_and_others_are(tmp_path: Path) -> None:
    with started(tmp_path) as running:
        running.fault("soap_fault", at="delete")
        with pytest.raises(WSManFaultError):
            read(running.client())
        assert running.counters()["shells_opened"] - running.counters()["shells_closed"] == 1

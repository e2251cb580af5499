# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell remoting: the real ansible-playbook with the psrp plugin, and pypsrp for what the plugin never does."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.host import PSHost, PSHostUserInterface
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import SelectorSet, WSMan

from lab import soap
from lab.payload import LONGEST_LINE, SEPARATOR
from lab.wire_lab import Running
from lab.wire_rig import Recorder, expect_the_play, play, playbooks, recording
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

WAYS = ("psrp", "psrp-ntlm", "psrp-https")
# What fits into one Send of an envelope of 500 KB; the plugin's payloads are far from it.
PER_SEND = 300_000


@each_core
def test_read_and_change(core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_over(tmp_path / "lab", core, monkeypatch, "basic", *WAYS) as fleet:
        counted = read_and_change(fleet, "basic", *WAYS)
    requests = {slug: counts["requests"] for slug, counts in counted.items()}
    # 2 + 4k for each of the two tasks, as with shells; a Send takes more here than there.
    assert requests["psrp"] == requests["psrp-ntlm"] == requests["psrp-https"] == 16 <= requests["basic"]
    handshakes = {slug: counts["handshakes"] for slug, counts in counted.items()}
    assert handshakes == {"basic": 0, "psrp": 0, "psrp-ntlm": 6, "psrp-https": 0}


@each_core
def test_wrong_password(core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_over(tmp_path / "lab", core, monkeypatch, *WAYS) as fleet:
        played = with_wrong_password(fleet)
        for slug, method in (("psrp", "basic"), ("psrp-ntlm", "ntlm"), ("psrp-https", "basic")):
            result, counts = played.of("read", slug), fleet.counters(slug)
            assert result.status == "unreachable"
            assert "failed to authenticate with the server" in result["msg"]
            assert f"with {method}" in result["msg"]
            assert (counts["refused"], counts["requests"], counts["shells_opened"]) == (1, 0, 0)


@each_core
def test_become_arrives_and_its_password_stays(core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = {**READ, "become": True, "become_method": "runas", "become_user": "SHOP\\deploy"}
    with fleet_over(tmp_path / "lab", core, monkeypatch, "basic", "psrp") as fleet:
        played = fleet.play([task], "-e", "ansible_become_password=only-for-become")
        for slug in ("basic", "psrp"):
            assert played.of("read", slug)["simulated"] is True, played.output
            counts = fleet.counters(slug)
            assert (counts["become"], counts["unknown"], counts["calls"]) == ({"SHOP\\deploy": 1}, 0, 1)
        kept = [file for file in fleet.place.rglob("*") if file.is_file() and b"only-for-become" in file.read_bytes()]
        assert kept == []


@pytest.mark.parametrize("playbook", playbooks(), ids=lambda path: path.parents[1].name)
def test_every_core_is_decoded(playbook: Path, tmp_path: Path) -> None:
    with recording(transport="psrp") as recorder:
        done = play(playbook, tmp_path, recorder)
        expect_the_play(recorder.calls)
    assert "ok=4" in done.stdout and "failed=0" in done.stdout, done.stdout
    counts = recorder.counters
    assert counts.requests == expected_requests(recorder, PER_SEND)
    assert (counts.shells_opened, counts.shells_closed, counts.faults, counts.refused) == (4, 4, 0, 0)
    # Before the end of every pool, and where a second pipeline follows the first is stopped.
    assert recorder.settled == 4 + 1


def test_nobody_can_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = {}
    with fleet_over(tmp_path / "lab", playbooks()[0], monkeypatch, "psrp", "psrp-ntlm") as fleet:
        for slug in ("psrp", "psrp-ntlm"):
            with tapped(Running(fleet.place).hosts[slug]["ansible_host"], 5985) as tap:
                words = ("-e", f"ansible_port={tap.port}", "-e", "ansible_host=127.0.0.1")
                assert fleet.play([READ], *words, hosts=slug).of("read")["simulated"] is True
            heard[slug] = bytes(tap.heard)
    for word in ("host_reader", "_ansible_check_mode", "shop.example.com", "CommandLine", "Envelope"):
        assert readable(heard["psrp"], word), word
        assert not readable(heard["psrp-ntlm"], word), word
    assert len(heard["psrp-ntlm"]) > 100_000


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording(transport="psrp") as running:
        yield running


def wsman(recorder: Recorder, auth: str = "basic", timeout: int = 20) -> WSMan:
    variables = recorder.variables
    return WSMan(
        variables["ansible_host"],
        port=variables["ansible_port"],
        username=variables["ansible_user"],
        password=variables["ansible_password"],
        ssl=False,
        auth=auth,
        encryption="never" if auth == "basic" else "always",
        operation_timeout=timeout,
    )


@contextmanager
def pool(recorder: Recorder, auth: str = "basic", timeout: int = 20) -> Iterator[RunspacePool]:
    host = PSHost(None, None, False, "test", None, PSHostUserInterface(), "1.0")
    with wsman(recorder, auth, timeout) as connection, RunspacePool(connection, host=host) as opened:
        yield opened


def module_input(args: dict[str, object]) -> Any:
    """The lines of a payload, as the plugin hands them to pypsrp (whose type hints know iterators only)."""
    payload = {"actions": ["module"], "module_args": {"_ansible_module_name": "a.b.c", **args}}
    return (b"source\n" + SEPARATOR + b"\n" + json.dumps(payload).encode()).decode().splitlines()


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
def test_both_forms_of_ntlm(auth: str) -> None:
    with recording(transport="psrp-ntlm") as recorder:
        with pool(recorder, auth) as opened:
            pipeline = PowerShell(opened).add_script("# bootstrap")
            (said,) = pipeline.invoke(module_input({"x": "é"}))
        assert json.loads(said)["args"] == {"x": "é"}
    assert (recorder.counters.handshakes, recorder.counters.shells_closed) == (3, 1)


def test_large_input_and_output(recorder: Recorder) -> None:
    text = "é" * 300_000
    with pool(recorder) as opened:
        pipeline = PowerShell(opened).add_script("# bootstrap")
        (said,) = pipeline.invoke(module_input({"text": text}))
    assert json.loads(said)["args"] == {"text": text}
    (call,) = recorder.calls
    assert call.args == {"text": text}
    # 1.8 MB either way: 5 or 6 envelopes of 500 KB up, 96 KB for each Receive down.
    assert 3 + 1 + 5 + 19 <= recorder.counters.requests <= 3 + 1 + 6 + 24


def test_what_nobody_knows_fails(recorder: Recorder) -> None:
    with pool(recorder) as opened:
        for script in ("whoami", "x" * (LONGEST_LINE + 1)):
            pipeline = PowerShell(opened).add_script(script)
            pipeline.invoke()
            assert (opened.host.rc if opened.host else None, pipeline.output) == (
                1,
                ["script: " + script[:120] + "..." * (len(script) > 120)],
            )
    # No cmd.exe, no limit of its command line.
    assert [len(line) for line, _stdin in recorder.commands] == [6, LONGEST_LINE + 1]


def test_faults(recorder: Recorder) -> None:
    with pool(recorder) as opened:
        for what in (
            lambda: opened.shell.send("stdin", b"x", command_id=str(uuid.uuid4())),
            lambda: opened.shell.receive("stdout", command_id=str(uuid.uuid4())),
            lambda: opened.shell.signal("http://x/signal/terminate", str(uuid.uuid4())),
        ):
            with pytest.raises(WSManFaultError, match="was not found") as caught:
                what()
            assert caught.value.code == soap.SHELL_NOT_FOUND
        for what in (
            lambda: opened.shell.send("stdin", b"no protocol data"),
            lambda: opened.shell.command("", ["AAAA"], command_id=str(uuid.uuid4())),
            lambda: opened.shell.command("", ["AAAA"], command_id="no uuid"),
        ):
            with pytest.raises(WSManFaultError, match=r"no PowerShell remoting|is no UUID"):
                what()
    assert recorder.counters.faults == 6
    assert (recorder.counters.shells_opened, recorder.counters.shells_closed) == (1, 1)


def test_unknown_pool_and_broken_opening(recorder: Recorder) -> None:
    with pool(recorder) as opened:
        own, opened.shell._selector_set = opened.shell._selector_set, SelectorSet()
        opened.shell._selector_set.add_option("ShellId", str(uuid.uuid4()).upper())
        with pytest.raises(WSManFaultError, match=r"runspace pool .* was not found"):
            opened.shell.send("stdin", b"x")
        opened.shell._selector_set = own
    with wsman(recorder) as connection:
        broken = RunspacePool(connection)
        with pytest.raises(WSManFaultError, match="creationXml"):
            broken.shell.open()
    assert recorder.counters.shells_opened == 1


def test_waiting_for_a_pipeline_without_its_input(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    with pool(recorder, timeout=1) as opened:
        pipeline = PowerShell(opened).add_script("# bootstrap")
        with monkeypatch.context() as lost:
            lost.setattr(opened.shell, "send", lambda *args, **more: None)
            pipeline.begin_invoke(module_input({}))
        pipeline.poll_invoke()
        assert pipeline.state == PSInvocationState.RUNNING
        pipeline.stop()
    assert (recorder.counters.faults, recorder.commands) == (0, [])


def test_wrong_password_of_negotiate() -> None:
    with recording(transport="psrp-ntlm") as recorder:
        recorder.variables["ansible_password"] = "wrong"
        with pytest.raises(AuthenticationError), pool(recorder, "negotiate"):
            pass
    assert (recorder.counters.refused, recorder.counters.requests) == (1, 0)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh with PowerShell as the default shell: the real ansible-playbook, its ssh plugin and the ssh program of this machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import asyncssh
import pytest

from lab.counters import Caps
from lab.wire_rig import expect_the_play, play, playbooks, recording
from lab.wire_transports import READ, each_core, fleet_over, read_and_change

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh program on this machine")


@each_core
def test_read_and_change(core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_over(tmp_path / "lab", core, monkeypatch, "ssh") as fleet:
        counted = read_and_change(fleet, "ssh", shells=3)
    # One connection and one command for each of the three calls, nothing else.
    assert (counted["ssh"]["requests"], counted["ssh"]["handshakes"]) == (3, 0)


@pytest.mark.parametrize("playbook", playbooks(), ids=lambda path: path.parents[1].name)
def test_every_core_is_decoded(playbook: Path, tmp_path: Path) -> None:
    with recording(transport="ssh") as recorder:
        done = play(playbook, tmp_path, recorder)
        expect_the_play(recorder.calls)
    assert "ok=4" in done.stdout and "failed=0" in done.stdout, done.stdout
    counts = recorder.counters
    assert (counts.requests, counts.commands, counts.shells_opened, counts.shells_closed) == (5, 5, 5, 5)
    assert counts.bytes == sum(len(stdin) for _line, stdin in recorder.commands)


@each_core
def test_wrong_key_and_wrong_host(core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_over(tmp_path / "lab", core, monkeypatch, "ssh") as fleet:
        other = tmp_path / "other-key"
        other.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
        other.chmod(0o600)
        refused = fleet.play([READ], "-e", f"ansible_ssh_private_key_file={other}").of("read")
        assert refused.status == "unreachable"
        assert "Permission denied (publickey)" in refused["msg"]
        counts = fleet.counters("ssh")
        assert (counts["refused"], counts["requests"], counts["shells_opened"]) == (1, 0, 0)
        (fleet.place / "ssh-known-hosts").write_text("", encoding="ascii")
        unknown = fleet.play([READ]).of("read")
        assert unknown.status == "unreachable"
        assert "Host key verification failed" in unknown["msg"]


def test_caps(tmp_path: Path) -> None:
    three = {"hosts": "all", "gather_facts": False, "tasks": [{"wire.probe.echo": {"text": "x"}}] * 3}
    with recording(Caps(requests=2), transport="ssh") as recorder:
        done = play(playbooks()[0], tmp_path, recorder, json.dumps([three]))
    assert "ok=2" in done.stdout and "failed=1" in done.stdout
    assert "more than 2 requests since the last reset" in done.stdout
    assert (recorder.counters.commands, recorder.counters.requests) == (2, 3)


def test_the_key_is_private(tmp_path: Path) -> None:
    with recording(transport="ssh") as recorder:
        assert Path(recorder.variables["ansible_ssh_private_key_file"]).stat().st_mode & 0o077 == 0

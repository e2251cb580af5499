# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder: recordings of real cores, the cores of this checkout alive, and everything that is not understood."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import pytest
from tools.environment import CORES

from lab import payload
from lab.payload import COLLECTIONS, SEPARATOR, Call, decode
from lab.wire_record import MARK, RECORDED, load
from lab.wire_rig import expect_the_play, play, playbooks, recording


@pytest.mark.parametrize("file", sorted(RECORDED.glob("*.json")), ids=lambda file: file.stem)
def test_recorded(file: Path) -> None:
    expect_the_play([decode(line, stdin) for line, stdin in load(file)])


def test_every_core_and_every_form_is_recorded() -> None:
    recorded = {file.stem: load(file)[0][1] for file in RECORDED.glob("*.json")}
    assert set(CORES) <= set(recorded)
    assert {core for core, stdin in recorded.items() if not stdin.lstrip().startswith(b"{")} == {"2.16", "2.17", "2.18"}
    # gzip in base64: no brace behind the separator.
    assert {core for core, stdin in recorded.items() if b"{" not in stdin.split(SEPARATOR)[1]} == {"2.22"}


@pytest.mark.parametrize("playbook", playbooks(), ids=lambda path: path.parents[1].name)
def test_alive(playbook: Path, tmp_path: Path) -> None:
    with recording() as recorder:
        done = play(playbook, tmp_path, recorder)
        expect_the_play([decode(line, stdin) for line, stdin in recorder.commands])
    assert "ok=4" in done.stdout and "failed=0" in done.stdout, done.stdout
    counts = recorder.counters
    # Four tasks, a shell each; five commands, of which the removal has no input and needs no Send; so has the making up to 2.18.
    sends = sum(1 + (len(stdin) - 1) // 200_000 for _line, stdin in recorder.commands if stdin)
    assert counts.requests == 2 * 4 + 3 * 5 + sends
    assert (counts.shells_opened, counts.shells_closed, counts.faults, counts.refused) == (4, 4, 0, 0)
    assert recorder.settled == 4 + 5
    assert counts.commands == 5


def encoded(script: str) -> str:
    return f"powershell -NonInteractive -EncodedCommand {base64.b64encode(script.encode('utf-16-le')).decode()}"


def manifest(action: dict[str, object]) -> bytes:
    return b'{"name": "x"}\n' + SEPARATOR + b"\n" + json.dumps({"scripts": {}, "actions": [action]}).encode()


@pytest.mark.parametrize(
    ("line", "stdin", "why"),
    [
        ("whoami", b"", "whoami"),
        (encoded("Get-Item C:\\"), b"", "Get-Item"),
        (encoded("Remove-Item C:\\x -Force; whoami"), b"", "Remove-Item"),
        (encoded("x"), b"just text", "without a payload"),
        (encoded("x"), b"{}", "without a manifest"),
        (encoded("x"), b"source" + SEPARATOR + b"{broken", "JSONDecodeError"),
        (encoded("x"), b"{}" + SEPARATOR + b"H4sIAAAAAAAC", "neither JSON nor gzip"),
        (encoded("x"), b"{}" + SEPARATOR + b"not base64", "neither JSON nor gzip"),
        (encoded("x"), b"source" + SEPARATOR + b"{}", "KeyError"),
        (encoded("x"), b"source" + SEPARATOR + b'{"actions": ["m"], "module_args": {}}', "without a module name"),
        (
            encoded("x"),
            b"source" + SEPARATOR + b'{"actions": ["async_wrapper", "m"], "module_args": {}}',
            "async_wrapper",
        ),
        (encoded("x"), manifest({"name": "winrm_put_file.ps1", "params": {"Path": "C:\\x"}}), "winrm_put_file.ps1"),
        (encoded("x"), manifest({"name": "module_wrapper.ps1", "params": {"Script": "mine.ps1"}}), "script mine.ps1"),
        ("powershell -EncodedCommand AAA", b"", "-EncodedCommand"),
        ("x" * 8192, b"", "8192 characters"),
    ],
)
def test_unknown(line: str, stdin: bytes, why: str) -> None:
    call = decode(line, stdin)
    assert call.kind == "unknown"
    assert why in call.name


def test_longest_line_is_still_taken() -> None:
    line = encoded("Remove-Item C:\\" + "x" * 20 + " -Force")
    assert decode(line + " " * (payload.LONGEST_LINE - len(line)), b"").kind == "remove"


@pytest.mark.parametrize("form", ["v1", "v2", "v2 packed"])
@pytest.mark.parametrize(
    ("sent", "name"),
    [("tlsfleet.iis.host_reader", "tlsfleet.iis.host_reader"), ("ansible.legacy.win_ping", "ansible.legacy.win_ping")],
)
def test_same_call_in_both_forms(form: str, sent: str, name: str) -> None:
    args: dict[str, object] = {
        "contract": 1,
        "_ansible_check_mode": True,
        "_ansible_diff": True,
        "_ansible_verbosity": 3,
        "ansible_x": 2,
    }
    args["_ansible_module_name"] = sent
    if form == "v1":
        stdin = b"source" + SEPARATOR + json.dumps({"actions": ["m"], "module_args": args}).encode()
    else:
        parts = sent.split(".")
        script = sent if parts[0] == "ansible" else f"{COLLECTIONS}.{parts[0]}.{parts[1]}.plugins.modules.{parts[2]}"
        params: dict[str, object] = {"Script": f"{script}.ps1", "ForModule": True}
        if form == "v2":
            params["Variables"] = [{"Name": "complex_args", "Value": args, "Scope": "Global"}]
            stdin = manifest({"name": "module_wrapper.ps1", "params": params})
        else:
            params["ArgumentJSON"] = json.dumps(args)
            bootstrap, _separator, plain = manifest({"name": "module_wrapper.ps1", "params": params}).partition(
                SEPARATOR
            )
            stdin = bootstrap + SEPARATOR + b"\n" + base64.b64encode(gzip.compress(plain))
    expected = Call("module", name, {"contract": 1, "ansible_x": 2}, check_mode=True, diff=True, verbosity=3)
    assert decode(encoded("x"), stdin) == expected


def test_recordings_hold_no_program_text() -> None:
    for file in RECORDED.glob("*.json"):
        text = file.read_text(encoding="utf-8")
        assert MARK in text or file.stem < "2.19"
        assert len(text) < 20_000

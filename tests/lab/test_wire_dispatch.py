# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers a command, and what happens when the simulated machine itself breaks."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

import pytest

from lab.counters import Counters
from lab.dispatch import dispatch
from lab.payload import SEPARATOR
from lab.simhost import SimulatedHost
from lab.wire_client import LINE


class Host:
    """Stands in for a machine; ``call`` does what the module's name says."""

    slug = "web-1"

    def call(self, module: str, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        if module == "a.b.unknown":
            raise KeyError(module)
        if module == "a.b.missing_key":
            raise KeyError("thumbprint")
        if module == "a.b.broken":
            raise ZeroDivisionError
        return {"changed": True, "args": args, "check_mode": check_mode}


def sent(name: str) -> bytes:
    args = {"_ansible_module_name": name, "_ansible_check_mode": True, "x": "é"}
    return SEPARATOR + json.dumps({"actions": ["m"], "module_args": args}).encode()


def run(line: str, stdin: bytes) -> tuple[int, bytes, bytes, Counters]:
    counters = Counters()
    outcome = dispatch(cast(SimulatedHost, Host()), counters, line, stdin)
    return outcome.code, outcome.stdout, outcome.stderr, counters


def test_answer_is_one_line_of_json() -> None:
    code, out, err, counters = run(LINE, sent("a.b.c"))
    assert (code, err) == (0, b"")
    assert out.count(b"\n") == 1
    assert json.loads(out) == {"changed": True, "args": {"x": "é"}, "check_mode": True}
    assert (counters.calls, counters.unknown) == (1, 0)


@pytest.mark.parametrize("name", ["a.b.missing_key", "a.b.broken"])
def test_a_broken_machine_is_no_unknown_module(name: str, caplog: pytest.LogCaptureFixture) -> None:
    code, out, err, counters = run(LINE, sent(name))
    assert (code, out, counters.unknown) == (1, b"", 0)
    assert (
        err == f"simulated host web-1: {name} broke the simulation; the traceback is in the log of the lab\r\n".encode()
    )
    assert "Traceback" in caplog.text


def test_become_is_counted_by_user() -> None:
    args = {"_ansible_module_name": "a.b.c"}
    payload = {"actions": ["become_wrapper", "m"], "module_args": args, "become_user": "SYSTEM", "become_password": "x"}
    code, out, _err, counters = run(LINE, SEPARATOR + json.dumps(payload).encode())
    assert (code, json.loads(out)["changed"], counters.become, counters.calls) == (0, True, {"SYSTEM": 1}, 1)
    other = {**payload, "actions": ["async_wrapper", "become_wrapper", "m"]}
    code, out, err, counters = run(LINE, SEPARATOR + json.dumps(other).encode())
    assert (code, out, counters.become, counters.unknown) == (1, b"", {}, 1)
    assert b"async_wrapper" in err


def test_unknown_module() -> None:
    code, out, err, counters = run(LINE, sent("a.b.unknown"))
    assert (code, out, counters.unknown, counters.calls) == (1, b"", 1, 1)
    assert err == b"simulated host web-1: not known here: module a.b.unknown\r\n"


def test_temporary_directory() -> None:
    def line(script: str) -> str:
        return f"powershell -EncodedCommand {base64.b64encode(script.encode('utf-16-le')).decode()}"

    made = line("$tmp_path = Expand('%TEMP%')\n$tmp = New-Item -Path $tmp_path -Name 'ansible-tmp-1'")
    assert run(made, b"")[:3] == (0, b"C:\\Temp\\ansible-tmp-1\r\n", b"")
    assert run(line("Remove-Item 'C:\\Temp\\ansible-tmp-1\\.' -Force -Recurse;"), b"")[:3] == (0, b"", b"")

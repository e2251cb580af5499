# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab with planned faults: endpoints, the command line, transcripts, and what may not be left over."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import control
from lab.leaks import processes
from lab.wire_lab import ADDRESS, HOST, NEW, OLD, SECOND, Running, command_line, read, started

APPLIER = "tlsfleet.iis.host_applier"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.fixture
def running(lab: Running) -> Iterator[Running]:
    yield lab
    lab.heal()


def update(running: Running, before: str, after: str) -> dict[str, Any]:
    """Arguments that exchange the certificate of the only record."""
    mine = running.thumbprints["web-1"]
    images = [{"thumbprint": mine[item.upper()], "store": "MY"} for item in (before, after)]
    record = {"family": "hostnameport", "key": "shop.example.com:443", "before": images[0], "after": images[1]}
    endpoint = {"address": ADDRESS, "port": 443, "sni": "shop.example.com", "expect": images[1]["thumbprint"]}
    return {
        "contract": 1,
        "computer": "WEB-1",
        "steps": [{"op": "record_update", **record}, {"op": "probe", "endpoints": [endpoint]}],
        "probe": {"on_unverified": "fail", "timeout": 5, "retries": 1},
        "read": {"certificates": "referenced", "key_check": "metadata"},
    }


# -- endpoints ---------------------------------------------------------------------------------------------------


def test_a_load_balancer_in_front(running: Running) -> None:
    mine = running.thumbprints["web-1"][OLD.upper()]
    running.fault("front_certificate", address=ADDRESS, port=443, names=["lb.example.com"])
    other = running.shake(ADDRESS, 443, "shop.example.com")
    assert other != mine and running.shake(ADDRESS, 443, None) == other
    assert running.shake(SECOND, 443, "shop.example.com") == mine
    running.heal()
    assert running.shake(ADDRESS, 443, "shop.example.com") == mine


def test_an_endpoint_that_refuses(running: Running) -> None:
    running.fault("endpoint_unreachable", address=ADDRESS)
    with pytest.raises(ConnectionRefusedError):
        running.shake(ADDRESS, 443, "shop.example.com")
    assert running.shake(SECOND, 443, "shop.example.com")
    running.heal()
    assert running.shake(ADDRESS, 443, "shop.example.com")


@pytest.mark.parametrize(
    ("minimum", "maximum", "spoken"),
    [("TLS1.3", "TLS1.3", "TLSv1.3"), ("TLS1.0", "TLS1.2", "TLSv1.2"), ("TLS1.2", "TLS1.2", "TLSv1.2")],
)
def test_cut_versions(minimum: str, maximum: str, spoken: str, running: Running) -> None:
    running.fault("tls_versions", minimum=minimum, maximum=maximum)
    assert version(running, None) == spoken
    refused = ssl.TLSVersion.TLSv1_2 if minimum == "TLS1.3" else ssl.TLSVersion.TLSv1_3
    with pytest.raises(ssl.SSLError):
        version(running, refused)


def version(running: Running, only: ssl.TLSVersion | None) -> str | None:
    """The version that a handshake settles on; ``only``: the client speaks nothing else."""
    (place,) = (item for item in running.hosts["web-1"]["tlsfleet_connect_to"] if item.startswith(f"{ADDRESS}:443:"))
    address, port = place.split(":")[2:]
    context = ssl.create_default_context(cafile=running.variables["tlsfleet_ca_file"])
    if only is not None:
        context.minimum_version = context.maximum_version = only
    with (
        socket.create_connection((address, int(port)), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="shop.example.com") as secure,
    ):
        return secure.version()


# -- a dead process, a transcript --------------------------------------------------------------------------------


def test_a_dead_process_says_nothing(running: Running) -> None:
    running.fault("crash", at_call=1, when="after")
    with pytest.raises(AssertionError):
        running.client().module(APPLIER, update(running, OLD, NEW))
    document = read(running.client())
    assert document["journal"]["done"] == 0
    assert document["records"][0]["thumbprint"] == running.thumbprints["web-1"][NEW]
    assert running.transcript()[-2]["outcome"] == {"raised": "Died"}
    assert running.client().module(APPLIER, update(running, NEW, OLD))["error"]["code"] == "journal_unfinished"
    assert running.shake(ADDRESS, 443, "shop.example.com") == running.thumbprints["web-1"][OLD.upper()]


def test_what_a_transcript_holds(running: Running) -> None:
    arguments = update(running, OLD, NEW)
    running.fault("refuse", code="key_unusable")
    running.client().module(APPLIER, arguments)
    assert running.client().module(APPLIER, update(running, OLD, NEW))["error"] is None
    assert running.client().module(APPLIER, update(running, NEW, OLD))["error"] is None
    running.client().command("whoami", None)
    planned, refused, done, _back, unknown = running.transcript()[-5:]
    assert (planned["kind"], planned["fault"], planned["code"]) == ("planned", "refuse", "key_unusable")
    assert (unknown["kind"], "whoami" in unknown["what"]) == ("unknown", True)
    assert refused["outcome"] == {"changed": False, "error": "key_unusable", "applied": 0, "undone": None}
    assert refused["calls"] == [] and refused["module"] == APPLIER and refused["check_mode"] is False
    assert done["calls"] == ["HttpUpdateServiceConfiguration hostnameport shop.example.com:443"]
    assert done["steps"] == ["record_update hostnameport shop.example.com:443", "probe 1 endpoints"]
    assert done["outcome"] == {"changed": True, "error": None, "applied": 2, "undone": None}
    digest = hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
    assert refused["args"] == done["args"] == digest
    assert all(entry["time"].endswith("Z") for entry in running.transcript())


# -- command line ------------------------------------------------------------------------------------------------


def test_faults_by_command_line(running: Running) -> None:
    planned = command_line("fault", "--dir", running.directory, "web-1", "{fault: soap_fault, at: create}")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "soap_fault (at: create" in command_line("status", "--dir", running.directory).stdout
    assert command_line("heal", "--dir", running.directory, "web-1").returncode == 0
    assert "planned" not in command_line("status", "--dir", running.directory).stdout
    assert read(running.client())["name"] == "WEB-1"


@pytest.mark.parametrize(
    ("host", "text", "said"),
    [
        ("web-1", "dropp", "FAULT.fault: must be one of"),
        ("web-1", "{fault: drop", "FAULT: while parsing"),
        ("web-1", "{fault: drop, at: x}", "FAULT.at: must be one of"),
        ("web-1", "{fault: certificate_removed, thumbprint: AB}", "FAULT.thumbprint: there is no certificate AB"),
        ("web-9", "unreachable", "there is no host 'web-9'"),
    ],
)
def test_mistakes_on_the_command_line(host: str, text: str, said: str, running: Running) -> None:
    done = command_line("fault", "--dir", running.directory, host, text)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and len(done.stderr.splitlines()) == 1
    assert control.ask(running.directory, "status")["faults"] == {}


def test_a_file_of_faults_begins_after_the_start(tmp_path: Path) -> None:
    file = tmp_path / "faults.yml"
    file.write_text("- {host: '*', fault: drop, at: create}\n- {host: web-1, fault: quota}\n", encoding="utf-8")
    with started(tmp_path, "--faults", str(file)) as running:
        planned = control.ask(running.directory, "status")["faults"]["web-1"]
        assert [(item["fault"], item["fired"]) for item in planned] == [("drop", 0), ("quota", 0)]
    for text, said in (("- {host: web-7, fault: quota}", "[0].host"), ("- {host: web-1, fault: x}", "[0].fault")):
        file.write_text(text, encoding="utf-8")
        done = command_line("start", "--dir", tmp_path / "b", "--fixtures", tmp_path / "hosts", "--faults", file)
        assert done.returncode == 2 and f"{file}: {said}" in done.stderr and done.stdout == ""
    file.write_text("- {host: web-1, fault: certificate_removed, thumbprint: AB}", encoding="utf-8")
    done = command_line("start", "--dir", tmp_path / "b", "--fixtures", tmp_path / "hosts", "--faults", file)
    assert done.returncode == 2 and f"{file}: [0].thumbprint: there is no certificate" in done.stderr
    assert command_line("status", "--dir", tmp_path / "b").returncode == 2


# -- leaks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def leaking(tmp_path: Path) -> Iterator[Running]:
    """A lab that the test stops itself."""
    (tmp_path / "web-1.json").write_text(json.dumps(HOST), encoding="utf-8")
    assert command_line("start", "--dir", tmp_path, "--fixtures", tmp_path / "web-1.json").returncode == 0
    yield Running(tmp_path)
    command_line("stop", "--dir", tmp_path)


def test_a_shell_that_nobody_deletes(leaking: Running) -> None:
    client = leaking.client()
    shell = client.protocol.open_shell()
    client.protocol.run_command(shell, "whoami")
    client.protocol.transport.close_session()
    stopped = command_line("stop", "--dir", leaking.directory)
    assert stopped.returncode == 3
    said = f"lab: leaked shell: web-1: {shell} was never deleted with 1 command that nobody ended\n"
    assert stopped.stderr == said and "leak: shell: web-1" in (leaking.directory / "lab.log").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("port", [5985, 20443])
def test_a_connection_that_nobody_closes(port: int, leaking: Running) -> None:
    holder = (
        "import socket, sys\n"
        f"held = socket.create_connection(({leaking.hosts['web-1']['ansible_host']!r}, {port}))\n"
        "print(flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline()
        stopped = command_line("stop", "--dir", leaking.directory)
        process.kill()
    assert stopped.returncode == 3
    assert f"leaked socket: web-1: port {port} is still connected, by process {process.pid} (" in stopped.stderr


def test_a_process_that_outlives_the_lab() -> None:
    with subprocess.Popen([sys.executable, "-c", SESSION], stdout=subprocess.PIPE, start_new_session=True) as leader:
        assert leader.stdout is not None
        child = int(leader.stdout.readline())
    (said,) = processes(leader.pid)
    assert said.startswith(f"process: {child} (") and said.endswith("was started by the lab and still runs")
    time.sleep(2.2)
    assert processes(leader.pid) == []


#: A process that starts another one and ends at once; that one ends by itself after two seconds.
SESSION = """
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2)"], stdout=subprocess.DEVNULL).pid, flush=True)
"""

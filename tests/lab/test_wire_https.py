# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRM over HTTPS with the real ansible-playbook, and how a transport is chosen for a lab and for a single host."""

from __future__ import annotations

import json
import socket
import ssl
from pathlib import Path

import pytest
import yaml

from lab.certificates import Maker
from lab.descriptions import BadDescription, check
from lab.places import NoPlace, connect_to, high_port
from lab.transports import TRANSPORTS
from lab.wire_lab import HOST, OLD, Running, command_line
from lab.wire_rig import ADDRESS, expect_the_play, play, recording
from lab.wire_transports import READ, each_core, expected_requests, fleet_over, read_and_change, with_wrong_password


@each_core
def test_read_and_change(core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_over(tmp_path / "lab", core, monkeypatch, "basic", "https") as fleet:
        counted = read_and_change(fleet, "basic", "https")
    assert counted["https"]["requests"] == counted["basic"]["requests"]
    assert counted["https"]["handshakes"] == 0


@each_core
def test_requests_are_exact(core: Path, tmp_path: Path) -> None:
    with recording(transport="https") as recorder:
        done = play(core, tmp_path, recorder)
        expect_the_play(recorder.calls)
    assert "ok=4" in done.stdout and "failed=0" in done.stdout, done.stdout
    counts = recorder.counters
    assert counts.requests == expected_requests(recorder)
    assert (counts.shells_opened, counts.shells_closed, counts.faults, counts.refused) == (4, 4, 0, 0)


@each_core
def test_who_may_be_unreachable(core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fleet_over(tmp_path / "lab", core, monkeypatch, "https") as fleet:
        refused = with_wrong_password(fleet).of("read")
        assert refused.status == "unreachable"
        assert "basic: the specified credentials were rejected by the server" in refused["msg"]
        assert fleet.counters("https")["refused"] == 1
        # Without the authority of the lab nobody trusts the host; who does not care gets in.
        nowhere = tmp_path / "another-authority.pem"
        nowhere.write_bytes(Maker().ca_pem)
        distrusted = fleet.play([READ], "-e", f"ansible_winrm_ca_trust_path={nowhere}").of("read")
        assert distrusted.status == "unreachable"
        assert "certificate verify failed" in distrusted["msg"]
        assert fleet.counters("https")["requests"] == 0
        words = ("-e", f"ansible_winrm_ca_trust_path={nowhere}", "-e", "ansible_winrm_server_cert_validation=ignore")
        assert fleet.play([READ], *words).of("read")["simulated"] is True


def test_plain_http_meets_a_closed_door() -> None:
    with recording(transport="https") as recorder, socket.create_connection((ADDRESS, recorder.port), 10) as plain:
        plain.sendall(b"POST /wsman HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        try:
            said = b"".join(iter(lambda: plain.recv(65536), b""))
        except ConnectionResetError:
            said = b""
        assert b"HTTP/" not in said
    assert recorder.counters.requests == recorder.counters.refused == 0


def test_the_certificate_is_for_the_address() -> None:
    with recording(transport="https") as recorder:
        context = ssl.create_default_context(cafile=str(recorder.ca_file))
        with (
            socket.create_connection((ADDRESS, recorder.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=ADDRESS) as secure,
        ):
            assert (secure.getpeercert() or {})["subjectAltName"] == (("IP Address", ADDRESS),)
        with (
            socket.create_connection((ADDRESS, recorder.port), timeout=10) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(plain, server_hostname="127.0.0.2")


@pytest.mark.parametrize("name", TRANSPORTS)
def test_a_transport_for_all_and_one_for_a_single_host(name: str, tmp_path: Path) -> None:
    other = "ntlm" if name == "https" else "https"
    (tmp_path / "hosts").mkdir()
    for slug, more in (("web-1", {}), ("web-2", {"transport": other})):
        text = json.dumps({**HOST, "slug": slug, **more})
        (tmp_path / "hosts" / f"{slug}.json").write_text(text, encoding="utf-8")
    lab = tmp_path / "lab"
    done = command_line("start", "--dir", lab, "--fixtures", tmp_path / "hosts", "--transport", name)
    try:
        # `lab start` has opened a shell on either host over its own transport.
        assert done.returncode == 0, done.stderr
        running = Running(lab)
        assert running.variables.keys() == {"tlsfleet_ca_file"}
        for slug, way in (("web-1", name), ("web-2", other)):
            assert running.hosts[slug].items() >= TRANSPORTS[way].variables(lab / "ca.pem").items()
        assert not any(running.counters("web-1").values())
        assert not any(running.counters("web-2").values())
    finally:
        stopped = command_line("stop", "--dir", lab)
    assert stopped.returncode == 0


def test_inventory_variables() -> None:
    said = {name: transport.variables(Path("/ca.pem")) for name, transport in TRANSPORTS.items()}
    expected = yaml.safe_load("""
basic: {ansible_connection: winrm, ansible_port: 5985, ansible_winrm_transport: basic, ansible_winrm_scheme: http}
ntlm: {ansible_connection: winrm, ansible_port: 5985, ansible_winrm_transport: ntlm, ansible_winrm_scheme: http}
https: {ansible_connection: winrm, ansible_port: 5986, ansible_winrm_transport: basic, ansible_winrm_scheme: https,
        ansible_winrm_ca_trust_path: /ca.pem}
ntlm-https: {ansible_connection: winrm, ansible_port: 5986, ansible_winrm_transport: ntlm, ansible_winrm_scheme: https,
             ansible_winrm_ca_trust_path: /ca.pem}
psrp: {ansible_connection: psrp, ansible_port: 5985, ansible_psrp_auth: basic, ansible_psrp_protocol: http,
       ansible_psrp_message_encryption: never}
psrp-ntlm: {ansible_connection: psrp, ansible_port: 5985, ansible_psrp_auth: ntlm, ansible_psrp_protocol: http}
psrp-https: {ansible_connection: psrp, ansible_port: 5986, ansible_psrp_auth: basic, ansible_psrp_protocol: https,
             ansible_psrp_ca_cert: /ca.pem}
ssh: {ansible_connection: ssh, ansible_port: 20022, ansible_shell_type: powershell, ansible_password: null,
      ansible_ssh_private_key_file: /ssh-key,
      ansible_ssh_args: -F none -o ControlMaster=no -o UserKnownHostsFile=/ssh-known-hosts -o StrictHostKeyChecking=yes
        -o IdentitiesOnly=yes}
""")
    assert said == expected


def test_unknown_transport() -> None:
    with pytest.raises(BadDescription, match=r"here: transport must be one of basic, ntlm, https, .*"):
        check({**HOST, "transport": "telnet"}, "here")
    assert (
        "invalid choice: 'telnet'"
        in command_line("start", "--dir", "x", "--hosts", "1", "--transport", "telnet").stderr
    )


def test_ports_of_the_lab_are_not_those_of_the_machine() -> None:
    """5985 and 5986 of the simulated machine stand elsewhere, whichever of them the lab answers on."""
    assert (high_port(5985), high_port(5986), high_port(5987)) == (25985, 25986, 5987)
    with pytest.raises(NoPlace, match="5986 and 25986"):
        connect_to({"10.0.0.5": "127.0.0.1"}, [5986, 25986])


def test_an_endpoint_of_the_machine_on_5986(tmp_path: Path) -> None:
    record = {"family": "ipport", "key": "0.0.0.0:5986", "thumbprint": OLD, "store": "MY", "options": {}}
    record["app_id"] = "{00000000-0000-0000-0000-000000000000}"
    host = {**HOST, "records": [record], "http_ports": [5986], "transport": "https"}
    (tmp_path / "web-1.json").write_text(json.dumps(host), encoding="utf-8")
    done = command_line("start", "--dir", tmp_path / "lab", "--fixtures", tmp_path / "web-1.json")
    try:
        assert done.returncode == 0, done.stderr
        running = Running(tmp_path / "lab")
        served = running.shake("10.0.0.5", 5986, None)
        assert served == running.thumbprints["web-1"][OLD.upper()]
    finally:
        stopped = command_line("stop", "--dir", tmp_path / "lab")
    assert stopped.returncode == 0

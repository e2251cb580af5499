# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classes that touch Windows itself, under Mono: registry and files are Mono's, everything native is a C fake.

Mono takes a backslash for a letter of a file name, so that the path of a Windows file is the name of one file here.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from engine.fakes import build, config, state, traces
from engine.fakes.example import record, small
from engine.fakes.rows import write_rows
from engine.harness import journals
from engine.harness.lane import READ, Lane, missing
from support.certificates import NOW

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
SYSTEM_ONLY = "010004800000000000000000000000001400000002001c000100000000001400ff011f00010100000000000512000000"
IIS = {"major": 10, "minor": 0}
BINDINGS = [{"protocol": "https", "information": "*:443:", "ssl_flags": None}]
SITES = [{"id": 1, "name": "Shop", "state": "stopped", "bindings": BINDINGS}]
NOBODY = "0100048000000000000000000000000014000000" + "0200080000000000"
CNG = {"kind": "cng", "algorithm": "rsa", "descriptor": SYSTEM_ONLY}
CAPI = {"kind": "capi", "type": "24", "spec": "1", "descriptor": SYSTEM_ONLY}


def native_com(path: Path) -> Path:
    """Mono's own settings, but COM objects come from the fake of AHADMIN."""
    ours = f'<dllmap dll="ole32.dll" target="{build.build() / "libahadmin.so"}"/>'
    theirs = Path("/etc/mono/config").read_text(encoding="utf-8")
    path.write_text(theirs.replace("<configuration>", f"<configuration>{ours}", 1), encoding="utf-8")
    return path


class Machine:
    """A running process whose Windows lies in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Mono ends over a class that is not registered; whether there is IIS is what the registry says.
        described = small(records=[record("0.0.0.0:443")], update_exported=True, iis=IIS, sites=SITES)
        state.write_state(folder, described)
        environment = {
            "TLSFLEET_FAKE_STATE": str(folder),
            "MONO_REGISTRY_PATH": str(folder / "hives"),
            "windir": str(folder / "windir"),
            "ProgramData": str(folder / "data"),
            "ProgramFiles": str(folder / "programs"),
            "MONO_CONFIG": str(native_com(folder / "mono.config")),
        }
        self.lane = Lane(None, **environment)
        self.der = RSA

    def facts(self, **facts: str) -> None:
        self.der = EC if facts.get("algorithm") == "ec" else RSA
        write_rows(self.folder / "windows" / "facts.txt", facts.items())

    def registry(self, key: str, **values: str | int) -> None:
        """A key of HKEY_LOCAL_MACHINE as Mono keeps it."""
        folder = self.folder / "hives" / "LocalMachine" / key.lower().replace("\\", "/")
        folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(
            f'<value name="{escape(name)}" type="{"int" if isinstance(value, int) else "string"}">{value}</value>'
            for name, value in values.items()
        )
        (folder / "values.xml").write_text(f"<values>{lines}</values>", encoding="utf-8")

    def file(self, path: str, text: str) -> None:
        """A file by its Windows path, which begins with a variable."""
        variable, rest = path[1:].split("%", 1)
        place = {"windir": "windir", "ProgramData": "data", "ProgramFiles": "programs"}[variable]
        Path(f"{self.folder / place}{rest}").write_text(text, encoding="utf-8")

    def document(self, **args: str) -> dict[str, Any]:
        answer = self.lane.ask({"do": "windows", "args": {**READ, **args}})
        assert not answer.get("failed"), answer
        document: dict[str, Any] = answer["document"]
        return document

    def key(self, sign: bool = False, **link: Any) -> dict[str, Any]:
        """What the engine finds at the one key of this machine; nothing may be left open."""
        found: dict[str, Any] = self.lane.ask({"do": "key", "der": self.der, "sign": sign, **link})
        assert found.pop("open") == 0
        return found


def self_signed(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    """DER of a certificate in base64."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW, NOW.replace(year=NOW.year + 1))
    made = builder.sign(key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


EC = self_signed(ec.generate_private_key(ec.SECP256R1()))
RSA = self_signed(rsa.generate_private_key(65537, 2048))


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "machine")
    with made.lane:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """For tests that say everything in facts: a process takes half a second to start."""
    made = Machine(tmp_path_factory.mktemp("shared") / "machine")
    with made.lane:
        yield made


# -- the whole machine --------------------------------------------------------------------------------------------


def test_a_machine_is_read(machine: Machine) -> None:
    """Beside the certificate stores, which Mono keeps for the whole computer and not below a folder."""
    version = r"Software\Microsoft\Windows NT\CurrentVersion"
    machine.registry(
        version, ProductName="Windows Server 2022", CurrentBuildNumber="20348", CurrentMajorVersionNumber=10
    )
    machine.registry(r"System\CurrentControlSet\Control\ComputerName\ComputerName", ComputerName="WEB01")
    machine.registry(r"Software\Microsoft\InetStp", MajorVersion=10, MinorVersion=0)
    machine.registry(r"System\CurrentControlSet\Services\Certify.Service", Start=2)
    folder = r"%windir%\System32\inetsrv\config"
    machine.file(rf"{folder}\applicationHost.config", config.application_host(SITES))
    machine.file(rf"{folder}\redirection.config", config.redirection(False))
    machine.file(rf"{folder}\schema\IIS_schema.xml", config.schema(True))
    machine.file(
        r"%windir%\System32\Tasks\Microsoft\Windows\CertificateServicesClient\IIS-AutoCertRebind", traces.task(False)
    )
    sockets = [("0.0.0.0", 443, 2, 4), ("::", 443, 2, 4), ("10.0.0.5", 5986, 5, 4), ("::ffff:10.0.0.6", 80, 2, 4)]
    others = [("10.0.0.5", 22, 2, 7), ("10.0.0.5", 444, 5, 4)]
    write_rows(machine.folder / "windows" / "tcp.txt", [*sockets, *others])
    found = machine.document()
    assert (found["simulated"], found["name"]) == (False, "WEB01")
    assert found["os"] == {"name": "Windows Server 2022", "major": 10, "minor": 0, "build": 20348, "revision": None}
    assert found["iis"] == IIS
    assert found["sites"] == SITES
    assert (found["schema_ssl_flags"], found["rebind"], found["update_exported"]) == (True, False, True)
    assert [item["key"] for item in found["records"]] == ["0.0.0.0:443"]
    assert found["http_ports"] == [80, 443]
    assert found["connection"] == {"address": "10.0.0.5", "port": 5986, "tls": True}
    assert found["managers"] == []  # the folder of tasks is no folder here, and so there is a gap
    assert not {"127.0.0.1", "::1"} & set(found["addresses"])
    layers = [gap["layer"] for gap in found["incomplete"]]
    assert layers == ["certificates", "certificates", "managers"]
    assert (machine.folder / "windows" / "log.txt").read_text(encoding="utf-8") == (
        "tlsfleet.iis.host_reader, certificates=all, key_check=open\n"
    )


def test_an_empty_registry_is_a_machine_without_iis(machine: Machine) -> None:
    found = machine.document()
    assert (found["iis"], found["sites"], found["os"]["build"], found["name"]) == (None, [], 0, "")
    assert (found["connection"], found["http_ports"], found["central_store"]) == (None, [], None)


def test_a_refusing_event_log_does_not_fail_a_read(machine: Machine) -> None:
    machine.facts(log="no")
    assert machine.document()["format"] == "tlsfleet.iis/document"
    assert not (machine.folder / "windows" / "log.txt").exists()


def test_a_table_of_sockets_that_cannot_be_read_is_a_gap(machine: Machine) -> None:
    machine.facts(tcp="50")
    found = machine.document()
    assert (found["http_ports"], found["connection"]) == (None, None)
    gaps = {(gap["layer"], gap["code"]) for gap in found["incomplete"]}
    assert {("http_ports", "50"), ("connection", "50")} <= gaps


def test_a_large_table_of_sockets_is_asked_for_again(machine: Machine) -> None:
    rows = [("10.0.0.5", 1000 + number, 2, 4) for number in range(4000)]
    write_rows(machine.folder / "windows" / "tcp.txt", rows)
    assert machine.document()["http_ports"] == list(range(1000, 5000))


def test_the_journal_of_an_unfinished_apply(machine: Machine) -> None:
    """Lines that an applier writes ahead; the last one is torn."""
    told = (
        ("run", "r1"),
        ("started", "2026-11-24T11:00:00Z"),
        ("steps", '[{"op":"probe"}]'),
        ("done", "0"),
        ("done", "1"),
    )
    text = "".join(journals.line(*item) for item in told)
    machine.file(r"%ProgramData%\tlsfleet.iis\journal.txt", text + journals.line("done", "2")[:-3])
    journal = machine.document()["journal"]
    assert journal == {"run": "r1", "started": "2026-11-24T11:00:00Z", "steps": [{"op": "probe"}], "done": 2}
    machine.file(r"%ProgramData%\tlsfleet.iis\journal.txt", text + journals.line("end", "-"))
    assert machine.document()["journal"] is None


@pytest.mark.parametrize(
    ("system", "process", "folder"),
    [(True, True, "System32"), (True, False, "sysnative"), (False, False, "System32")],
)
def test_a_32_bit_process_takes_the_way_around(shared: Machine, system: bool, process: bool, folder: str) -> None:
    asked = shared.lane.ask({"do": "system32", "system": system, "process": process})
    assert asked == rf"%windir%\{folder}"


# -- one key ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "sign", "code", "access"),
    [
        (CNG, False, 0, "granted"),
        (CNG, True, 0, "granted"),
        ({**CNG, "descriptor": NOBODY}, False, 0, "denied"),
        ({**CNG, "descriptor": r"\N"}, False, 0, "unknown"),
        ({**CNG, "algorithm": "ec"}, True, 0, "granted"),
        ({**CNG, "sign": "0x80090022"}, True, 0x80090022, "granted"),
        ({**CNG, "frees": "no"}, True, 0, "granted"),
        ({**CNG, "acquire": "0x80090016"}, True, 0x80090016, "unknown"),
        ({**CNG, "acquire": "5"}, False, 0x80070005, "unknown"),
        (CAPI, False, 0, "granted"),
        (CAPI, True, 0, "granted"),
        ({**CAPI, "type": "12"}, True, 0, "granted"),
        ({**CAPI, "spec": "2"}, True, 0, "granted"),
        ({**CAPI, "descriptor": NOBODY}, True, 0, "denied"),
        ({**CAPI, "descriptor": r"\N"}, True, 0, "unknown"),
        ({**CAPI, "sign": "0x8009000D"}, True, 0x8009000D, "granted"),
        ({**CAPI, "hash": "no"}, True, 0x80090008, "granted"),
        ({**CAPI, "frees": "no"}, False, 0, "granted"),
    ],
)
def test_a_key_is_opened_and_tried(shared: Machine, facts: dict[str, str], sign: bool, code: int, access: str) -> None:
    shared.facts(**facts)
    found = shared.key(sign, type=int(facts.get("type", "0")))
    assert (found["code"], found["access"]) == (code, access)


def test_a_key_that_others_than_administrators_cannot_open_is_not_called_missing(shared: Machine) -> None:
    """Windows has one answer for both (A9.32); any other answer is told as it is."""
    shared.facts(**CNG, acquire="0x80090016", admin="no")
    with pytest.raises(RuntimeError, match="may not be opened"):
        shared.key()
    shared.facts(**CNG, acquire="0x80090010", admin="no")
    assert shared.key()["code"] == 0x80090010


@pytest.mark.parametrize("kind", [CNG, CAPI], ids=["cng", "capi"])
def test_the_name_of_a_keys_file_is_read(shared: Machine, kind: dict[str, str]) -> None:
    name = "7a436fe806e483969f48a894af2fe9a1_d2a1b3c4-0000-4000-8000-000000000001"
    shared.facts(**kind, unique=name)
    assert shared.key()["name"] == name
    shared.facts(**kind)
    assert shared.key()["name"] is None
    shared.facts(**kind, unique=name, acquire="0x80090016")
    assert shared.key()["name"] is None


def test_the_link_of_a_certificate_is_read(shared: Machine) -> None:
    renewal = "0123456789ABCDEF0123456789ABCDEF01234567"
    shared.facts(container="te-1", provider="Übung", type="24", spec="2", renewal=renewal)
    found = shared.key()
    expected = {"container": "te-1", "provider": "Übung", "type": 24, "spec": 2, "machine": True}
    assert found["link"] == expected
    assert found["renewed_by"] == renewal
    shared.facts(container="", machine="no")
    assert shared.key()["link"] == {"container": "", "provider": "", "type": 0, "spec": 0, "machine": False}
    shared.facts()
    assert (shared.key()["link"], shared.key()["renewed_by"]) == (None, None)


def test_a_chain_is_built_without_fetching(shared: Machine) -> None:
    shared.facts(chain_status="0x10040", chain_elements="2")
    assert shared.key()["chain"] == {"status": 0x10040, "elements": 2}
    shared.facts(chain_elements="0")
    assert shared.key()["chain"] == {"status": 0, "elements": 0}
    shared.facts(chain="5")
    assert "CertGetCertificateChain" in shared.key()["chain"]


def test_paths_of_windows_are_names_here(machine: Machine) -> None:
    """Otherwise the tests above would prove nothing about paths."""
    machine.file(r"%windir%\System32\x", "")
    assert [name for name in os.listdir(machine.folder) if re.fullmatch(r"windir\\System32\\x", name)]

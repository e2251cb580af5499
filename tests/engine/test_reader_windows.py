# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Windows lane: the same C# and C fakes on Microsoft's .NET for Windows under Wine. It is not Windows: results are simulated."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from engine.fakes import build, state
from engine.fakes.example import document
from engine.fakes.rows import write_rows
from engine.harness import hosts
from engine.harness.lane import HARNESS, READ, ROOT, Lane, compile_library, shipped
from support.certificates import NOW

BUNDLE = ROOT.parent / "shared" / "wine-dotnet" / "run"
pytestmark = [
    pytest.mark.mono,
    pytest.mark.skipif(
        not BUNDLE.exists(), reason="the Windows .NET runtime for Wine (wine-dotnet) is not on this machine"
    ),
    pytest.mark.skipif(
        not shutil.which("wine"), reason="needs Wine; on Debian or Ubuntu: sudo apt-get install wine wine64"
    ),
    pytest.mark.skipif(bool(build.missing(windows=True)), reason=build.missing(windows=True) or "there"),
]
Run = Callable[..., list[Any]]
ESCAPED = re.compile(r"\\\\([\\\\rn])".replace("\\\\", "\\"))


def windows_path(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")


def plain(text: str) -> str:
    return ESCAPED.sub(lambda match: {"r": "\r", "n": "\n"}.get(match[1], match[1]), text)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Answers many tasks in one process on a machine of its own, which is gone afterwards, or on one that lies in ``prefix``."""
    engine = tmp_path_factory.mktemp("windows") / "Engine.dll"
    complaint = compile_library(
        [*shipped(), *sorted(HARNESS.glob("*.cs"))], engine, "-r:System.Xml.dll", "-r:System.Core.dll"
    )
    assert complaint == ""
    native = build.build(windows=True)
    command = [str(BUNDLE), "--lines", "--native", str(native), str(engine), "TlsFleet.Harness.Program", "Answer"]
    common = {name: value for name, value in os.environ.items() if name != "WINEPREFIX"}

    def answers(tasks: list[dict[str, Any]], prefix: Path | None = None) -> list[Any]:
        environment = common if prefix is None else {**common, "WINEPREFIX": str(prefix)}
        text = "".join(json.dumps(task) + "\n" for task in tasks)
        # Into files: the services of a kept machine would hold a pipe open for 20 seconds more.
        with (engine.parent / "out").open("w+") as out, (engine.parent / "err").open("w+") as err:
            subprocess.run(command, input=text, stdout=out, stderr=err, text=True, check=False, env=environment)
            out.seek(0)
            err.seek(0)
            lines, said = out.read().splitlines(), err.read()
        assert len(lines) == len(tasks), said
        assert all(line.startswith("ok ") for line in lines), lines
        return [json.loads(plain(line.removeprefix("ok "))) for line in lines]

    return answers


def test_structures_and_interfaces_are_the_same(run: Run, lane: Lane) -> None:
    [theirs], mine = run([{"do": "layout"}]), lane.ask({"do": "layout"})
    theirs["interfaces"].pop("IClassFactory")  # the harness' own, in the same assembly here
    assert theirs == mine


def test_hosts_are_read_as_under_mono(run: Run, lane: Lane, tmp_path: Path) -> None:
    folders = [tmp_path / str(seed) for seed in range(200)]
    for seed, folder in enumerate(folders):
        state.write_state(folder, hosts.document(random.Random(seed)))
    state.write_state(tmp_path / "full", document())
    folders.append(tmp_path / "full")
    found = run([{"state": windows_path(folder), "args": READ} for folder in folders])
    for folder, answer in zip(folders, found, strict=True):
        assert answer == lane.answer(folder), folder.name


def test_failures_have_the_same_codes_whatever_exception_the_clr_makes_of_them(
    run: Run, lane: Lane, tmp_path: Path
) -> None:
    codes = (
        "0x80070005",
        "0x8007000D",
        "0x80070002",
        "0x80070003",
        "0x80070020",
        "0x80070585",
        "0x80004005",
        "0x80040154",
    )
    for code in codes:
        state.write_state(tmp_path / code, document(incomplete=[]))
        write_rows(tmp_path / code / "iis" / "faults.txt", [["section", code]])
    found = run([{"state": windows_path(tmp_path / code), "args": READ} for code in codes])
    for code, answer in zip(codes, found, strict=True):
        mine, theirs = (
            [gap["code"] for gap in gaps]
            for gaps in (lane.document(tmp_path / code)["incomplete"], answer["document"]["incomplete"])
        )
        assert (mine, theirs) == ([wanted(code)], [wanted(code)])


def wanted(code: str) -> str:
    return {"0x80070005": "access_denied", "0x80070002": "not_found", "0x80070003": "not_found"}.get(code, code)


def test_the_machine_itself_can_be_read(run: Run) -> None:
    """Registry, addresses, sockets and stores are Wine's; there is no IIS and there are no sites."""
    [answer] = run([{"do": "windows", "args": READ}])
    found = answer["document"]
    assert (found["simulated"], found["iis"], found["sites"], found["incomplete"]) == (False, None, [], [])
    assert found["os"]["major"] >= 10 and found["os"]["build"] > 10000 and found["name"]
    assert not {"127.0.0.1", "::1"} & set(found["addresses"])
    assert found["http_ports"] == []


def made(modulus: str, exponent: str, name: str) -> tuple[str, str]:
    """Thumbprint and DER of a certificate for a public key; nobody's signature matters here."""
    key = rsa.RSAPublicNumbers(int(exponent, 16), int(modulus, 16)).public_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key, 7, NOW, NOW.replace(year=NOW.year + 1))
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.fingerprint(hashes.SHA1()).hex().upper(), base64.b64encode(
        signed.public_bytes(serialization.Encoding.DER)
    ).decode()


@pytest.fixture
def prefix(tmp_path: Path) -> Iterator[Path]:
    """A machine that is kept from call to call."""
    yield tmp_path / "prefix"
    subprocess.run([str(BUNDLE), "--stop"], env={**os.environ, "WINEPREFIX": str(tmp_path / "prefix")}, check=False)


def test_stores_and_keys_of_the_machine(run: Run, prefix: Path) -> None:
    """Links, renewal and key checks on a real store. Wine opens keys of users only and knows no access lists of keys."""
    [public] = run([{"do": "plant", "container": "c1"}], prefix)
    good, good_der = made(public["modulus"], public["exponent"], "good")
    lost, lost_der = made(public["modulus"], public["exponent"], "lost")
    plants = [
        {"do": "plant", "der": good_der, "store": "MY", "container": "c1", "machine": False},
        {"do": "plant", "der": lost_der, "store": "MY", "container": "gone", "machine": True, "renewed_by": good},
        {"do": "plant", "der": lost_der, "store": "WebHosting"},
        {"do": "plant", "der": lost_der, "store": "Nobody asks for it"},
    ]
    levels = [{"do": "windows", "args": {**READ, "key_check": level}} for level in ("metadata", "open", "sign")]
    few = [{"do": "windows", "args": {**READ, "certificates": which}} for which in ("candidates", "referenced")]
    answers = run([*plants, *levels, *few], prefix)[len(plants) :]
    found = [
        {(item["store"], item["thumbprint"]): item for item in answer["document"]["certificates"]} for answer in answers
    ]
    assert [set(items) for items in found] == [
        *[{("MY", good), ("MY", lost), ("WebHosting", lost)}] * 3,
        {("MY", good), ("MY", lost)},
        set(),
    ]
    for items, level in zip(found[:3], ("metadata", "open", "sign"), strict=True):
        mine, other = items["MY", good], items["MY", lost]
        assert (mine["der"], other["der"], items["WebHosting", lost]["key"]) == (good_der, lost_der, None)
        assert (mine.get("renewed_by"), other["renewed_by"]) == (None, good)
        facts = ("container", "provider_type", "key_spec", "machine", "check", "system_access")
        access = "unknown" if level == "metadata" else "granted"  # Wine has a null list for every key
        assert [mine["key"][name] for name in facts] == ["c1", 24, 1, False, level, access]
        assert [other["key"][name] for name in facts] == ["gone", 24, 1, True, level, "unknown"]
        assert mine["key"]["code"] == (None if level == "metadata" else 0)
        assert (other["key"]["code"] is None) == (level == "metadata")
        assert level == "metadata" or other["key"]["code"] >= 0x80000000
    assert all(answer["document"]["incomplete"] == [] for answer in answers)

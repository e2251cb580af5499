# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Windows lane: the same C# and C fakes on Microsoft's .NET for Windows under Wine. It is not Windows: results are simulated."""

from __future__ import annotations

import base64
import random
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from engine.fakes import state
from engine.fakes.example import document
from engine.fakes.rows import write_rows
from engine.harness import hosts
from engine.harness.lane import READ, Lane
from support.certificates import NOW
from wine.machine import answers, gaps, windows_path

pytestmark = pytest.mark.mono


def test_structures_and_interfaces_are_the_same(lane: Lane) -> None:
    [theirs], mine = answers([{"do": "layout"}]), lane.ask({"do": "layout"})
    theirs["interfaces"].pop("IClassFactory")  # the harness' own, in the same assembly here
    assert theirs == mine


def test_hosts_are_read_as_under_mono(lane: Lane, tmp_path: Path) -> None:
    folders = [tmp_path / str(seed) for seed in range(200)]
    for seed, folder in enumerate(folders):
        state.write_state(folder, hosts.document(random.Random(seed)))
    state.write_state(tmp_path / "full", document())
    folders.append(tmp_path / "full")
    found = answers([{"state": windows_path(folder), "args": READ} for folder in folders])
    for folder, answer in zip(folders, found, strict=True):
        assert answer == lane.answer(folder), folder.name


def test_failures_have_the_same_codes_whatever_exception_the_clr_makes_of_them(lane: Lane, tmp_path: Path) -> None:
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
    found = answers([{"state": windows_path(tmp_path / code), "args": READ} for code in codes])
    for code, answer in zip(codes, found, strict=True):
        mine, theirs = (
            [gap["code"] for gap in gaps]
            for gaps in (lane.document(tmp_path / code)["incomplete"], answer["document"]["incomplete"])
        )
        assert (mine, theirs) == ([wanted(code)], [wanted(code)])


def wanted(code: str) -> str:
    return {"0x80070005": "access_denied", "0x80070002": "not_found", "0x80070003": "not_found"}.get(code, code)


def test_the_machine_itself_can_be_read() -> None:
    """Registry, addresses, sockets and stores are Wine's; there is no IIS and there are no sites."""
    [answer] = answers([{"do": "windows", "args": READ}])
    found = answer["document"]
    assert (found["simulated"], found["iis"], found["sites"], gaps(found)) == (False, None, [], [])
    assert found["os"]["major"] >= 10 and found["os"]["build"] > 10000 and found["name"]
    assert not {"127.0.0.1", "::1"} & set(found["addresses"])
    assert found["http_ports"] == [] or found["incomplete"]


def made(modulus: str, exponent: str, name: str) -> tuple[str, str]:
    """Thumbprint and DER of a certificate for a public key; nobody's signature matters here."""
    key = rsa.RSAPublicNumbers(int(exponent, 16), int(modulus, 16)).public_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key, 7, NOW, NOW.replace(year=NOW.year + 1))
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.fingerprint(hashes.SHA1()).hex().upper(), base64.b64encode(
        signed.public_bytes(serialization.Encoding.DER)
    ).decode()


def test_stores_and_keys_of_the_machine(prefix: Path) -> None:
    """Links, renewal and key checks on a real store. Wine opens keys of users only and knows no access lists of keys."""
    [public] = answers([{"do": "plant", "container": "c1"}], prefix)
    good, good_der = made(public["modulus"], public["exponent"], "good")
    lost, lost_der = made(public["modulus"], public["exponent"], "lost")
    plants: list[dict[str, Any]] = [
        {"do": "plant", "der": good_der, "store": "MY", "container": "c1", "machine": False},
        {"do": "plant", "der": lost_der, "store": "MY", "container": "gone", "machine": True, "renewed_by": good},
        {"do": "plant", "der": lost_der, "store": "WebHosting"},
        {"do": "plant", "der": lost_der, "store": "Nobody asks for it"},
    ]
    levels = [{"do": "windows", "args": {**READ, "key_check": level}} for level in ("metadata", "open", "sign")]
    few = [{"do": "windows", "args": {**READ, "certificates": which}} for which in ("candidates", "referenced")]
    read = answers([*plants, *levels, *few], prefix)[len(plants) :]
    found = [
        {(item["store"], item["thumbprint"]): item for item in answer["document"]["certificates"]} for answer in read
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
    assert all(gaps(answer["document"]) == [] for answer in read)

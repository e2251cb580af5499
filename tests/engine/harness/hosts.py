# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random host documents, and what it means that the reader gave one back."""

from __future__ import annotations

import base64
import ipaddress
import random
from typing import Any

from engine.fakes import state

#: Product, version numbers, IIS version; what a host of that build can have follows from the build.
WINDOWS = (
    ("Windows Server 2008 R2 Standard", (6, 1, 7601), (7, 5)),
    ("Windows Server 2012 Standard", (6, 2, 9200), (8, 0)),
    ("Windows Server 2012 R2 Datacenter", (6, 3, 9600), (8, 5)),
    ("Windows Server 2016 Standard", (10, 0, 14393), (10, 0)),
    ("Windows Server 2019 Standard", (10, 0, 17763), (10, 0)),
    ("Windows Server 2022 Datacenter", (10, 0, 20348), (10, 0)),
    ("Windows Server 2025 Standard", (10, 0, 26100), (10, 0)),
)
LETTERS = "abcXYZ019 -_.&<>\"'#\\/%äßЖ日𝄞"
STORES = ("MY", "WebHosting", "Ünusual Store")
PROVIDERS = (
    ("Microsoft Software Key Storage Provider", 0, 0),
    ("Microsoft RSA SChannel Cryptographic Provider", 12, 1),
    ("Microsoft Enhanced RSA and AES Cryptographic Provider", 24, 2),
    ("Microsoft Platform Crypto Provider", 0, 0),
)
MANAGERS = (
    ("certify", r"HKLM\SYSTEM\CurrentControlSet\Services\Certify.Service"),
    ("other", "scheduled task LetsEncrypt renewal"),
    ("simple_acme", "scheduled task simple-acme renew (acme-v02.api.letsencrypt.org)"),
    ("win_acme", "scheduled task win-acme renew (acme-v02.api.letsencrypt.org)"),
    ("win_acme", r"%ProgramData%\win-acme"),
    ("simple_acme", r"%ProgramData%\simple-acme"),
    ("posh_acme", r"%ProgramFiles%\WindowsPowerShell\Modules\Posh-ACME"),
)
KEY_FOLDERS = ("Keys", r"RSA\MachineKeys", "SystemKeys", r"RSA\S-1-5-18")
#: Family -> configuration id, first build that knows it.
FAMILIES = {"hostnameport": (5, 9200), "ccs": (6, 9200), "scopedccs": (11, 18362)}
KEY_CHECKS = ("metadata", "open", "sign")


def document(chance: random.Random) -> dict[str, Any]:
    """One host. Everything in it is possible on its Windows, and everything the contract allows turns up now and then."""
    name, (major, minor, build), iis = chance.choice(WINDOWS)
    new = build >= 9200
    addresses = [_address(chance) for _again in range(chance.randint(0, 4))]
    key_check = chance.choice(KEY_CHECKS)
    certificates = _certificates(chance, key_check)
    installed = chance.random() < 0.9
    return {
        "format": "tlsfleet.iis/document",
        "version": 1,
        "simulated": True,
        "read_at": f"2026-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}T{chance.randint(0, 23):02d}:00:59Z",
        "reader": {"version": "0.1.0", "certificates": "all", "key_check": key_check},
        "name": _text(chance, 15),
        "os": {
            "name": name,
            "major": major,
            "minor": minor,
            "build": build,
            "revision": chance.choice((None, chance.randint(0, 9999))),
        },
        "iis": {"major": iis[0], "minor": iis[1]} if installed else None,
        "addresses": addresses,
        "ip_listen": chance.sample(addresses, chance.randint(0, len(addresses))),
        "http_ports": chance.choice(
            (None, sorted({chance.randint(1, 65535) for _again in range(chance.randint(0, 5))}))
        ),
        "schema_ssl_flags": new if installed else None,
        "update_exported": chance.choice((None, True, False)),
        "shared_configuration": installed and chance.random() < 0.2,
        "sites": _sites(chance, new) if installed else [],
        "records": _records(chance, build, certificates),
        "certificates": certificates,
        "central_store": chance.choice(
            (None, {"enabled": True, "files": None}, {"enabled": chance.random() < 0.5, "files": ["_.a.pfx", "b.pfx"]})
        ),
        "url_reservations": [
            f"https://+:{chance.randint(1, 65535)}/{_text(chance)}/" for _again in range(chance.randint(0, 4))
        ],
        "users": [
            {"kind": "rdp", "key": None, "thumbprint": _hash(chance), "evidence": _text(chance)}
            for _again in range(chance.randint(0, 2))
        ],
        "connection": chance.choice(
            (None, {"address": "10.0.0.5", "port": 5985, "tls": False}, {"address": "::1", "port": 47001, "tls": True})
        ),
        "journal": chance.choice(
            (None, {"run": "r1", "started": "2026-11-24T11:00:00Z", "steps": [{"op": "probe", "n": -1}], "done": 0})
        ),
        "incomplete": [],
        **_traces(chance, build, installed),
    }


def _traces(chance: random.Random, build: int, installed: bool) -> dict[str, Any]:
    """The optional keys."""
    http = r"HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters"
    asked = [
        {"what": what, "present": build >= first and value != 0, "evidence": f"{http}, {name} = {value}"}
        for what, name, first in (("http2", "EnableHttp2Tls", 14393), ("http3", "EnableHttp3", 20348))
        for value in chance.sample((0, 1, 2**32 - 1), chance.randint(0, 1))
    ]
    asked += [
        {"what": f"records_{family}", "present": False, "evidence": f"HttpQueryServiceConfiguration, id {number}: 87"}
        for family, (number, first) in FAMILIES.items()
        if build < first
    ]
    kinds = [kind for kind in range(len(MANAGERS)) if chance.random() < 0.2]
    times = sorted(f"2026-{chance.randint(1, 12):02d}-03T04:05:06Z" for _again in range(chance.randint(0, 4)))
    endpoints = dict.fromkeys(_information(chance).strip().lower() or "443" for _again in times)
    return {
        "asked": asked,
        "managers": [{"kind": MANAGERS[kind][0], "evidence": MANAGERS[kind][1]} for kind in kinds],
        "mappers": [
            {"site": number, "thumbprint": _hash(chance), "store": chance.choice(STORES)}
            for number in chance.sample(range(1, 99), chance.randint(0, 2) if installed else 0)
        ],
        "rebind": chance.random() < 0.3 if installed else None,
        "renewals": [{"at": at, "old": _hash(chance), "new": _hash(chance)} for at in times],
        "changes": [
            {"at": at, "kind": chance.choice(("deleted", "created", "updated")), "endpoint": endpoint}
            for at, endpoint in zip(reversed(times), endpoints, strict=False)
        ],
    }


def _text(chance: random.Random, longest: int = 12) -> str:
    return "".join(chance.choices(LETTERS, k=chance.randint(1, longest)))


def _hash(chance: random.Random) -> str:
    return f"{chance.getrandbits(160):040X}"


def _address(chance: random.Random) -> str:
    if chance.random() < 0.6:
        return str(ipaddress.IPv4Address(chance.getrandbits(32)))
    masked = chance.getrandbits(128) & chance.choice((2**128 - 1, 0xFFFF << 112 | 0xFF, 0xFFFF00000000FFFF << 64 | 1))
    return str(ipaddress.IPv6Address(masked | 0x2000 << 112))


def _information(chance: random.Random) -> str:
    address = chance.choice(("*", "", "0.0.0.0", "10.0.0.5", "[::]", "[2001:db8::5]"))
    port = chance.choice((443, 80, 8443, 65535))
    host = chance.choice(("", "*", "shop.example.com", "*.example.com", "ÜBER.example.com", "my_host"))
    return chance.choice(
        (f"{address}:{port}:{host}", f"*:{port}", "808:*", "localhost", "1.1.1.1.1:61902:x", _text(chance))
    )


def _sites(chance: random.Random, flags: bool) -> list[dict[str, Any]]:
    sites, names = [], set()
    for number in chance.sample((*range(1, 20), 4294967295), chance.randint(0, 5)):
        name = _text(chance)
        if name.lower() in names:
            continue
        names.add(name.lower())
        bindings: dict[tuple[str, str], dict[str, Any]] = {}
        for _again in range(chance.randint(0, 6)):
            protocol = chance.choice(("https", "HTTPS", "http", "net.tcp", "ftp"))
            information = _information(chance)
            value = chance.choice((None, 0, 1, 2, 3, 97, 2**32 - 1)) if flags else None
            found = {"protocol": protocol, "information": information, "ssl_flags": value}
            bindings.setdefault((protocol.lower(), information.lower()), found)
        state_now = chance.choice(("started", "stopped", "unknown"))
        sites.append({"id": number, "name": name, "state": state_now, "bindings": list(bindings.values())})
    return sites


def _certificates(chance: random.Random, key_check: str) -> list[dict[str, Any]]:
    found = []
    opened = key_check != "metadata"
    for _again in range(chance.randint(0, 5)):
        provider, kind, spec = chance.choice(PROVIDERS)
        key = {
            "provider": provider,
            "provider_type": kind,
            "container": _text(chance),
            "key_spec": spec,
            "machine": chance.random() < 0.8,
            "system_access": chance.choice(("granted", "denied", "unknown")) if opened else "unknown",
            "check": "open" if opened and "Platform" in provider else key_check,
            "code": chance.choice((0, 0x80090016, 0x80090010)) if opened else None,
            "file": chance.choice(
                (None, *(rf"%ProgramData%\Microsoft\Crypto\{folder}\{_hash(chance)}" for folder in KEY_FOLDERS))
            )
            if opened
            else None,
        }
        found.append(
            {
                "thumbprint": _hash(chance),
                "store": chance.choice(STORES),
                "der": base64.b64encode(chance.randbytes(chance.randint(1, 80))).decode(),
                "friendly_name": chance.choice(("", _text(chance))),
                "archived": chance.random() < 0.2,
                "renewed_by": chance.choice((None, _hash(chance))),
                "key": key if chance.random() < 0.8 else None,
                "chain": chance.choice(
                    (None, {"status": 0, "elements": 3}, {"status": 2**31 | 0x10020, "elements": 1})
                ),
            }
        )
    return found


def _records(chance: random.Random, build: int, certificates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Random records, and one for every store that only a record can lead the reader to."""
    families = ["ipport"] + ["hostnameport", "ccs"] * (build >= 9200) + ["scopedccs"] * (build >= 18362)
    found = {}
    for store in [None] * chance.randint(0, 6) + [item["store"] for item in certificates]:
        family = chance.choice(families)
        port = chance.randint(1, 65535)
        name = chance.choice(("Shop.example.com", "*.example.com", "über.example.com", "a_b"))
        address = chance.choice((_address(chance), "0.0.0.0", "::"))
        shown = f"[{address}]" if ":" in address else address
        if store not in (None, "MY", "WebHosting"):
            family = "ipport"
        key = {"ipport": f"{shown}:{port}", "ccs": str(port)}.get(family, f"{name}:{port}")
        value = {
            "family": family,
            "key": key,
            "thumbprint": _hash(chance) if family in ("ipport", "hostnameport") else None,
            "store": store or chance.choice((None, "MY", "My")) if family != "ccs" else None,
        }
        if family != "ccs" and chance.random() < 0.5:
            numbers = {name: chance.getrandbits(32) for name in ("flags", "check_mode", "freshness", "timeout")}
            value |= numbers | {"app_id": "{00000000-0000-0000-0000-00000000000a}"}
            value |= {"ctl_identifier": _text(chance), "ctl_store": chance.choice((None, "", _text(chance)))}
        found[family, key.lower()] = value
    return list(found.values())


def canonical(document: dict[str, Any]) -> dict[str, Any]:
    """What two documents have to agree on: defaults written out, no order where none is promised, one spelling of an address."""
    full = state.complete(document)
    for item in full["certificates"]:
        item["friendly_name"] = item["friendly_name"] or ""
    for record in full["records"]:
        name, port = record["key"].rpartition(":")[::2]
        if record["family"] == "ipport":
            record["key"] = f"{ipaddress.ip_address(name.strip('[]')).exploded} {port}"
    store = full["central_store"]
    return {
        **full,
        "reader": {**full["reader"], "version": ""},
        "addresses": [ipaddress.ip_address(text).exploded for text in full["addresses"]],
        "ip_listen": [ipaddress.ip_address(text).exploded for text in full["ip_listen"]],
        "records": sorted(full["records"], key=lambda record: (record["family"], record["key"])),
        "certificates": sorted(full["certificates"], key=lambda item: (item["store"].upper(), item["thumbprint"])),
        "http_ports": full["http_ports"] if full["http_ports"] is None else sorted(full["http_ports"]),
        "central_store": store and {**store, "files": store["files"] and sorted(store["files"])},
    }

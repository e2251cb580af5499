# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host document that uses every corner of a state folder, for the fakes' own tests."""

from __future__ import annotations

import base64
from typing import Any

THUMBPRINTS = {
    name: f"{index:02X}" * 20 for index, name in enumerate(("good", "keyless", "user", "denied", "spec"), 0xA1)
}
CNG = {
    "provider": "Microsoft Software Key Storage Provider",
    "provider_type": 0,
    "container": "te-1",
    "key_spec": 0,
    "machine": True,
    "system_access": "granted",
    "check": "open",
    "code": 0,
}
CAPI = {**CNG, "provider": "Microsoft RSA SChannel Cryptographic Provider", "provider_type": 12, "key_spec": 1}


def certificate(name: str, key: dict[str, Any] | None, store: str = "MY", **more: Any) -> dict[str, Any]:
    der = base64.b64encode(name.encode() * 7).decode()
    return {"thumbprint": THUMBPRINTS[name], "store": store, "der": der, "key": key, **more}


def record(key: str, family: str = "ipport", name: str | None = "good", **more: Any) -> dict[str, Any]:
    return {"family": family, "key": key, "thumbprint": THUMBPRINTS[name] if name else None, **more}


def binding(information: str, flags: int | None = None, protocol: str = "https") -> dict[str, Any]:
    return {"protocol": protocol, "information": information, "ssl_flags": flags}


def document(**more: Any) -> dict[str, Any]:
    """Everything at once; anything can be overridden by key."""
    odd = 'tab\there "quoted" <R&D> back\\slash \\N Übung 𝄞'
    shop = [
        binding("*:443:shop.example.com", 1),
        binding("[2001:db8::5]:443:", 0),
        binding("808:*", protocol="net.tcp"),
    ]
    full: dict[str, Any] = {
        "flags": 0xFFFF0021,
        "check_mode": 5,
        "freshness": 60,
        "timeout": 0xFFFFFFFF,
        "store": "WebHosting",
    }
    return {
        "format": "tlsfleet.iis/document",
        "version": 1,
        "simulated": True,
        "read_at": "2026-11-24T12:00:00Z",
        "reader": {"version": "0.1.0", "certificates": "all", "key_check": "open"},
        "name": "WEB01",
        "os": {"name": "Windows Server 2022", "major": 10, "minor": 0, "build": 20348, "revision": 1234},
        "iis": {"major": 10, "minor": 0},
        "addresses": ["10.0.0.5", "2001:db8::5"],
        "ip_listen": ["10.0.0.5", "2001:db8::5"],
        "http_ports": [80, 443],
        "schema_ssl_flags": True,
        "update_exported": True,
        "shared_configuration": False,
        "sites": [
            {"id": 7, "name": odd, "state": "started", "bindings": shop},
            {"id": 1, "name": "Ångström", "state": "stopped", "bindings": []},
            {"id": 4294967295, "name": "last", "state": "unknown", "bindings": [binding("*:443:shop.example.com", 97)]},
        ],
        "records": [
            record("0.0.0.0:443"),
            record("Shop.Example.com:443", "hostnameport", ctl_identifier="Ω", ctl_store="", **full),
            record("[2001:db8::5]:8443", app_id="{00000000-0000-0000-0000-000000000000}"),
            record("443", "ccs", None),
            record("*.example.com:443", "hostnameport", store="MY"),
            record("a.example.com:444", "scopedccs", None, flags=2),
        ],
        "certificates": [
            certificate("good", CNG, friendly_name="shop\n2026", archived=True, renewed_by="F" * 40),
            certificate("good", CNG, "WebHosting"),
            certificate("keyless", None),
            certificate("user", {**CNG, "machine": False}),
            certificate("denied", {**CNG, "system_access": "denied", "code": None}),
            certificate("spec", {**CAPI, "key_spec": 2}),
        ],
        "central_store": {"enabled": True, "files": ["_.example.com.pfx", "shop.example.com.pfx"]},
        "url_reservations": ["https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/", "http://*:5985/wsman/"],
        "users": [{"kind": "winrm", "key": "ipport 0.0.0.0:5986", "thumbprint": None, "evidence": odd}],
        "connection": {"address": "10.0.0.5", "port": 5986, "tls": True},
        "journal": {"run": "r1", "started": "2026-11-24T11:00:00Z", "steps": 3, "done": 1},
        "incomplete": [{"layer": "events", "code": "access_denied", "message": "no right\tto read"}],
        **more,
    }


def small(**more: Any) -> dict[str, Any]:
    """A host with nothing on it: every list empty, every optional thing null."""
    nothing = ("sites", "records", "certificates", "url_reservations", "users", "incomplete", "addresses", "ip_listen")
    nulls = ("iis", "http_ports", "schema_ssl_flags", "update_exported", "central_store", "connection", "journal")
    empty: dict[str, Any] = dict.fromkeys(nulls)
    return document(**empty, **{name: [] for name in nothing}) | more

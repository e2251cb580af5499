# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The precedence table read once more, naively and from the document alone: a second opinion for law L9.

Deliberately slow and literal: for every record it asks "does it match this connection, and at which rank?".
"""

from __future__ import annotations

import ipaddress
from typing import Any

_BAD_KEY_CODES = {0x80090016, 0x8009000D, 0x80090011, 0x80090019, 0x8009001A, 0x8009200B, 0x80090015}


def served(document: dict[str, Any], address: str, port: int, sni: str | None) -> str | None:
    """What a handshake shows: a thumbprint, ``file:NAME``, or None."""
    if document["http_ports"] is not None and port not in document["http_ports"]:
        return None
    version = ipaddress.ip_address(address).version
    listen = [ipaddress.ip_address(item) for item in document["ip_listen"]]
    if listen and not any(
        item == ipaddress.ip_address(address) or (int(item) == 0 and item.version == version) for item in listen
    ):
        return None
    matching = []
    for record in document["records"]:
        rank = _rank(record, address, version, port, sni)
        if rank is not None:
            matching.append((rank, record))
    for _found, record in sorted(matching, key=lambda pair: pair[0]):
        if record["family"] == "ccs":
            name = _file(document, sni or "")
            if name is None:
                continue
            return f"file:{name}"
        return record["thumbprint"] if _usable(document, record) else None
    return None


def _rank(record: dict[str, Any], address: str, version: int, port: int, sni: str | None) -> int | None:
    name, _colon, record_port = record["key"].rpartition(":")
    if int(record_port) != port:
        return None
    if record["family"] == "ipport":
        bound = ipaddress.ip_address(name.strip("[]"))
        if bound == ipaddress.ip_address(address):
            return 1
        if str(bound) == "::" and version == 6:
            return 5
        return 6 if str(bound) == "0.0.0.0" else None
    if sni is None:
        return None
    if record["family"] == "ccs":
        return 4
    if name.lower() == sni.lower():
        return 2
    return 3 if name.startswith("*.") and "." in sni and sni.split(".", 1)[1].lower() == name[2:].lower() else None


def _file(document: dict[str, Any], sni: str) -> str | None:
    store = document["central_store"] or {"enabled": False, "files": None}
    unread = any(item["layer"] == "central_store" for item in document["incomplete"])
    if not store["enabled"] and not unread:
        return None
    files = store["files"]
    wildcard = "_." + sni.split(".", 1)[-1] + ".pfx"
    choices = [wildcard] if sni.startswith("*.") else [f"{sni}.pfx", wildcard]
    if files is None:
        return choices[0]
    for choice in choices:
        if choice in files:
            return choice
    return None


def _usable(document: dict[str, Any], record: dict[str, Any]) -> bool:
    store = (record["store"] or "MY").upper()
    for certificate in document["certificates"]:
        if certificate["thumbprint"] == record["thumbprint"] and certificate["store"].upper() == store:
            key = certificate["key"]
            if key is None or key["machine"] is False or key["system_access"] == "denied":
                return False
            if key["provider_type"] != 0 and key["key_spec"] != 1:
                return False
            return key["code"] not in _BAD_KEY_CODES
    return False

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""http.sys as far as certificates go: its record tables, the calls on them with their codes, and the selection.

Written from Microsoft's published table and the SDK pages, apart from the collection's own rules, to be able to disagree.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from typing import Any

OK, NOT_FOUND, ACCESS_DENIED, BAD_PARAMETER, EXISTS, NO_LOGON_SESSION = 0, 2, 5, 87, 183, 1312
IIS_APP_ID = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
DEFAULTS: dict[str, Any] = {
    "thumbprint": None,
    "store": None,
    "app_id": IIS_APP_ID,
    "flags": 0,
    "check_mode": 0,
    "freshness": 0,
    "timeout": 0,
    "ctl_identifier": None,
    "ctl_store": None,
}

Key = tuple[str, str, int]
#: An endpoint: (address, port, server name or None).
Spot = tuple[str, int, str | None]
#: The same few addresses are read again and again.
_address = functools.lru_cache(maxsize=4096)(ipaddress.ip_address)
#: May http.sys use this certificate (thumbprint, store)? ``missing``, ``unusable`` or ``ok``.
StoreLookup = Callable[[str, str], str]


def table_key(family: str, text: str) -> Key:
    """(family, name, port) under which a record lies: addresses in one form, names in lower case A-labels."""
    name, _colon, port = text.rpartition(":")
    if family == "hostnameport" and name == "*":
        family, name = "ccs", ""  # the older spelling of the central store record
    if family == "ipport":
        name = str(_address(name.strip("[]")))
    elif name:
        name = dns_name(name)
    return (family, name, int(port))


def dns_name(text: str) -> str:
    """Lower case; labels outside ASCII as A-labels."""
    if text.isascii():
        return text.lower()
    labels = text.lower().split(".")
    return ".".join(label if label.isascii() else label.encode("idna").decode() for label in labels)


class HttpSys:
    """The record tables of one machine. ``names``: does this Windows know records by host name?"""

    def __init__(self, addresses: list[str], listen: list[str], names: bool, lookup: StoreLookup) -> None:
        self.addresses = [_address(item) for item in addresses]
        self.listen = [_address(item.strip("[]")) for item in listen]
        self.names = names
        #: DefaultFlags this Windows knows; any other bit is a bad parameter.
        self.known_flags = 0xFFFFFFFF
        self.lookup = lookup
        self.files: list[str] | None = []
        self.records: dict[Key, dict[str, Any]] = {}
        self.faults: set[str] = set()

    def load(self, record: dict[str, Any]) -> None:
        """Put a record there as it is, sound or not: how the machine stands when the story begins."""
        self.records[table_key(record["family"], record["key"])] = {**DEFAULTS, **record}

    def set(self, family: str, key: str, value: dict[str, Any]) -> int:
        """HttpSetServiceConfiguration: creates, never overwrites."""
        place = table_key(family, key)
        code = self._check(place, value)
        if code == OK and place in self.records:
            code = EXISTS
        if code == OK and "lost_record" not in self.faults:
            self.records[place] = {"family": family, "key": key, **DEFAULTS, **value}
        return code

    def update(self, family: str, key: str, value: dict[str, Any]) -> int:
        """HttpUpdateServiceConfiguration: overwrites, never creates."""
        place = table_key(family, key)
        if place not in self.records:
            return NOT_FOUND
        code = self._check(place, value)
        if code == OK:
            held = self.records[place]
            self.records[place] = {"family": held["family"], "key": held["key"], **DEFAULTS, **value}
        return code

    def delete(self, family: str, key: str) -> int:
        """HttpDeleteServiceConfiguration."""
        return OK if self.records.pop(table_key(family, key), None) is not None else NOT_FOUND

    def query(self, family: str, key: str) -> dict[str, Any] | None:
        """HttpQueryServiceConfiguration for one exact key: the value without family and key."""
        found = self.records.get(table_key(family, key))
        return None if found is None else {name: found[name] for name in DEFAULTS}

    def _check(self, place: Key, value: dict[str, Any]) -> int:
        if place[0] != "ipport" and not self.names:
            return BAD_PARAMETER
        if int(value.get("flags") or 0) & ~self.known_flags:
            return BAD_PARAMETER
        if place[0] == "ccs":  # takes neither a certificate nor options
            plain = all(value.get(name, DEFAULTS[name]) == DEFAULTS[name] for name in DEFAULTS if name != "app_id")
            return OK if plain else BAD_PARAMETER
        if value.get("thumbprint") is None:
            return OK if place[0] == "scopedccs" else BAD_PARAMETER
        state = self.lookup(value["thumbprint"], value.get("store") or "MY")
        return OK if state == "ok" else NO_LOGON_SESSION

    def listens_on(self, address: str) -> bool:
        """Does http.sys take connections for this local address (IP listen list)?"""
        if not self.listen:
            return True
        wanted = _address(address)
        return any(item == wanted or (item.is_unspecified and item.version == wanted.version) for item in self.listen)

    def select(self, address: str, port: int, sni: str | None) -> str | None:
        """What the handshake shows: a thumbprint, ``file:NAME``, or None where it fails."""
        here = _address(address)
        steps = [self._exact_address, self._exact_name, self._wildcard_name, self._central, self._any_address]
        if "sni_before_address" in self.faults:
            steps = [*steps[1:3], steps[0], *steps[3:]]
        for step in steps:
            found = step(here, port, dns_name(sni) if sni else None)
            if isinstance(found, str):
                return found
            if found is not None:
                return self._certificate_of(found)
        return None

    def _exact_address(self, here: Any, port: int, sni: str | None) -> Any:
        return self.records.get(("ipport", str(here), port))

    def _exact_name(self, here: Any, port: int, sni: str | None) -> Any:
        return self.records.get(("hostnameport", sni, port)) if sni else None

    def _wildcard_name(self, here: Any, port: int, sni: str | None) -> Any:
        if not sni or "." not in sni:
            return None
        return self.records.get(("hostnameport", "*." + sni.partition(".")[2], port))

    def _central(self, here: Any, port: int, sni: str | None) -> Any:
        if not sni or ("ccs", "", port) not in self.records:
            return None
        if self.files is None:  # a share that the reader cannot list: it holds what is asked for
            return f"file:{sni}.pfx"
        for name in (f"{sni}.pfx", f"_.{sni.partition('.')[2]}.pfx"):
            if name in self.files:
                return f"file:{name}"
        return None

    def _any_address(self, here: Any, port: int, sni: str | None) -> Any:
        if here.version == 6 and ("ipport", "::", port) in self.records:
            return self.records["ipport", "::", port]
        return self.records.get(("ipport", "0.0.0.0", port))

    def _certificate_of(self, record: dict[str, Any]) -> str | None:
        """An unusable key or an absent certificate ends the handshake; no other record is tried."""
        if record["thumbprint"] is None:
            return None
        thumbprint = str(record["thumbprint"])
        if "swapped_certificate" in self.faults:
            others = sorted({str(item["thumbprint"]) for item in self.records.values() if item["thumbprint"]})
            thumbprint = others[others.index(thumbprint) - 1]
        return thumbprint if self.lookup(thumbprint, record["store"] or "MY") == "ok" else None

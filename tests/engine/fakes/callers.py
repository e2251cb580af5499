# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls the fake httpapi through ctypes, with structures of its own making: what a test sees is what any caller would see."""

from __future__ import annotations

import ctypes
import ipaddress
import uuid
from ctypes import POINTER, Structure, addressof, byref, c_uint8, c_uint16, c_uint32, c_void_p, cast, sizeof
from pathlib import Path
from typing import Any

SSL, SNI, CCS, SCOPED = 1, 5, 6, 11
EXACT, NEXT = 0, 1
FAMILIES = {"ipport": SSL, "hostnameport": SNI, "ccs": CCS, "scopedccs": SCOPED}


class Param(Structure):
    _fields_ = (
        ("SslHashLength", c_uint32),
        ("pSslHash", c_void_p),
        ("AppId", c_uint8 * 16),
        ("pSslCertStoreName", c_void_p),
        ("DefaultCertCheckMode", c_uint32),
        ("DefaultRevocationFreshnessTime", c_uint32),
        ("DefaultRevocationUrlRetrievalTimeout", c_uint32),
        ("pDefaultSslCtlIdentifier", c_void_p),
        ("pDefaultSslCtlStoreName", c_void_p),
        ("DefaultFlags", c_uint32),
    )


class SslKey(Structure):
    _fields_ = (("pIpPort", c_void_p),)


class SniKey(Structure):
    _fields_ = (("IpPort", ctypes.c_uint64 * 16), ("Host", c_void_p))


class CcsKey(Structure):
    _fields_ = (("LocalAddress", ctypes.c_uint64 * 16),)


def _pair(name: str, key: type[Structure]) -> tuple[type[Structure], type[Structure]]:
    """The set and the query structure of a family."""
    asked = (("QueryDesc", c_uint32), ("KeyDesc", key), ("dwToken", c_uint32))
    return (
        type(f"{name}Set", (Structure,), {"_fields_": (("KeyDesc", key), ("ParamDesc", Param))}),
        type(f"{name}Query", (Structure,), {"_fields_": asked}),
    )


SslSet, SslQuery = _pair("Ssl", SslKey)
SniSet, SniQuery = _pair("Sni", SniKey)
CcsSet, CcsQuery = _pair("Ccs", CcsKey)
SETS = {SSL: SslSet, SNI: SniSet, CCS: CcsSet, SCOPED: SniSet}
QUERIES = {SSL: SslQuery, SNI: SniQuery, CCS: CcsQuery, SCOPED: SniQuery}


class UrlSet(Structure):
    _fields_ = (("pUrlPrefix", c_void_p), ("pStringSecurityDescriptor", c_void_p))


class UrlQuery(Structure):
    _fields_ = (("QueryDesc", c_uint32), ("pUrlPrefix", c_void_p), ("dwToken", c_uint32))


class ListenParam(Structure):
    _fields_ = (("AddrLength", c_uint16), ("pAddress", c_void_p))


def socket_address(address: str, port: int) -> bytes:
    """SOCKADDR_IN or SOCKADDR_IN6 as Windows lays it out."""
    parsed = ipaddress.ip_address(address)
    where = port.to_bytes(2, "big")
    if parsed.version == 4:
        return (2).to_bytes(2, "little") + where + parsed.packed + bytes(8)
    return (23).to_bytes(2, "little") + where + bytes(4) + parsed.packed + bytes(4)


def _split(family: str, key: str) -> tuple[str, int]:
    name, _colon, port = key.rpartition(":")
    return ("" if family == "ccs" else name.strip("[]") if family == "ipport" else name), int(port)


def wide(text: str | None) -> Any:
    """A buffer with UTF-16 text, to be kept alive by the caller; None for null."""
    return None if text is None else ctypes.create_string_buffer(text.encode("utf-16-le", "surrogatepass") + b"\0\0")


def text_at(pointer: int | None) -> str | None:
    if not pointer:
        return None
    length = 0
    while ctypes.c_uint16.from_address(pointer + length).value:
        length += 2
    return ctypes.string_at(pointer, length).decode("utf-16-le", "surrogatepass")


class HttpApi:
    """One loaded library. ``keep`` holds what pointers in prepared structures refer to."""

    def __init__(self, path: Path) -> None:
        self.dll = ctypes.CDLL(str(path))
        self.keep: list[Any] = []

    def select(self, folder: Path) -> int:
        return int(self.dll.tlsfleet_fake_select(str(folder).encode()))

    def initialize(self, version: int = 1, flags: int = 2) -> int:
        return int(self.dll.HttpInitialize(c_uint32(version), c_uint32(flags), None))

    def terminate(self, flags: int = 2) -> int:
        return int(self.dll.HttpTerminate(c_uint32(flags), None))

    def _point(self, buffer: Any) -> int | None:
        self.keep.append(buffer)
        return None if buffer is None else addressof(buffer)

    def _key(self, family: str, key: str, into: Any) -> None:
        name, port = _split(family, key)
        if family == "ipport":
            into.pIpPort = self._point(ctypes.create_string_buffer(socket_address(name, port), 28))
            return
        where = socket_address("0.0.0.0", port)
        ctypes.memmove(addressof(into), where, len(where))
        if family != "ccs":
            into.Host = self._point(wide(name))

    def record(self, record: dict[str, Any]) -> Any:
        """A *_SET structure for a record as in a document (complete)."""
        item: Any = SETS[FAMILIES[record["family"]]]()
        self._key(record["family"], record["key"], item.KeyDesc)
        value = item.ParamDesc
        if record["thumbprint"] is not None:
            raw = bytes.fromhex(record["thumbprint"])
            value.SslHashLength = len(raw)
            value.pSslHash = self._point(ctypes.create_string_buffer(raw, len(raw)))
        ctypes.memmove(value.AppId, uuid.UUID(record["app_id"]).bytes_le, 16)
        value.pSslCertStoreName = self._point(wide(record["store"]))
        value.DefaultFlags, value.DefaultCertCheckMode = record["flags"], record["check_mode"]
        value.DefaultRevocationFreshnessTime = record["freshness"]
        value.DefaultRevocationUrlRetrievalTimeout = record["timeout"]
        value.pDefaultSslCtlIdentifier = self._point(wide(record["ctl_identifier"]))
        value.pDefaultSslCtlStoreName = self._point(wide(record["ctl_store"]))
        return item

    def asking(self, family: str, key: str | None = None, token: int = 0) -> Any:
        """A *_QUERY structure: exact with a key, else next with a token."""
        item: Any = QUERIES[FAMILIES[family]]()
        item.QueryDesc, item.dwToken = (NEXT, token) if key is None else (EXACT, 0)
        if key is not None:
            self._key(family, key, item.KeyDesc)
        return item

    def write(self, call: str, number: int, item: Any, size: int | None = None, handle: int = 0) -> int:
        """``call`` is Set, Update or Delete; the code."""
        function = getattr(self.dll, f"Http{call}ServiceConfiguration")
        length = sizeof(item) if size is None else size
        return int(function(c_void_p(handle), c_uint32(number), byref(item), c_uint32(length), None))

    def change(self, call: str, record: dict[str, Any]) -> int:
        return self.write(call, FAMILIES[record["family"]], self.record(record))

    def query(self, number: int, item: Any, room: int, size: int | None = None) -> tuple[int, int, Any]:
        """One call: code, the length it named, the buffer (filled with 0xEE before; ``room`` 0 passes null)."""
        buffer = ctypes.create_string_buffer(b"\xee" * (room + 8), room + 8)
        needed = c_uint32(0xFFFFFFFF)
        length = (0 if item is None else sizeof(item)) if size is None else size
        code = self.dll.HttpQueryServiceConfiguration(
            c_void_p(0),
            c_uint32(number),
            None if item is None else byref(item),
            c_uint32(length),
            buffer if room else None,
            c_uint32(room),
            byref(needed),
            None,
        )
        return int(code), needed.value, buffer

    def answer(self, number: int, item: Any) -> tuple[int, Any]:
        """The two calls of the buffer protocol: code, buffer."""
        code, needed, buffer = self.query(number, item, 0)
        if code in (122, 234):
            code, again, buffer = self.query(number, item, needed)
            if again != needed or buffer.raw[needed:] != b"\xee" * 8:
                raise ValueError(f"{needed} bytes were promised, {again} told, or the answer runs over its buffer")
        return code, buffer

    def all_records(self, family: str) -> list[dict[str, Any]]:
        """Next queries until 259."""
        found: list[dict[str, Any]] = []
        while True:
            code, buffer = self.answer(FAMILIES[family], self.asking(family, token=len(found)))
            if code:
                if code != 259:
                    raise ValueError(f"query {len(found)} of {family} gave {code}")
                return found
            found.append(self.told(family, buffer))

    def told(self, family: str, buffer: Any) -> dict[str, Any]:
        """The record in an answer, as in a document."""
        item: Any = cast(buffer, POINTER(SETS[FAMILIES[family]])).contents
        value = item.ParamDesc
        where = item.KeyDesc.pIpPort if family == "ipport" else addressof(item.KeyDesc)
        port = int.from_bytes(ctypes.string_at(where + 2, 2), "big")
        key = str(port)
        if family == "ipport":
            short = ctypes.string_at(where, 2) == b"\x02\0"
            raw = ctypes.string_at(where + 4, 4) if short else ctypes.string_at(where + 8, 16)
            name = str(ipaddress.ip_address(raw))
            key = f"{name}:{port}" if short else f"[{name}]:{port}"
        elif family != "ccs":
            key = f"{text_at(item.KeyDesc.Host)}:{port}"
        hash_ = ctypes.string_at(value.pSslHash, value.SslHashLength) if value.pSslHash else None
        return {
            "family": family,
            "key": key,
            "thumbprint": hash_.hex().upper() if hash_ is not None else None,
            "store": text_at(value.pSslCertStoreName),
            "app_id": f"{{{uuid.UUID(bytes_le=bytes(value.AppId))}}}",
            "flags": value.DefaultFlags,
            "check_mode": value.DefaultCertCheckMode,
            "freshness": value.DefaultRevocationFreshnessTime,
            "timeout": value.DefaultRevocationUrlRetrievalTimeout,
            "ctl_identifier": text_at(value.pDefaultSslCtlIdentifier),
            "ctl_store": text_at(value.pDefaultSslCtlStoreName),
        }

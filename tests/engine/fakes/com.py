# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls COM objects through ctypes by slot number, from a table of its own: name and order of every slot after IUnknown, with arguments.

Arguments: ``s`` text in, ``v`` variant in, ``i`` number in, ``o`` object in; ``S`` text out, ``V`` variant out, ``U`` unsigned out,
``B`` truth out, ``O`` object out, whose interface stands behind it in brackets.
"""

from __future__ import annotations

import ctypes
import re
import uuid
from ctypes import Structure, Union, byref, c_double, c_int16, c_int32, c_int64, c_uint16, c_uint32, c_void_p
from pathlib import Path
from typing import Any

from .callers import text_at, wide

_META = (("GetMetadata", "sV"), ("SetMetadata", "sv"))
_MANAGER = (("GetAdminSection", "ssO[Element]"), *_META, ("ConfigManager", "O[ConfigManager]"))
Slots = tuple[str, tuple[tuple[str, str], ...]]
#: Interface without IAppHost -> its id, its slots.
INTERFACES: dict[str, Slots] = {
    "AdminManager": ("9be77978-73ed-4a9a-87fd-13f09fec1b13", _MANAGER),
    "WritableAdminManager": (
        "fa7660f6-7b3f-4237-a8bf-ed0ad0dcbbd9",
        (*_MANAGER, ("CommitChanges", ""), ("CommitPath", "S"), ("SetCommitPath", "s")),
    ),
    "ConfigManager": (
        "8f6d760f-f0cb-4d69-b5f6-848b33e9bdc6",
        (("GetConfigFile", "sO[ConfigFile]"), ("GetUniqueConfigPath", "sS")),
    ),
    "ConfigFile": (
        "ada4e6fb-e025-401e-a5d0-c3134a281f07",
        (
            ("ConfigPath", "S"),
            ("FilePath", "S"),
            ("Locations", "O[]"),
            ("GetAdminSection", "ssO[]"),
            *_META,
            ("ClearInvalidSections", ""),
            ("RootSectionGroup", "O[]"),
        ),
    ),
    "Element": (
        "64ff8ccc-b287-4dae-b08a-a72cbf45f453",
        (
            ("Name", "S"),
            ("Collection", "O[ElementCollection]"),
            ("Properties", "O[PropertyCollection]"),
            ("ChildElements", "O[ChildElementCollection]"),
            *_META,
            ("Schema", "O[ElementSchema]"),
            ("GetElementByName", "sO[Element]"),
            ("GetPropertyByName", "sO[Property]"),
            ("Clear", ""),
            ("Methods", "O[MethodCollection]"),
        ),
    ),
    "ElementCollection": (
        "c8550bff-5281-4b1e-ac34-99b6fa38464d",
        (
            ("Count", "U"),
            ("Item", "vO[Element]"),
            ("AddElement", "oi"),
            ("DeleteElement", "v"),
            ("Clear", ""),
            ("CreateNewElement", "sO[Element]"),
            ("Schema", "O[]"),
        ),
    ),
    "ChildElementCollection": ("08a90f5f-0702-48d6-b45f-02a9885a9768", (("Count", "U"), ("Item", "vO[Element]"))),
    "PropertyCollection": ("0191775e-bcff-445a-b4f4-3bdda54e2816", (("Count", "U"), ("Item", "vO[Property]"))),
    "Property": (
        "ed35f7a1-5024-4e7b-a44d-07ddaf4b524d",
        (
            ("Name", "S"),
            ("Value", "V"),
            ("SetValue", "v"),
            ("Clear", ""),
            ("StringValue", "S"),
            ("Exception", "O[]"),
            *_META,
            ("Schema", "O[PropertySchema]"),
        ),
    ),
    "MethodCollection": ("d6c7cd8f-bb8d-4f96-b591-d3a5f1320269", (("Count", "U"), ("Item", "vO[Method]"))),
    "Method": (
        "7883ca1c-1112-4447-84c3-52fbeb38069d",
        (("Name", "S"), ("Schema", "O[]"), ("CreateInstance", "O[MethodInstance]")),
    ),
    "MethodInstance": (
        "b80f3c42-60e0-4ae0-9007-f52852d3dbed",
        (("Input", "O[]"), ("Output", "O[]"), ("Execute", ""), *_META),
    ),
    "ElementSchema": (
        "ef13d885-642c-4709-99ec-b89561c6bc69",
        (
            ("Name", "S"),
            ("DoesAllowUnschematizedProperties", "B"),
            ("GetMetadata", "sV"),
            ("CollectionSchema", "O[]"),
            ("ChildElementSchemas", "O[]"),
            ("PropertySchemas", "O[PropertySchemaCollection]"),
            ("IsCollectionDefault", "B"),
        ),
    ),
    "PropertySchemaCollection": (
        "8bed2c68-a5fb-4b28-8581-a0dc5267419f",
        (("Count", "U"), ("Item", "vO[PropertySchema]")),
    ),
    "PropertySchema": (
        "450386db-7409-4667-935e-384dbbee2a9e",
        (
            ("Name", "S"),
            ("Type", "S"),
            ("DefaultValue", "V"),
            ("IsRequired", "B"),
            ("IsUniqueKey", "B"),
            ("IsCombinedKey", "B"),
            ("IsExpanded", "B"),
            ("ValidationType", "S"),
            ("ValidationParameter", "S"),
            ("GetMetadata", "sV"),
            ("IsCaseSensitive", "B"),
            ("PossibleValues", "O[]"),
            ("DoesAllowInfinite", "B"),
            ("IsEncrypted", "B"),
            ("TimeSpanFormat", "S"),
        ),
    ),
}


class _Content(Union):
    _fields_ = (
        ("i4", c_int32),
        ("ui4", c_uint32),
        ("i8", c_int64),
        ("r8", c_double),
        ("truth", c_int16),
        ("pointer", c_void_p),
        ("room", c_int64 * 2),
    )


class Variant(Structure):
    _fields_ = (("type", c_uint16), ("reserved", c_uint16 * 3), ("of", _Content))


class Typed:
    """A value that is to travel as a certain variant type: 3 (signed), 19 (unsigned), 5 (floating point)."""

    def __init__(self, kind: int, value: float) -> None:
        self.kind, self.value = kind, value


class Refused(Exception):
    """A call ended with an HRESULT other than 0."""

    def __init__(self, code: int, call: str) -> None:
        super().__init__(f"{call} gave 0x{code:08X}")
        self.code = code


class Com:
    """One interface pointer of the library that was loaded with :func:`load`; slots are called by name."""

    def __init__(self, pointer: int, interface: str) -> None:
        self.pointer, self.interface = pointer, interface
        self.keep: list[Any] = []

    def slot(self, number: int, *types: Any) -> Any:
        table = ctypes.cast(self.pointer, ctypes.POINTER(ctypes.POINTER(c_void_p))).contents
        return ctypes.CFUNCTYPE(c_uint32, c_void_p, *types)(table[number])

    def ask(self, interface_id: str) -> tuple[int, int | None]:
        """QueryInterface: the HRESULT and the pointer, of which the caller has a reference then."""
        into = c_void_p()
        raw = uuid.UUID(interface_id).bytes_le
        return self.slot(0, ctypes.c_char_p, c_void_p)(self.pointer, raw, byref(into)), into.value

    def references(self, change: int) -> int:
        """AddRef (1) or Release (2)."""
        return int(self.slot(change)(self.pointer))

    def __call__(self, name: str, *given: Any) -> Any:
        names = [slot for slot, _signature in INTERFACES[self.interface][1]]
        place = names.index(name)
        shape = re.findall(r"([a-zA-Z])(?:\[(\w*)\])?", INTERFACES[self.interface][1][place][1])
        types, values, out, behind = [], [], None, ""
        waiting = list(given)
        for letter, interface in shape:
            kind, value = self._argument(letter, waiting.pop(0) if letter.islower() else None)
            if letter.isupper():
                out, behind = (letter, value), interface
                kind, value = c_void_p, byref(value)
            types.append(kind)
            values.append(value)
        code = self.slot(3 + place, *types)(self.pointer, *values)
        self.keep.clear()
        if code:
            raise Refused(code, f"{self.interface}.{name}")
        return None if out is None else _result(*out, behind)

    def _argument(self, letter: str, value: Any) -> tuple[Any, Any]:
        if letter == "s":
            self.keep.append(wide(value))
            return c_void_p, None if value is None else ctypes.addressof(self.keep[-1])
        if letter == "v":
            return Variant, self._variant(value)
        if letter in "io":
            return (c_int32, value) if letter == "i" else (c_void_p, None if value is None else value.pointer)
        outs: dict[str, Any] = {"V": Variant, "U": c_uint32, "B": c_int16}
        return None, outs.get(letter, c_void_p)()

    def _variant(self, value: Any) -> Variant:
        variant = Variant()
        if isinstance(value, Typed):
            variant.type = value.kind
            setattr(variant.of, {3: "i4", 19: "ui4", 5: "r8"}[value.kind], value.value)
        elif isinstance(value, bool):
            variant.type, variant.of.truth = 11, -1 if value else 0
        elif isinstance(value, int):
            variant.type, variant.of.i4 = 3, value
        elif isinstance(value, str):
            self.keep.append(wide(value))
            variant.type, variant.of.pointer = 8, ctypes.addressof(self.keep[-1])
        elif isinstance(value, Com):
            variant.type, variant.of.pointer = 13, value.pointer
        return variant


def _text(pointer: int | None) -> str | None:
    """A BSTR that is ours now: its length must be right, and it has to be freed the way Mono does it."""
    text = text_at(pointer)
    if pointer and text is not None:
        if c_uint32.from_address(pointer - 4).value != len(text.encode("utf-16-le")):
            raise ValueError(f"the BSTR {text!r} says another length")
        ctypes.CDLL(None).free(c_void_p(pointer - 4))
    return text


def _result(letter: str, value: Any, interface: str) -> Any:
    if letter == "O":
        return None if not value.value else Com(value.value, interface)
    if letter == "S":
        return _text(value.value)
    if letter == "B":
        return {0: False, -1: True}[value.value]
    if letter == "U":
        return value.value
    kinds = {3: "i4", 19: "ui4", 11: "truth", 8: "pointer"}
    content = getattr(value.of, kinds[value.type])
    return _text(content) if value.type == 8 else content == -1 if value.type == 11 else content


class Library:
    """libahadmin.so."""

    def __init__(self, path: Path) -> None:
        self.dll = ctypes.CDLL(str(path))

    def select(self, folder: Path) -> int:
        return int(self.dll.tlsfleet_fake_select(str(folder).encode()))

    def manager(self, writable: bool = False) -> Com:
        into = c_void_p()
        code = self.dll.tlsfleet_fake_manager(c_int32(writable), byref(into))
        if code:
            raise Refused(code & 0xFFFFFFFF, "creating a manager")
        return Com(into.value or 0, "WritableAdminManager" if writable else "AdminManager")

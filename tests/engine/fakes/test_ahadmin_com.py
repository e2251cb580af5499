# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake AHADMIN as COM: ids, reference counts, slot order, class factory."""

from __future__ import annotations

import ctypes
import uuid
from pathlib import Path

import pytest

from . import build, state
from .browsing import APPHOST, SITES, code_of, file_of
from .com import INTERFACES, Com, Library, Refused
from .example import small

pytestmark = pytest.mark.skipif(bool(build.missing()), reason=build.missing() or "there")


def all_objects(manager: Com) -> dict[str, Com]:
    """One object of every interface."""
    section = manager("GetAdminSection", SITES, APPHOST)
    site = section("Collection")("Item", 0)
    objects = {
        manager.interface: manager,
        "ConfigManager": manager("ConfigManager"),
        "ConfigFile": manager("ConfigManager")("GetConfigFile", APPHOST),
        "Element": section,
        "ElementCollection": section("Collection"),
        "ChildElementCollection": site("ChildElements"),
        "PropertyCollection": site("Properties"),
        "Property": site("GetPropertyByName", "name"),
        "MethodCollection": site("Methods"),
        "Method": site("Methods")("Item", "Start"),
        "MethodInstance": site("Methods")("Item", 1)("CreateInstance"),
        "ElementSchema": site("Schema"),
        "PropertySchemaCollection": site("Schema")("PropertySchemas"),
        "PropertySchema": site("GetPropertyByName", "name")("Schema"),
    }
    assert all(isinstance(found, Com) and found.interface == name for name, found in objects.items())
    return objects


def test_every_interface_has_its_own_id_and_counts_its_references(library: Library, host: Path) -> None:
    objects = {**all_objects(library.manager()), **all_objects(library.manager(writable=True))}
    assert set(objects) == set(INTERFACES)
    for name, found in objects.items():
        answers = {other: found.ask(number)[0] for other, (number, _slots) in INTERFACES.items()}
        # The writable manager's interface is derived from the other one (ahadmin.idl).
        both = {"AdminManager"} if name == "WritableAdminManager" else set()
        assert {other for other, answer in answers.items() if answer == 0} == {name} | both
        assert {answer for answer in answers.values() if answer} == {0x80004002}
        assert found.ask("00000000-0000-0000-c000-000000000046") == (0, found.pointer)
        _face_of(found)
        before = found.references(1)
        assert found.references(2) == before - 1


def _face_of(found: Com) -> None:
    """ISupportErrorInfo: a pointer of its own, from which the way leads back."""
    code, pointer = found.ask("df0b3d60-548f-101b-8e65-08002b2bd119")
    face = Com(pointer or 0, "")
    assert (code, pointer == found.pointer) == (0, False)
    assert face.slot(3, ctypes.c_char_p)(face.pointer, bytes(16)) == 0
    assert face.ask("00000000-0000-0000-c000-000000000046") == (0, found.pointer)
    assert face.references(2) == 0


def test_every_slot_answers_as_its_name_says(library: Library, host: Path) -> None:
    """Calls every slot without arguments out of the table: a slot too many or one out of order gives another kind of answer."""
    seen = set()
    for name, found in all_objects(library.manager(writable=True)).items():
        for slot, shape in INTERFACES[name][1]:
            if not any(letter.islower() for letter in shape.split("[")[0]) and slot not in (
                "Clear",
                "CommitChanges",
                "Execute",
            ):
                try:
                    got = found(slot)
                except Refused as refused:
                    assert refused.code == 0x80004001
                    got = "not implemented"
                seen.add((name, slot, got if isinstance(got, str | int | None) else type(got).__name__))
    expected = {
        ("WritableAdminManager", "CommitPath", APPHOST),
        ("Element", "Name", SITES),
        ("Element", "ChildElements", None),
        ("ElementCollection", "Count", 3),
        ("PropertyCollection", "Count", 4),
        ("ChildElementCollection", "Count", 1),
        ("MethodCollection", "Count", 2),
        ("Method", "Name", "Start"),
        ("Property", "Name", "name"),
        ("Property", "Exception", None),
        ("PropertySchema", "Type", "string"),
        ("PropertySchema", "IsRequired", True),
        ("PropertySchema", "IsUniqueKey", True),
        ("PropertySchema", "IsCombinedKey", False),
        ("PropertySchema", "ValidationType", "nonEmptyString"),
        ("PropertySchemaCollection", "Count", 4),
        ("ConfigFile", "ConfigPath", APPHOST),
        ("ConfigFile", "FilePath", f"\\\\?\\{file_of(host)}"),
        ("ConfigFile", "Locations", "not implemented"),
    }
    assert expected <= seen


def test_the_class_factory_makes_both_managers(library: Library, host: Path) -> None:
    for clsid, interface in (
        ("228fb8f7-fb53-4fd5-8c7b-ff59de606c5b", "AdminManager"),
        ("2b72133b-3f5b-4602-8952-803546ce3344", "WritableAdminManager"),
    ):
        factory, made = ctypes.c_void_p(), ctypes.c_void_p()
        wanted = uuid.UUID("00000001-0000-0000-c000-000000000046").bytes_le
        assert library.dll.DllGetClassObject(uuid.UUID(clsid).bytes_le, wanted, ctypes.byref(factory)) == 0
        create = Com(factory.value or 0, "").slot(3, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
        number = uuid.UUID(INTERFACES[interface][0]).bytes_le
        assert create(factory, None, number, ctypes.byref(made)) == 0
        assert Com(made.value or 0, interface)("GetAdminSection", SITES, APPHOST)("Name") == SITES
    assert (
        library.dll.DllGetClassObject(uuid.uuid4().bytes_le, wanted, ctypes.byref(factory)) & 0xFFFFFFFF == 0x80040111
    )


def test_without_iis_there_is_no_class(library: Library, tmp_path: Path) -> None:
    state.write_state(tmp_path / "bare", small())
    assert library.select(tmp_path / "bare") == 0
    assert code_of(library.manager) == 0x80040154

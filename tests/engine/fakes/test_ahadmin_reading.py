# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake AHADMIN, reading: sites, bindings, states, the schema, and which HRESULT comes when."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import build, read, state
from .browsing import (
    APPHOST,
    DENIED,
    EXISTS,
    INDEX,
    INVALID,
    LOCKED,
    REDIRECTION,
    SITES,
    bindings,
    change,
    code_of,
    file_of,
    sites,
    value,
)
from .com import Library, Typed
from .example import binding, document
from .rows import write_rows

pytestmark = pytest.mark.skipif(bool(build.missing()), reason=build.missing() or "there")


@pytest.mark.parametrize("shared", [False, True])
def test_sites_bindings_and_states_are_those_of_the_document(library: Library, host: Path, shared: bool) -> None:
    described = document(shared_configuration=shared)
    state.write_state(host, described)
    library.select(host)
    manager = library.manager()
    found = []
    listed = sites(manager)
    for index in range(listed("Count")):
        site = listed("Item", Typed(19, index))
        kept = site("ChildElements")("Item", "bindings")("Collection")
        items = [kept("Item", Typed(5, float(place))) for place in range(kept("Count"))]
        found.append(
            {
                "id": value(site, "id"),
                "name": value(site, "name"),
                "state": {1: "started", 3: "stopped", 4: "unknown"}[value(site, "state")],
                "bindings": [
                    {
                        "protocol": value(item, "protocol"),
                        "information": value(item, "bindingInformation"),
                        "ssl_flags": None
                        if item("GetPropertyByName", "sslFlags")("GetMetadata", "isDefaultValue")
                        else value(item, "sslFlags"),
                    }
                    for item in items
                ],
            }
        )
    assert found == described["sites"]
    assert listed("Item", 1)("GetPropertyByName", "state")("StringValue") == "Stopped"
    assert bindings(manager)("Item", 2)("GetPropertyByName", "sslFlags")("StringValue") == "0"


def test_what_is_not_there_has_no_index(library: Library, host: Path) -> None:
    manager = library.manager()
    listed, site = sites(manager), sites(manager)("Item", 0)
    for index in (3, -1, "Item", 1.5):
        assert code_of(listed, "Item", Typed(5, index) if isinstance(index, float) else index) == INDEX
    assert code_of(site, "GetElementByName", "limits2") == INDEX
    assert code_of(site, "GetPropertyByName", "sslFlags") == INDEX
    assert code_of(site("Properties"), "Item", "nothing") == INDEX
    assert code_of(site("Methods"), "Item", "Recycle") == INDEX
    assert code_of(listed, "CreateNewElement", "binding") == INDEX
    assert site("GetElementByName", "bindings")("ChildElements") is None
    assert site("Collection") is None


def test_wrong_paths_sections_and_names(library: Library, host: Path) -> None:
    manager = library.manager()
    assert code_of(manager, "GetAdminSection", SITES, "MACHINE/WEBROOT/APPHOST/Default Web Site") == LOCKED
    assert code_of(manager, "GetAdminSection", SITES, "MACHINE/NOWHERE") == 0x80070003
    assert code_of(manager, "GetAdminSection", "system.webServer/nothing", APPHOST) == INVALID
    assert code_of(manager, "GetMetadata", "noSuchName") == 0x80070032
    assert code_of(manager, "GetAdminSection", None, APPHOST) == 0x80070057


def test_the_redirection_can_be_read(library: Library, host: Path) -> None:
    section = library.manager()("GetAdminSection", "configurationRedirection", REDIRECTION)
    assert value(section, "enabled") is False
    state.write_state(host, document(shared_configuration=True))
    section = library.manager()("GetAdminSection", "configurationRedirection", REDIRECTION)
    assert (value(section, "enabled"), value(section, "path")) == (True, r"\\simulated\config")


@pytest.mark.parametrize(("known", "code", "count"), [(True, None, 3), (False, INDEX, 2), (None, DENIED, None)])
def test_the_schema_tells_whether_it_knows_ssl_flags(
    library: Library, host: Path, known: bool | None, code: int | None, count: int | None
) -> None:
    old = [{"id": 1, "name": "a", "state": "started", "bindings": [binding("*:443:")]}]
    state.write_state(host, document(schema_ssl_flags=known, sites=old))
    fresh = bindings(library.manager(writable=True))("CreateNewElement", "")
    if code is None:
        assert value(fresh, "sslFlags") == 0
    else:
        assert code_of(fresh, "GetPropertyByName", "sslFlags") == code
    if count is None:
        assert code_of(fresh("Schema"), "PropertySchemas") == code
    else:
        assert fresh("Schema")("PropertySchemas")("Count") == count


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('sslFlags="1"', 'sslFlags="NotExist"', INVALID),
        ('sslFlags="1"', 'sslFlags="-1"', INVALID),
        ('sslFlags="1"', 'sslFlags="4294967296"', INVALID),
        ('sslFlags="1"', 'sslflags="1"', INVALID),
        ('id="7"', 'id="1"', EXISTS),
        (
            'protocol="net.tcp" bindingInformation="808:*"',
            'protocol="HTTPS" bindingInformation="*:443:SHOP.example.com"',
            EXISTS,
        ),
        ('protocol="https" ', "", INVALID),
        ('bindingInformation="808:*"', 'bindingInformation=""', INVALID),
        ("</sites>", "</site>", INVALID),
        ("</configuration>", "", INVALID),
        ("<configuration>", "<!DOCTYPE x><configuration>", INVALID),
    ],
)
def test_one_bad_value_spoils_the_section(library: Library, host: Path, old: str, new: str, code: int) -> None:
    change(host, old, new)
    assert code_of(library.manager(), "GetAdminSection", SITES, APPHOST) == code


def test_a_file_that_is_cut_off_anywhere_is_refused(library: Library, host: Path) -> None:
    whole = file_of(host).read_bytes().rstrip()
    broken = [whole[:end] for end in range(0, len(whole), 7)]
    broken += [
        whole.replace(b"Default", b"D\xe9fault"),
        whole.replace(b"Default", b"\0"),
        whole.decode().encode("utf-16"),
    ]
    for content in broken:
        file_of(host).write_bytes(content)
        assert code_of(library.manager(), "GetAdminSection", SITES, APPHOST) == INVALID
    file_of(host).write_bytes(whole)
    assert sites(library.manager())("Count") == 3


def test_odd_but_legal_text_is_read(library: Library, host: Path) -> None:
    change(host, "<sites>", "<sites><!-- <site name='x'> --><?pi x?>")
    change(host, ' sslFlags="1"', "\n sslFlags = '33'\tlockItem=\"false\"")
    change(host, "*:443:shop.example.com", "*:161902:&#x6c;ocalhost&amp;")
    file_of(host).write_bytes(b"\xef\xbb\xbf" + file_of(host).read_bytes().replace(b"\n", b"\r\n"))
    first = bindings(library.manager())("Item", 0)
    assert (value(first, "bindingInformation"), value(first, "sslFlags")) == ("*:161902:localhost&", 33)


def test_a_missing_file_and_asked_for_faults(library: Library, host: Path) -> None:
    write_rows(host / "iis" / "sites.txt", [(7, "0x80070426"), (1, 1)])
    listed = sites(library.manager())
    states = [listed("Item", index)("GetPropertyByName", "state") for index in range(3)]
    assert [code_of(states[0], "Value"), states[1]("Value"), code_of(states[2], "Value")] == [0x80070426, 1, 0x800710D8]
    write_rows(
        host / "iis" / "faults.txt",
        [("create", "0x80040154", 2, 1), ("section", "0x80070005"), ("state", "0x80070005")],
    )
    assert code_of(states[1], "StringValue") == DENIED
    assert code_of(library.manager(), "GetAdminSection", SITES, APPHOST) == DENIED
    assert code_of(library.manager) == 0x80040154
    (host / "iis" / "faults.txt").unlink()
    file_of(host).unlink()
    assert code_of(library.manager(), "GetAdminSection", SITES, APPHOST) == 0x80070002


def test_start_and_stop_take_effect_at_once(library: Library, host: Path) -> None:
    site = sites(library.manager())("Item", 1)
    site("Methods")("Item", "Start")("CreateInstance")("Execute")
    assert value(site, "state") == 1
    site("Methods")("Item", 1)("CreateInstance")("Execute")
    assert value(site, "state") == 3
    assert read.read_state(host)["sites"] == document()["sites"]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake AHADMIN, writing: adding, deleting and changing bindings, committing, conflicts, locks, and what the file looks like then."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest

from . import build, read, state
from .browsing import (
    APPHOST,
    DENIED,
    EXISTS,
    INDEX,
    INVALID,
    LOCKED,
    SHARING,
    bindings,
    change,
    code_of,
    file_of,
    sites,
    value,
)
from .com import Com, Library, Typed
from .example import binding, document
from .rows import write_rows

pytestmark = pytest.mark.skipif(bool(build.missing()), reason=build.missing() or "there")


def made(
    collection: Com, protocol: str = "https", information: str = "*:443:new.example.com", flags: Any = None
) -> Com:
    element = collection("CreateNewElement", "binding")
    assert isinstance(element, Com)
    element("GetPropertyByName", "protocol")("SetValue", protocol)
    element("GetPropertyByName", "bindingInformation")("SetValue", information)
    if flags is not None:
        element("GetPropertyByName", "sslFlags")("SetValue", flags)
    return element


def kept(host: Path, site: int = 0) -> list[tuple[str, int | None]]:
    """The bindings of a site that stand in the file now."""
    return [(item["information"], item["ssl_flags"]) for item in read.read_state(host)["sites"][site]["bindings"]]


OLD = [("*:443:shop.example.com", 1), ("[2001:db8::5]:443:", 0), ("808:*", None)]


@pytest.mark.parametrize(
    ("position", "order"), [(-1, [0, 1, 2, 9]), (0, [9, 0, 1, 2]), (1, [0, 9, 1, 2]), (3, [0, 1, 2, 9])], ids=str
)
@pytest.mark.parametrize("flags", [33, "33", Typed(19, 33), Typed(5, 33.0)], ids=["int", "text", "uint", "double"])
def test_a_binding_is_added_where_it_was_asked_for(
    library: Library, host: Path, position: int, order: list[int], flags: Any
) -> None:
    before = file_of(host).read_text(encoding="utf-8").splitlines()
    manager = library.manager(writable=True)
    collection = bindings(manager)
    collection("AddElement", made(collection, flags=flags), position)
    assert collection("Count") == 4
    assert kept(host) == OLD  # nothing is written before the commit
    manager("CommitChanges")
    assert kept(host) == [("*:443:new.example.com", 33) if index == 9 else OLD[index] for index in order]
    after = file_of(host).read_text(encoding="utf-8").splitlines()
    difference = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert difference == [
        '+           <binding protocol="https" bindingInformation="*:443:new.example.com" sslFlags="33" />'
    ]


def test_an_empty_collection_gets_its_first_binding(library: Library, host: Path) -> None:
    for old, new in (("<bindings>\n        </bindings>", "<bindings />"), ("", "")):
        if old:
            change(host, old, new)
        manager = library.manager(writable=True)
        collection = bindings(manager, 1)
        collection("AddElement", made(collection), 0)
        manager("CommitChanges")
        assert kept(host, 1) == [("*:443:new.example.com", None)]
        text = file_of(host).read_text(encoding="utf-8")
        assert (
            '<bindings>\n          <binding protocol="https" bindingInformation="*:443:new.example.com" />\n        </bindings>'
            in text
        )
        collection("Clear")
        manager("CommitChanges")
        assert kept(host, 1) == []


def test_a_site_without_bindings_gets_some(library: Library, host: Path) -> None:
    change(host, "<bindings>\n        </bindings>", "")
    manager = library.manager(writable=True)
    collection = bindings(manager, 1)
    assert collection("Count") == 0
    collection("AddElement", made(collection), -1)
    manager("CommitChanges")
    assert kept(host, 1) == [("*:443:new.example.com", None)]


def test_deleting_by_number_and_by_element(library: Library, host: Path) -> None:
    manager = library.manager(writable=True)
    collection = bindings(manager)
    collection("DeleteElement", 1)
    assert code_of(collection, "DeleteElement", 2) == INDEX
    assert code_of(collection, "DeleteElement", "*:443:shop.example.com") == INDEX
    collection("DeleteElement", collection("Item", 0))
    manager("CommitChanges")
    assert kept(host) == [OLD[2]]
    text = file_of(host).read_text(encoding="utf-8")
    assert (
        '<bindings>\n          <binding protocol="net.tcp" bindingInformation="808:*" />\n        </bindings>' in text
    )


def test_changing_in_place_and_dropping_the_attribute(library: Library, host: Path) -> None:
    manager = library.manager(writable=True)
    first, second = bindings(manager)("Item", 0), bindings(manager)("Item", 1)
    first("GetPropertyByName", "bindingInformation")("SetValue", '*:443:a&b".example.com')
    first("GetPropertyByName", "sslFlags")("SetValue", 0)
    second("GetPropertyByName", "sslFlags")("Clear")
    assert second("GetPropertyByName", "sslFlags")("GetMetadata", "isDefaultValue") is True
    manager("CommitChanges")
    assert kept(host) == [('*:443:a&b".example.com', 0), ("[2001:db8::5]:443:", None), OLD[2]]
    # The runtime attribute cannot be written, and values are checked at once.
    assert code_of(sites(manager)("Item", 0)("GetPropertyByName", "state"), "SetValue", 1) == LOCKED
    for wrong in ("", "x", "-1", -1, Typed(5, -2.0), "4294967296"):
        assert code_of(first("GetPropertyByName", "sslFlags"), "SetValue", wrong) == INVALID
    assert code_of(first("GetPropertyByName", "protocol"), "SetValue", "") == INVALID
    assert code_of(first("GetPropertyByName", "protocol"), "SetValue", None) == 0x80070057


def test_what_cannot_be_added(library: Library, host: Path) -> None:
    manager = library.manager(writable=True)
    collection, other = bindings(manager), bindings(library.manager(writable=True))
    assert code_of(collection, "AddElement", made(collection, "HTTPS", "*:443:SHOP.example.com"), -1) == EXISTS
    assert code_of(collection, "AddElement", collection("CreateNewElement", None), -1) == 0x80070002
    assert code_of(collection, "AddElement", made(collection), 4) == INDEX
    assert code_of(collection, "AddElement", made(collection), -2) == INDEX
    assert code_of(collection, "AddElement", made(other), -1) == 0x80070057
    assert code_of(collection, "AddElement", collection("Item", 0), -1) == 0x80070057
    assert code_of(collection, "AddElement", sites(manager)("CreateNewElement", "site"), -1) == 0x80070057
    assert code_of(collection, "AddElement", None, -1) == 0x80070057
    assert code_of(collection, "CreateNewElement", "site") == INDEX
    manager("CommitChanges")
    assert kept(host) == OLD
    # As text `:443:h` and `*:443:h` are two keys, and the same binding may stand in another site.
    collection("AddElement", made(collection, information=":443:shop.example.com"), -1)
    second = bindings(manager, 1)
    second("AddElement", made(second, information="*:443:shop.example.com"), -1)


def test_a_commit_after_somebody_elses_is_refused(library: Library, host: Path) -> None:
    first, second = library.manager(writable=True), library.manager(writable=True)
    bindings(first)("DeleteElement", 0)
    bindings(second)("DeleteElement", 1)
    first("CommitChanges")
    assert code_of(second, "CommitChanges") == SHARING
    assert code_of(second, "CommitChanges") == SHARING  # there is no way back but a new manager
    assert kept(host) == OLD[1:]
    third = library.manager(writable=True)
    bindings(third)("DeleteElement", 0)
    third("CommitChanges")
    bindings(third)("DeleteElement", 0)
    third("CommitChanges")  # its own commit is no conflict
    assert kept(host) == []


def test_a_commit_without_changes_leaves_the_file_alone(library: Library, host: Path) -> None:
    before = file_of(host).stat()
    manager = library.manager(writable=True)
    manager("CommitChanges")
    bindings(manager)("CreateNewElement", "binding")("GetPropertyByName", "protocol")("SetValue", "https")
    manager("CommitChanges")
    assert (file_of(host).stat().st_mtime_ns, file_of(host).stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_the_read_only_manager_changes_nothing(library: Library, host: Path) -> None:
    collection = bindings(library.manager())
    assert code_of(collection, "DeleteElement", 0) == LOCKED
    assert code_of(collection("Item", 0)("GetPropertyByName", "sslFlags"), "SetValue", 2) == LOCKED
    assert code_of(collection("Item", 0)("GetPropertyByName", "sslFlags"), "Clear") == LOCKED
    assert code_of(collection, "Clear") == LOCKED
    assert code_of(collection("Item", 0), "SetMetadata", "lockItem", True) == LOCKED


def test_locks_are_kept(library: Library, host: Path) -> None:
    change(host, 'bindingInformation="808:*"', 'bindingInformation="808:*" lockItem="true"')
    change(host, ' sslFlags="1"', ' sslFlags="1" lockAttributes="x, sslFlags"')
    manager = library.manager(writable=True)
    collection = bindings(manager)
    assert collection("Item", 2)("GetMetadata", "lockItem") is True
    assert collection("Item", 0)("GetMetadata", "lockAttributes") == "x, sslFlags"
    assert code_of(collection, "DeleteElement", 2) == LOCKED
    assert code_of(collection("Item", 0)("GetPropertyByName", "sslFlags"), "SetValue", 0) == LOCKED
    collection("Item", 0)("GetPropertyByName", "bindingInformation")("SetValue", "*:443:free.example.com")
    collection("Item", 1)("SetMetadata", "lockItem", True)
    manager("CommitChanges")
    text = file_of(host).read_text(encoding="utf-8")
    assert 'sslFlags="0" lockItem="true" />' in text
    assert [info for info, _flags in kept(host)] == ["*:443:free.example.com", "[2001:db8::5]:443:", "808:*"]


def test_the_commit_path_and_faults(library: Library, host: Path) -> None:
    manager = library.manager(writable=True)
    manager("SetCommitPath", APPHOST.lower())
    assert manager("CommitPath") == APPHOST.lower()
    assert code_of(manager, "SetCommitPath", "MACHINE/WEBROOT") == 0x80070003
    collection = bindings(manager)
    write_rows(
        host / "iis" / "faults.txt",
        [("commit", "0x80070020", 1, 2), ("add", "0x80070021"), ("put", "0x80070005", 3, 1)],
    )
    assert code_of(collection, "AddElement", made(collection), -1) == LOCKED
    assert code_of(collection("Item", 0)("GetPropertyByName", "sslFlags"), "SetValue", 2) == DENIED
    collection("DeleteElement", 2)
    assert [code_of(manager, "CommitChanges") for _again in range(2)] == [SHARING, SHARING]
    manager("CommitChanges")
    assert kept(host) == OLD[:2]


def test_the_share_is_written_when_the_configuration_is_shared(library: Library, host: Path) -> None:
    state.write_state(host, document(shared_configuration=True))
    local = file_of(host).read_bytes()
    manager = library.manager(writable=True)
    bindings(manager)("DeleteElement", 0)
    manager("CommitChanges")
    assert kept(host) == OLD[1:]
    assert file_of(host).read_bytes() == local
    (host / "share" / "applicationHost.config").unlink()
    assert (
        code_of(library.manager(writable=True), "GetAdminSection", "system.applicationHost/sites", APPHOST)
        == 0x80070002
    )


def test_everything_but_the_edit_stays_byte_for_byte(library: Library, host: Path) -> None:
    change(host, "<sites>", "<sites>\n<!-- a <site> -->\t<?keep this?><![CDATA[]]>")
    change(host, ' id="7"', "\r\n   id = '7'  serverAutoStart='TRUE'")
    before = file_of(host).read_bytes()
    manager = library.manager(writable=True)
    collection = bindings(manager, 2)
    collection("Item", 0)("GetPropertyByName", "sslFlags")("SetValue", 96)
    manager("CommitChanges")
    assert file_of(host).read_bytes() == before.replace(b'sslFlags="97"', b'sslFlags="96"')


def test_ten_thousand_bindings(library: Library, host: Path) -> None:
    many = [binding(f"*:443:host{number}.example.com", 1) for number in range(10000)]
    state.write_state(host, document(sites=[{"id": 1, "name": "big", "state": "started", "bindings": many}]))
    manager = library.manager(writable=True)
    collection = bindings(manager)
    assert value(collection("Item", 9999), "bindingInformation") == "*:443:host9999.example.com"
    collection("DeleteElement", 5000)
    manager("CommitChanges")
    assert len(kept(host)) == 9999

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fakes themselves: state folders lose nothing, and the C structures lie as on Windows. More tests are in ``fakes``."""

from __future__ import annotations

import ctypes
import random
from pathlib import Path
from typing import Any

import pytest
from engine.fakes import build, read, state
from engine.fakes.callers import (
    CcsQuery,
    CcsSet,
    ListenParam,
    Param,
    SniQuery,
    SniSet,
    SslQuery,
    SslSet,
    UrlQuery,
    UrlSet,
)
from engine.fakes.example import CNG, certificate, document, record, small
from engine.fakes.layout import ASSERTIONS, LAYOUT
from engine.fakes.rows import cell, plain

no_compiler = pytest.mark.skipif(bool(build.missing()), reason=build.missing() or "there")


# -- state folders ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "described",
    [
        document(),
        small(),
        document(shared_configuration=True, schema_ssl_flags=None, update_exported=None, http_ports=[]),
        document(central_store={"enabled": False, "files": None}, update_exported=False),
        small(central_store={"enabled": True, "files": []}, schema_ssl_flags=False, iis={"major": 7, "minor": 5}),
    ],
    ids=["everything", "nothing", "shared", "unknown files", "old"],
)
def test_a_state_folder_gives_its_document_back(described: dict[str, Any], tmp_path: Path) -> None:
    state.write_state(tmp_path / "host", document(name="somebody else"))
    state.write_state(tmp_path / "host", described)
    assert read.read_state(tmp_path / "host") == state.complete(described)


def test_any_text_survives_a_column() -> None:
    chance = random.Random(4)
    for _again in range(2000):
        text = "".join(chance.choices("\\Ntnr\t\r\nx\u00fc\U0001d11e ", k=chance.randint(0, 6)))
        assert plain(cell(text)) == text
        assert not set("\t\r\n") & set(cell(text))
    assert plain(cell(None)) is None


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"iis": None}, "there is no IIS"),
        ({"schema_ssl_flags": False}, r"sites\[0\].bindings\[0\].ssl_flags"),
        ({"sites": [{"id": 1, "name": "a\x01", "state": "started", "bindings": []}]}, "cannot hold"),
        ({"sites": [{"id": 1, "name": name, "state": "started", "bindings": []} for name in "ab"]}, r"sites\[1\].id"),
        ({"records": [record("10.0.0.5:0")]}, r"records\[0\].key"),
        ({"records": [record("443")]}, r"records\[0\].key"),
        ({"records": [record("2001:db8::5:443")]}, r"records\[0\].key"),
        ({"records": [record("x:443", "ccs")]}, r"records\[0\].key"),
        ({"ip_listen": ["everywhere"]}, r"ip_listen\[0\]"),
        ({"certificates": [{**certificate("good", CNG), "der": "?"}]}, r"certificates\[0\].der"),
    ],
)
def test_a_document_no_host_could_give_is_refused(change: dict[str, Any], place: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=place):
        state.write_state(tmp_path / "host", document(**change))


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(ValueError, match="something else"):
        state.write_state(tmp_path, document())
    assert (tmp_path / "thesis.txt").exists()


# -- layout -------------------------------------------------------------------------------------------------------


@no_compiler
@pytest.mark.parametrize("windows", [False, True], ids=["gcc", "mingw"])
def test_c_structures_lie_as_on_windows(windows: bool, tmp_path: Path) -> None:
    if build.missing(windows):
        pytest.skip(build.missing(windows))
    assert build.compiles(ASSERTIONS, tmp_path, windows) == ""
    assert "the size of SSL_SET" in build.compiles(
        ASSERTIONS.replace("SSL_SET) == 88", "SSL_SET) == 80"), tmp_path, windows
    )


@pytest.mark.parametrize(
    ("structure", "name"),
    [
        (SslSet, "SSL_SET"),
        (SniSet, "SSL_SNI_SET"),
        (CcsSet, "SSL_CCS_SET"),
        (SslQuery, "SSL_QUERY"),
        (CcsQuery, "SSL_CCS_QUERY"),
        (SniQuery, "SSL_SNI_QUERY"),
        (UrlSet, "URLACL_SET"),
        (UrlQuery, "URLACL_QUERY"),
        (ListenParam, "IP_LISTEN_PARAM"),
        (Param, "SSL_PARAM"),
    ],
)
def test_the_callers_structures_lie_as_on_windows(structure: Any, name: str) -> None:
    size, fields = LAYOUT[name]
    assert ctypes.sizeof(structure) == size
    for field, offset in fields.items():
        at, current = 0, structure
        for part in field.split("."):
            at, current = at + getattr(current, part).offset, dict(current._fields_)[part]
        assert (field, at) == (field, offset)

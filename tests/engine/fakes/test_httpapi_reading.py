# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake httpapi, reading: enumeration, exact queries, buffers, ids by build, bad questions, listen list and reservations."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from . import build, state
from .callers import FAMILIES, HttpApi, ListenParam, SslQuery, UrlQuery, UrlSet, text_at, wide
from .example import document
from .rows import write_rows

pytestmark = pytest.mark.skipif(bool(build.missing()), reason=build.missing() or "there")


def test_enumeration_gives_every_record_of_a_family_in_order(api: HttpApi) -> None:
    for family in FAMILIES:
        expected = [item for item in state.complete(document())["records"] if item["family"] == family]
        assert api.all_records(family) == expected


@pytest.mark.parametrize(
    ("family", "key", "code"),
    [
        ("ipport", "0.0.0.0:443", 0),
        ("ipport", "[2001:0db8::0005]:8443", 0),
        ("ipport", "[::]:443", 2),
        ("ipport", "0.0.0.0:444", 2),
        ("hostnameport", "SHOP.example.COM:443", 0),
        ("hostnameport", "shop.example.com:444", 2),
        ("hostnameport", "any.example.com:443", 2),
        ("ccs", "443", 0),
        ("ccs", "444", 2),
        ("scopedccs", "A.example.com:444", 0),
    ],
)
def test_exact_queries(api: HttpApi, family: str, key: str, code: int) -> None:
    got, buffer = api.answer(FAMILIES[family], api.asking(family, key))
    assert got == code
    if code == 0:
        assert api.told(family, buffer)["key"].lower() == key.lower().replace("0db8::0005", "db8::5")


@pytest.mark.parametrize(("setting", "codes"), [("122", [122] * 4), ("234", [234] * 4), ("alternate", [122, 234] * 2)])
def test_a_buffer_that_is_too_small(api: HttpApi, tmp_path: Path, setting: str, codes: list[int]) -> None:
    write_rows(tmp_path / "host" / "http" / "os.txt", [("build", 20348), ("short_buffer", setting)])
    asked = api.asking("hostnameport", "shop.example.com:443")
    needed = api.query(5, asked, 0)[1]
    got = [api.query(5, asked, room) for room in (0, 1, 216, needed - 1)]
    assert (
        sorted(code for code, _length, _buffer in got) == sorted(codes)
        if setting == "alternate"
        else [c for c, _length, _buffer in got] == codes
    )
    assert {length for _code, length, _buffer in got} == {needed}
    # What was too small is not touched.
    assert all(set(buffer.raw) == {0xEE} for _code, _length, buffer in got)


def test_a_bigger_buffer_and_none_for_the_length_are_fine(api: HttpApi) -> None:
    code, needed, buffer = api.query(1, api.asking("ipport"), 4096)
    assert code == 0
    assert buffer.raw[needed:4096] == b"\xee" * (4096 - needed)
    asked = api.asking("ipport")
    again = ctypes.create_string_buffer(4096)
    size = ctypes.c_uint32(ctypes.sizeof(asked))
    assert (
        api.dll.HttpQueryServiceConfiguration(
            None, 1, ctypes.byref(asked), size, again, ctypes.c_uint32(4096), None, None
        )
        == 0
    )


@pytest.mark.parametrize(
    ("build_number", "refused"), [(7601, {5, 6, 11}), (9200, {11}), (17763, {11}), (18362, set()), (26100, set())]
)
def test_an_id_the_build_does_not_know_is_a_bad_parameter(
    api: HttpApi, tmp_path: Path, build_number: int, refused: set[int]
) -> None:
    write_rows(tmp_path / "host" / "http" / "os.txt", [("build", build_number)])
    for family, number in FAMILIES.items():
        code, _length, _buffer = api.query(number, api.asking(family), 0)
        assert (number, code) == (number, 87 if number in refused else 122)
    for number in (3, 4, 7, 8, 9, 10, 12, 13, 99):
        assert api.query(number, api.asking("ipport"), 0)[0] == 87


def test_bad_questions(api: HttpApi) -> None:
    asked = api.asking("ipport")
    asked.QueryDesc = 2
    assert api.query(1, asked, 0)[0] == 87
    assert api.query(1, None, 0)[0] == 87
    assert api.query(1, api.asking("ipport"), 0, size=23)[0] == 87
    assert api.query(0, api.asking("ipport"), 0)[0] == 87  # the listen list wants no input
    exact = api.asking("ipport", "0.0.0.0:443")
    exact.KeyDesc.pIpPort = None
    assert api.query(1, exact, 0)[0] == 87
    named = api.asking("hostnameport", "shop.example.com:443")
    named.KeyDesc.IpPort[0] |= 1 << 32  # an address other than 0.0.0.0
    assert api.query(5, named, 0)[0] == 87
    odd = ctypes.create_string_buffer(200)
    shifted = ctypes.cast(ctypes.addressof(odd) + 4, ctypes.POINTER(SslQuery)).contents
    assert api.query(1, shifted, 0)[0] == 87


def test_the_listen_list_and_the_reservations(api: HttpApi, tmp_path: Path) -> None:
    code, buffer = api.answer(0, None)
    assert (code, len(buffer.raw) - 8) == (0, 8 + 2 * 128)
    assert buffer.raw[:4] == b"\2\0\0\0"
    assert buffer.raw[8:10] == b"\2\0"
    assert buffer.raw[12:16] == bytes([10, 0, 0, 5])
    assert buffer.raw[136:138] == bytes([23, 0])
    write_rows(tmp_path / "host" / "http" / "listen.txt", [])
    assert api.answer(0, None)[1].raw[:4] == bytes(4)
    write_rows(tmp_path / "host" / "http" / "os.txt", [("empty_listen", "2")])
    assert api.query(0, None, 0)[0] == 2
    found: list[str | None] = []
    while not (got := api.answer(2, UrlQuery(1, None, len(found))))[0]:
        found.append(text_at(UrlSet.from_buffer(got[1]).pUrlPrefix))
    assert (got[0], found) == (259, document()["url_reservations"])
    prefix = wide(found[1].upper() if found[1] else "")
    assert api.query(2, UrlQuery(0, ctypes.addressof(prefix), 0), 0)[0] == 122
    assert ListenParam.pAddress.offset == 8

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake httpapi, writing: set, update, delete, their codes, faults that were asked for, and what is left in the folder."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from . import build, read, state
from .callers import FAMILIES, HttpApi, ListenParam, UrlSet, socket_address, wide
from .example import CNG, certificate, document, record
from .rows import write_rows

pytestmark = pytest.mark.skipif(bool(build.missing()), reason=build.missing() or "there")


def full(key: str, family: str = "ipport", name: str | None = "good", **more: Any) -> dict[str, Any]:
    return {**state.RECORD_DEFAULTS, **record(key, family, name, **more)}


def kept(tmp_path: Path) -> list[dict[str, Any]]:
    """What the folder holds now."""
    records = read.read_state(tmp_path / "host")["records"]
    assert isinstance(records, list)
    return records


def faults(tmp_path: Path, *rows: str) -> None:
    write_rows(tmp_path / "host" / "http" / "faults.txt", [row.split() for row in rows])


def test_set_update_delete_for_every_family(api: HttpApi, tmp_path: Path) -> None:
    before = state.complete(document())["records"]
    options: dict[str, Any] = {
        "flags": 0x80000061,
        "check_mode": 2,
        "freshness": 7,
        "timeout": 9,
        "ctl_identifier": "Ω",
        "ctl_store": "𝄞",
    }
    fresh = [
        full("10.1.2.3:443", store="WebHosting", **options),
        full("[fe80::1:2]:444", app_id="{01234567-89ab-cdef-0123-456789abcdef}"),
        full("New.example.com:443", "hostnameport", store="my", **options),
        full("8443", "ccs", None),
        full("scoped.example.com:443", "scopedccs", None, flags=32),
    ]
    for item in fresh:
        assert api.change("Set", item) == 0
        assert api.change("Set", item) == 183
    assert kept(tmp_path) == before + fresh
    for item in fresh[:3]:
        assert api.change("Update", {**item, "flags": 1}) == 0
    # Update is documented for ids 1, 5 and 6 only.
    assert api.change("Update", fresh[4]) == 87
    assert [item["flags"] for item in kept(tmp_path)[len(before) :]] == [1, 1, 1, 0, 32]
    assert [item["key"] for item in api.all_records("ipport")] == [
        "0.0.0.0:443",
        "[2001:db8::5]:8443",
        "10.1.2.3:443",
        "[fe80::1:2]:444",
    ]
    for item in fresh:
        assert (
            api.change("Delete", {**item, "key": item["key"].upper() if item["family"] != "ipport" else item["key"]})
            == 0
        )
        assert api.change("Delete", item) == 2
    assert kept(tmp_path) == before


@pytest.mark.parametrize(
    ("one", "other"), [(("hostnameport", "*:9443"), ("ccs", "9443")), (("ccs", "9443"), ("hostnameport", "*:9443"))]
)
def test_the_central_store_by_name_is_the_one_by_port(
    api: HttpApi, tmp_path: Path, one: tuple[str, str], other: tuple[str, str]
) -> None:
    """F1.05: one record, whichever of its two keys somebody uses."""
    mine, same = full(one[1], one[0], None), full(other[1], other[0], None)
    assert api.change("Set", full("*:9443", "hostnameport")) == 87  # it takes no certificate
    assert api.change("Set", mine) == 0
    assert api.change("Set", same) == 183
    assert api.change("Update", {**same, "app_id": "{01234567-89ab-cdef-0123-456789abcdef}"}) == 0
    assert kept(tmp_path)[-1] == {**mine, "app_id": "{01234567-89ab-cdef-0123-456789abcdef}"}
    code, buffer = api.answer(FAMILIES[same["family"]], api.asking(same["family"], same["key"]))
    told = api.told(same["family"], buffer)
    assert (code, told) == (0, {**kept(tmp_path)[-1], "family": same["family"], "key": same["key"]})
    assert api.change("Delete", same) == 0
    assert api.change("Delete", mine) == 2


def test_a_changed_record_keeps_its_place(api: HttpApi, tmp_path: Path) -> None:
    assert api.change("Update", full("0.0.0.0:443", flags=2)) == 0
    assert kept(tmp_path)[0] == full("0.0.0.0:443", flags=2)
    assert api.change("Update", full("0.0.0.0:9999")) == 2


@pytest.mark.parametrize("call", ["Set", "Update"])
@pytest.mark.parametrize(
    ("name", "store", "code"),
    [
        ("good", None, 0),
        ("good", "My", 0),
        ("good", "webhosting", 0),
        ("good", "Root", 1312),
        ("keyless", None, 1312),
        ("user", None, 1312),
        ("denied", None, 1312),
        ("spec", None, 1312),
        ("nowhere", None, 1312),
    ],
)
def test_a_certificate_that_system_cannot_use(
    api: HttpApi, tmp_path: Path, call: str, name: str, store: str | None, code: int
) -> None:
    item = full(
        "shop.example.com:443" if call == "Update" else "new.example.com:443", "hostnameport", None, store=store
    )
    known = {row["thumbprint"] for row in document()["certificates"]}
    item["thumbprint"] = "0" * 40 if name == "nowhere" else certificate(name, CNG)["thumbprint"]
    assert (name == "nowhere") == (item["thumbprint"] not in known)
    before = kept(tmp_path)
    assert api.change(call, item) == code
    assert (kept(tmp_path) == before) == (code != 0)


def test_bad_parameters(api: HttpApi, tmp_path: Path) -> None:
    before = kept(tmp_path)
    good = api.record(full("10.9.9.9:443"))
    assert api.write("Set", 1, good, size=87) == 122
    assert api.write("Set", 1, good, handle=4) == 6
    assert api.write("Set", 3, good) == 87
    assert api.change("Set", full("10.9.9.9:0")) == 87
    assert api.change("Set", full("10.9.9.9:443", name=None)) == 87  # no hash
    assert api.change("Set", full("999", "ccs", "good")) == 87  # a hash where none belongs
    assert api.change("Set", full("999", "ccs", None, flags=1)) == 87
    broken = api.record(full("10.9.9.9:443"))
    ctypes.c_uint16.from_address(broken.KeyDesc.pIpPort).value = 10  # AF_INET6 as Linux counts
    assert api.write("Set", 1, broken) == 87
    named = api.record(full("x.example.com:443", "hostnameport"))
    named.KeyDesc.Host = None
    assert api.write("Set", 5, named) == 87
    for call in ("Set", "Delete", "Update"):
        function = getattr(api.dll, f"Http{call}ServiceConfiguration")
        assert function(None, 1, None, 88, None) == 87
        assert function(None, 1, ctypes.byref(good), 88, ctypes.byref(good)) == 87  # overlapped is reserved
    assert kept(tmp_path) == before


def test_nothing_works_before_initialize(api: HttpApi) -> None:
    assert api.terminate() == 0
    assert api.change("Set", full("10.9.9.9:443")) == 1114
    assert api.query(1, api.asking("ipport"), 0)[0] == 1114
    assert api.initialize(flags=1) == 0  # for servers, not for the configuration
    assert api.query(1, api.asking("ipport"), 0)[0] == 1114
    assert [api.initialize(version=3), api.initialize(flags=0), api.initialize(flags=4)] == [87] * 3
    assert api.initialize(version=2) == 0
    assert api.query(1, api.asking("ipport"), 0)[0] == 122


def test_faults_come_when_they_were_asked_for(api: HttpApi, tmp_path: Path) -> None:
    faults(tmp_path, "set * 5", "query 5 87 2 1")
    assert api.change("Set", full("10.9.9.9:443")) == 5
    asked = api.asking("hostnameport")
    assert [api.query(5, asked, 0)[0] for _again in range(3)] == [122, 87, 122]
    assert api.query(1, api.asking("ipport"), 0)[0] == 122
    faults(tmp_path, "delete 1 1312 2 2", "initialize * 8")
    item = full("0.0.0.0:443")
    assert [api.change("Delete", item), api.change("Set", item)] == [0, 0]
    assert [api.change("Delete", item) for _again in range(3)] == [1312, 1312, 0]
    assert api.initialize() == 8
    (tmp_path / "host" / "http" / "faults.txt").unlink()
    assert api.initialize() == 0
    api.terminate()


@pytest.mark.parametrize(("row", "told", "code"), [("yes", 1, 0), ("no", 0, 127), (None, -1, 0)])
def test_update_is_there_or_not(api: HttpApi, tmp_path: Path, row: str | None, told: int, code: int) -> None:
    write_rows(tmp_path / "host" / "http" / "os.txt", [("build", 20348), ("update", row)])
    assert api.dll.tlsfleet_fake_exports(b"HttpUpdateServiceConfiguration") == told
    assert api.change("Update", full("0.0.0.0:443", flags=4)) == code
    assert api.dll.tlsfleet_fake_exports(b"HttpQueryServiceConfiguration") == 1
    assert api.dll.tlsfleet_fake_exports(b"HttpNothing") == 0


def test_the_old_library_lacks_the_export(tmp_path: Path) -> None:
    old = ctypes.CDLL(str(build.build() / "libhttpapi_noupdate.so"))
    assert callable(old.HttpSetServiceConfiguration)
    with pytest.raises(AttributeError):
        old.HttpUpdateServiceConfiguration  # noqa: B018  looking it up is the test


def test_listen_list_and_reservations_are_written(api: HttpApi, tmp_path: Path) -> None:
    for address, codes in (("10.0.0.9", (0, 183)), ("2001:db8::5", (183, 183))):
        raw = ctypes.create_string_buffer(socket_address(address, 0))
        item = ListenParam(len(raw) - 1, ctypes.addressof(raw))
        assert (api.write("Set", 0, item), api.write("Set", 0, item)) == codes
    assert read.read_state(tmp_path / "host")["ip_listen"] == ["10.0.0.5", "2001:db8::5", "10.0.0.9"]
    assert (api.write("Delete", 0, item), api.write("Delete", 0, item)) == (0, 2)
    prefix, sddl = wide("https://+:444/x/"), wide("D:(A;;GX;;;WD)")
    row = UrlSet(ctypes.addressof(prefix), ctypes.addressof(sddl))
    assert (api.write("Set", 2, row), api.write("Set", 2, row)) == (0, 183)
    assert read.read_state(tmp_path / "host")["url_reservations"][-1] == "https://+:444/x/"
    assert (api.write("Delete", 2, row), api.write("Delete", 2, row)) == (0, 2)


def test_one_process_serves_many_hosts(api: HttpApi, tmp_path: Path) -> None:
    folders = [tmp_path / f"host{number}" for number in range(50)]
    for number, folder in enumerate(folders):
        state.write_state(folder, document(records=[record(f"10.0.0.{number}:443")]))
    for number, folder in enumerate(folders):
        assert api.select(folder) == 0
        assert [item["key"] for item in api.all_records("ipport")] == [f"10.0.0.{number}:443"]
    assert api.select(tmp_path) == 3
    assert [item["key"] for item in api.all_records("ipport")] == ["10.0.0.49:443"]


def test_a_file_that_a_test_has_changed_is_read_again(api: HttpApi, tmp_path: Path) -> None:
    assert len(api.all_records("ipport")) == 2
    state.write_state(tmp_path / "host", document(records=[]))
    assert api.all_records("ipport") == []

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate a simulated host shows, by the published table (F1.10 and neighbours); where it listens; how undo ends."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lab.httpsys import HttpSys
from lab.test_model import SHOP, A, B, change, description, host, step

#: Records by the names that the vectors use; what they show is their own name.
RECORDS = {
    "A": ("ipport", "10.0.0.5:443"),
    "W4": ("ipport", "0.0.0.0:443"),
    "W6": ("ipport", "[::]:443"),
    "S": ("hostnameport", "www.x.com:443"),
    "wild": ("hostnameport", "*.x.com:443"),
    "C": ("ccs", "443"),
    "broken": ("hostnameport", "broken.x.com:443"),
}
VECTORS = [
    ("A W4 S", "10.0.0.5", "www.x.com", "A"),
    ("A W4 S", "10.0.0.6", "www.x.com", "S"),
    ("A W4 S", "10.0.0.6", "WWW.X.com", "S"),
    ("W4 S", "10.0.0.5", None, "W4"),
    ("W4 S", "10.0.0.5", "other.com", "W4"),
    ("S", "10.0.0.5", None, None),
    ("S", "10.0.0.5", "other.com", None),
    ("S W4 W6", "2001:db8::1", "www.x.com", "S"),
    ("W4 W6", "2001:db8::1", "any.example", "W6"),
    ("W4 W6", "2001:db8::1", None, "W6"),
    ("W4", "2001:db8::1", None, "W4"),
    ("W6", "10.0.0.5", "any.example", None),
    ("C W4", "10.0.0.5", "shop.x.com", "file:shop.x.com.pfx"),
    ("C W4", "10.0.0.5", "a.y.com", "file:_.y.com.pfx"),
    ("C W4", "10.0.0.5", "a.b.y.com", "W4"),
    ("C W4", "10.0.0.5", "z.com", "W4"),
    ("C S", "10.0.0.5", "www.x.com", "S"),
    ("C", "10.0.0.5", None, None),
    ("broken W4", "10.0.0.5", "broken.x.com", None),
    ("wild S", "10.0.0.5", "www.x.com", "S"),
    ("wild", "10.0.0.5", "other.x.com", "wild"),
    ("wild", "10.0.0.5", "a.b.x.com", None),
    ("wild", "10.0.0.5", "x.com", None),
    ("A", "127.0.0.1", "any.example", None),
]


@pytest.mark.parametrize(("records", "address", "sni", "expected"), VECTORS)
def test_vector(records: str, address: str, sni: str | None, expected: str | None) -> None:
    http = HttpSys(["10.0.0.5"], [], True, lambda thumbprint, store: "unusable" if thumbprint == "broken" else "ok")
    http.files = ["shop.x.com.pfx", "_.y.com.pfx"]
    for name in records.split():
        family, key = RECORDS[name]
        http.load({"family": family, "key": key, "thumbprint": None if name == "C" else name})
    assert http.select(address, 443, sni) == expected


@pytest.mark.parametrize(
    ("listen", "address", "answer"),
    [
        ([], "10.0.0.6", True),
        (["10.0.0.5"], "10.0.0.5", True),
        (["10.0.0.5"], "10.0.0.6", False),
        (["0.0.0.0"], "10.0.0.6", True),
        (["0.0.0.0"], "2001:db8::5", False),
        (["::"], "2001:db8::5", True),
    ],
)
def test_the_listen_list(listen: list[str], address: str, answer: bool) -> None:
    assert HttpSys(["10.0.0.5"], listen, True, lambda thumbprint, store: "ok").listens_on(address) is answer


def test_a_host_listens_on_the_ports_of_running_sites_and_of_other_programs() -> None:
    bindings = [
        {"protocol": "https", "information": "*:444:", "ssl_flags": 0},
        {"protocol": "http", "information": "10.0.0.5:81:", "ssl_flags": None},
        {"protocol": "https", "information": "[2001:db8::5]:445:", "ssl_flags": 0},
        {"protocol": "net.tcp", "information": "808:*", "ssl_flags": None},
    ]
    stopped = [{"protocol": "https", "information": "*:9443:", "ssl_flags": 0}]
    sites = [
        {"id": 1, "name": "Runs", "state": "Started", "bindings": bindings},
        {"id": 2, "name": "Stands", "state": "Stopped", "bindings": stopped},
    ]
    one = host(sites=sites, http_ports=[5986])
    assert one.ports() == {81, 444, 445, 5986} and 9443 in one.possible_ports
    assert host(sites=sites).ports() == {81, 444, 445}
    foreign = {"app_id": "{ba195980-cd49-458b-9e23-c84ee0adcd75}", "family": "ipport", "key": "0.0.0.0:8443"}
    assert 8443 in host(sites=sites, records=[{**foreign, "thumbprint": A}]).ports()


def test_a_binding_returns_to_its_old_place() -> None:
    others = [{**SHOP, "information": f"*:443:{name}.example.com"} for name in ("a", "b")]
    one = host(sites=[{"id": 1, "name": "Shop", "state": "Started", "bindings": [others[0], SHOP, others[1]]}])
    before = copy.deepcopy(one.iis.sites)
    removal = {"site": "Shop", "position": 1, "before": SHOP, "after": None}
    answer = change(one, {"op": "bindings", "edits": [removal]}, step("record_delete", "10.9.9.9:443", B, None))
    assert answer["error"]["code"] == "changed_meanwhile" and answer["undone"] == "complete"
    assert one.iis.sites == before


def test_what_was_added_at_the_end_is_found_there_again() -> None:
    one = host()
    before = copy.deepcopy(one.iis.sites)
    added = {**SHOP, "information": "*:443:new.example.com"}
    edit = {"site": "Shop", "position": None, "before": None, "after": added}
    answer = change(one, {"op": "bindings", "edits": [edit]}, step("record_delete", "10.9.9.9:443", B, None))
    assert answer["undone"] == "complete" and one.iis.sites == before


def test_steps_on_one_record_are_undone_last_first() -> None:
    one = host()
    a, b = one.thumbprints[A], one.thumbprints[B]
    before = one.read()
    answer = change(
        one,
        step("record_update", "shop.example.com:443", a, b),
        step("record_delete", "shop.example.com:443", b, None),
        step("record_set", "shop.example.com:443", None, a),
        step("record_delete", "10.9.9.9:443", b, None),
    )
    assert answer["undone"] == "complete" and answer["undo_errors"] == [] and one.read() == before


def test_an_update_takes_nothing_over_from_what_stood_there() -> None:
    http = HttpSys(["10.0.0.5"], [], True, lambda thumbprint, store: "ok")
    http.load({"family": "ipport", "key": "0.0.0.0:443", "thumbprint": "A", "flags": 2, "ctl_store": "Partners"})
    assert http.update("ipport", "0.0.0.0:443", {"thumbprint": "B"}) == 0
    held = http.query("ipport", "0.0.0.0:443") or {}
    assert (held["thumbprint"], held["flags"], held["ctl_store"]) == ("B", 0, None)


def test_options_of_a_record_are_read_as_numbers() -> None:
    options = {"negotiate_client_cert": True, "disable_tls13": True, "verify_client_revocation": False, "flags": 0x800}
    record: dict[str, Any] = {"family": "ipport", "key": "0.0.0.0:443", "thumbprint": A, "options": options}
    (read,) = host(records=[record]).read()["records"]
    assert (read["flags"], read["check_mode"]) == (0x842, 1)
    assert description()["records"][0].get("options") is None and host().read()["records"][0]["flags"] == 0

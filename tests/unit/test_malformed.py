# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed requests and documents: one clear error each with its place, and all errors of one input at once."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.planfile import plan_from_file
from support.documents import document, record, site, stored

THUMB = "AB" * 20
CERT = stored("a.example")

REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("bindings[0].site", {"site": " "}),
    ("bindings[0].port", {"site": "S", "port": 0}),
    ("bindings[0].port", {"site": "S", "port": 65536}),
    ("bindings[0].address", {"site": "S", "address": "10.0.0.256"}),
    ("bindings[0].address", {"site": "S", "address": "shop.example.com"}),
    ("bindings[0].host", {"site": "S", "host": "10.0.0.5"}),
    ("bindings[0].host", {"site": "S", "host": "www.*.example.com"}),
    ("bindings[0].host", {"site": "S", "host": "two words"}),
    ("bindings[0].host", {"site": "S", "host": "a" * 64 + ".example"}),
    ("bindings[0].host", {"site": "S", "host": ".".join(["abcdefgh"] * 30)}),
    ("bindings[0].certificate.thumbprint", {"site": "S", "certificate": {"thumbprint": "xyz"}}),
    ("bindings[0].certificate.thumbprint", {"site": "S", "certificate": {"thumbprint": THUMB + "0"}}),
    ("bindings[0].sni", {"site": "S", "sni": "required"}),
    ("bindings[0].certificate", {"site": "S", "state": "absent", "certificate": {"thumbprint": THUMB}}),
    ("bindings[0].sni", {"site": "S", "state": "absent", "sni": "auto"}),
    ("bindings[0].central_store", {"site": "S", "state": "absent", "central_store": False}),
    ("bindings[0].options", {"site": "S", "state": "absent", "options": {"disable_quic": False}}),
    ("bindings[0].replaces", {"site": "S", "state": "absent", "replaces": {"port": 8443}}),
    ("bindings[0].central_store", {"site": "S", "central_store": True}),
    (
        "bindings[0].certificate",
        {"site": "S", "host": "a", "central_store": True, "certificate": {"thumbprint": THUMB}},
    ),
    (
        "bindings[0].options.disable_tls13",
        {"site": "S", "host": "a", "central_store": True, "options": {"disable_tls13": True}},
    ),
    (
        "bindings[0].options.ctl_store",
        {"site": "S", "host": "a", "central_store": True, "options": {"ctl_store": "Partners"}},
    ),
    ("bindings[0].options.ctl_identifier", {"site": "S", "options": {"ctl_identifier": "Ours\x00"}}),
    ("bindings[0].certificate", {"site": "S", "certificate": {}}),
    ("bindings[0].certificate", {"site": "S", "host": "a", "certificate": {"thumbprint": THUMB, "select": {}}}),
    ("bindings[0].certificate.store", {"site": "S", "host": "a", "certificate": {"store": "MY", "select": {}}}),
    ("bindings[0].certificate.select.names", {"site": "S", "certificate": {"select": {}}}),
    ("bindings[0].certificate.select.names[1]", {"site": "S", "certificate": {"select": {"names": ["a", "10.0.0.5"]}}}),
    ("bindings[0].certificate.select.names[0]", {"site": "S", "certificate": {"select": {"names": [""]}}}),
    (
        "bindings[0].certificate.select.issuers[0]",
        {"site": "S", "host": "a", "certificate": {"select": {"issuers": [" "]}}},
    ),
    (
        "bindings[0].certificate.select.stores[0]",
        {"site": "S", "host": "a", "certificate": {"select": {"stores": [""]}}},
    ),
    (
        "bindings[0].certificate.select.min_days",
        {"site": "S", "host": "a", "certificate": {"select": {"min_days": -1}}},
    ),
    (
        "bindings[0].certificate.select.key_types[0]",
        {"site": "S", "host": "a", "certificate": {"select": {"key_types": ["dsa"]}}},
    ),
    ("bindings[0].replaces", {"site": "S", "host": "a.example", "replaces": {"host": "A.Example"}}),
    ("bindings[0].replaces", {"site": "S", "replaces": {}}),
    ("bindings[0].replaces.address", {"site": "S", "replaces": {"address": "10.0.0.256", "port": 444}}),
    ("bindings[0].address", {"site": "S", "address": "fe80::1%eth0"}),
    ("bindings[0].replaces.address", {"site": "S", "replaces": {"address": "fe80::1%eth0"}}),
    ("bindings[0].replaces.port", {"site": "S", "replaces": {"host": "a", "port": 0}}),
    ("bindings[0].replaces.host", {"site": "S", "replaces": {"host": "two words", "port": 444}}),
]


@pytest.mark.parametrize(("path", "binding"), REQUESTS)
def test_request(path: str, binding: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_request({"bindings": [binding]})
    assert [problem.path for problem in refusal.value.problems] == [path]


def test_the_same_binding_twice_names_both_places() -> None:
    twice = [{"site": "Shop", "host": "A.example"}, {"site": "shop", "host": "a.example", "address": "0.0.0.0"}]
    with pytest.raises(Invalid) as refusal:
        parse_request({"bindings": twice})
    assert "bindings[1]: is the same binding as bindings[0]" in str(refusal.value)


def test_a_binding_that_cannot_be_read_is_not_called_the_same_as_another() -> None:
    wishes = [
        {"site": "S"},
        {"site": "S", "address": "10.0.0.0/8"},
        {"site": "S", "host": "*.*"},
        {"site": "S", "port": 0},
    ]
    with pytest.raises(Invalid) as refusal:
        parse_request({"bindings": [*wishes, {"site": "S", "replaces": {"host": "a b"}}, wishes[0]]})
    faults = ["bindings[1].address", "bindings[2].host", "bindings[3].port", "bindings[4].replaces.host", "bindings[5]"]
    assert [problem.path for problem in refusal.value.problems] == faults


@pytest.mark.parametrize(
    ("bindings", "problem"),
    [
        (
            [
                {"site": "S", "host": "new", "replaces": {"host": "old"}},
                {"site": "s", "host": "newer", "replaces": {"host": "OLD"}},
            ],
            "bindings[1].replaces: s/*:443:old is replaced by bindings[0] already",
        ),
        (
            [{"site": "S", "host": "new", "replaces": {"host": "old"}}, {"site": "S", "host": "old"}],
            "bindings[0].replaces: S/*:443:old is declared by bindings[1]; it cannot be replaced, too",
        ),
        (
            [
                {"site": "S", "host": "old", "state": "absent"},
                {"site": "S", "host": "new", "replaces": {"host": "old"}},
            ],
            "bindings[1].replaces: S/*:443:old is declared by bindings[0]; it cannot be replaced, too",
        ),
    ],
    ids=["twice", "declared", "absent"],
)
def test_a_binding_that_is_replaced_is_not_spoken_of_elsewhere(bindings: list[Any], problem: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_request({"bindings": bindings})
    assert [str(item) for item in refusal.value.problems] == [problem]


def test_names_may_be_swapped_between_sites_and_not_within_one() -> None:
    one, other = {"host": "a", "replaces": {"host": "b"}}, {"host": "b", "replaces": {"host": "a"}}
    assert parse_request({"bindings": [{"site": "S", **one}, {"site": "T", **other}]})
    with pytest.raises(Invalid):
        parse_request({"bindings": [{"site": "S", **one}, {"site": "S", **other}]})


def test_an_unknown_repair_is_refused() -> None:
    with pytest.raises(Invalid, match=r"repair\[0\]: 'everything'"):
        parse_request({"repair": ["everything"]})


def test_all_errors_of_a_request_come_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_request({"bindings": [binding for _message, binding in REQUESTS]})
    named = {problem.path.split(".")[0] for problem in refusal.value.problems}
    assert named == {f"bindings[{index}]" for index in range(len(REQUESTS))}


def test_a_thumbprint_pasted_from_mmc_is_fine() -> None:
    pasted = "\u200e" + " ".join(THUMB[index : index + 2] for index in range(0, 40, 2)).lower()
    request = parse_request({"bindings": [{"site": "S", "certificate": {"thumbprint": pasted}}]})
    assert request.bindings[0].thumbprint == THUMB


DOCUMENTS: list[tuple[str, dict[str, Any]]] = [
    ("document.format", {"format": "something"}),
    ("document.version", {"version": 2}),
    ("document.version", {"version": True}),
    ("document.surprise", {"surprise": 1}),
    ("document.os.build", {"os": {"name": "x", "major": 10, "minor": 0, "build": "17763", "revision": None}}),
    ("document.simulated", {"simulated": "yes"}),
    ("document.http_ports", {"http_ports": [0]}),
    ("document.sites[0].state", {"sites": [site("S", state="sleeping")]}),
    (
        "document.sites[0].bindings[0].ssl_flags",
        {"sites": [{**site("S"), "bindings": [{"protocol": "https", "information": "*:443:", "ssl_flags": -1}]}]},
    ),
    ("document.records[0].family", {"records": [{"family": "ip", "key": "0.0.0.0:443", "thumbprint": THUMB}]}),
    ("document.records[0].key", {"records": [{"family": "ipport", "key": "0.0.0.0", "thumbprint": THUMB}]}),
    ("document.records[1].key", {"records": [record("0.0.0.0:443", CERT), record("0.0.0.0:443", CERT)]}),
    ("document.records[0].thumbprint", {"records": [{"family": "ipport", "key": "0.0.0.0:443", "thumbprint": "AB"}]}),
    ("document.records[0].flags", {"records": [record("0.0.0.0:443", CERT, flags=2**40)]}),
    ("document.certificates[0].der", {"certificates": [{**CERT, "der": "%%%"}]}),
    ("document.certificates[0].der", {"certificates": [{**CERT, "thumbprint": THUMB}]}),
    ("document.certificates[0].key.check", {"certificates": [stored("a.example", check="guess")]}),
    ("document.addresses[0]", {"addresses": [5]}),
    ("document.connection.port", {"connection": {"address": "*", "port": 70000, "tls": True}}),
    ("document.users[0].key", {"users": [{"kind": "rdp", "key": "nothing", "thumbprint": None, "evidence": "x"}]}),
]


@pytest.mark.parametrize(("path", "change"), DOCUMENTS)
def test_document(path: str, change: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_document({**document(), **change})
    problem = refusal.value.problems[0]
    assert (problem.path if "family" not in path else problem.path.replace(".key", ".family")) == path
    assert len(refusal.value.problems) == 1


def test_a_truncated_der_is_a_finding_not_a_failed_host() -> None:
    whole = stored("a.example")
    host = parse_document(document(certificates=[{**whole, "der": whole["der"][:100]}]))
    assert host.certificates[0].facts is None


@pytest.mark.parametrize("data", [None, [], "text", {"format": "tlsfleet.iis/plan", "version": 9}])
def test_plan_file(data: Any) -> None:
    with pytest.raises(Invalid, match=r"^plan"):
        plan_from_file(data)


def test_a_plan_file_with_wrong_steps_names_each() -> None:
    steps = [{"op": "format_disk"}, {"op": "record_set", "family": "ipport", "key": "0.0.0.0:443", "after": None}]
    with pytest.raises(Invalid) as refusal:
        plan_from_file({"format": "tlsfleet.iis/plan", "version": 1, "host": "WEB01", "steps": steps})
    paths = " ".join(problem.path for problem in refusal.value.problems)
    assert "plan.steps[0].op" in paths and "plan.steps[1]" in paths

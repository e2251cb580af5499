# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model half of the lab: http.sys codes, IIS commits, the applier's order, probe and undo, descriptions."""

from __future__ import annotations

import copy
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from lab.certificates import Maker
from lab.descriptions import BadDescription, fleet, load
from lab.httpsys import BAD_PARAMETER, EXISTS, NO_LOGON_SESSION, NOT_FOUND, OK, HttpSys, table_key
from lab.iis import Iis, Refused
from lab.simhost import APPLIER, READER, SimulatedHost

NOW = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.timezone.utc)
MAKER = Maker(seed=3, now=NOW)
READ = {"contract": 1, "certificates": "candidates", "key_check": "open"}
A, B, BAD = (f"{number:040X}" for number in (0xA, 0xB, 0xBAD))
SHOP = {"protocol": "https", "information": "*:443:shop.example.com", "ssl_flags": 1}


def description(**more: Any) -> dict[str, Any]:
    return {
        "slug": "web01",
        "os": {"name": "Windows Server 2019", "build": "10.0.17763", "iis": "10.0"},
        "sites": [{"id": 1, "name": "Shop", "state": "Started", "bindings": [SHOP]}],
        "records": [{"family": "hostnameport", "key": "shop.example.com:443", "thumbprint": A, "store": "MY"}],
        "certificates": [
            {"thumbprint": A, "names": ["shop.example.com"], "not_after": "2027-06-01", "in_store": True, "key": "ok"},
            {"thumbprint": B, "names": ["shop.example.com"], "not_after": "2027-09-01", "in_store": True, "key": "ok"},
            {"thumbprint": BAD, "names": ["x.example.com"], "not_after": None, "in_store": True, "key": "denied"},
        ],
        "ip_listen": [],
        "local_addresses": ["10.0.0.5", "2001:db8::5"],
        **more,
    }


def host(*faults: str, **more: Any) -> SimulatedHost:
    return SimulatedHost(description(**more), MAKER, faults, lambda: NOW)


def change(one: SimulatedHost, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return one.call(
        APPLIER,
        {
            "contract": 1,
            "computer": "WEB01",
            "steps": list(steps),
            "probe": {"on_unverified": "fail", "timeout": 5, "retries": 0},
            "read": {"certificates": "candidates", "key_check": "open"},
            **more,
        },
        False,
    )


def step(op: str, key: str, before: str | None, after: str | None) -> dict[str, Any]:
    images = [{"thumbprint": item} if item else None for item in (before, after)]
    family = "hostnameport" if key[0].isalpha() else "ipport"
    return {"op": op, "family": family, "key": key, "before": images[0], "after": images[1]}


def probe(sni: str | None, expect: str | None) -> dict[str, Any]:
    return {"op": "probe", "endpoints": [{"address": "10.0.0.5", "port": 443, "sni": sni, "expect": expect}]}


def test_each_certificate_has_one_of_the_lab_s_own_unless_it_is_in_no_store() -> None:
    gone = {
        "thumbprint": "c" * 40,
        "names": ["gone.example.com"],
        "not_after": None,
        "in_store": False,
        "key": "unknown",
    }
    one = host(certificates=[*description()["certificates"], gone])
    assert set(one.thumbprints) == {A, B, BAD, "C" * 40}
    assert one.thumbprints["C" * 40] == "C" * 40
    assert not {one.thumbprints[name] for name in (A, B, BAD)} & {A, B, BAD}


def test_http_sys_answers_with_the_codes_of_the_sdk() -> None:
    http = HttpSys(["10.0.0.5"], [], True, lambda thumbprint, store: "ok" if thumbprint == "GOOD" else "missing")
    good = {"thumbprint": "GOOD"}
    assert http.set("ipport", "10.0.0.5:443", good) == OK
    assert http.set("ipport", "10.0.0.5:443", good) == EXISTS
    assert http.set("ipport", "10.0.0.6:443", {"thumbprint": "GONE"}) == NO_LOGON_SESSION
    assert http.update("ipport", "10.0.0.6:443", good) == NOT_FOUND
    assert http.delete("ipport", "10.0.0.6:443") == NOT_FOUND
    assert http.delete("ipport", "10.0.0.5:443") == OK
    http.names = False
    assert http.set("hostnameport", "shop.example.com:443", good) == BAD_PARAMETER


def test_keys_lie_under_one_form() -> None:
    assert table_key("ipport", "[2001:DB8:0::5]:443") == ("ipport", "2001:db8::5", 443)
    assert table_key("hostnameport", "WWW.Bücher.example:443") == ("hostnameport", "www.xn--bcher-kva.example", 443)
    assert table_key("hostnameport", "*:443") == ("ccs", "", 443)


def test_a_commit_is_all_or_nothing() -> None:
    iis = Iis([{"id": 1, "name": "Shop", "state": "started", "bindings": [SHOP]}], True)
    before = copy.deepcopy(iis.sites)
    other = {**SHOP, "information": "*:443:api.example.com"}
    edits = [
        {"site": "Shop", "position": 1, "before": None, "after": other},
        {"site": "Shop", "position": 0, "before": other, "after": None},
    ]
    with pytest.raises(Refused) as refusal:
        iis.commit(edits)
    assert (refusal.value.code, refusal.value.index) == ("changed_meanwhile", 1)
    assert iis.sites == before
    iis.commit(edits[:1])
    assert [item["information"] for item in iis.sites[0]["bindings"]] == [SHOP["information"], other["information"]]
    with pytest.raises(Refused, match="twice"):
        iis.commit([{"site": "Shop", "position": None, "before": None, "after": other}])


def test_hosts_that_share_a_configuration_have_what_one_commits() -> None:
    one, other = host(shared_configuration="farm"), host(shared_configuration="farm")
    other.iis.share(one.iis)
    added = {"protocol": "https", "information": "*:443:api.example.com", "ssl_flags": 1}
    edit = {"site": "Shop", "position": None, "before": None, "after": added}
    change(one, {"op": "bindings", "edits": [edit]}, shared_configuration=True)
    assert other.read()["sites"] == one.read()["sites"] and other.read()["shared_configuration"] is True
    assert added in one.read()["sites"][0]["bindings"] and other.http.records is not one.http.records


def test_an_old_iis_knows_no_ssl_flags() -> None:
    with pytest.raises(Refused) as refusal:
        Iis([{"id": 1, "name": "Shop", "state": "started", "bindings": []}], False).commit(
            [{"site": "Shop", "position": None, "before": None, "after": SHOP}]
        )
    assert refusal.value.code == "not_supported_here"


def test_a_change_is_made_probed_and_read_again() -> None:
    one = host()
    a, b = one.thumbprints[A], one.thumbprints[B]
    moments: list[str] = []
    steps = [step("record_update", "shop.example.com:443", a, b), probe("shop.example.com", b)]
    args = {
        "contract": 1,
        "computer": "web01",
        "steps": steps,
        "probe": {"on_unverified": "fail", "timeout": 5, "retries": 0},
    }
    answer = one.apply({**args, "read": {"certificates": "all", "key_check": "metadata"}}, moments.append)
    assert answer["error"] is None and answer["changed"] and answer["applied"] == 2
    assert [item["verdict"] for item in answer["probes"]] == ["right"]
    assert answer["document"]["records"][0]["thumbprint"] == b
    assert moments == ["HttpUpdateServiceConfiguration hostnameport shop.example.com:443"]
    assert one.served("10.0.0.5", 443, "SHOP.example.com") == b


def test_a_replace_is_two_calls_with_a_gap_between() -> None:
    one = host()
    a, b = one.thumbprints[A], one.thumbprints[B]
    seen: list[str | None] = []
    args = {"contract": 1, "computer": "WEB01", "steps": [step("record_replace", "shop.example.com:443", a, b)]}
    rest = {
        "probe": {"on_unverified": "fail", "timeout": 5, "retries": 0},
        "read": {"certificates": "all", "key_check": "open"},
    }
    one.apply({**args, **rest}, lambda moment: seen.append(one.served("10.0.0.5", 443, "shop.example.com")))
    assert seen == [None, b]


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_refused_call_undoes_everything_before_it(call: int) -> None:
    one = host(f"fail_call:{call}")
    a, b = one.thumbprints[A], one.thumbprints[B]
    before = one.read()
    edit = {"site": "Shop", "position": 0, "before": SHOP, "after": {**SHOP, "ssl_flags": 33}}
    answer = change(
        one,
        step("record_set", "10.0.0.5:443", None, b),
        {"op": "bindings", "edits": [edit]},
        step("record_replace", "shop.example.com:443", a, b),
    )
    assert answer["failed"] and answer["error"]["code"] == "access_denied" and answer["error"]["step"] == call - 1
    assert answer["undone"] == (None if call == 1 else "complete") and not answer["changed"]
    assert one.read() == before


def test_a_replace_that_fails_in_its_gap_puts_the_old_record_back() -> None:
    one = host()
    a = one.thumbprints[A]
    before = one.read()
    answer = change(one, step("record_replace", "shop.example.com:443", a, one.thumbprints[BAD]))
    assert (answer["error"]["code"], answer["error"]["number"], answer["undone"]) == ("key_unusable", 1312, "complete")
    assert one.read() == before


def test_a_wrong_certificate_is_undone() -> None:
    one = host()
    a, b = one.thumbprints[A], one.thumbprints[B]
    answer = change(one, step("record_set", "10.0.0.5:443", None, b), probe("shop.example.com", a))
    assert answer["error"]["code"] == "probe_wrong" and answer["undone"] == "complete"
    assert answer["probes"][0]["served"] == b
    assert answer["msg"] == f"10.0.0.5:443 shop.example.com: expected {a}, saw {b}"


def test_steps_that_do_not_fit_are_refused_before_their_call() -> None:
    one = host()
    b = one.thumbprints[B]
    assert change(one, step("record_delete", "shop.example.com:443", b, None))["error"]["code"] == "changed_meanwhile"
    assert one.writes == 0
    old = host(update_exported=False)
    update = step("record_update", "shop.example.com:443", old.thumbprints[A], b)
    assert change(old, update)["error"]["code"] == "update_unsupported"


@pytest.mark.parametrize(
    ("change_of", "code", "place"),
    [
        ({"computer": "WEB02"}, "computer_mismatch", "computer"),
        ({"contract": 2}, "contract_mismatch", "contract"),
        ({"steps": [{"op": "format_disk"}]}, "bad_argument", "steps[0].op"),
        ({"steps": [step("record_set", "10.0.0.5:443", A, B)]}, "bad_argument", "steps[0]"),
        ({"read": {"certificates": "some", "key_check": "open"}}, "bad_argument", "read.certificates"),
        ({"more": 1}, "bad_argument", "more"),
    ],
)
def test_arguments_are_checked_before_anything_is_done(change_of: dict[str, Any], code: str, place: str) -> None:
    one = host()
    answer = change(one, **change_of)
    assert answer["failed"] and (answer["error"]["code"], answer["error"]["place"]) == (code, place)
    assert one.writes == 0


def test_the_applier_refuses_check_mode_and_unknown_modules_are_errors() -> None:
    assert host().call(APPLIER, {}, True)["error"]["code"] == "check_mode_refused"
    with pytest.raises(KeyError):
        host().call("tlsfleet.iis.other", {}, False)


def test_reading_gives_what_was_asked_for() -> None:
    one = host()
    for which, count in (("referenced", 1), ("candidates", 3), ("all", 3)):
        document = one.call(READER, {**READ, "certificates": which}, True)["document"]
        assert len(document["certificates"]) == count
        assert document["simulated"] is True
    metadata = one.call(READER, {**READ, "key_check": "metadata"}, False)["document"]
    assert {item["key"]["code"] for item in metadata["certificates"]} == {None}


def test_a_large_document_travels_packed() -> None:
    records = [
        {"family": "hostnameport", "key": f"h{number}.example.com:443", "thumbprint": A, "store": "MY"}
        for number in range(500)
    ]
    answer = host(records=records).call(READER, READ, False)
    assert "document_gz" in answer and "document" not in answer


def test_broken_descriptions_are_refused_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "web.json"
    for text, message in (("{", "web.json"), ("[]", "must be a JSON object"), ('{"slug": 1}', "slug must be text")):
        file.write_text(text)
        with pytest.raises(BadDescription, match=message):
            load(tmp_path)
    file.write_text(json.dumps({**description(), "records": [{"key": "443"}]}))
    with pytest.raises(BadDescription, match=r"records\[0\] needs family and key"):
        load(file)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BadDescription, match=r"no \*\.json"):
        load(empty)


def test_a_fleet_is_the_same_for_the_same_seed_and_every_host_serves() -> None:
    assert fleet(8, 1) == fleet(8, 1) != fleet(8, 2)
    for item in fleet(8, 1):
        one = SimulatedHost(item, MAKER, (), lambda: NOW)
        assert 443 in one.ports()
        assert one.read()["name"] == item["slug"].upper()


def test_one_seed_gives_one_authority_and_equal_wishes_one_certificate() -> None:
    first, second = Maker(seed=5, now=NOW), Maker(seed=5, now=NOW)
    wish = ("x", ["a.example.com"], "2027-01-01")
    assert first.certificate(*wish) is first.certificate(*wish)
    assert first.certificate(*wish).thumbprint == second.certificate(*wish).thumbprint
    assert first.certificate("y", *wish[1:]).thumbprint != first.certificate(*wish).thumbprint
    assert Maker().ca_pem != Maker().ca_pem

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned faults of the machine: what stands on it afterwards, what the applier answers, what the next run makes of it."""

from __future__ import annotations

import copy
import datetime
from typing import Any

import pytest

from lab.applier import Died
from lab.certificates import Maker
from lab.faults import BadFault, fault
from lab.simhost import APPLIER, READER, SimulatedHost

NOW = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.timezone.utc)
MAKER = Maker(seed=3, now=NOW)
A, B = (f"{number:040X}" for number in (0xA, 0xB))
KEY, OTHER = "shop.example.com:443", "api.example.com:443"
SHOP = {"protocol": "https", "information": "*:443:shop.example.com", "ssl_flags": 1}
API = {**SHOP, "information": "*:443:api.example.com"}


def host(*planned: dict[str, Any]) -> SimulatedHost:
    """A site with its record and a spare certificate."""
    names = ["shop.example.com", "api.example.com"]
    certificates = [{"thumbprint": item, "names": names, "not_after": "2027-06-01", "key": "ok"} for item in (A, B)]
    one = SimulatedHost(
        {
            "slug": "web01",
            "os": {"name": "Windows Server 2019"},
            "sites": [{"id": 1, "name": "Shop", "state": "Started", "bindings": [SHOP]}],
            "records": [{"family": "hostnameport", "key": KEY, "thumbprint": A, "store": "MY"}],
            "certificates": certificates,
            "ip_listen": [],
            "local_addresses": ["10.0.0.5"],
        },
        MAKER,
        clock=lambda: NOW,
    )
    for item in planned:
        one.plan(fault(item))
    return one


def steps(one: SimulatedHost) -> list[dict[str, Any]]:
    """Three writing calls: a second record, its binding, and a new certificate for the first; then a probe."""
    old, new = ({"thumbprint": one.thumbprints[item]} for item in (A, B))
    served = {"address": "10.0.0.5", "port": 443, "sni": "api.example.com", "expect": new["thumbprint"]}
    return [
        {"op": "record_set", "family": "hostnameport", "key": OTHER, "before": None, "after": new},
        {"op": "bindings", "edits": [{"site": "Shop", "position": None, "before": None, "after": API}]},
        {"op": "record_update", "family": "hostnameport", "key": KEY, "before": old, "after": new},
        {"op": "probe", "endpoints": [served]},
    ]


def change(one: SimulatedHost, wanted: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    arguments = {
        "contract": 1,
        "computer": "WEB01",
        "steps": steps(one) if wanted is None else wanted,
        "probe": {"on_unverified": "fail", "timeout": 5, "retries": 0},
        "read": {"certificates": "candidates", "key_check": "open"},
    }
    return one.call(APPLIER, arguments, False)


def standing(one: SimulatedHost) -> Any:
    return copy.deepcopy((one.http.records, one.iis.sites))


@pytest.mark.parametrize(
    ("code", "at_call", "number", "call"),
    [
        ("key_unusable", 1, 1312, "HttpSetServiceConfiguration"),
        ("key_unusable", 3, 1312, "HttpUpdateServiceConfiguration"),
        ("record_exists", None, 183, "HttpSetServiceConfiguration"),
        ("record_missing", None, 2, "HttpUpdateServiceConfiguration"),
        ("not_supported_here", 1, 87, "HttpSetServiceConfiguration"),
        ("access_denied", 2, 0x80070005, "CommitChanges"),
        ("access_denied", 3, 5, "HttpUpdateServiceConfiguration"),
        ("config_conflict", None, 0x80071A90, "CommitChanges"),
        ("config_locked", None, 0x80070020, "CommitChanges"),
    ],
)
def test_a_refused_call_is_typed_and_undone(code: str, at_call: int | None, number: int, call: str) -> None:
    one = host({"fault": "refuse", "code": code, "at_call": at_call})
    before = standing(one)
    answer = change(one)
    error = answer["error"]
    assert (error["code"], error["number"], error["call"]) == (code, number, call)
    assert standing(one) == before and answer["changed"] is False
    assert answer["undone"] == (None if error["step"] == 0 else "complete")
    assert change(one)["error"] is None  # it struck once


def test_a_refusal_waits_for_a_call_that_can_have_it() -> None:
    one = host({"fault": "refuse", "code": "key_unusable", "at_call": 2})
    assert change(one)["error"] is None


def test_a_refusal_in_the_undo_leaves_a_part() -> None:
    one = host(
        {"fault": "refuse", "code": "key_unusable", "at_call": 3},
        {"fault": "refuse", "code": "config_locked", "during": "undo"},
    )
    answer = change(one)
    assert answer["undone"] == "partial" and answer["changed"] is True
    assert [item["code"] for item in answer["undo_errors"]] == ["config_locked"]
    assert [item["information"] for item in one.iis.sites[0]["bindings"]] == [SHOP["information"], API["information"]]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at_call", [1, 2, 3])
def test_a_dead_applier_leaves_a_journal_and_the_next_undoes_its_run(at_call: int, when: str) -> None:
    one = host({"fault": "crash", "at_call": at_call, "when": when})
    before = standing(one)
    with pytest.raises(Died):
        change(one)
    document = one.read()
    done = at_call - 1
    assert document["journal"] == {
        "run": document["journal"]["run"],
        "started": "2026-11-24T12:00:00Z",
        "steps": steps(one),
        "done": done,
    }
    changed = done if when == "before" else at_call
    assert (standing(one) == before) is (changed == 0)
    assert len(one.http.records) == (1 if changed < 1 else 2)
    answer = change(one)
    assert answer["error"]["code"] == "journal_unfinished" and "was undone" in answer["msg"]
    assert standing(one) == before and one.read()["journal"] is None
    assert answer["changed"] is (changed > 0)
    assert change(one)["error"] is None


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at_call", [1, 2])
def test_a_dead_replacement_is_undone_in_its_gap_too(at_call: int, when: str) -> None:
    one = host({"fault": "crash", "at_call": at_call, "when": when})
    before = standing(one)
    old, new = ({"thumbprint": one.thumbprints[item]} for item in (A, B))
    step = {"op": "record_replace", "family": "hostnameport", "key": KEY, "before": old, "after": new}
    with pytest.raises(Died):
        change(one, [step])
    moved = standing(one) != before
    answer = change(one, [])  # without steps it is all that is wanted
    assert answer["error"] is None and answer["changed"] is moved
    assert standing(one) == before and one.read()["journal"] is None


WRITTEN = {"change": "record_set", "family": "hostnameport", "key": OTHER, "thumbprint": A}
REMOVED = {"change": "binding_remove", "site": "Shop", "information": API["information"]}


@pytest.mark.parametrize(("then", "place"), [(WRITTEN, f"hostnameport {OTHER}"), (REMOVED, "edits[0]")])
def test_a_journal_after_which_somebody_else_has_written_is_left_alone(then: dict[str, Any], place: str) -> None:
    one = host(
        {"fault": "crash", "at_call": 3, "when": "before"},
        {"fault": "other_writer", "do": [then], "skip": 1},
    )
    with pytest.raises(Died):
        change(one)
    answer = change(one)
    after = standing(one)
    assert (answer["error"]["code"], answer["error"]["place"]) == ("journal_conflict", place)
    assert one.read()["journal"] is not None
    assert change(one)["error"]["code"] == "journal_conflict" and standing(one) == after


@pytest.mark.parametrize("at", [0, 1, 2])
def test_bindings_of_somebody_else_stay_and_the_others_have_their_order(at: int) -> None:
    """A removed binding is back behind the one it stood behind, wherever that is now; so the C# does it."""
    one = host({"fault": "crash", "at_call": 2, "when": "before"})
    last, other = ({**SHOP, "information": item} for item in ("*:9:", "*:1:"))
    one.iis.commit([{"site": "Shop", "position": None, "before": None, "after": item} for item in (API, last)])
    removed = {"site": "Shop", "position": 1, "before": API, "after": None}
    with pytest.raises(Died):
        change(one, [{"op": "bindings", "edits": [removed]}, steps(one)[0]])
    one.iis.commit([{"site": "Shop", "position": at, "before": None, "after": other}])
    assert change(one, [])["error"] is None
    kept = [SHOP, API, last]
    kept.insert(at if at == 0 else at + 1, other)
    assert one.iis.sites[0]["bindings"] == kept


@pytest.mark.parametrize(("at_call", "step", "undone"), [(None, None, None), (1, 0, None), (3, 2, "complete")])
def test_a_full_disk_at_the_journal(at_call: int | None, step: int | None, undone: str | None) -> None:
    one = host({"fault": "disk_full", "at_call": at_call})
    before = standing(one)
    answer = change(one)
    assert (answer["error"]["code"], answer["error"]["place"], answer["error"]["number"]) == (
        "internal",
        "journal",
        112,
    )
    assert (answer["error"]["step"], answer["undone"]) == (step, undone)
    assert standing(one) == before and "disk is full" in answer["msg"]


@pytest.mark.parametrize("module", ["host_reader", "host_applier"])
def test_rights_are_missing(module: str) -> None:
    one = host({"fault": "access_denied", "module": module})
    if module == "host_reader":
        answer = one.call(READER, {"contract": 1, "certificates": "all", "key_check": "open"}, False)
        assert change(one)["error"] is None
    else:
        answer = change(one)
        assert answer["changed"] is False and len(one.http.records) == 1
    assert answer["failed"] is True and answer["error"]["code"] == "access_denied"


def test_somebody_else_between_reading_and_changing() -> None:
    one = host({"fault": "other_writer", "do": [WRITTEN]})
    assert OTHER not in {record["key"] for record in one.read()["records"]}
    answer = change(one)
    assert answer["error"]["code"] == "changed_meanwhile" and answer["undone"] is None
    assert one.http.query("hostnameport", OTHER)["thumbprint"] == one.thumbprints[A]  # type: ignore[index]


@pytest.mark.parametrize(
    ("change_", "code"),
    [
        ({"change": "record_delete", "family": "hostnameport", "key": KEY}, "changed_meanwhile"),
        (WRITTEN, "changed_meanwhile"),
        ({"change": "binding_remove", "site": "Shop", "information": SHOP["information"]}, None),
        (
            {"change": "binding_add", "site": "Shop", "information": API["information"], "ssl_flags": 1},
            "config_conflict",
        ),
        ({"change": "certificate_remove", "thumbprint": B}, "key_unusable"),
    ],
)
def test_somebody_else_in_the_middle_of_a_change(change_: dict[str, Any], code: str | None) -> None:
    at_call = 1 if change_ is not WRITTEN else 2
    one = host({"fault": "other_writer", "do": [change_], "at_call": at_call})
    wanted = steps(one)
    if change_ is WRITTEN:
        new = {"thumbprint": one.thumbprints[B]}
        wanted[2] = {"op": "record_delete", "family": "hostnameport", "key": OTHER, "before": new, "after": None}
    answer = change(one, wanted)
    assert (answer["error"] or {}).get("code") == code


def test_a_removed_certificate() -> None:
    one = host({"fault": "certificate_removed", "thumbprint": B.lower()})
    answer = change(one)
    assert (answer["error"]["code"], answer["error"]["number"]) == ("key_unusable", 1312)
    assert one.thumbprints[B] not in {item["thumbprint"] for item in answer["document"]["certificates"]}


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"fault": "certificate_removed", "thumbprint": "77"}, r"fault\.thumbprint: there is no certificate 77"),
        ({"fault": "other_writer", "do": [{**REMOVED, "site": "X"}]}, r"fault\.do\[0\]\.site: there is no site 'X'"),
        ({"fault": "other_writer", "do": [{**WRITTEN, "thumbprint": "7"}]}, r"fault\.do\[0\]\.thumbprint: there is no"),
    ],
)
def test_a_fault_that_does_not_fit_the_host(item: dict[str, Any], said: str) -> None:
    with pytest.raises(BadFault, match=said):
        host(item)


def test_healing_ends_seeded_faults_and_refusals() -> None:
    one = host(
        {"fault": "seeded", "name": "lost_record"}, {"fault": "refuse", "code": "access_denied", "times": "always"}
    )
    one.planned.heal()
    assert change(one)["error"] is None
    assert one.http.query("hostnameport", OTHER) is not None


@pytest.mark.parametrize(
    ("item", "verdict"),
    [
        ({"fault": "endpoint_unreachable"}, "unreachable"),
        ({"fault": "endpoint_unreachable", "address": "10.0.0.5", "port": 443}, "unreachable"),
        ({"fault": "endpoint_unreachable", "seen_by": "controller"}, "right"),
        ({"fault": "endpoint_unreachable", "port": 8443}, "right"),
        ({"fault": "endpoint_unreachable", "address": "10.0.0.6"}, "right"),
        ({"fault": "tls_versions", "minimum": "TLS1.3"}, "tls_unsupported_here"),
        ({"fault": "tls_versions", "maximum": "TLS1.1"}, "tls_unsupported_here"),
        ({"fault": "tls_versions", "maximum": "TLS1.2"}, "right"),
        ({"fault": "front_certificate"}, "right"),
    ],
)
def test_what_the_appliers_own_probe_meets(item: dict[str, Any], verdict: str) -> None:
    one = host(item)
    answer = change(one)
    assert [probe["verdict"] for probe in answer["probes"]] == [verdict]
    assert (answer["error"] or {}).get("code") == (None if verdict == "right" else "probe_unverified")
    assert answer["undone"] == (None if verdict == "right" else "complete")

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The applier's C# under Mono against the C fakes: every kind of step, what it refuses, and what it leaves behind."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from engine import applying
from engine.applying import EXACT, FULL, GOOD, KEYLESS, NAME, OTHER, bindings, edit, edits, image, standing, step
from engine.fakes import read
from engine.fakes.example import binding
from engine.harness import journals
from engine.harness.lane import Lane, missing

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
SHOP = applying.SITES[0]["bindings"]
#: A probe that does not say what it expects.
LOOK = {"op": "probe", "endpoints": [{"address": "10.0.0.5", "port": 443, "sni": None}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return applying.host(tmp_path / "host")


def failed(answer: dict[str, Any]) -> tuple[Any, ...]:
    assert answer["failed"] is True and answer["msg"]
    return answer["error"]["code"], answer["error"]["place"], answer["error"]["step"]


# -- steps ---------------------------------------------------------------------------------------------------------


def test_every_kind_of_step_does_what_it_says(lane: Lane, folder: Path) -> None:
    steps = applying.each(folder)
    answer = lane.apply(folder, list(steps.values()))
    assert {name: answer[name] for name in ("changed", "contract", "applied", "error", "undone", "undo_errors", "probes")} == {
        "changed": True, "contract": 1, "applied": 5, "error": None, "undone": None, "undo_errors": [], "probes": [],
    }  # fmt: skip
    assert "failed" not in answer and "msg" not in answer
    made = image(folder, ("hostnameport", "new.example.com:443"))
    assert made == {
        **(image(folder, NAME) or {}), "thumbprint": GOOD, "flags": 3, "app_id": "{4dc3e181-e14b-4a21-b022-59fc669b0914}", "store": None,
    }  # fmt: skip
    assert image(folder, EXACT) == {**steps["update"]["before"], "thumbprint": OTHER}
    assert image(folder, NAME) == {**steps["replace"]["before"], "thumbprint": OTHER}
    assert image(folder, ("ipport", "0.0.0.0:5986")) is None
    added = binding("*:443:new.example.com", 33)
    assert bindings(folder) == [SHOP[0], SHOP[2], SHOP[3], added] and bindings(folder, 1) == [added]
    assert not (folder / journals.PATH).exists()
    document = answer["document"]
    assert {item["key"] for item in document["records"]} == {EXACT[1], NAME[1], "new.example.com:443"}
    assert document["journal"] is None


def test_a_32_bit_process_on_64_bit_windows_writes_nothing(lane: Lane, folder: Path) -> None:
    """A5.01: it meets other files and classes; the reader goes around them (test_windows_machine.py)."""
    before, steps = standing(folder), list(applying.each(folder).values())
    answer = lane.apply(folder, steps, bits=32)
    assert failed(answer) == ("not_supported_here", "process", None)
    assert "64-bit" in answer["error"]["hint"] and answer["changed"] is False
    assert standing(folder) == before and not (folder / journals.PATH).parent.exists()
    assert lane.apply(folder, steps)["error"] is None


def test_options_and_unknown_bits_survive(lane: Lane, folder: Path) -> None:
    held = image(folder, EXACT)
    assert held is not None and {name: held[name] for name in FULL} == FULL
    assert lane.apply(folder, [step("replace", EXACT, held, {**held, "thumbprint": OTHER})])["error"] is None
    assert image(folder, EXACT) == {**held, "thumbprint": OTHER}


@pytest.mark.parametrize(
    ("place", "thumbprint"),
    [
        (("ipport", "[2001:db8::7]:444"), GOOD),
        (("ipport", "[fe80::7%3]:444"), GOOD),
        (("ipport", "0.0.0.0:65535"), GOOD),
        (("hostnameport", "*.example.com:443"), GOOD),
        (("hostnameport", "übung.example.com:443"), GOOD),
        (("ccs", "443"), None),
        (("scopedccs", "b.example.com:443"), None),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_every_family_has_its_own_key(lane: Lane, folder: Path, place: tuple[str, str], thumbprint: str | None) -> None:
    before = standing(folder)
    made = step("set", place, None, {"thumbprint": thumbprint})
    assert lane.apply(folder, [made])["error"] is None
    held = image(folder, place)
    assert held is not None and held["thumbprint"] == thumbprint
    assert lane.apply(folder, [step("delete", place, held, None)])["error"] is None
    assert standing(folder) == before


def test_a_plan_that_changes_nothing_says_so(lane: Lane, folder: Path) -> None:
    held = image(folder, EXACT)
    assert lane.apply(folder, [])["changed"] is False
    assert lane.apply(folder, [step("replace", EXACT, held, held)])["changed"] is False


def test_a_binding_keeps_its_place_and_its_other_attributes(lane: Lane, folder: Path) -> None:
    """In place; absent sslFlags are another thing than 0, and both are kept and made."""
    config = folder / "config" / "applicationHost.config"
    changed = [binding("*:443:c.example.com"), binding("*:443:b.example.com", 0)]
    both = edits(edit(2, SHOP[2], changed[0]), edit(3, SHOP[3], changed[1]))
    before = config.read_text(encoding="utf-8")
    assert lane.apply(folder, [both])["error"] is None
    assert bindings(folder) == [*SHOP[:2], *changed]
    mine = [row for row in config.read_text(encoding="utf-8").splitlines() if row not in before.splitlines()]
    assert len(mine) == 2


def test_edits_see_what_those_before_them_made(lane: Lane, folder: Path) -> None:
    first, second = binding("*:8443:x", 0), binding("*:8443:y", 0)
    rows = edits(edit(0, None, first), edit(0, None, second), edit(1, first, None), edit(None, None, first))
    assert lane.apply(folder, [rows])["error"] is None
    assert bindings(folder) == [second, *SHOP, first]


def test_a_large_document_travels_packed(lane: Lane, tmp_path: Path) -> None:
    sites = [{"id": number, "name": f"site {number}", "state": "started", "bindings": [binding(f"*:443:n{number}.example.com", 1)]}
             for number in range(1, 700)]  # fmt: skip
    folder = applying.host(tmp_path / "many", sites=sites)
    answer = lane.apply(folder, [edits(edit(None, None, binding("*:443:new.example.com"), "site 500"))])
    assert answer["error"] is None and "document" not in answer
    document = json.loads(gzip.decompress(base64.b64decode(answer["document_gz"])))
    assert len(document["sites"][499]["bindings"]) == 2


def test_many_steps_travel_packed(lane: Lane, folder: Path) -> None:
    made = [step("set", ("ipport", f"10.0.0.5:{port}"), None, {"thumbprint": GOOD}) for port in range(1000, 1100)]
    text = base64.b64encode(gzip.compress(json.dumps(made).encode())).decode()
    answer = lane.apply(folder, text)
    assert (answer["error"], answer["applied"]) == (None, 100)
    assert failed(lane.apply(folder, text[:-9])) == ("bad_argument", "steps", None)


# -- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "code", "place"),
    [
        ({"contract": 2}, "contract_mismatch", "contract"),
        ({"computer": "WEB02"}, "computer_mismatch", "computer"),
        ({"computer": 7}, "bad_argument", "computer"),
        ({"_ansible_check_mode": True}, "check_mode_refused", "check mode"),
        ({"more": 1}, "bad_argument", "more"),
        ({"probe": {"on_unverified": "fail", "timeout": 5}}, "bad_argument", "probe.retries"),
        ({"probe": {"on_unverified": "no", "timeout": 5, "retries": 1}}, "bad_argument", "probe.on_unverified"),
        ({"probe": {"on_unverified": "fail", "timeout": "5", "retries": 1}}, "bad_argument", "probe.timeout"),
        ({"probe": {"on_unverified": "fail", "timeout": 5.5, "retries": 1}}, "bad_argument", "probe.timeout"),
        ({"probe": {"on_unverified": "fail", "timeout": 1e300, "retries": 1}}, "bad_argument", "probe.timeout"),
        ({"read": {"certificates": "some", "key_check": "open"}}, "bad_argument", "read.certificates"),
        ({"shared_configuration": "yes"}, "bad_argument", "shared_configuration"),
        ({"steps": "none"}, "bad_argument", "steps"),
        ({"steps": [7]}, "bad_argument", "steps[0]"),
        ({"steps": [{"op": "reboot"}]}, "bad_argument", "steps[0].op"),
        ({"steps": [{"op": "bindings"}]}, "bad_argument", "steps[0].edits"),
        ({"steps": [edits(edit(None, None, None))]}, "bad_argument", "steps[0].edits[0]"),
        ({"steps": [edits(edit(None, SHOP[0], None))]}, "bad_argument", "steps[0].edits[0].position"),
        ({"steps": [edits(edit(0, None, {"protocol": "https"}))]}, "bad_argument", "steps[0].edits[0].after.information"),
        ({"steps": [LOOK]}, "bad_argument", "steps[0].endpoints[0].expect"),
        ({"steps": [step("set", ("ipport", "10.0.0:443"), None, {"thumbprint": GOOD})]}, "bad_argument", "steps[0].key"),
        ({"steps": [step("set", ("ipport", "10.0.0.5:0"), None, {"thumbprint": GOOD})]}, "bad_argument", "steps[0].key"),
        ({"steps": [step("set", ("name", "x:443"), None, {"thumbprint": GOOD})]}, "bad_argument", "steps[0].family"),
        ({"steps": [step("set", EXACT, {"thumbprint": GOOD}, {"thumbprint": GOOD})]}, "bad_argument", "steps[0]"),
        ({"steps": [step("delete", EXACT, None, None)]}, "bad_argument", "steps[0]"),
        ({"steps": [step("set", EXACT, None, {"thumbprint": "no"})]}, "bad_argument", "steps[0].after.thumbprint"),
        ({"steps": [step("set", EXACT, None, {"thumbprint": GOOD, "flags": -1})]}, "bad_argument", "steps[0].after.flags"),
        ({"steps": [step("set", EXACT, None, {"thumbprint": GOOD, "app_id": "x"})]}, "bad_argument", "steps[0].after.app_id"),
        ({"steps": [step("set", EXACT, None, {"thumbprint": GOOD, "colour": "x"})]}, "bad_argument", "steps[0].after.colour"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_bad_arguments_name_their_place_and_nothing_is_written(
    lane: Lane, folder: Path, more: dict[str, Any], code: str, place: str
) -> None:
    before = standing(folder)
    answer = lane.apply(folder, **{"steps": [], **more})
    assert failed(answer) == (code, place, None)
    assert answer["changed"] is False and place in answer["msg"] and standing(folder) == before


@pytest.mark.parametrize("kind", ["set", "update", "replace", "delete"])
def test_a_record_that_is_not_as_expected_stops_the_plan(lane: Lane, folder: Path, kind: str) -> None:
    found = dict(applying.each(folder)[kind])
    if kind == "set":
        found["key"] = NAME[1]
    else:
        found["before"] = {**found["before"], "flags": 1}
    before = standing(folder)
    answer = lane.apply(folder, [found])
    assert failed(answer) == ("changed_meanwhile", f"{found['family']} {found['key']}", 0)
    assert "found certificate" in answer["error"]["hint"]
    assert (answer["undone"], answer["applied"], standing(folder)) == (None, 0, before)


@pytest.mark.parametrize(
    ("rows", "code", "place", "number"),
    [
        ([edit(0, None, SHOP[0], "nowhere")], "changed_meanwhile", "edits[0]", None),
        ([edit(0, None, binding("*:1:")), edit(1, SHOP[1], None)], "changed_meanwhile", "edits[1]", None),
        ([edit(1, {**SHOP[1], "ssl_flags": None}, None)], "changed_meanwhile", "edits[0]", None),
        ([edit(9, SHOP[1], None)], "changed_meanwhile", "edits[0]", None),
        ([edit(9, None, binding("*:1:"))], "changed_meanwhile", "edits[0]", None),
        ([edit(0, None, binding("*:443:A.example.com"))], "config_conflict", "edits[0]", 0x800700B7),
        ([edit(1, SHOP[1], SHOP[2])], "config_conflict", "edits[0]", 0x800700B7),
    ],
)
def test_edits_that_cannot_be_commit_nothing(
    lane: Lane, folder: Path, rows: list[Any], code: str, place: str, number: int | None
) -> None:
    config = folder / "config" / "applicationHost.config"
    before = config.read_bytes()
    answer = lane.apply(folder, [edits(*rows)])
    assert failed(answer) == (code, place, 0)
    assert (answer["error"]["call"], answer["error"]["number"]) == ("CommitChanges", number)
    assert config.read_bytes() == before


def test_update_is_never_done_in_another_way(lane: Lane, tmp_path: Path) -> None:
    folder = applying.host(tmp_path / "old", update_exported=False)
    before = standing(folder)
    answer = lane.apply(folder, [applying.each(folder)["update"]])
    assert failed(answer) == ("update_unsupported", "ipport 10.0.0.5:443", 0)
    assert answer["error"]["call"] == "HttpUpdateServiceConfiguration" and standing(folder) == before


def test_ssl_flags_on_an_iis_without_them(lane: Lane, tmp_path: Path) -> None:
    plain = [{"id": 1, "name": "Shop", "state": "started", "bindings": [binding("*:80:", None, "http")]}]
    folder = applying.host(tmp_path / "old", schema_ssl_flags=False, sites=plain)
    answer = lane.apply(folder, [edits(edit(None, None, binding("*:443:", 1)))])
    assert failed(answer) == ("not_supported_here", "edits[0]", 0)
    assert lane.apply(folder, [edits(edit(None, None, binding("*:443:")))])["error"] is None
    assert bindings(folder) == [binding("*:80:", None, "http"), binding("*:443:")]


def test_a_shared_configuration_is_changed_only_where_that_is_allowed(lane: Lane, tmp_path: Path) -> None:
    folder = applying.host(tmp_path / "farm", shared_configuration=True)
    added, before = edits(edit(0, None, binding("*:1:"))), standing(folder)
    assert failed(lane.apply(folder, [applying.each(folder)["set"], added])) == ("shared_configuration", "steps", None)
    assert standing(folder) == before
    assert lane.apply(folder, [applying.each(folder)["set"]])["error"] is None  # records are each host's own
    assert lane.apply(folder, [added], shared_configuration=True)["error"] is None
    assert bindings(folder)[0] == binding("*:1:")


def test_a_certificate_that_http_sys_cannot_use(lane: Lane, folder: Path) -> None:
    before = standing(folder)
    held = image(folder, NAME)
    last = step("replace", NAME, held, {**(held or {}), "thumbprint": KEYLESS})
    answer = lane.apply(folder, [applying.each(folder)["set"], last])
    assert failed(answer) == ("key_unusable", "hostnameport shop.example.com:443", 1)
    assert answer["error"]["number"] == 1312 and answer["error"]["call"] == "HttpSetServiceConfiguration"
    assert (answer["applied"], answer["undone"], answer["changed"]) == (1, "complete", False)
    assert standing(folder) == before and read.read_state(folder)["journal"] is None

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""https_bindings over a simulated host: exact calls, a check mode that tells the truth, undo, and links that break."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid, Problem
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell import change
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.actions import API, SHOP, Simulated, certificate, description, run
from support.actions import RESULT_KEYS as KEYS
from support.actions import own_certificate_wish as wish
from support.certificates import NOW
from support.documents import document
from support.texts import said

Answer = Callable[[], dict[str, Any]]


def test_apply_is_two_calls_and_the_second_run_one() -> None:
    host = Simulated(description())
    result = run("https_bindings", wish(host), host)
    assert host.names == ["host_reader", "host_applier"]
    assert result["changed"] is True and set(result) == KEYS
    assert [step["op"] for step in result["plan"]] == ["record_set", "bindings", "probe"]
    assert host.host.served("10.0.0.5", 443, "api.example.com") == host.thumbprint(API)
    assert host.host.served("10.0.0.5", 443, "shop.example.com") == host.thumbprint(SHOP)
    assert {probe["verdict"] for probe in result["probes"]} == {"right"} and len(result["probes"]) == 6
    assert result["findings"] == [] and result["undone"] is None
    again = run("https_bindings", wish(host), host)
    assert host.names == ["host_reader", "host_applier", "host_reader"]
    assert again["changed"] is False and again["plan"] == [] and set(again) == KEYS
    assert again["before"] == again["after"] == result["after"]
    assert again["diff"]["before"] == again["diff"]["after"] == ""


def test_what_the_applier_is_given() -> None:
    host = Simulated(description())
    args = wish(host, probe={"timeout": 9, "retries": 0}, read={"certificates": "all"})
    result = run("https_bindings", args, host)
    given = host.calls[1][1]
    assert {name: given[name] for name in ("contract", "computer", "probe", "read")} == {
        "contract": 1,
        "computer": "WEB01",
        "probe": {"on_unverified": "fail", "timeout": 9, "retries": 0},
        "read": {"certificates": "all", "key_check": "open"},
    }
    bare = [
        {key: value for key, value in step.items() if key not in ("id", "reason", "inverse")} for step in result["plan"]
    ]
    assert given["steps"] == bare


def test_check_mode_predicts_exactly_what_then_happens_and_calls_nothing_that_writes() -> None:
    checked, real = Simulated(description()), Simulated(description())
    predicted = run("https_bindings", wish(checked), checked, check_mode=True)
    assert checked.names == ["host_reader"] and checked.host.writes == 0
    done = run("https_bindings", wish(real), real)
    assert set(predicted) == set(done) == KEYS
    for key in sorted(KEYS - {"probes"}):
        assert predicted[key] == done[key], key
    assert predicted["probes"] == []
    assert predicted["diff"]["after"].startswith("binding Api *:443:api.example.com sslFlags=1")
    assert sorted(predicted["diff"]) == ["after", "after_header", "before", "before_header"]


@pytest.mark.parametrize("count", [1, 100])
def test_the_number_of_calls_does_not_depend_on_the_number_of_bindings(count: int) -> None:
    host = Simulated(description())
    certificate_ = {"thumbprint": host.thumbprint(API)}
    wishes = [
        {"site": "Api", "host": f"h{number}.example.com", "sni": "required", "certificate": certificate_}
        for number in range(count)
    ]
    result = run("https_bindings", {"bindings": wishes}, host)
    assert host.names == ["host_reader", "host_applier"] and result["changed"] is True
    assert len(result["after"]["bindings"]) == 2 + count
    assert [step["op"] for step in result["plan"]].count("bindings") == 1


def test_a_refused_plan_lists_every_refusal_and_writes_nothing() -> None:
    host = Simulated(description())
    wishes = [{"site": "Nowhere"}, {"site": "Shop", "host": "new.example.com", "certificate": {"thumbprint": "F" * 40}}]
    result = run("https_bindings", {"bindings": wishes}, host)
    assert host.names == ["host_reader"] and result["failed"] is True and result["changed"] is False
    assert {problem["path"].partition(".")[0] for problem in result["problems"]} == {"bindings[0]", "bindings[1]"}
    assert result["simulated"] is True and result["support_tier"] == "supported"


def test_refusals_stand_in_the_order_of_the_request_whatever_the_sites_are_called() -> None:
    host = Simulated(description())
    wishes = [{"site": f"Nowhere {number}"} for number in (*range(10, 0, -1), 11)]
    result = run("https_bindings", {"bindings": wishes}, host)
    assert [problem["path"] for problem in result["problems"]] == [f"bindings[{index}].site" for index in range(11)]


def test_a_wrong_certificate_in_the_probe_undoes_everything_and_is_said() -> None:
    host = Simulated(description(), "swapped_certificate")
    before = host.host.read()
    result = run("https_bindings", wish(host), host)
    assert host.names == ["host_reader", "host_applier"]
    assert result["failed"] is True and result["changed"] is False and result["undone"] == "complete"
    assert result["error"]["code"] == "probe_wrong" and result["error"]["step"] == 2
    assert "Everything done so far was undone." in said(result)
    assert result["before"] == result["after"] and host.host.read() == before
    assert result["diff"]["before"] == result["diff"]["after"] == ""
    assert "wrong" in {probe["verdict"] for probe in result["probes"]}
    assert set(result) >= KEYS


def test_a_step_that_fails_is_named_with_its_call_and_number() -> None:
    host = Simulated(description(), "fail_call:2")
    result = run("https_bindings", wish(host), host)
    assert result["failed"] is True and result["changed"] is False and result["undone"] == "complete"
    error = result["error"]
    assert (error["code"], error["step"], error["call"], error["number"]) == (
        "access_denied",
        1,
        "CommitChanges",
        0x80070005,
    )
    assert result["before"] == result["after"]


def test_an_undo_that_worked_in_part_is_said_with_what_stands() -> None:
    host = Simulated(description())

    def stuck(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
        done = answer()
        error = {"code": "probe_wrong", "place": "10.0.0.5:443", "hint": "Look at port 443", "step": 2}
        left = {
            "code": "config_locked",
            "place": "site Api",
            "call": "CommitChanges",
            "number": 5,
            "hint": "Close the editor",
        }
        return {
            **done,
            "failed": True,
            "msg": "a wrong certificate",
            "error": error,
            "undone": "partial",
            "undo_errors": [left],
        }

    host.tricks[2] = stuck
    result = run("https_bindings", wish(host), host)
    assert result["failed"] is True and result["changed"] is True and result["undone"] == "partial"
    assert said(result) == (
        "a wrong certificate. Undoing it worked in part only: see after for what stands now. "
        "Not undone: site Api, CommitChanges, config_locked, error 5: Close the editor. Not undone: binding Api "
        "*:443:api.example.com: there is one with sslFlags=1, before the run there was one with sslFlags=0. Look at port 443."
    )
    assert result["after"] != result["before"] and result["diff"]["after"] != ""


def test_an_applier_that_cannot_begin_is_an_error_and_no_broken_link() -> None:
    host = Simulated(description())
    error = {"code": "busy", "place": "", "hint": "", "step": None, "call": None, "number": None}
    host.tricks[2] = lambda args, answer: {
        "failed": True,
        "contract": 1,
        "msg": "another run is at work",
        "error": error,
    }
    result = run("https_bindings", wish(host), host)
    assert host.names == ["host_reader", "host_applier"]
    assert result["error"]["code"] == "busy" and result["changed"] is False
    assert result["after"] is None and result["diff"] is None and result["findings"] is None


def test_changes_that_could_not_be_read_again_are_a_warning() -> None:
    host = Simulated(description())
    host.tricks[2] = lambda args, answer: {**answer(), "document": None}
    result = run("https_bindings", wish(host), host)
    assert result["changed"] is True and "failed" not in result and result["after"] is None
    assert result["warnings"] == [
        "the changes were carried out, but the host could not be read again: the host sent no document"
    ]


def _approved(host: Simulated, directory: Path) -> Path:
    args = wish(host, document=host.host.read(), dest="plan.json")
    assert run("https_bindings_plan", args, directory=directory)["changed"] is True
    return directory / "plan.json"


def test_an_approved_plan_is_applied_exactly_and_twice_changes_nothing(tmp_path: Path) -> None:
    host = Simulated(description())
    filed = json.loads(_approved(host, tmp_path).read_text(encoding="utf-8"))
    result = run("https_bindings", {"plan": "plan.json"}, host, directory=tmp_path)
    assert host.names == ["host_reader", "host_applier"] and result["changed"] is True
    assert result["plan"] == filed["steps"] and result["diff"]["after"] == filed["diff"]["after"]
    again = run("https_bindings", {"plan": "plan.json"}, host, directory=tmp_path)
    assert again["changed"] is False and host.names[2:] == ["host_reader"]
    assert again["notes"] == ["every step of the plan is carried out already"]


def test_an_approved_plan_is_refused_when_what_it_touches_has_changed(tmp_path: Path) -> None:
    host = Simulated(description())
    _approved(host, tmp_path)
    record = {"family": "hostnameport", "key": "api.example.com:443", "thumbprint": SHOP, "store": "MY", "options": {}}
    other = Simulated(description(records=[*description()["records"], record]))
    result = run("https_bindings", {"plan": "plan.json"}, other, directory=tmp_path)
    assert other.names == ["host_reader"] and result["failed"] is True
    assert [problem["path"] for problem in result["problems"]] == ["plan.steps[0]"]
    assert "was absent, is" in said(result)
    assert said(result).endswith("nothing was done. Make a new plan, and have that one approved.")


def test_an_approved_plan_of_another_host_is_refused(tmp_path: Path) -> None:
    _approved(Simulated(description()), tmp_path)
    other = Simulated(description(slug="web02"))
    result = run("https_bindings", {"plan": "plan.json"}, other, directory=tmp_path)
    assert said(result) == "plan.host: the plan is for WEB01, this host is WEB02"


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), ("{", "is not JSON"), ("[]", "is not a plan file"), (b"\xff\xfe", "is not JSON")],
)
def test_a_plan_file_that_is_none_is_said_before_any_call(
    tmp_path: Path, content: str | bytes | None, words: str
) -> None:
    path = tmp_path / "plan.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = run("https_bindings", {"plan": str(path)})
    assert result["problems"][0]["path"] == "plan" and words in said(result)


def test_a_gap_needs_consent_and_is_announced() -> None:
    old = {"name": "Windows Server 2012 R2", "build": "6.3.9600", "iis": "8.5"}
    extra = [certificate(SHOP, "shop.example.com"), certificate(API, "shop.example.com", "api.example.com")]
    wide = {"family": "ipport", "key": "0.0.0.0:443", "thumbprint": SHOP, "store": "MY", "options": {}}
    named = {**wide, "family": "hostnameport", "key": "blog.example.com:443"}  # over which no bridge can go
    records = [wide, named]
    host = Simulated(description(os=old, update_exported=False, certificates=extra, records=records))
    chosen = {"thumbprint": host.thumbprint(API)}
    both = [{"site": name, "host": f"{name.lower()}.example.com", "certificate": chosen} for name in ("Shop", "Api")]
    refused = run("https_bindings", {"bindings": both}, host)
    assert "allow.gap" in {problem["path"] for problem in refused["problems"]} and host.host.writes == 0
    result = run("https_bindings", {"bindings": both, "allow": {"gap": True}}, host)
    assert result["changed"] is True and result["support_tier"] == "best_effort"
    assert {item["gap"] for item in result["affected"]} == {True}


@pytest.mark.parametrize("working", [True, False])
def test_the_collector_rests_while_planning_and_is_left_as_it_was(
    working: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def refused(*_args: object) -> None:
        seen.append(gc.isenabled())
        raise Invalid([Problem("", "refused")])

    monkeypatch.setattr(change, "make_plan", refused)
    (gc.enable if working else gc.disable)()
    try:
        with pytest.raises(Invalid):
            change.planned(parse_document(document()), parse_request({}), NOW)
        assert seen == [False] and gc.isenabled() is working
    finally:
        gc.enable()

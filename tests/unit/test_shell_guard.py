# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""https_bindings with a guard: one call more, and a host that goes back by itself where that call does not come."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.actions import API, RESULT_KEYS, SHOP, Simulated, description, run
from support.actions import own_certificate_wish as wish
from support.texts import said

Answer = Callable[[], dict[str, Any]]
READ, CHANGE, GUARDED = "host_reader", "host_applier", "host_guard"
TEN = {"guard": {"minutes": 10}}
FOLDER = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"


def served(host: Simulated) -> str | None:
    return host.host.served("10.0.0.5", 443, "api.example.com")


def _cut(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
    raise ConnectionError("no route to host")


def _lost(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
    answer()
    raise ConnectionError("connection reset by peer")


def finding(result: dict[str, Any], name: str) -> list[str]:
    return [item["evidence"] for item in result["findings"] if item["id"] == name]


def test_a_guarded_change_costs_one_call_more_and_leaves_nothing() -> None:
    host = Simulated(description())
    result = run("https_bindings", wish(host, **TEN), host)
    assert host.names == [READ, GUARDED, GUARDED] and "failed" not in result and set(result) >= RESULT_KEYS
    assert result["changed"] is True and result["probes"] and served(host) == host.thumbprint(API)
    assert host.host.journal is None and finding(result, "unfinished_run") == []
    host.host.pass_time(60)
    again = run("https_bindings", wish(host, **TEN), host)
    assert again["changed"] is False and host.names[3:] == [READ] and "warnings" not in again
    assert served(host) == host.thumbprint(API)


def test_without_a_guard_nothing_is_different() -> None:
    host = Simulated(description())
    assert run("https_bindings", wish(host), host)["changed"] is True
    assert host.names == [READ, CHANGE] and not {"guard", "confirm"} & set(host.calls[1][1])


def test_check_mode_arms_nothing() -> None:
    host = Simulated(description())
    assert run("https_bindings", wish(host, **TEN), host, check_mode=True)["changed"] is True
    assert host.names == [READ] and host.host.journal is None


def test_the_host_is_sent_all_that_undoing_takes() -> None:
    host = Simulated(description())
    run("https_bindings", wish(host, **TEN), host)
    sent = host.calls[1][1]["guard"]
    texts = [gzip.decompress(base64.b64decode(part)) for part in sent["engine"]]
    assert texts == [(FOLDER / f"{part}.cs").read_bytes() for part in ("Reading", "Applying", "Guarding")]
    assert sent["minutes"] == 10 and host.calls[2][1]["steps"] == []
    # Windows PowerShell's compiler takes a file without a mark for the code page of the country
    assert all(text.isascii() for text in texts)


def test_a_link_that_stays_cut_after_the_change_lets_the_host_go_back() -> None:
    host = Simulated(description())
    before = host.host.read()
    host.tricks[3] = host.tricks[4] = _cut
    result = run("https_bindings", wish(host, **TEN), host)
    assert host.names == [READ, GUARDED, GUARDED, GUARDED] and host.resets == 1
    assert result["failed"] is True and result["changed"] is True and result["error"]["code"] == "connection_lost"
    assert "could not be told to keep it" in said(result) and "no route to host" in said(result)
    assert result["after"] is None and result["probes"] != []
    assert served(host) == host.thumbprint(API)
    host.host.pass_time(9)
    assert served(host) == host.thumbprint(API)
    host.host.pass_time(1)
    assert served(host) == host.thumbprint(SHOP)
    after = host.host.read()
    assert (after["records"], after["sites"]) == (before["records"], before["sites"])
    seen = run("https_bindings_info", {}, host)
    assert "was undone by its guard at" in finding(seen, "guard_undid")[0] and seen["changed"] is False
    assert "its guard undid it" in seen["warnings"][0]
    again = run("https_bindings", wish(host, **TEN), host)
    assert "its guard undid it" in again["warnings"][0] and again["changed"] is True and "failed" not in again
    assert served(host) == host.thumbprint(API)
    assert "warnings" not in run("https_bindings", wish(host), host)


def test_a_confirmation_whose_answer_got_lost_is_repeated() -> None:
    host = Simulated(description())
    host.tricks[3] = _lost
    result = run("https_bindings", wish(host, **TEN), host)
    assert host.names == [READ, GUARDED, GUARDED, GUARDED] and "failed" not in result and result["changed"] is True
    assert served(host) == host.thumbprint(API) and host.host.journal is None


def test_a_confirmation_that_comes_too_late_says_so() -> None:
    host = Simulated(description())

    def late(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
        host.host.pass_time(11)
        return answer()

    host.tricks[3] = late
    result = run("https_bindings", wish(host, **TEN), host)
    assert result["failed"] is True and result["changed"] is False and result["error"]["code"] == "guard_expired"
    assert "its guard has acted" in said(result) and result["after"] == result["before"]


def test_an_apply_whose_answer_got_lost_is_not_confirmed() -> None:
    host = Simulated(description())
    host.tricks[2] = _lost
    result = run("https_bindings", wish(host, **TEN), host)
    assert host.names == [READ, GUARDED, READ] and result["error"]["code"] == "connection_lost"
    assert "every change of the plan stands" in said(result) and "Nobody confirms run" in said(result)
    assert "its guard undoes it at" in finding(result, "unfinished_run")[0]
    # the next task does not wait for the guard
    again = run("https_bindings", wish(host, **TEN), host)
    assert "was undone first" in again["warnings"][0] and again["changed"] is True and "failed" not in again


def test_nothing_is_known_of_a_guarded_apply_when_the_link_stays_cut() -> None:
    host = Simulated(description())
    host.tricks.update({2: _lost, 3: _cut, 4: _cut})
    result = run("https_bindings", wish(host, **TEN), host)
    assert "not known which steps" in said(result) and "Its guard undoes them 10 minutes after" in said(result)


def test_a_guard_that_cannot_act_leaves_what_others_wrote() -> None:
    host = Simulated(description())
    host.tricks[3] = host.tricks[4] = _cut
    run("https_bindings", wish(host, **TEN), host)
    host.host.http.delete("hostnameport", "api.example.com:443")
    host.host.pass_time(10)
    seen = run("https_bindings_info", {}, host)
    assert "its guard could not undo all of it at" in finding(seen, "unfinished_run")[0] and "warnings" not in seen
    result = run("https_bindings", wish(host, **TEN), host)
    assert result["failed"] is True and result["error"]["code"] == "journal_conflict"


def test_a_guard_that_undoes_all_but_a_record_does_not_say_that_it_undid_nothing() -> None:
    host = Simulated(description())
    host.tricks[3] = host.tricks[4] = _cut
    asked = {
        "bindings": [{"site": "Shop", "host": "shop.example.com", "certificate": {"thumbprint": host.thumbprint(API)}}]
    }
    run("https_bindings", {**asked, "allow": {"shared_change": ["Api"]}, **TEN}, host)
    assert served(host) == host.thumbprint(API)
    works, old = host.host.http.lookup, host.thumbprint(SHOP)
    host.host.http.lookup = lambda thumbprint, store: "unusable" if thumbprint == old else works(thumbprint, store)
    host.host.pass_time(10)
    [told] = finding(run("https_bindings_info", {}, host), "unfinished_run")
    assert "its guard could not undo all of it at" in told and told.endswith("the next task says why")
    assert "0.0.0.0:443" in said(run("https_bindings", asked, host))


def test_a_guard_that_cannot_be_set_up_ends_the_task_before_it_writes() -> None:
    host = Simulated(description())
    error = {"code": "guard_unavailable", "place": "guard", "hint": "no", "step": None, "call": None, "number": 5}
    said = {"applied": 0, "changed": False, "undone": None, "undo_errors": [], "probes": [], "contract": 1}
    host.tricks[2] = lambda args, answer: {
        **said,
        "failed": True,
        "msg": "guard: no",
        "error": error,
        "document": host.host.read(),
    }
    result = run("https_bindings", wish(host, **TEN), host)
    assert result["failed"] is True and result["changed"] is False and result["error"]["code"] == "guard_unavailable"
    assert host.names == [READ, GUARDED] and result["after"] == result["before"]


@pytest.mark.parametrize("minutes", [0, -1, 1441])
def test_minutes_are_judged_before_anything_is_called(minutes: int) -> None:
    host = Simulated(description())
    result = run("https_bindings", wish(host, guard={"minutes": minutes}), host)
    assert [problem["path"] for problem in result["problems"]] == ["guard.minutes"] and host.names == []

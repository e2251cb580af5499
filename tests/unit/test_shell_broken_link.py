# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""https_bindings when the link to the host breaks: nothing is applied twice, and what stands is read, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from lab.applier import Died
from lab.faults import fault
from support.actions import API, Simulated, description, run
from support.actions import RESULT_KEYS as KEYS
from support.actions import own_certificate_wish as wish
from support.texts import said

KEY = "api.example.com:443"
Answer = Callable[[], dict[str, Any]]


def _raises(before: bool) -> Callable[[dict[str, Any], Answer], dict[str, Any]]:
    def trick(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
        if not before:
            answer()
        raise ConnectionError("connection reset by peer")

    return trick


def _lost(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
    answer()
    return {"failed": True, "msg": "Module result deserialization failed: no JSON"}


def _unreachable(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
    answer()
    return {"unreachable": True, "msg": "timed out"}


def test_a_link_that_breaks_before_the_host_began() -> None:
    host = Simulated(description())
    host.tricks[2] = _raises(before=True)
    result = run("https_bindings", wish(host), host)
    assert host.names == ["host_reader", "host_applier", "host_reader"] and host.host.writes == 0
    assert result["failed"] is True and result["changed"] is False and result["error"]["code"] == "connection_lost"
    assert "connection reset by peer" in said(result) and "no step was carried out" in said(result)
    assert "it may begin after that" in said(result)  # the reading cannot know of a module that is still starting
    assert result["after"] == result["before"] and result["undone"] is None and set(result) >= KEYS


@pytest.mark.parametrize("trick", [_raises(before=False), _lost, _unreachable])
def test_a_link_that_breaks_after_the_host_was_done(trick: Callable[..., dict[str, Any]]) -> None:
    host = Simulated(description())
    host.tricks[2] = trick
    result = run("https_bindings", wish(host), host)
    assert host.names == ["host_reader", "host_applier", "host_reader"] and host.host.writes == 2 and host.resets == 0
    assert result["failed"] is True and result["changed"] is True and result["error"]["code"] == "connection_lost"
    assert "every change of the plan stands" in said(result) and "Run the task again" in said(result)
    assert result["after"]["bindings"][1]["ssl_flags"] == 1 and result["diff"]["after"] != ""
    again = run("https_bindings", wish(host), host)
    assert again["changed"] is False and host.names[-1] == "host_reader"


def test_a_link_that_breaks_halfway() -> None:
    host = Simulated(description())

    def halfway(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
        del args["steps"][1:]
        answer()
        raise ConnectionError("reset")

    host.tricks[2] = halfway
    result = run("https_bindings", wish(host), host)
    assert "a part of the plan stands" in said(result) and result["changed"] is True
    assert len(result["after"]["records"]) == 2 and result["after"]["bindings"] == result["before"]["bindings"]
    assert run("https_bindings", wish(host), host)["changed"] is True
    assert host.host.served("10.0.0.5", 443, "api.example.com") == host.thumbprint(API)


def test_a_session_that_ended_with_the_link_is_opened_anew() -> None:
    host = Simulated(description())
    host.tricks[2], host.tricks[3] = _raises(before=False), _raises(before=True)
    result = run("https_bindings", wish(host), host)
    assert host.names == ["host_reader", "host_applier", "host_reader", "host_reader"] and host.resets == 1
    assert "every change of the plan stands" in said(result)


def test_a_link_that_stays_broken_leaves_nothing_claimed() -> None:
    host = Simulated(description())
    for number in (2, 3, 4):
        host.tricks[number] = _raises(before=True)
    result = run("https_bindings", wish(host), host)
    assert result["failed"] is True and "it is not known which steps were carried out" in said(result)
    assert result["after"] is None and result["diff"] is None and result["findings"] is None
    assert host.names.count("host_applier") == 1


def test_a_run_that_has_not_finished_on_the_host_is_named() -> None:
    host = Simulated(description())
    host.tricks[2] = _raises(before=True)
    journal = {"run": "4711", "started": "2026-11-24T12:00:00Z", "steps": 3, "done": 1}
    host.tricks[3] = lambda args, answer: {"contract": 1, "document": {**host.host.read(), "journal": journal}}
    assert "Run 4711 has not finished on the host" in said(run("https_bindings", wish(host), host))


def _dies(host: Simulated, at_call: int) -> None:
    host.host.plan(fault({"fault": "crash", "at_call": at_call}))

    def died(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
        with pytest.raises(Died):
            answer()
        return {"failed": True, "msg": "Module result deserialization failed: no JSON"}

    host.tricks[2] = died


@pytest.mark.parametrize("at_call", [1, 2])
def test_a_run_that_died_is_undone_before_the_next_one_plans(at_call: int) -> None:
    host = Simulated(description())
    before = host.host.read()["records"], host.host.read()["sites"]
    _dies(host, at_call)
    first = run("https_bindings", wish(host), host)
    assert first["error"]["code"] == "connection_lost" and "Run simulated-" in said(first)
    host.calls.clear()
    host.tricks.clear()
    dry = run("https_bindings", wish(host), host, check_mode=True)
    assert dry["failed"] is True and "did not finish" in said(dry) and host.names == ["host_reader"]
    second = run("https_bindings", wish(host), host)
    assert host.names[1:] == ["host_reader", "host_applier", "host_applier"]
    assert second["changed"] is True and "failed" not in second
    assert second["warnings"] == ["Run simulated-1 had not finished on WEB01 and was undone first"] or at_call == 2
    assert [item["key"] for item in second["before"]["records"]] == [item["key"] for item in before[0]]
    assert host.host.served("10.0.0.5", 443, "api.example.com") == host.thumbprint(API)


def test_what_a_dead_run_left_is_undone_even_where_nothing_is_left_to_do() -> None:
    host = Simulated(description())
    _dies(host, 1)
    run("https_bindings", wish(host), host)
    host.tricks.clear()
    nothing = {"bindings": [{"site": "Shop", "host": "shop.example.com"}]}
    result = run("https_bindings", nothing, host)
    assert result["changed"] is True and result["plan"] == [] and len(result["warnings"]) == 1
    again = run("https_bindings", nothing, host)
    assert again["changed"] is False and "warnings" not in again


def test_a_dead_run_over_which_somebody_else_has_written_is_left_alone() -> None:
    host = Simulated(description())
    _dies(host, 2)
    run("https_bindings", wish(host), host)
    host.tricks.clear()
    host.host.plan(
        fault({"fault": "other_writer", "do": [{"change": "record_delete", "family": "hostnameport", "key": KEY}]})
    )
    result = run("https_bindings", wish(host), host)
    assert result["failed"] is True and result["changed"] is False and result["error"]["code"] == "journal_conflict"
    assert "somebody else has written since" in said(result) and result["error"]["place"] == f"hostnameport {KEY}"


def test_a_host_that_cannot_be_reached_at_all_is_left_to_ansible() -> None:
    host = Simulated(description())
    host.tricks[1] = lambda args, answer: {"unreachable": True, "msg": "no route"}
    with pytest.raises(AnsibleConnectionFailure, match="no route"):
        run("https_bindings", wish(host), host)


@pytest.mark.parametrize("fault_", [ConnectionError("reset\n by peer"), OSError()])
def test_a_link_that_breaks_while_the_host_is_read(fault_: Exception) -> None:
    host = Simulated(description())

    def breaks(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
        raise fault_

    host.tricks[1] = breaks
    result = run("https_bindings", wish(host), host)
    words = "reset by peer" if str(fault_) else "OSError"
    assert said(result) == (
        f"The link to the host broke while it was read ({words}); nothing was changed. Run the task again."
    )
    assert result["failed"] is True and result["changed"] is False and result["error"]["code"] == "connection_lost"
    assert host.names == ["host_reader"]


def test_a_link_that_breaks_while_a_dead_run_is_undone() -> None:
    host = Simulated(description())
    _dies(host, 1)
    run("https_bindings", wish(host), host)
    host.tricks = {5: _raises(before=False)}
    result = run("https_bindings", wish(host), host)
    assert host.names[3:] == ["host_reader", "host_applier"] and result["error"]["code"] == "connection_lost"
    assert "while run simulated-1 was being undone (connection reset by peer); how far that came is not known" in said(
        result
    )
    assert run("https_bindings", wish(host), host)["changed"] is True

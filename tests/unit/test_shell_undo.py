# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that fails and of which the undo fails, too: what is said of each binding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.faults import fault
from support.actions import Simulated, description, https, run
from support.texts import said

Answer = Callable[[], dict[str, Any]]


def stuck(count: int) -> tuple[Simulated, dict[str, Any], list[str]]:
    """A host that loses so many bindings, then refuses to delete their record, and to put them back; the request, and their names."""
    names = [f"n{number:02}.example.com" for number in range(count)]
    sites = [{"id": 1, "name": "Shop", "state": "Started", "bindings": [https(f"*:443:{name}") for name in names]}]
    host = Simulated(description(sites=sites), "fail_call:2")
    host.host.plan(fault({"fault": "refuse", "code": "config_locked", "during": "undo"}))
    return host, {"bindings": [{"site": "Shop", "host": name, "state": "absent"} for name in names]}, names


def put(result: dict[str, Any], name: str, now: str) -> bool:
    return f"binding Shop *:443:{name}: there is {now}, before the run there was one with sslFlags=0." in said(result)


def test_each_binding_that_an_undo_has_left_is_named() -> None:
    host, asked, names = stuck(3)
    result = run("https_bindings", asked, host)
    assert (result["error"]["code"], result["undone"]) == ("access_denied", "partial")
    assert all(put(result, name, "none") for name in names)


def test_a_binding_that_somebody_has_put_back_is_not_named_and_one_with_other_flags_is_named_with_them() -> None:
    host, asked, names = stuck(3)

    def others(args: dict[str, Any], answer: Answer) -> dict[str, Any]:
        done = answer()
        there = [https(f"*:443:{name}") for name in names[:2]]
        host.host.iis.sites[0]["bindings"] += [there[0], {**there[1], "ssl_flags": 32}]
        return {**done, "document": host.host.read()}

    host.tricks[2] = others
    result = run("https_bindings", asked, host)
    assert f"*:443:{names[0]}" not in said(result)
    assert put(result, names[1], "one with sslFlags=32") and put(result, names[2], "none")


def test_of_many_bindings_that_an_undo_has_left_the_first_are_named() -> None:
    host, asked, _names = stuck(12)
    words = said(run("https_bindings", asked, host))
    assert words.count("there is none") == 10 and "Not undone: 2 more, see after." in words


def test_of_a_host_that_could_not_be_read_again_nothing_is_named() -> None:
    host, asked, names = stuck(1)
    host.tricks[2] = lambda args, answer: {**answer(), "document": None}
    result = run("https_bindings", asked, host)
    assert result["undone"] == "partial" and names[0] not in said(result) and "Not undone: " in said(result)

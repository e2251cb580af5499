# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guarded changes through the real ansible-playbook: one host keeps its change, another one loses its link and goes back by itself."""

from __future__ import annotations

from typing import Any

import pytest
from e2e import hosts
from e2e.conftest import Start
from e2e.fleet import Fleet
from engine.harness.lane import missing

MODULE, NAME = "tlsfleet.iis.https_bindings", "shop.example.com"
READ, GUARD = "host_reader", "host_guard"


def tasks(guarded: bool = True) -> list[dict[str, Any]]:
    wish = {"site": "Shop", "host": NAME, "certificate": {"thumbprint": "{{ wished[inventory_hostname] }}"}}
    see = {"endpoints": [{"address": "10.0.0.5", "sni": NAME}], "connect_to": "{{ tlsfleet_connect_to }}"}
    guard = {"guard": {"minutes": 10}} if guarded else {}
    return [
        {"name": "declare", MODULE: {"bindings": [wish], **guard}, "ignore_errors": True},
        {"name": "see", "tlsfleet.iis.https_endpoint_info": see},
    ]


def calls(fleet: Fleet, host: str) -> list[str]:
    return [str(entry["module"]).rpartition(".")[2] for entry in fleet.transcript(host) if entry["kind"] == "call"]


@pytest.mark.parametrize(
    "engine",
    [
        "model",
        pytest.param(
            "mono", marks=[pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
        ),
    ],
)
def test_a_host_that_cannot_be_reached_after_its_change_goes_back(engine: str, start: Start) -> None:
    fleet = start(hosts.host("kept"), hosts.host("lost"), engine=engine)
    wished = {host: fleet.thumbprint(host, hosts.SHOP_NEW) for host in ("kept", "lost")}
    variables = {"vars": {"wished": wished}}
    # from the third command on: what would tell the host to keep its change
    fleet.fault("lost", "drop", at="command", skip=2, times="always")

    first = fleet.play(tasks(), play=variables)
    kept, lost = first.of("declare", "kept"), first.of("declare", "lost")
    assert (kept.status, kept["changed"]) == ("ok", True) and calls(fleet, "kept") == [READ, GUARD, GUARD]
    assert lost.status == "failed" and lost["error"]["code"] == "connection_lost", lost.value
    assert "could not be told to keep it" in lost.said and calls(fleet, "lost") == [READ, GUARD]
    assert [first.of("see", host)["endpoints"][0]["served"] for host in wished] == list(wished.values())

    for host in wished:
        fleet.wait(host, 10)
    fleet.heal()
    looked = fleet.play(tasks()[1:])
    seen = {host: looked.of("see", host)["endpoints"][0]["served"] for host in wished}
    assert seen == {"kept": wished["kept"], "lost": fleet.thumbprint("lost", hosts.SHOP)}

    again = fleet.play(tasks(guarded=False), play=variables)
    assert again.of("declare", "kept")["changed"] is False and "warnings" not in again.of("declare", "kept").value
    lost = again.of("declare", "lost")
    assert (lost.status, lost["changed"]) == ("ok", True) and "its guard undid it at" in lost["warnings"][0]
    assert again.of("see", "lost")["endpoints"][0]["served"] == wished["lost"]
    assert "its guard undid it at" in again.output

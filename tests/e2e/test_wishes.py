# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new name, options, the central store and a certificate by a rule, through the real ansible-playbook."""

from __future__ import annotations

from typing import Any

import pytest
from e2e import hosts
from e2e.conftest import Start
from e2e.test_change import MODULE, served, wish

STORE = "store.example.com"


@pytest.mark.parametrize("engine", ["model", pytest.param("mono", marks=pytest.mark.mono)])
def test_new_name_options_central_store_and_a_rule_in_two_calls(engine: str, start: Start) -> None:
    described = hosts.host(central_store={"enabled": True, "files": ["api.example.com.pfx"]})
    described["certificates"][1]["names"] = ["shop.example.com", STORE]
    fleet = start(described, engine=engine)
    new = fleet.thumbprint("web01", hosts.SHOP_NEW)
    rename = wish("Shop", STORE, replaces={"host": "shop.example.com"})
    rule = {"names": [STORE], "min_days": 30, "stores": ["MY"]}
    central = wish("Api", "api.example.com", central_store=True)
    strict = {"disable_legacy_tls": True, "negotiate_client_certificate": False, "ctl_store": "Partners"}
    tasks: list[dict[str, Any]] = [
        {
            "name": "refuse",
            MODULE: {"bindings": [{**central, "options": {"disable_http2": True}}]},
            "ignore_errors": True,
        },
        {
            "name": "change",
            MODULE: {"bindings": [{**rename, "certificate": {"select": rule}, "options": strict}, central]},
        },
        {"name": "again", MODULE: {"bindings": [{**rename, "options": strict}, central]}},
    ]
    played = fleet.play(tasks)
    refused, done, again = played.of("refuse"), played.of("change"), played.of("again")
    assert [item["path"] for item in refused["problems"]] == ["bindings[0].options.disable_http2"]
    assert [step["op"] for step in done["plan"]].count("bindings") == 1 and len(_edits(done)) == 2
    assert all(edit["before"] and edit["after"] for edit in _edits(done))
    assert [item["thumbprint"] for item in done["chosen"]] == [new]
    bindings = {item["host"]: item["ssl_flags"] for item in done["after"]["bindings"]}
    assert bindings == {STORE: 65, "api.example.com": 3}
    records = {item["key"]: item for item in done["after"]["records"]}
    assert (records[f"{STORE}:443"]["flags"], records[f"{STORE}:443"]["ctl_store"]) == (0x400, "Partners")
    assert records["443"]["thumbprint"] is None
    assert not {"shop.example.com:443", "api.example.com:443"} & set(records)
    assert {probe["verdict"] for probe in done["probes"]} == {"right"}
    assert again["changed"] is False and again["plan"] == []
    assert fleet.calls("web01") == 3
    seen = served(
        fleet, *({"address": "10.0.0.5", "sni": name} for name in (STORE, "api.example.com", "shop.example.com"))
    )
    assert seen[0] == new and seen[1] not in (None, fleet.thumbprint("web01", hosts.API)) and seen[2] is None


def _edits(result: Any) -> list[dict[str, Any]]:
    return [edit for step in result["plan"] for edit in step.get("edits") or ()]

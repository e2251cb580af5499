# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that reach further than one binding, through the real ansible-playbook: what is not named goes."""

from __future__ import annotations

from e2e import hosts
from e2e.conftest import Start
from e2e.test_change import declare, served, wish


def test_what_is_not_named_goes_and_what_others_use_stays(start: Start) -> None:
    described = hosts.host()
    described["sites"][0]["bindings"] += [hosts.https("*:443:gone.example.com"), hosts.https("[::]:4433:", 0)]
    fleet = start(described)
    shop = wish("Shop", "shop.example.com")
    refused = declare(fleet, shop, remove_others={"scope": "host", "at_most": 1}).of("declare")
    assert refused.status == "failed" and "remove_others.at_most" in refused["msg"] and fleet.calls("web01") == 1
    done = declare(fleet, shop, remove_others={"scope": "listed_sites"}).of("declare")
    assert [item["host"] for item in done["after"]["bindings"]] == ["shop.example.com", "", "api.example.com"]
    keys = {item["key"] for item in done["before"]["records"]} - {item["key"] for item in done["after"]["records"]}
    assert keys == {"gone.example.com:443"}
    assert any(note.startswith("Shop/[::]:4433: stays") for note in done["notes"])
    assert {probe["verdict"] for probe in done["probes"]} == {"right"}
    again = declare(fleet, shop, remove_others={"scope": "listed_sites"}).of("declare")
    assert again["changed"] is False
    seen = served(fleet, *({"address": "10.0.0.5", "sni": name} for name in ("shop.example.com", "api.example.com")))
    assert seen == [fleet.thumbprint("web01", name) for name in (hosts.SHOP, hosts.API)]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that reach further than one binding, through the real ansible-playbook: what is not named goes, and a record for
every address is replaced under a bridge.
"""

from __future__ import annotations

import pytest
from e2e import hosts
from e2e.conftest import Start
from e2e.test_change import declare, served, wish


def test_what_is_not_named_goes_and_what_others_use_stays(start: Start) -> None:
    described = hosts.host()
    described["sites"][0]["bindings"] += [hosts.https("*:443:gone.example.com"), hosts.https("[::]:4433:", 0)]
    fleet = start(described)
    shop = wish("Shop", "shop.example.com")
    refused = declare(fleet, shop, remove_others={"scope": "host", "at_most": 1}).of("declare")
    assert refused.status == "failed" and "remove_others.at_most" in refused.said and fleet.calls("web01") == 1
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


ADDRESSES = ("10.0.0.5", "10.0.0.6", "2001:db8::5")
OLD = (
    {"name": "Windows Server 2008 R2", "build": "6.1.7601", "iis": "7.5"},
    {"name": "Windows Server 2012 R2", "build": "6.3.9600", "iis": "8.5"},
)


@pytest.mark.parametrize("windows", OLD, ids=lambda item: item["name"])
def test_a_record_for_every_address_is_replaced_and_no_handshake_fails(windows: dict[str, str], start: Start) -> None:
    """Without Update, looked at on every address and with every kind of name after every single call."""
    flags = None if windows["iis"] == "7.5" else 0
    names = (None, "shop.example.com", "stranger.example.net")
    watch = [{"address": address, "port": 443, "sni": name} for address in ADDRESSES for name in names]
    described = hosts.host(
        os={**windows, "language": "en-US"},
        sites=[hosts.site(1, "Shop", hosts.https("*:443:", flags))],
        records=[hosts.record("0.0.0.0:443", hosts.SHOP), hosts.record("10.0.0.6:443", hosts.OLD, hosts.SSTP)],
        local_addresses=list(ADDRESSES),
        update_exported=False,
        http_ports=[],
        watch=watch,
    )
    fleet = start(described)
    old, new, other = (fleet.thumbprint("web01", name) for name in (hosts.SHOP, hosts.SHOP_NEW, hosts.OLD))
    done = declare(fleet, wish("Shop", "", new)).of("declare")
    assert done["changed"] is True and not any(item["gap"] for item in done["affected"])
    assert [item["key"] for item in done["after"]["records"]] == ["0.0.0.0:443", "10.0.0.6:443"]
    assert {probe["verdict"] for probe in done["probes"]} == {"right"}
    call = next(item for item in fleet.transcript("web01") if item["kind"] == "call" and item["calls"])
    assert sum("HttpDelete" in moment for moment in call["calls"]) == 5  # four addresses and the record itself
    shown = list(zip(*call["shown"], strict=True))
    for endpoint, certificates in zip(watch, shown, strict=True):
        if endpoint["address"] == "10.0.0.6":
            assert set(certificates) == {other}
        else:  # from the old one to the new one, once, and never back, nor to nothing
            assert list(certificates) == sorted(certificates, key=[old, new].index) and certificates[-1] == new
    assert declare(fleet, wish("Shop", "", new)).of("declare")["changed"] is False
    seen = served(fleet, *({"address": address} for address in ADDRESSES))
    assert seen == [new, other, new]


def test_beside_a_record_by_name_the_gap_is_announced_and_needs_consent(start: Start) -> None:
    described = hosts.host(
        os={**OLD[1], "language": "en-US"},
        sites=[hosts.site(1, "Shop", hosts.https("*:443:", 0), hosts.https("*:443:api.example.com"))],
        records=[hosts.record("0.0.0.0:443", hosts.SHOP), hosts.record("api.example.com:443", hosts.API)],
        update_exported=False,
        http_ports=[],
    )
    fleet = start(described)
    new = fleet.thumbprint("web01", hosts.SHOP_NEW)
    refused = declare(fleet, wish("Shop", "", new)).of("declare")
    assert refused.status == "failed" and "allow.gap" in refused.said and fleet.calls("web01") == 1
    done = declare(fleet, wish("Shop", "", new), allow={"gap": True}).of("declare")
    assert done["changed"] is True and any(item["gap"] for item in done["affected"])

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that leaves an error where it was at work warns about it; one that was undone says what to do."""

from __future__ import annotations

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.results import failure
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.reply import HostError
from support.actions import API, SHOP, Simulated, description, run
from support.texts import said


def test_an_error_that_a_change_leaves_at_what_it_touched_is_a_warning() -> None:
    host = Simulated(description())
    # keeps the shop's certificate
    alone = {"bindings": [{"site": "Api", "host": "api.example.com", "sni": "required"}]}
    told = run("https_bindings", alone, host, check_mode=True)["warnings"]
    assert told == [
        "WEB01: this change leaves certificate_name_mismatch Api/*:443:api.example.com: the certificate of record "
        "hostnameport api.example.com:443 is for shop.example.com, not for api.example.com"
    ]
    assert run("https_bindings", alone, host)["warnings"] == told
    assert "warnings" not in run("https_bindings", alone, host)  # nothing is changed any more


def test_an_error_elsewhere_is_no_warning_of_a_change_and_many_are_counted() -> None:
    host = Simulated(description())
    names = [f"n{number}.example.com" for number in range(8)]
    many = {
        "bindings": [
            {"site": "Api", "host": name, "sni": "required", "certificate": {"thumbprint": host.thumbprint(API)}}
            for name in names
        ]
    }
    told = run("https_bindings", many, host)["warnings"]
    assert len(told) == 6 and told[-1] == "WEB01: this change leaves 3 more, see findings"
    own = {
        "site": "Shop",
        "host": "shop.example.com",
        "port": 8443,
        "certificate": {"thumbprint": host.thumbprint(SHOP)},
    }
    after = run("https_bindings", {"bindings": [own]}, host, check_mode=True)
    assert len([item for item in after["findings"] if item["severity"] == "error"]) >= 8 and "warnings" not in after


def test_a_host_that_says_only_what_it_saw_is_given_words_on_what_to_do() -> None:
    saw = "10.0.0.5:443 shop.example.com: expected AB, saw no handshake"
    told = said(failure(HostError(saw, "probe_unverified", "expected AB, saw no handshake"), "complete"))
    assert told.startswith(f"{saw}. Everything done so far was undone. See whether the site runs")
    assert "probe.on_unverified: ignore" in told
    own = said(failure(HostError(saw, "probe_unverified", "Start the site"), "complete"))
    assert own.endswith("was undone. Start the site.")

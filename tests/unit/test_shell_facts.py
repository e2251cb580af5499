# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""https_bindings_facts: small enough for any cache, honest about what was cut, and nothing in it that rots."""

from __future__ import annotations

import json

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.facts import facts
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.actions import SHOP, Simulated, certificate, description, run
from support.certificates import NOW


def test_facts_are_dates_and_say_when() -> None:
    host = Simulated(description())
    result = run("https_bindings_facts", {}, host)
    assert list(result["ansible_facts"]) == ["iis_https"] and host.names == ["host_reader"]
    fact = result["ansible_facts"]["iis_https"]
    assert fact["judged_at"] == "2026-11-24T12:00:00Z" and fact["simulated"] is True and fact["truncated"] == {}
    served = fact["certificates"][0]
    assert served["thumbprint"] == host.thumbprint(SHOP) and served["not_after"] == "2027-09-20T12:00:00Z"
    assert "days_left" not in json.dumps(fact)


def test_facts_fit_into_32_kilobytes_and_say_what_was_cut() -> None:
    names = [f"name-{number}.example.com" for number in range(400)]
    bindings = [{"protocol": "https", "information": f"*:443:{name}", "ssl_flags": 1} for name in names]
    extra = [certificate(f"{number:040X}", name) for number, name in enumerate(names, 16)]
    host = Simulated(
        description(
            sites=[{"id": 1, "name": "Many", "state": "Started", "bindings": bindings}],
            certificates=[certificate(SHOP, "shop.example.com"), *extra],
        )
    )
    fact = run("https_bindings_facts", {}, host)["ansible_facts"]["iis_https"]
    assert len(json.dumps({"iis_https": fact})) <= 32 * 1024
    whole = facts(parse_document(host.host.read()), NOW, limit=10**9)
    assert whole["truncated"] == {} and fact["truncated"]
    for name in ("certificates", "endpoint_classes", "bindings", "findings"):
        kept = len(fact[name])
        assert fact[name] == whole[name][:kept]
        assert fact["truncated"].get(name, 0) == len(whole[name]) - kept
    # nothing that matters more is cut before all of what matters less is gone
    assert fact["certificates"] == [] and fact["endpoint_classes"] == [] and fact["bindings"] == []
    assert len(fact["findings"]) > 0
    one_more = {**fact, "findings": whole["findings"][: len(fact["findings"]) + 1]}
    assert len(json.dumps({"iis_https": one_more})) > 32 * 1024 - 100

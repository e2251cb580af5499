# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read fits a terminal, with the longest names Windows allows; and it says what stays."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.explain import explain
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import info
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.lines import fold
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.plan_words import plan_lines
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.results import predicted
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, record, site, stored

LONG = ".".join(["a" * 60, "b" * 60, "c" * 60, "d" * 60])
SITE = "A site whose name somebody chose at length and with a line\n" + "s" * 120
OLD, NEW = stored(f"short.example {LONG}"), stored(f"brief.example {LONG}")


def told(*wishes: dict[str, Any]) -> dict[str, Any]:
    sites = [site(SITE, f"*:443:{LONG}=1", "*:443:other.example=1"), site("Far", "*:8443:far.example=1")]
    records = [
        record(f"{name}:{port}", OLD) for name, port in ((LONG, 443), ("other.example", 443), ("far.example", 8443))
    ]
    host = parse_document(document(sites=sites, records=records, certificates=[OLD, NEW]))
    plan = make_plan(host, parse_request({"bindings": list(wishes)}), NOW)
    return {**predicted(plan), "info": info(host, [], NOW)}


ROTATED = {"site": SITE, "host": LONG, "certificate": {"thumbprint": NEW["thumbprint"]}}


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_longer_than_asked_for(width: int) -> None:
    result = told(ROTATED, {"site": "Far", "host": "far.example", "state": "absent"})
    lines = plan_lines(result, result["info"]["certificates"], width) + explain(result["info"], width)
    assert max(map(len, lines)) <= width
    assert LONG in "".join(line.strip() for line in lines)  # broken, not cut
    assert max(len(line) for side in ("before", "after") for line in result["diff"][side].splitlines()) < 100


def test_a_plan_says_what_stays_on_the_ports_it_touches_and_of_no_other() -> None:
    result = told(ROTATED)
    kept = {"port": 443, "bindings": [f"{SITE}/*:443:other.example".replace("\n", "\\x0a")]}
    assert result["stays"] == [{**kept, "records": ["hostnameport other.example:443"]}]
    assert "1 record (hostnameport other.example:443)" in " ".join(line.strip() for line in plan_lines(result))


def test_what_does_not_stay_is_not_said_to_stay() -> None:
    assert told(ROTATED, {"site": SITE, "host": "other.example", "state": "absent"})["stays"] == [
        {"port": 443, "bindings": [], "records": []}
    ]
    assert told({"site": SITE, "host": LONG})["stays"] == []


def test_fold_breaks_between_words_and_writes_out_what_cannot_be_seen() -> None:
    assert fold("one two-three four\x1b", 40, rest="    ") == ["one two-three four\\x1b"]
    assert fold("word " * 20, 40, "- ", "  ")[1] == "  word word word word word word word"
    assert max(map(len, fold("\x1b" * 100, 50))) <= 50

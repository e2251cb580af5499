# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read fits a terminal, with the longest names Windows allows; and it says what stays."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.explain import explain
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import info
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.lines import fold, message, whole
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.plan_words import plan_lines
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.results import failure, predicted, refusal
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.reply import HostError
from support.certificates import NOW
from support.documents import document, record, site, stored

LONG = ".".join(["a" * 60, "b" * 60, "c" * 60, "d" * 60])
SITE = "A site whose name somebody chose at length and with a line\n" + "s" * 120
OLD, NEW = stored(f"short.example {LONG}"), stored(f"brief.example {LONG}")


DOCUMENT = document(
    sites=[site(SITE, f"*:443:{LONG}=1", "*:443:other.example=1"), site("Far", "*:8443:far.example=1")],
    records=[
        record(f"{name}:{port}", OLD) for name, port in ((LONG, 443), ("other.example", 443), ("far.example", 8443))
    ],
    certificates=[OLD, NEW],
)


def told(*wishes: dict[str, Any]) -> dict[str, Any]:
    host = parse_document(DOCUMENT)
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


HELD = {
    "Shop": {"site": SITE, "host": LONG, "port": 8443, "certificate": {"thumbprint": "AB" * 20}, "sni": "required"},
    "Nowhere": {"site": "Nowhere" * 30, "host": f"a{LONG}"[:250], "certificate": {"thumbprint": NEW["thumbprint"]}},
}
#: What Ansible puts before the first line of a message, and before each line of it in YAML.
BEFORE_THE_FIRST, BEFORE_EACH = len("[ERROR]: Task failed: Action failed: "), 8


def refused_lines(msg: str) -> list[str]:
    """The lines of a refusal as a terminal gets them."""
    lines = msg.splitlines()
    return ["x" * BEFORE_THE_FIRST + lines[0], *("x" * BEFORE_EACH + line for line in lines)]


def test_no_line_of_a_refusal_is_longer_than_a_terminal_and_its_data_is_one_item_per_fault() -> None:
    with pytest.raises(Invalid) as refused:
        make_plan(parse_document(DOCUMENT), parse_request({"bindings": list(HELD.values())}), NOW)
    result = refusal(refused.value.problems, None)
    assert len(result["problems"]) == len(refused.value.problems) >= 2
    assert max(map(len, refused_lines(result["msg"]))) <= 100
    for problem, line in zip(refused.value.problems, whole(result["msg"]).splitlines(), strict=True):
        # what is longer than a line is broken anywhere
        assert line.replace(" ", "") == str(problem).replace(" ", "")
    assert [line for line in result["msg"].splitlines() if not line.startswith("    ")] == [
        line for line in result["msg"].splitlines() if line.startswith("bindings[")
    ]


def test_a_broken_message_is_whole_again_for_data() -> None:
    text = "\n".join([" ".join(["word"] * 60), "short", " ".join(["others"] * 40)])
    assert whole(message(text)) == text and message(whole(message(text))) == message(text)
    assert max(map(len, refused_lines(message(text)))) <= 100 and message("") == "" and message("one") == "one"
    assert message(message(text)) == message(text)


def test_an_error_of_a_host_fits_too() -> None:
    error = HostError("the file is locked by " + "somebody " * 30, "config_locked", "Close the editor " * 9)
    result = failure(error, "partial", [f"site {SITE}: {LONG}"])
    assert max(map(len, refused_lines(result["msg"]))) <= 100


def test_fold_breaks_between_words_and_writes_out_what_cannot_be_seen() -> None:
    assert fold("one two-three four\x1b", 40, rest="    ") == ["one two-three four\\x1b"]
    assert fold("word " * 20, 40, "- ", "  ")[1] == "  word word word word word word word"
    assert max(map(len, fold("\x1b" * 100, 50))) <= 50

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page says what the registry says, and the registry says enough."""

from __future__ import annotations

import re

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.finding import Kind
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import KINDS
from support.findings_page import PAGE, page

ROOT, FACTS = PAGE.parents[3], PAGE.parent / "facts.rst"
SUFFIXES = (".py", ".yml", ".rst", ".md")
FACT = re.compile(r"F\d+\.\d+\Z")


def test_the_page_is_the_one_that_the_registry_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "cd tests; python -m support.findings_page"


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_kind_says_what_it_is_why_it_matters_and_what_to_do(kind: Kind) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.id)
    assert kind.severities and set(kind.severities) <= {"error", "warning", "info"}
    assert FACT.match(kind.fact)
    for text in (kind.means, kind.why, kind.mend):
        assert text[0].isupper() or text.startswith(("http.sys", "certutil")), text
        assert text.endswith("."), text
        assert "  " not in text and "\n" not in text
    assert kind.remedy in ("", "bind", "delete", "split")


def test_the_guides_page_and_the_reader_find_each_other() -> None:
    guide = (PAGE.parent / "guide_statements.rst").read_text(encoding="utf-8")
    named = set(re.findall(r"``([a-z]+(?:_[a-z]+)+)``", guide))
    others = {"https_bindings_info", "sni_eligibility_info", "https_explain", "key_failure_ends_selection"}
    assert named - others <= set(KINDS)


def test_every_fact_that_is_cited_can_be_looked_up_and_no_other_is_listed() -> None:
    told = re.findall(
        r"^- \*\*(F\d+\.\d+)\*\*, (?:documented|reported|assumed): [A-Z`0-9h]",
        FACTS.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert told == sorted(set(told), key=lambda name: [int(part) for part in name[1:].split(".")])
    places = [
        path
        for top in ("plugins", "docs")
        for path in (ROOT / top).rglob("*")
        if path.suffix in SUFFIXES and path != FACTS
    ]
    cited = {name for path in places for name in re.findall(r"\bF\d+\.\d{2}\b", path.read_text(encoding="utf-8"))}
    assert set(told) == cited and len(told) > 80

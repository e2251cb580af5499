# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page says what the registry says, and the registry says enough."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.finding import Kind
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import KINDS
from support.findings_page import PAGE, page

ROOT, FACTS = PAGE.parents[3], PAGE.parent / "facts.rst"
FACTS_OF_THE_HOST = ROOT / "docs" / "facts_of_the_host.md"
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


def facts_on(page: Path) -> list[str]:
    line = r"^- \*\*([AF]\d+\.\d+)\*\*, (?:documented|reported|assumed): [A-Z`0-9h]"
    return re.findall(line, page.read_text(encoding="utf-8"), re.MULTILINE)


def cited(*suffixes: str) -> set[str]:
    """Numbers of facts in files of these kinds, the lists themselves aside."""
    paths = [path for top in ("plugins", "docs") for path in (ROOT / top).rglob("*") if path.suffix in suffixes]
    texts = [path.read_text(encoding="utf-8") for path in paths if path not in (FACTS, FACTS_OF_THE_HOST)]
    return {name for text in texts for name in re.findall(r"\b[AF]\d+\.\d{2}\b", text)}


def test_every_fact_that_is_cited_can_be_looked_up_in_one_place_and_no_other_is_listed() -> None:
    """What findings, guides and errors name is on the page for users; what only the code for hosts names is on a page of its own."""
    told, below = facts_on(FACTS), facts_on(FACTS_OF_THE_HOST)
    assert told == sorted(set(told), key=lambda name: [int(part) for part in name[1:].split(".")])
    assert len(told) > 80 and len(below) == len(set(below)) and not set(told) & set(below)
    by_users = cited(".py", ".yml", ".rst", ".md")
    assert {name for name in by_users if name.startswith("F")} == set(told)
    assert (by_users | cited(".cs", ".ps1")) - set(told) == set(below)

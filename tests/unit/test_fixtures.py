# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts, as far as public sources show them: does the core predict what was seen there, and does the lab agree?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Answer, Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import checked_host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from lab.simhost import SimulatedHost
from support.certificates import NOW
from support.schema import valid
from support.sources import HOSTS, MAKER, questions

PAGE = Path(__file__).resolve().parents[2] / "docs" / "real_hosts.md"


class Question(NamedTuple):
    """One question of a fixture, with the host it is about."""

    host: dict[str, Any]
    item: dict[str, Any]

    @property
    def text(self) -> str:
        return f"{self.host['slug']} {self.item['local_address']}:{self.item['port']} {self.item['sni'] or '-'}"


ALL = [Question(HOSTS[one.slug], one.item) for one in questions("served_certificate")]
QUESTIONS = [one for one in ALL if one.item["answer"] != "unknown"]
CERTAIN = [one for one in QUESTIONS if one.item["confidence"] != "inferred"]
INFERRED = [one for one in QUESTIONS if one.item["confidence"] == "inferred"]


def test_there_are_enough_questions() -> None:
    assert len(HOSTS) == 26
    assert len(CERTAIN) >= 40


@pytest.mark.parametrize("host", HOSTS.values(), ids=list(HOSTS))
def test_every_host_gives_a_valid_document_and_findings(host: dict[str, Any]) -> None:
    document = SimulatedHost(host, MAKER).read()
    parsed = parse_document(valid(document))
    assert parsed.simulated
    assert all(finding.evidence for finding in find(parsed, NOW))


@pytest.mark.parametrize("question", CERTAIN, ids=[one.text for one in CERTAIN])
def test_what_was_seen_is_predicted_and_simulated(question: Question) -> None:
    predicted, simulated = _answers(question)
    assert _fits(question, predicted)
    assert predicted.identity == simulated


@pytest.mark.parametrize("question", INFERRED, ids=[one.text for one in INFERRED])
def test_where_a_source_only_infers_core_and_lab_agree(question: Question, record_property: Any) -> None:
    predicted, simulated = _answers(question)
    record_property("differs from the inferred answer", not _fits(question, predicted))
    assert predicted.identity == simulated


def test_which_inferred_answers_differ_is_known() -> None:
    """A change of rules that moves one of these is to be noticed."""
    differing = [one.text for one in INFERRED if not _fits(one, _answers(one)[0])]
    assert differing == []


def test_the_page_counts_the_questions_and_lists_each_inferred_one() -> None:
    kinds = {kind: questions(kind) for kind in ("served_certificate", "findings", "safe_change")}
    text = PAGE.read_text(encoding="utf-8")
    listed = [line for line in text.splitlines() if line.startswith("| `") and " inferred: " in line]
    inferred = [one for asked in kinds.values() for one in asked if one.inferred]
    assert sorted(line.split("`")[1] for line in listed) == sorted(one.slug for one in inferred)
    assert f"{len(HOSTS)} hosts, {sum(map(len, kinds.values()))} questions" in text
    for kind, asked in kinds.items():
        sure = [one for one in asked if not one.inferred]
        assert f"| {kind} | {len(asked)} | {len(sure)} | {len(asked) - len(sure)} |" in text


def _answers(question: Question) -> tuple[Answer, str | None]:
    host = SimulatedHost(question.host, MAKER)
    endpoint = _endpoint(question.item)
    answer = Resolver(parse_document(host.read())).answer(endpoint)
    return answer, host.served(endpoint.address, endpoint.port, endpoint.sni)


def _endpoint(item: dict[str, Any]) -> Endpoint:
    return Endpoint(item["local_address"], item["port"], checked_host(item["sni"]) if item["sni"] else None)


def _fits(question: Question, answer: Answer) -> bool:
    expected = question.item["answer"]
    if expected.startswith("ccs:"):
        return answer.identity == f"file:{expected.removeprefix('ccs:')}"
    if expected == "fail:no_endpoint":
        return answer.outcome in ("no_record", "not_listening")
    if expected.startswith("fail:"):
        return answer.outcome == expected.removeprefix("fail:")
    host = SimulatedHost(question.host, MAKER)
    return answer.outcome == "served" and answer.served == host.thumbprints[expected.upper()]

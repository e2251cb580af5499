# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``--engine mono``, the changing half: the shipped C# changes hosts of the lab, and planned faults reach it there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.harness.lane import APPLY, missing
from lab.applier import Died
from lab.certificates import Maker
from lab.descriptions import load
from lab.faults import fault
from lab.mono import Mono
from lab.simhost import APPLIER, READER, SimulatedHost

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
HOSTS = Path(__file__).resolve().parents[1] / "demo" / "hosts"
READ = {"contract": 1, "certificates": "referenced", "key_check": "metadata"}


@pytest.fixture(scope="module")
def mono(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mono]:
    engine = Mono(tmp_path_factory.mktemp("lab"))
    yield engine
    engine.close()


@pytest.fixture
def both(mono: Mono) -> tuple[SimulatedHost, SimulatedHost]:
    """The same host twice: changed by the model, and changed by the C#."""
    maker = Maker()
    description = next(item for item in load(HOSTS) if item["slug"] == "web-2022")
    own, other = SimulatedHost(description, maker), SimulatedHost(description, maker)
    mono.attach(other)
    return own, other


def plan(host: SimulatedHost) -> list[dict[str, Any]]:
    """A record and a binding on a port that nobody listens on yet, a certificate changed in place, and a look at all of it."""
    names = (
        "thumbprint",
        "store",
        "app_id",
        "flags",
        "check_mode",
        "freshness",
        "timeout",
        "ctl_identifier",
        "ctl_store",
    )
    record = next(
        item for item in host.http.records.values() if item["family"] == "hostnameport" and item["thumbprint"]
    )
    before = {name: record[name] for name in names}
    usable = [item for item in host.http.records.values() if item["thumbprint"] not in (None, before["thumbprint"])]
    thumbprint = next(item["thumbprint"] for item in usable if host.http.lookup(item["thumbprint"], "MY") == "ok")
    address, name = host.addresses[0], record["key"].partition(":")[0]
    added = {"protocol": "https", "information": f"*:9443:{name}", "ssl_flags": 1}
    site = next(site["name"] for site in host.iis.sites if site["state"] == "started")
    after = {**before, "thumbprint": thumbprint}
    look = {"address": address, "sni": name, "expect": thumbprint}
    return [
        {"op": "record_set", "family": "hostnameport", "key": f"{name}:9443", "before": None, "after": after},
        {"op": "bindings", "edits": [{"site": site, "position": None, "before": None, "after": added}]},
        {"op": "record_update", "family": "hostnameport", "key": record["key"], "before": before, "after": after},
        {"op": "probe", "endpoints": [{**look, "port": 443}, {**look, "port": 9443}, {**look, "port": 9443, "sni": None, "expect": None}]},
    ]  # fmt: skip


def state(host: SimulatedHost) -> tuple[Any, Any, set[int]]:
    return host.http.records, host.iis.sites, host.ports()


def call(host: SimulatedHost, steps: list[dict[str, Any]], check_mode: bool = False) -> dict[str, Any]:
    return host.call(
        APPLIER,
        {**APPLY, "computer": host.name, "read": {"certificates": "all", "key_check": "open"}, "steps": steps},
        check_mode,
    )


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """All but the document and the words for people."""
    error = answer["error"] and {name: value for name, value in answer["error"].items() if name != "hint"}
    return {name: answer.get(name) for name in ("changed", "applied", "undone", "probes", "failed")} | {"error": error}


def test_both_engines_do_the_same(both: tuple[SimulatedHost, SimulatedHost]) -> None:
    seen: list[list[str]] = []
    answers = []
    for host in both:
        seen.append([])
        host.observer = seen[-1].append
        answers.append(call(host, plan(host)))
    assert told(answers[0]) == told(answers[1]) and answers[0]["error"] is None
    assert [row["verdict"] for row in answers[1]["probes"]] == ["right"] * 3
    assert seen[0] == seen[1] and len(seen[1]) == 3
    assert state(both[0]) == state(both[1]) and 9443 in both[1].ports()
    assert 9443 in answers[1]["document"]["http_ports"]


def test_check_mode_is_refused(both: tuple[SimulatedHost, SimulatedHost]) -> None:
    answers = [call(host, plan(host), True) for host in both]
    assert [answer["error"]["code"] for answer in answers] == ["check_mode_refused"] * 2


@pytest.mark.parametrize(
    ("planned", "code"),
    [
        ({"fault": "refuse", "code": "key_unusable", "at_call": 3}, "key_unusable"),
        ({"fault": "refuse", "code": "access_denied", "at_call": 2}, "access_denied"),
        ({"fault": "disk_full"}, "internal"),
        ({"fault": "disk_full", "at_call": 2}, "internal"),
        ({"fault": "seeded", "name": "swapped_certificate"}, "probe_wrong"),
        ({"fault": "endpoint_unreachable", "port": 9443}, "probe_unverified"),
        ({"fault": "tls_versions", "minimum": "TLS1.3"}, "probe_unverified"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_planned_faults_strike_both_alike(
    both: tuple[SimulatedHost, SimulatedHost], planned: dict[str, Any], code: str
) -> None:
    before = state(both[0])
    answers = []
    for host in both:
        host.plan(fault(planned, "test"))
        answers.append(call(host, plan(host)))
    assert told(answers[0]) == told(answers[1]) and answers[1]["error"]["code"] == code
    assert state(both[0]) == state(both[1]) == before


def test_somebody_else_writes_before_a_call(both: tuple[SimulatedHost, SimulatedHost]) -> None:
    """A record that the third step expects goes; the first two are undone."""
    answers = []
    for host in both:
        steps = plan(host)
        gone = {"change": "record_delete", "family": "hostnameport", "key": steps[2]["key"]}
        host.plan(fault({"fault": "other_writer", "at_call": 2, "do": [gone]}, "test"))
        answers.append(call(host, steps))
    assert told(answers[0]) == told(answers[1]) and answers[1]["error"]["code"] == "changed_meanwhile"
    assert state(both[0]) == state(both[1])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_ends_leaves_its_journal(both: tuple[SimulatedHost, SimulatedHost], when: str) -> None:
    other = both[1]
    before = state(both[0])
    other.plan(fault({"fault": "crash", "at_call": 2, "when": when}, "test"))
    with pytest.raises(Died):
        call(other, plan(other))
    journal = other.call(READER, READ, False)["document"]["journal"]
    assert [step["op"] for step in journal["steps"]] == ["record_set", "bindings", "record_update", "probe"]
    assert call(other, plan(other))["error"]["code"] == "journal_unfinished"
    assert state(other) == before and other.call(READER, READ, False)["document"]["journal"] is None
    assert call(other, plan(other))["error"] is None

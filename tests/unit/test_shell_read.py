# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reading actions over a simulated host: values, one call each, and every way a call or a request can go wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.explain import explain
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell import action as shell_action
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.actions import API, SHOP, Simulated, description, run
from support.texts import said

CORE = ("https_bindings_info", "https_bindings_facts", "sni_eligibility_info")
DOCUMENTED = Path(__file__).resolve().parents[2] / "plugins" / "modules"


def test_info_tells_what_is_served_and_why() -> None:
    host = Simulated(description())
    result = run("https_bindings_info", {}, host)
    assert host.calls == [
        ("tlsfleet.iis.host_reader", {"contract": 1, "certificates": "candidates", "key_check": "open"}, False)
    ]
    assert result["changed"] is False and result["simulated"] is True
    assert result["host"]["name"] == "WEB01" and result["host"]["support_tier"] == "supported"
    assert result["host"]["os"] == {
        "name": "Windows Server 2019",
        "major": 10,
        "minor": 0,
        "build": 17763,
        "revision": None,
    }
    names = {item["thumbprint"]: item["names"] for item in result["certificates"]}
    assert names == {host.thumbprint(SHOP): ["shop.example.com"], host.thumbprint(API): ["api.example.com"]}
    assert {item["served"] for item in result["endpoint_classes"]} == {host.thumbprint(SHOP)}
    assert [(item["id"], item["subject"]) for item in result["findings"]] == [
        ("shared_with_other_wishes", "0.0.0.0:443")
    ]
    assert "document" not in result and "der" not in json.dumps(result)
    assert explain(result)[0] == "WEB01: Windows Server 2019, IIS 10.0, supported (simulated)"


def test_endpoints_are_answered_one_for_one_in_the_order_asked() -> None:
    asked = [
        {"address": "10.0.0.6", "sni": "API.example.com"},
        {"address": "10.0.0.5"},
        {"address": "10.0.0.5", "port": 8443, "sni": "api.example.com"},
        {"address": "10.0.0.5"},
    ]
    host = Simulated(description())
    answers = run("https_bindings_info", {"endpoints": asked}, host)["endpoints"]
    assert [(item["address"], item["port"], item["sni"], item["outcome"]) for item in answers] == [
        ("10.0.0.6", 443, "api.example.com", "served"),
        ("10.0.0.5", 443, None, "served"),
        ("10.0.0.5", 8443, "api.example.com", "not_listening"),
        ("10.0.0.5", 443, None, "served"),
    ]
    assert answers[0] == {
        "address": "10.0.0.6",
        "port": 443,
        "sni": "api.example.com",
        "outcome": "served",
        "served": host.thumbprint(SHOP),
        "file": None,
        "record": "0.0.0.0:443",
        "rule": "any_address",
        "shadowed": [],
        "reason": "the record for every address on this port",
        "assumptions": [],
    }


def test_the_document_comes_whole_and_only_when_asked_for() -> None:
    host = Simulated(description())
    document = run("https_bindings_info", {"return_document": True, "read": {"certificates": "all"}}, host)["document"]
    assert parse_document(document).name == "WEB01"
    assert document == host.host.read("all", "open")


def test_a_large_document_travels_packed() -> None:
    many = [
        {"protocol": "https", "information": f"*:443:h{number}.example.com", "ssl_flags": 0} for number in range(900)
    ]
    host = Simulated(description(sites=[{"id": 1, "name": "Many", "state": "Started", "bindings": many}]))
    seen = []
    host.tricks[1] = lambda args, answer: seen.append(answer()) or seen[0]
    result = run("https_bindings_info", {}, host)
    assert "document_gz" in seen[0] and "document" not in seen[0]
    assert len(host.calls) == 1 and result["host"]["name"] == "WEB01"


def test_eligibility_of_a_host_and_of_bindings() -> None:
    old = {"name": "Windows Server 2008 R2", "build": "6.1.7601", "iis": "7.5"}
    host = Simulated(description(os=old, update_exported=False))
    wanted = [{"host": "new.example.com"}, {"port": 8443, "host": "shop.example.com"}]
    result = run("sni_eligibility_info", {"bindings": wanted}, host)
    assert result["support_tier"] == "best_effort" and host.names == ["host_reader"]
    assert result["sni"]["ok"] is False and result["sni"]["source"] == "schema"
    assert [item["port"] for item in result["bindings"]] == [443, 8443]
    assert result["bindings"][0]["eligible"] is False
    assert any("10.0.0.5, 10.0.0.6" in text for text in result["bindings"][0]["alternatives"])
    new = run("sni_eligibility_info", {"bindings": wanted}, Simulated(description()))
    assert new["sni"]["ok"] is True and [item["eligible"] for item in new["bindings"]] == [True, True]
    assert new["bindings"][0]["alternatives"] == []


BAD_REQUESTS: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "https_bindings_info",
        {"endpoints": [{"address": "*"}, {"port": 0}, {"address": "10.0.0.5", "sni": "*.a.example"}, 7], "surprise": 1},
        [
            "endpoints[0].address",
            "endpoints[1].address",
            "endpoints[1].port",
            "endpoints[2].sni",
            "endpoints[3]",
            "surprise",
        ],
    ),
    (
        "https_bindings_info",
        {"read": {"certificates": "some"}, "return_document": "perhaps", "probe": {"timeout": 0}},
        ["probe.timeout", "read.certificates", "return_document"],
    ),
    ("https_bindings_facts", {"read": "all"}, ["read"]),
    (
        "https_bindings_facts",
        {"probe": {"retries": 99, "on_unverified": "shrug"}},
        ["probe.on_unverified", "probe.retries"],
    ),
    (
        "sni_eligibility_info",
        {"bindings": [{"host": "10.0.0.5"}, {"port": 70000}, {"address": "here"}]},
        ["bindings[0].host", "bindings[1].port", "bindings[2].address"],
    ),
    (
        "https_endpoint_info",
        {"endpoints": [{"address": "::", "expect": "blue"}], "connect_to": ["nowhere"], "timeout": 100, "from": "moon"},
        ["connect_to[0]", "endpoints[0].address", "endpoints[0].expect", "from", "timeout"],
    ),
    ("https_endpoint_info", {}, ["endpoints"]),
    (
        "https_bindings",
        {
            "bindings": [
                {"site": "S", "host": "two words", "port": 0},
                {"host": "a.example"},
                {"site": "S", "state": "there", "certificate": {"thumbprint": "AB"}},
            ],
            "repair": ["everything"],
            "allow": {"gap": "perhaps"},
        },
        [
            "allow.gap",
            "bindings[0].host",
            "bindings[0].port",
            "bindings[1].site",
            "bindings[2].certificate.thumbprint",
            "bindings[2].state",
            "repair[0]",
        ],
    ),
    ("https_bindings", {"bindings": [], "plan": "plan.json"}, ["plan"]),
    ("https_bindings", {}, [""]),
    ("https_bindings_plan", {"document": {}, "document_file": "a.json"}, ["", "document"]),
    ("https_bindings_plan", {"bindings": []}, ["document"]),
]


@pytest.mark.parametrize(("name", "args", "paths"), BAD_REQUESTS)
def test_all_faults_of_a_request_come_at_once_and_nothing_is_called(
    name: str, args: dict[str, Any], paths: list[str]
) -> None:
    result = run(name, args)
    assert result["failed"] is True and result["changed"] is False
    assert sorted({problem["path"] for problem in result["problems"]}) == paths
    assert len(result["problems"]) == len({(problem["path"], problem["message"]) for problem in result["problems"]})
    lines = [f"{item['path']}: {item['message']}" if item["path"] else item["message"] for item in result["problems"]]
    assert said(result) == "\n".join(lines)


@pytest.mark.parametrize("name", [path.stem for path in sorted(DOCUMENTED.glob("*.py"))])
def test_async_is_refused_before_anything_is_called(name: str) -> None:
    result = run(name, {}, async_val=60)
    assert result["failed"] is True and "async is refused" in said(result)


@pytest.mark.parametrize("name", [path.stem for path in sorted(DOCUMENTED.glob("*.py"))])
def test_a_controller_without_cryptography_is_told_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_action, "LACKING", "the controller lacks the Python package cryptography")
    assert run(name, {}) == {
        "failed": True,
        "changed": False,
        "msg": "the controller lacks the Python package cryptography",
    }


@pytest.mark.parametrize("name", CORE)
def test_an_error_of_the_host_is_said_with_its_hint_and_code(name: str) -> None:
    host = Simulated(description())
    error = {"code": "access_denied", "place": "records", "hint": "Use a local administrator", "number": 5}
    host.tricks[1] = lambda args, answer: {"failed": True, "contract": 1, "msg": "access is denied", "error": error}
    result = run(name, {}, host)
    assert result == {
        "failed": True,
        "changed": False,
        "msg": "access is denied. Use a local administrator.",
        "error": {**error, "step": None, "call": None},
    }


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"failed": True, "msg": "Module result deserialization failed: no JSON"}, "internal"),
        ({}, "internal"),
        ({"contract": 2, "document": {}}, "contract_mismatch"),
        ({"contract": 1}, "contract_mismatch"),
        ({"contract": 1, "document_gz": "AAAA"}, "contract_mismatch"),
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error_of_its_own(answer: dict[str, Any], code: str) -> None:
    host = Simulated(description())
    host.tricks[1] = lambda args, real: answer
    result = run("https_bindings_info", {}, host)
    assert result["failed"] is True and result["error"]["code"] == code and len(said(result)) > 20


def test_what_the_host_said_instead_of_an_answer_is_shown() -> None:
    host = Simulated(description())
    blocked = "This script contains malicious content and has been blocked"
    host.tricks[1] = lambda args, real: {
        "failed": True,
        "msg": "No start of json char found.",
        "module_stderr": blocked,
    }
    message = said(run("https_bindings_info", {}, host))
    assert message.startswith(
        f"No start of json char found. The host said: {blocked}. The module did not run to its end"
    )


def test_a_document_with_faults_is_refused_with_every_place() -> None:
    host = Simulated(description())
    host.tricks[1] = lambda args, answer: {
        "contract": 1,
        "document": {**host.host.read(), "http_ports": [0], "addresses": [5]},
    }
    result = run("https_bindings_info", {}, host)
    assert [problem["path"] for problem in result["problems"]] == ["document.addresses[0]", "document.http_ports"]


def test_a_host_that_cannot_be_reached_is_left_to_ansible() -> None:
    host = Simulated(description())
    host.tricks[1] = lambda args, answer: {"unreachable": True, "msg": "timed out"}
    with pytest.raises(AnsibleConnectionFailure, match="timed out"):
        run("https_bindings_info", {}, host)
    assert len(host.calls) == 1


@pytest.mark.parametrize("name", CORE)
def test_reading_is_the_same_in_check_mode(name: str) -> None:
    first, second = Simulated(description()), Simulated(description())
    assert run(name, {}, first) == run(name, {}, second, check_mode=True)
    assert second.calls[0][2] is True and len(second.calls) == 1

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading simulated hosts through the real ansible-playbook: values, order, and exactly one module call."""

from __future__ import annotations

import json

import pytest
from e2e import hosts
from e2e.conftest import Start
from engine.harness.lane import missing

ASKED = [
    {"address": "10.0.0.6", "sni": "shop.example.com"},
    {"address": "10.0.0.5", "sni": "shop.example.com"},
    {"address": "10.0.0.5"},
    {"address": "10.0.0.5", "port": 8443},
]


def test_info_answers_one_for_one_with_one_call(start: Start) -> None:
    fleet = start(hosts.host())
    played = fleet.play([{"name": "read", "tlsfleet.iis.https_bindings_info": {"endpoints": ASKED}}])
    read = played.of("read")
    assert played.status == 0 and read["changed"] is False and read["simulated"] is True
    answers = [(item["outcome"], item["served"], item["record"], item["rule"]) for item in read["endpoints"]]
    shop, old = fleet.thumbprint("web01", hosts.SHOP), fleet.thumbprint("web01", hosts.OLD)
    assert answers == [
        ("served", old, "10.0.0.6:443", "exact_address"),
        ("served", shop, "hostnameport shop.example.com:443", "exact_name"),
        ("no_record", None, None, None),
        ("not_listening", None, None, None),
    ]
    assert read["endpoints"][0]["shadowed"] == ["hostnameport shop.example.com:443"]
    found = {(item["id"], item["subject"]) for item in read["findings"]}
    assert {("orphan", "hostnameport gone.example.com:443"), ("shadowed", "Shop/*:443:shop.example.com")} <= found
    assert not any("[::]:4433" in subject for kind, subject in found if kind == "orphan")
    assert fleet.calls("web01") == 1
    assert "der" not in json.dumps(read.value["certificates"])
    assert read["host"]["name"] == "WEB01" and read["host"]["support_tier"] == "supported"


@pytest.mark.mono
@pytest.mark.skipif(bool(missing()), reason=missing() or "there")
def test_the_shipped_csharp_reads_what_the_model_reads(start: Start) -> None:
    """The same play twice: read by the lab's model, and by the collection's C# under Mono."""
    play = [
        {
            "name": "read",
            "tlsfleet.iis.https_bindings_info": {
                "endpoints": ASKED,
                "return_document": True,
                "read": {"certificates": "all", "key_check": "sign"},
            },
        },
        {"name": "facts", "tlsfleet.iis.https_bindings_facts": {}},
        {"name": "may", "tlsfleet.iis.sni_eligibility_info": {"bindings": [{"host": "new.example.com"}]}},
    ]
    found = []
    for engine in ("model", "mono"):
        fleet = start(hosts.host(), engine=engine)
        played = fleet.play(play)
        assert played.status == 0, played.output
        assert fleet.calls("web01") == 3
        # Each lab makes certificates of its own; here they get the names of the description again.
        text = fleet.described("web01", json.dumps([played.of(task).value for task in ("read", "facts", "may")]))
        text = text.replace(played.of("read")["host"]["read_at"], "then")
        found.append(json.loads(text))
    (model, mono) = found
    versions = [answers[0]["document"]["reader"]["version"] for answers in found]
    assert versions == ["0.1.0-simulated", "0.1.0"]
    for shown in ("endpoints", "findings", "host", "simulated"):
        assert mono[0][shown] == model[0][shown], shown
    assert mono[0]["simulated"] is True
    assert mono[2]["bindings"] == model[2]["bindings"]


def test_info_returns_the_document_only_when_asked(start: Start) -> None:
    fleet = start(hosts.host())
    played = fleet.play(
        [
            {"name": "without", "tlsfleet.iis.https_bindings_info": {}},
            {
                "name": "with",
                "tlsfleet.iis.https_bindings_info": {
                    "return_document": True,
                    "read": {"certificates": "referenced", "key_check": "metadata"},
                },
            },
        ]
    )
    assert "document" not in played.of("without").value
    document = played.of("with")["document"]
    assert document["format"] == "tlsfleet.iis/document" and document["simulated"] is True
    assert document["reader"]["certificates"] == "referenced" and document["reader"]["key_check"] == "metadata"
    assert len(document["certificates"]) == 3


def test_facts_are_small_and_say_dates(start: Start) -> None:
    fleet = start(hosts.host())
    played = fleet.play(
        [
            {"name": "facts", "tlsfleet.iis.https_bindings_facts": {}},
            {"name": "use", "ansible.builtin.debug": {"msg": "{{ ansible_facts.iis_https.simulated }}"}},
        ]
    )
    facts = played.of("facts")["ansible_facts"]["iis_https"]
    assert len(json.dumps(facts)) <= 32 * 1024
    assert played.of("use")["msg"] is True
    assert "2020-01-01" in json.dumps(facts)
    assert fleet.calls("web01") == 1


def test_facts_of_a_large_host_are_cut_and_say_so(start: Start) -> None:
    names = [f"n{number}.example.com" for number in range(600)]
    crowd = hosts.host(
        sites=[hosts.site(1, "Shop", *(hosts.https(f"*:443:{name}") for name in names))],
        records=[hosts.record(f"{name}:443", hosts.SHOP) for name in names],
        certificates=[hosts.certificate(hosts.SHOP, "*.example.com")],
    )
    facts = start(crowd).play([{"name": "facts", "tlsfleet.iis.https_bindings_facts": {}}]).of("facts")
    found = facts["ansible_facts"]["iis_https"]
    assert len(json.dumps(found)) <= 32 * 1024
    assert found["truncated"]


def test_eligibility_by_host_and_binding(start: Start) -> None:
    old = hosts.host(
        "old01",
        os={"name": "Windows Server 2008 R2", "build": "6.1.7601", "iis": "7.5", "language": "en-US"},
        sites=[hosts.site(1, "Shop", hosts.https("*:443:", None))],
        records=[hosts.record("0.0.0.0:443", hosts.SHOP)],
        http_ports=[],
    )
    fleet = start(hosts.host(), old)
    wishes = [{"host": "new.example.com"}, {"host": ""}]
    played = fleet.play([{"name": "may", "tlsfleet.iis.sni_eligibility_info": {"bindings": wishes}}])
    verdicts = played.hosts("may")
    assert [item["eligible"] for item in verdicts["web01"]["bindings"]] == [True, False]
    assert [item["eligible"] for item in verdicts["old01"]["bindings"]] == [False, False]
    assert verdicts["old01"]["support_tier"] == "best_effort" and verdicts["web01"]["support_tier"] == "supported"
    assert verdicts["old01"]["bindings"][0]["alternatives"]
    assert fleet.calls("old01") == 1


def test_async_is_refused_before_any_call(start: Start) -> None:
    fleet = start(hosts.host())
    played = fleet.play([{"name": "read", "tlsfleet.iis.https_bindings_info": {}, "async": 60, "poll": 5}])
    assert played.of("read").status == "failed" and "async is refused" in played.of("read").said
    assert fleet.calls("web01") == 0


def test_handshakes_are_made_from_the_controller(start: Start) -> None:
    fleet = start(hosts.host())
    shop, old = fleet.thumbprint("web01", hosts.SHOP), fleet.thumbprint("web01", hosts.OLD)
    right = [
        {"address": "10.0.0.5", "sni": "shop.example.com", "expect": shop},
        {"address": "10.0.0.6", "sni": "shop.example.com", "expect": old},
        {"address": "10.0.0.5", "expect": "nothing"},
        {"address": "10.0.0.5", "port": 8443},
    ]
    wrong = [{"address": "10.0.0.6", "sni": "api.example.com", "expect": shop}]
    redirects = "{{ tlsfleet_connect_to }}"
    tasks = [
        {"name": name, "tlsfleet.iis.https_endpoint_info": {"endpoints": asked, "connect_to": redirects}}
        for name, asked in (("right", right), ("wrong", wrong))
    ]
    played = fleet.play(tasks)
    seen = played.of("right")["endpoints"]
    assert [item["verdict"] for item in seen] == ["right", "right", "right", None]
    assert [item["outcome"] for item in seen] == ["served", "served", "no_handshake", "unreachable"]
    assert seen[0]["names"] == ["shop.example.com"]
    assert played.of("wrong").status == "failed" and played.of("wrong")["endpoints"][0]["served"] == old
    assert shop in played.of("wrong").said and old in played.of("wrong").said
    assert fleet.calls("web01") == 0

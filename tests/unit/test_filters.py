# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters by example: what they say, and how they refuse what they cannot use."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.tlsfleet.iis.plugins.filter import https_compliance, https_explain, https_rollout
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import info
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.results import predicted
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import SERVER_2012_R2, document, record, site, stored

FILTERS: dict[str, Any] = {
    name: function
    for module in (https_compliance, https_explain, https_rollout)
    for name, function in module.FilterModule().filters().items()
}
DOCS = Path(__file__).resolve().parents[2] / "plugins" / "filter"
SHOP, GHOST, API = stored("shop.example"), stored("old.example", -3), stored("api.example", 20)
PARTS: dict[str, Any] = {
    "certificates": [SHOP, GHOST, API],
    "sites": [site("Shop", "*:443:shop.example=1")],
    "records": [record("shop.example:443", SHOP), record("10.0.0.6:443", GHOST)],
    "http_ports": [443],
}


def read(**more: Any) -> dict[str, Any]:
    return info(parse_document(document(**{**PARTS, **more})), (), NOW)


def planned(request: dict[str, Any], **more: Any) -> dict[str, Any]:
    host = parse_document(document(**{**PARTS, **more}))
    return predicted(make_plan(host, parse_request(request), NOW))


def test_every_filter_is_documented_with_its_arguments() -> None:
    assert {path.stem for path in DOCS.glob("*.yml")} == set(FILTERS)
    for name, function in FILTERS.items():
        documented = yaml.safe_load((DOCS / f"{name}.yml").read_text(encoding="utf-8"))["DOCUMENTATION"]["options"]
        assert list(documented) == ["_input", *list(inspect.signature(function).parameters)[1:]]


def test_explain_tells_who_gets_what_and_why() -> None:
    lines = FILTERS["https_explain"](read(), width=100)
    assert lines[0] == "WEB01: Windows Server 2019, IIS 10.0, supported (simulated)"
    assert lines[1].split() == ["ASKING", "FOR", "GETS", "UNTIL", "BY", "RECORD"]
    assert lines[2] == "  on 10.0.0.5, port 443"
    assert lines[3].split() == "shop.example shop.example 2027-06-12 of that name".split()
    assert lines[4].split() == "any other, or none nothing: no record - -".split()
    assert lines[5] == "  on 10.0.0.6, port 443"
    assert lines[6].split()[:6] == "any other, or none old.example 2026-11-21".split()
    assert "EXPIRED" in lines[6] and lines[6].endswith("  10.0.0.6:443, this very address")
    text = "\n".join(lines)
    assert "!! shadowed Shop/*:443:shop.example: on 10.0.0.6 record 10.0.0.6:443 answers instead" in text
    assert "repair: delete record 10.0.0.6:443" in text
    assert max(len(line) for line in lines) <= 100


def test_explain_of_long_names_is_a_table_as_long_as_one_fits_and_sentences_after_that() -> None:
    name = "portal.department-of-web.example"
    own, rest = stored(name), stored("*.example")
    parts = {
        "certificates": [own, rest],
        "sites": [site("Portal", f"*:443:{name}=1")],
        "records": [record(f"{name}:443", own), record("0.0.0.0:443", rest)],
    }
    told = read(**parts)
    assert FILTERS["https_explain"](told, width=100)[1:6] == [
        "    ASKING FOR                        GETS                              UNTIL       BY RECORD",
        "  on every address, port 443",
        f"    {name}  {name}  2027-06-12  of that name",
        "    any other, or none                *.example                         2027-06-12  0.0.0.0:443,",
        "                                                                                    any address",
    ]
    assert FILTERS["https_explain"](told, width=80)[1:6] == [
        "  on every address, port 443",
        f"    {name}",
        f"        gets {name}, until 2027-06-12, by the record",
        "          of that name",
        "    any other, or none",
    ]


def test_explain_shows_days_only_where_they_are_few() -> None:
    parts = {"sites": [site("Api", "*:443:api.example=1")], "records": [record("api.example:443", API)]}
    assert "2026-12-14 (20 days)" in "\n".join(FILTERS["https_explain"](read(**parts)))


def test_explain_of_a_host_that_could_not_be_read_is_one_line() -> None:
    assert FILTERS["https_explain"]({"failed": True, "msg": "no rights"}) == ["could not be read: no rights"]
    assert FILTERS["https_explain"](read(sites=[], records=[]))[1:] == ["  no HTTPS endpoint", "  findings: none"]


def test_plan_in_words() -> None:
    plan = planned({"repair": ["orphan"]})
    lines = FILTERS["https_plan_explain"](plan, read()["certificates"], 100)
    assert lines[0] == "2 steps to do (simulated)"
    assert lines[1] == f"  - record  10.0.0.6:443  certificate {GHOST['thumbprint']} (old.example)"
    assert lines[2].startswith("  1. delete record 10.0.0.6:443: orphan: ")
    assert [line[:5] for line in lines if line[:3] == "  2"] == ["  2. "]  # the handshakes are a step, too
    at = lines.index("  clients will meet another certificate:")
    told = f"old.example ({GHOST['thumbprint'][:8]}..) -> shop.example ({SHOP['thumbprint'][:8]}..)"
    assert lines.index(f"    {told}") > at
    assert lines[lines.index(f"    {told}") + 1] == "      on 10.0.0.6:443: shop.example"
    assert "      on 10.0.0.6:443: any other name, or none" in lines
    assert max(map(len, lines)) <= 100


def test_plan_without_names_and_with_nothing_to_do() -> None:
    told = "\n".join(FILTERS["https_plan_explain"](planned({"repair": ["orphan"]})))
    assert f"{GHOST['thumbprint'][:8]}.. -> nothing" in told
    wish = {"bindings": [{"site": "Shop", "host": "shop.example"}]}
    empty = FILTERS["https_plan_explain"](planned(wish))
    assert empty[0] == "nothing to do (simulated)"
    assert any("still wrong: orphan 10.0.0.6:443" in line for line in empty)


def test_plan_with_bindings_and_several_places() -> None:
    wish = {"site": "Shop", "host": "api.example", "certificate": {"thumbprint": API["thumbprint"]}}
    gone = {"site": "Shop", "host": "shop.example", "state": "absent"}
    lines = FILTERS["https_plan_explain"](planned({"bindings": [wish, gone]}, records=PARTS["records"][:1]))
    assert "     + Shop *:443:api.example sslFlags=1" in lines
    assert "     - Shop *:443:shop.example sslFlags=1" in lines
    assert any(line.endswith("on 10.0.0.5:443, 10.0.0.6:443: api.example") for line in lines)


def test_preflight_gives_every_reason_at_once() -> None:
    old = {"os": SERVER_2012_R2}
    verdict = {"host": "shop.example", "eligible": False, "reason": "there is no SNI", "alternatives": ["port 8443"]}
    reasons = FILTERS["https_preflight"](read(**old), "supported", ["orphan", "shadowed"], ["orphan"], [verdict])
    assert reasons[0] == "Windows Server 2012 R2 is best effort, at least supported is asked for"
    assert [reason.split()[0] for reason in reasons[1:]] == ["shadowed", "shop.example"]
    assert reasons[2] == "shop.example must use SNI, but there is no SNI. Instead: port 8443"


def test_preflight_lets_pass_what_is_to_be_repaired() -> None:
    assert FILTERS["https_preflight"](read(), refuse_on=["orphan"], repair=["orphan 10.0.0.6:443"]) == []
    assert FILTERS["https_preflight"](read(), refuse_on=["orphan"], repair=["orphan 10.0.0.5:443"]) != []
    assert FILTERS["https_preflight"](read()) == []


def test_probe_endpoints_expect_the_own_record_on_every_address_and_what_was_predicted() -> None:
    plan = planned({"repair": ["orphan"]})
    addresses = ["10.0.0.5", "10.0.0.6", "::1", "127.0.0.1"]
    wish = {"site": "shop", "host": "SHOP.example"}
    found = FILTERS["https_probe_endpoints"](plan, [wish], addresses)
    assert [(item["address"], item["sni"], item["expect"]) for item in found] == [
        ("10.0.0.5", "shop.example", SHOP["thumbprint"]),
        ("10.0.0.6", None, "nothing"),
        ("10.0.0.6", "shop.example", SHOP["thumbprint"]),
    ]
    # left in place, the ghost answers for the wish: the expectation says so
    left = FILTERS["https_probe_endpoints"](planned({"bindings": [wish]}), [wish], addresses)
    assert {item["expect"] for item in left} == {SHOP["thumbprint"]}
    assert FILTERS["https_probe_endpoints"](plan, [{**wish, "state": "absent"}], addresses)[0]["sni"] is None


def test_probe_endpoints_of_wildcards_central_stores_and_one_address() -> None:
    wild = stored("*.shop.example")
    bindings = ["*:443:*.shop.example=1", "10.0.0.6:8443:", "[::]:9443:a.example=3"]
    records = [record("*.shop.example:443", wild), record("10.0.0.6:8443", SHOP), record("9443", None)]
    parts = {"sites": [site("Shop", *bindings)], "records": records, "certificates": [wild, SHOP]}
    wishes = [
        {"site": "Shop", "host": "*.shop.example"},
        {"site": "Shop", "address": "10.0.0.6", "port": 8443},
        {"site": "Shop", "address": "::", "port": 9443, "host": "a.example"},
    ]
    plan = planned({"bindings": wishes}, addresses=["10.0.0.5", "10.0.0.6", "2001:db8::5"], **parts)
    found = FILTERS["https_probe_endpoints"](plan, wishes, ["10.0.0.5", "2001:db8::5"])
    assert [tuple(item.values()) for item in found] == [
        ("10.0.0.5", 443, "tlsfleet-probe.shop.example", wild["thumbprint"]),
        ("10.0.0.6", 8443, None, SHOP["thumbprint"]),
        ("2001:db8::5", 443, "tlsfleet-probe.shop.example", wild["thumbprint"]),
        ("2001:db8::5", 9443, "a.example", "file"),
    ]


def test_sni_questions_are_the_wishes_that_must_use_it() -> None:
    wishes = [
        {"site": "A", "host": "a.example", "sni": "required", "certificate": {"thumbprint": "AB" * 20}},
        {"site": "B", "host": "b.example", "sni": "auto"},
        {"site": "C", "host": "c.example"},
    ]
    assert FILTERS["https_sni_questions"](wishes) == [{"host": "a.example"}]


def test_rollout_report_puts_the_worst_first() -> None:
    plan, nothing = planned({"repair": ["orphan"]}), planned({"bindings": []})
    right, silent = {"verdict": "right", "outcome": "served"}, {"verdict": None, "outcome": "unreachable"}
    report = FILTERS["https_rollout_report"](
        {
            "same": {"read": read(), "plan": nothing, "applied": nothing},
            "later": {},
            "done": {"read": read(), "plan": plan, "applied": plan, "probed": {"endpoints": [right, silent, right]}},
            "checked": {"read": read(), "plan": plan, "applied": plan, "check_mode": True},
            "planned": {"read": read(), "plan": plan},
            "broken": {"read": read(), "failure": {"task": "Plan the change", "message": "no site"}},
        }
    )
    states = {host["host"]: host["state"] for host in report["hosts"]}
    assert list(states.items()) == [
        ("broken", "failed"),
        ("later", "pending"),
        ("checked", "would_change"),
        ("planned", "would_change"),
        ("done", "changed"),
        ("same", "unchanged"),
    ]
    assert report["totals"] == {"failed": 1, "pending": 1, "would_change": 2, "changed": 1, "unchanged": 1}
    assert report["simulated"]
    done = report["hosts"][4]
    assert done["handshakes"] == "handshakes: 2 right, 1 unreachable"
    assert [step["op"] for step in done["steps"]] == ["record_delete", "probe"]


def test_compliance_of_documents_results_and_hosts_that_were_not_read() -> None:
    judge, join = FILTERS["https_compliance"], FILTERS["https_compliance_report"]
    moment = "2026-11-24T12:00:00Z"
    found = judge({"document": document(**PARTS)}, now=moment)
    assert found["state"] == "failed" and found["simulated"]
    assert found["verdicts"][0]["state"] == "failed"
    gone = judge({"unreachable": True, "msg": "no route"})
    assert gone["state"] == "unknown" and gone["counts"]["passed"] == 0
    assert "no route" in gone["verdicts"][0]["evidence"]
    report = join({"web01": found, "web02": gone, "web03": {}}, now=moment)
    assert report["totals"] == {"failed": 1, "unknown": 2, "passed": 0}
    assert [host["host"] for host in report["hosts"]] == ["web01", "web02", "web03"]
    assert report["judged_at"] == moment


@pytest.mark.parametrize("layer", ["records", "sites", "certificates", "addresses", "users"])
def test_a_rule_whose_ground_could_not_be_read_is_unknown_and_never_passed(layer: str) -> None:
    blind = [{"layer": layer, "code": "access_denied", "message": "no"}]
    unread = document(**PARTS, incomplete=blind, **({"addresses": []} if layer == "addresses" else {}))
    verdicts = FILTERS["https_compliance"](unread, now="2026-11-24T12:00:00Z")["verdicts"]
    unknown = {item["rule"] for item in verdicts if item["state"] == "unknown"}
    every = {item["rule"] for item in verdicts}
    assert unknown == {"addresses": {"no_shadowed_binding"}, "users": set()}.get(layer, every) and len(every) == 5
    assert all(item["evidence"] == f"{layer} could not be read: no" for item in verdicts if item["state"] == "unknown")


WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("https_explain", ("text",), {}, "expects a result of https_bindings_info"),
    ("https_explain", ({"host": {}},), {}, "certificates is missing"),
    ("https_plan_explain", ({"msg": "no site"},), {}, "after is missing: no site"),
    ("https_preflight", ([],), {}, "expects a result of https_bindings_info"),
    ("https_preflight", (read(), "gold"), {}, "minimum_tier must be one of"),
    ("https_preflight", (read(),), {"refuse_on": ["orphans"]}, "no finding is called orphans"),
    ("https_probe_endpoints", ({"after": {}},), {}, "affected is missing"),
    ("https_rollout_report", ([],), {}, "mapping of host names"),
    ("https_compliance", ("text",), {}, "expects a document"),
    ("https_compliance", ({"format": "other"},), {}, "document.format"),
    ("https_compliance", (document(),), {"rules": ["all"]}, "no rule all"),
    ("https_compliance", (document(),), {"now": "today"}, "now must look like"),
    ("https_compliance_report", ([],), {}, "mapping of host names"),
    ("https_compliance_report", ({"web01": {"state": "fine"}},), {}, "web01 has no result"),
]


@pytest.mark.parametrize(("name", "args", "more", "words"), WRONG)
def test_what_cannot_be_used_is_refused_with_the_filter_s_name(
    name: str, args: tuple[Any, ...], more: dict[str, Any], words: str
) -> None:
    with pytest.raises(AnsibleFilterError) as refusal:
        FILTERS[name](*args, **more)
    assert str(refusal.value).startswith(f"{name}: ") and words in str(refusal.value)

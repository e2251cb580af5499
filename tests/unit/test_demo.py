# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's story on paper: its hosts, wishes and clients held against the core, without a lab."""

from __future__ import annotations

import datetime
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan, make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.ownership import owners
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, stored

DEMO = Path(__file__).resolve().parents[1] / "demo"
SLUGS = sorted(path.stem for path in (DEMO / "hosts").glob("*.json"))
FLAGS = {"negotiate_client_cert": 0x2, "disable_tls13": 0x40, "disable_legacy_tls": 0x400}
FINDINGS = {
    "web-2008r2": {"shared_with_other_wishes"},
    "web-2012r2": {"orphan", "shadowed"},
    "web-2019": {"shared_with_other_wishes"},
    "web-2022": {"certificate_expired", "orphan", "renewal_not_bound"},
    "web-2025": set(),
}
OPS = {
    "web-2008r2": [*["record_set"] * 3, "record_replace", *["record_delete"] * 3, "bindings", "probe"],
    "web-2012r2": ["record_delete", "probe"],
    "web-2019": ["record_set", "bindings", "probe"],
    "web-2022": ["record_update", "record_delete", "probe"],
    "web-2025": [],
}


def described(slug: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEMO / "hosts" / f"{slug}.json").read_text(encoding="utf-8"))
    return found


def host_of(slug: str) -> tuple[Host, dict[str, str]]:
    """The host a description tells of, and which certificate was made for which stand-in."""
    told = described(slug)
    made, certificates = {}, []
    for number, item in enumerate(told["certificates"]):
        days = 200 + number
        if item["not_after"]:
            days = (datetime.date.fromisoformat(item["not_after"]) - NOW.date()).days
        certificate = stored(" ".join(item["names"]), days, item["store"])
        made[item["thumbprint"]] = certificate["thumbprint"]
        certificates.append(certificate)
    records = []
    for item in told["records"]:
        flags = sum(FLAGS[name] for name in item["options"])
        kept = {key: item[key] for key in ("family", "key", "store", "app_id")}
        records.append({**kept, "thumbprint": made[item["thumbprint"]], "flags": flags})
    sites = [{**site, "state": site["state"].lower()} for site in told["sites"]]
    major, minor, build = (int(part) for part in told["os"]["build"].split("."))
    iis = [int(part) for part in told["os"]["iis"].split(".")]
    data = document(
        name=slug.upper(),
        os={"name": told["os"]["name"], "major": major, "minor": minor, "build": build, "revision": None},
        iis={"major": iis[0], "minor": iis[1]},
        addresses=told["local_addresses"],
        http_ports=told["http_ports"],
        schema_ssl_flags=build >= 9200,
        update_exported=told["update_exported"],
        sites=sites,
        records=records,
        certificates=certificates,
    )
    return parse_document(data), made


def plan_of(host: Host, made: dict[str, str], path: str) -> Plan:
    """The plan for a file of role variables, thumbprints put in as the play puts them in."""
    text = (DEMO / "wishes" / path).read_text(encoding="utf-8")
    wishes = yaml.safe_load(re.sub(r"\{\{ lab_certificates\['(\w+)'\] \}\}", lambda match: made[match[1]], text))
    return make_plan(
        host, parse_request({name.removeprefix("https_rollout_"): value for name, value in wishes.items()}), NOW
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_a_description_answers_its_own_questions(slug: str) -> None:
    host, made = host_of(slug)
    assert described(slug)["slug"] == slug
    resolver = Resolver(host)
    for question in described(slug)["questions"]:
        answer = resolver.answer(Endpoint(question["local_address"], question["port"], question["sni"]))
        assert answer.served == made[question["answer"]], question


@pytest.mark.parametrize("slug", SLUGS)
def test_a_host_has_what_the_demo_tells_of_it_and_is_put_right(slug: str) -> None:
    host, made = host_of(slug)
    assert {item.id for item in find(host, NOW)} == FINDINGS[slug]
    plan = plan_of(host, made, f"host_vars/{slug}.yml")
    assert [step.op for step in plan.steps] == OPS[slug]
    assert plan.findings == ()
    assert plan_of(plan.after, made, f"host_vars/{slug}.yml").empty


@pytest.mark.parametrize("slug", ["web-2022", "web-2025"])
def test_flags_and_the_foreign_owner_survive(slug: str) -> None:
    host, made = host_of(slug)
    after = plan_of(host, made, f"host_vars/{slug}.yml").after
    before = {record.key: record.value for record in host.records}
    for record in after.records:
        kept = before[record.key]
        assert (record.value.flags, record.value.app_id) == (kept.flags, kept.app_id)
        if record.key.text in vpn(host):
            assert record.value == kept
    assert [site.bindings for site in after.sites] == [site.bindings for site in host.sites]
    assert any(value.flags for value in before.values())


def vpn(host: Host) -> set[str]:
    """The records that belong to SSTP."""
    owner = owners(host)
    used = {record.key.text: owner(record.key, record.value) for record in host.records}
    return {key for key, who in used.items() if who is not None and who.name == "RRAS/SSTP"}


def test_the_vpn_is_seen_as_a_foreign_owner() -> None:
    host, _made = host_of("web-2022")
    assert vpn(host) == {"0.0.0.0:443", "[::]:443"}


def test_the_record_without_update_is_bridged_and_the_mistake_is_refused() -> None:
    plan = plan_of(*host_of("web-2008r2"), "host_vars/web-2008r2.yml")
    assert plan.affected and not any(item.gap for item in plan.affected)
    with pytest.raises(Invalid, match=r"allow\.shared_change: would change what clients of Shop meet: "):
        plan_of(*host_of("web-2019"), "mistake.yml")


def test_what_the_demo_runs_can_be_typed_by_hand() -> None:
    """Nothing has to be set but the inventory; the place of reports has a default."""
    texts = [path.read_text(encoding="utf-8") for path in (DEMO / "wishes").rglob("*.yml")]
    asked = [call for text in texts for call in re.findall(r"lookup\('ansible.builtin.env'.*?\)", text)]
    assert asked and all("default=" in call for call in asked)


def test_every_client_of_the_demo_meets_what_it_expects() -> None:
    found = importlib.util.spec_from_file_location("demo_clients", DEMO / "clients.py")
    assert found is not None and found.loader is not None
    clients = sys.modules[found.name] = importlib.util.module_from_spec(found)
    found.loader.exec_module(clients)
    assert {client.host for client in clients.CLIENTS} == set(SLUGS)
    for client in clients.CLIENTS:
        host, made = host_of(client.host)
        after = plan_of(host, made, f"host_vars/{client.host}.yml").after
        endpoint = Endpoint(client.address, 443, client.name)
        assert Resolver(host).answer(endpoint).served == made[client.before], client
        assert Resolver(after).answer(endpoint).served == made[client.after], client

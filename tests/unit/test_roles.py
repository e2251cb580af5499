# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles against what they mirror: argument specs, defaults, tags, and pages that hostile names cannot break."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import jinja2.nativetypes
import pytest
import yaml
from ansible.plugins.filter.core import FilterModule
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import FINDING_IDS
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.fleet import fleet_report, judged, unread
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.rollout import STATES, TIERS, rollout_report
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.compliance import RULES, Policy
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell import spec
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, record, site, stored

ROLES = Path(__file__).resolve().parents[2] / "roles"
NAMES = ("https_compliance", "https_rollout")
#: Role variables that are handed on to https_bindings as they are.
MIRRORED = {name: name for name in ("bindings", "remove_others", "repair", "allow", "read", "probe")}
HOSTILE = "<script>alert('x')</script>\"&"


def loaded(role: str, path: str) -> Any:
    return yaml.safe_load((ROLES / role / path).read_text(encoding="utf-8"))


def options(role: str) -> dict[str, Any]:
    found: dict[str, Any] = loaded(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    return found


def shape(option: dict[str, Any]) -> dict[str, Any]:
    """What an option takes, without words and without how defaults are filled in."""
    kept = {key: option[key] for key in ("type", "elements", "choices", "default", "required") if key in option}
    if "options" in option:
        kept["options"] = {name: shape(inner) for name, inner in option["options"].items()}
        kept.pop("default", None)
    return kept


@pytest.mark.parametrize("name", MIRRORED)
def test_the_rollout_takes_what_https_bindings_takes(name: str) -> None:
    ours, theirs = shape(options("https_rollout")[f"https_rollout_{name}"]), shape(spec.HTTPS_BINDINGS[MIRRORED[name]])
    assert {**ours, "default": None} == {**theirs, "default": None}


@pytest.mark.parametrize("role", NAMES)
def test_defaults_are_those_of_the_argument_spec(role: str) -> None:
    told = {name: option.get("default") for name, option in options(role).items()}
    assert told == loaded(role, "defaults/main.yml")


@pytest.mark.parametrize("role", NAMES)
def test_every_option_carries_the_name_of_its_role_and_says_what_it_is(role: str) -> None:
    for name, option in options(role).items():
        assert name.startswith(f"{role}_")
        assert option["description"]


def test_choices_are_those_of_the_core() -> None:
    rollout, compliance = options("https_rollout"), options("https_compliance")
    assert set(rollout["https_rollout_minimum_tier"]["choices"]) == set(TIERS)
    assert rollout["https_rollout_refuse_on"]["choices"] == list(FINDING_IDS)
    assert compliance["https_compliance_rules"]["choices"] == list(RULES)
    key_check = spec.COMMON["read"]["options"]["key_check"]
    assert compliance["https_compliance_key_check"]["choices"] == key_check["choices"]


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ({}, 2),
        ({"https_rollout_repair": ["orphan"]}, 0),
        ({"https_rollout_bindings": [{"site": "Shop"}]}, 0),
        ({"https_rollout_remove_others": {"scope": "host"}}, 0),
        ({"https_rollout_apply_plans_from": "plans"}, 0),
    ],
)
def test_a_host_for_which_nothing_is_asked_is_not_called_in_good_order(more: dict[str, Any], lines: int) -> None:
    values = {**loaded("https_rollout", "defaults/main.yml"), **more}
    values["__https_rollout_approved"] = bool(values["https_rollout_apply_plans_from"])
    told = jinja2.nativetypes.NativeEnvironment().from_string(
        loaded("https_rollout", "vars/main.yml")["__https_rollout_unasked"]
    )
    shown = told.render(**values)
    assert len(shown) == lines and all("asked for" in line or "beside the inventory" in line for line in shown)


@pytest.mark.parametrize(
    ("role", "phases"),
    [
        ("https_rollout", {"preflight", "plan", "apply", "probe", "report"}),
        ("https_compliance", {"read", "judge", "report"}),
    ],
)
def test_no_task_is_without_a_tag_of_a_phase(role: str, phases: set[str]) -> None:
    used: set[str] = set()
    for tags in _tags(role, loaded(role, "tasks/main.yml"), set()):
        assert tags and tags <= phases
        used |= tags
    assert used == phases


def _tags(role: str, tasks: list[dict[str, Any]], outer: set[str]) -> list[set[str]]:
    """Tags of every task that does something, those of its imports and blocks included."""
    found = []
    for task in tasks:
        tags = outer | set(task.get("tags", []))
        if "block" in task:
            found += _tags(role, [*task["block"], *task.get("rescue", [])], tags)
        elif "ansible.builtin.import_tasks" in task:
            found += _tags(role, loaded(role, f"tasks/{task['ansible.builtin.import_tasks']}"), tags)
        elif "ansible.builtin.include_tasks" in task:
            # what is included does not have the tags of the include, unless it is told to
            named = task["ansible.builtin.include_tasks"]
            named = named if isinstance(named, dict) else {"file": named}
            inner = _tags(role, loaded(role, f"tasks/{named['file']}"), set(named.get("apply", {}).get("tags", [])))
            assert all(each <= tags for each in inner)  # else the include is skipped where a task in it is asked for
            found += [tags, *inner]
        else:
            found.append(tags)
    return found


def rendered(role: str, template: str, **values: Any) -> str:
    """A template as Ansible renders it, its own filters included."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLES / role / "templates"), trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters.update(FilterModule().filters())
    return environment.get_template(template).render(**values)


class Page(HTMLParser):
    """Elements in order, text, and whether every element that has to be closed is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.balanced = not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag not in ("meta", "col"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open.pop() != tag:
            raise ValueError(f"{tag} closes nothing")

    def handle_data(self, data: str) -> None:
        self.text += data


def compliance_page() -> Page:
    cert = stored("shop.example", -3)
    parts = {"sites": [site(HOSTILE, "*:443:shop.example=1")], "records": [record("shop.example:443", cert)]}
    host = parse_document(document(name=f"WEB{HOSTILE}", certificates=[cert], **parts))
    judgements = {f"web01{HOSTILE}": judged(host, Policy(), NOW), "web02": unread(f"unreachable: {HOSTILE}", Policy())}
    return page_of(judgements)


def page_of(judgements: dict[str, Any]) -> Page:
    values = {
        "__https_compliance_report": fleet_report(judgements, Policy(), NOW),
        "https_compliance_title": f"Fleet {HOSTILE}",
    }
    return Page(rendered("https_compliance", "compliance.html.j2", **values))


def test_hostile_names_are_text_on_the_page() -> None:
    page = compliance_page()
    assert page.balanced
    assert "script" not in page.elements
    for said in (f"Fleet {HOSTILE}", f"web01{HOSTILE}", f"WEB{HOSTILE}", f"{HOSTILE}/*:443:shop.example"):
        assert said in page.text
    assert f"unreachable: {HOSTILE}" in page.text


def test_the_page_needs_nothing_from_elsewhere_and_says_simulated() -> None:
    page = compliance_page()
    assert not {"script", "link", "img", "iframe"} & set(page.elements)
    assert "Simulated." in page.text
    assert "1 host failed" in page.text and "1 host unknown" in page.text and "0 hosts passed" in page.text


def test_every_table_has_a_head_and_many_hosts_in_order_are_folded_away() -> None:
    cert = stored("shop.example")
    parts = {"sites": [site("Shop", "*:443:shop.example=1")], "records": [record("shop.example:443", cert)]}
    good = judged(parse_document(document(certificates=[cert], http_ports=[443], **parts)), Policy(), NOW)
    assert good["state"] == "passed"
    bad = {"web00": unread("unreachable: no route", Policy())}
    few, many = (page_of({**bad, **{f"web{number:02}": good for number in range(1, count)}}) for count in (4, 40))
    for page, hosts in ((few, 3), (many, 39)):
        assert page.balanced and page.elements.count("table") == page.elements.count("thead") > hosts
        assert f"{hosts} hosts passed" in page.text
    assert few.elements.count("details") == 3 and "show" not in few.text
    assert many.elements.count("details") == 39 + 1 and "show 39 hosts" in many.text


def test_the_terminal_is_told_how_the_fleet_stands() -> None:
    report = fleet_report({"web01": unread("unreachable: no route", Policy())}, Policy(), NOW)
    values = {"__https_compliance_report": report, "__https_compliance_dir": "/reports", "ansible_check_mode": False}
    text = rendered("https_compliance", "compliance.txt.j2", **values)
    assert text.splitlines()[0] == "1 host: 0 failed, 1 unknown, 0 passed"
    assert "report: /reports/compliance.html" in text
    assert "no report was written" in rendered(
        "https_compliance", "compliance.txt.j2", **{**values, "ansible_check_mode": True}
    )


def rollout_text(**more: Any) -> list[str]:
    read = {"host": {"name": "WEB01", "os": {"name": "Windows Server 2019"}, "support_tier": "supported"}}
    failure = {"task": "Apply the change", "message": "record 0.0.0.0:443 changed meanwhile\nnothing was done"}
    outcomes = {"web01": {"read": read, "failure": failure}, "web02": {}}
    values = {
        "__https_rollout_report": rollout_report(outcomes, NOW),
        "__https_rollout_filing": False,
        "__https_rollout_dir": "/reports",
        "https_rollout_report_dir": "/reports",
        "ansible_check_mode": False,
    }
    return rendered("https_rollout", "rollout.txt.j2", **{**values, **more}).splitlines()


def test_the_rollout_names_every_host_and_what_stopped_it() -> None:
    lines = rollout_text()
    assert lines[0] == "2 hosts: 1 failed, 1 no result yet"
    assert lines[1].split() == ["web01", "failed", "Windows", "Server", "2019"]
    assert 'in "Apply the change": record 0.0.0.0:443 changed meanwhile' in lines[2]
    assert lines[3].strip() == "nothing was done"
    assert lines[4].split()[:2] == ["web02", "no"]
    assert lines[-1] == "report: /reports/rollout.txt and rollout.json"
    assert rollout_text(ansible_check_mode=True)[-1] == "check mode: nothing was changed, no report was written"


def test_the_rollout_has_a_word_for_every_state() -> None:
    text = (ROLES / "https_rollout" / "templates" / "rollout.txt.j2").read_text(encoding="utf-8")
    assert all(f"'{state}':" in text for state in STATES)


def test_handshakes_are_told_with_what_was_seen() -> None:
    seen = {"address": "2001:db8::5", "port": 443, "sni": None, "outcome": "served", "verdict": "right", "reason": ""}
    shown = {"served": "AB" * 20, "names": ["shop.example"], "not_after": "2027-01-02T03:04:05Z"}
    away = {**seen, "outcome": "unreachable", "verdict": None, "served": None, "names": [], "reason": "no connection"}
    probed = {"endpoints": [{**seen, **shown}, {**away, "sni": "shop.example", "not_after": None}]}
    text = rendered(
        "https_rollout", "probe.txt.j2", __https_rollout_probed=probed, __https_rollout_read={"simulated": True}
    )
    lines = text.splitlines()
    assert lines[0] == "2 handshakes by the controller (simulated)"
    assert lines[1] == (
        "  right        no name (no SNI)  on [2001:db8::5]:443: shop.example until 2027-01-02 (ABABABAB..)"
    )
    assert lines[2] == "  unreachable  shop.example      on [2001:db8::5]:443: no connection"

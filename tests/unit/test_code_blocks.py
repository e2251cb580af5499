# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides, the READMEs and the filters show can be typed: tasks that pass, filters that answer, commands that exist."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.facts import facts
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import info
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.results import predicted
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell import checks, spec
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell.arguments import validated
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, record, site, stored
from support.playbooks import playbook_passes

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "tlsfleet.iis."
ROLES = ("https_compliance", "https_rollout")
PAGES = [
    *sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst")),
    *(ROOT / "roles" / name / "README.md" for name in ROLES),
    ROOT / "README.md",
]
RST = r"\.\. code-block:: {0}\n\n((?:   .*\n|\n)+)"
MARKDOWN = r"```{0}\n(.*?)```"


def blocks(page: Path, language: str) -> list[str]:
    form = RST if page.suffix == ".rst" else MARKDOWN
    found = re.findall(
        form.format(language), page.read_text(encoding="utf-8"), re.DOTALL if page.suffix == ".md" else 0
    )
    return [dedent(block) for block in found]


def tasks_of(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Tasks of a list of tasks or plays."""
    for item in items:
        if "hosts" in item:
            yield from item.get("tasks", ())
        else:
            yield item


def shown() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for page in PAGES:
        for block in blocks(page, "yaml"):
            loaded = yaml.safe_load(block)
            found += [
                (page.name, task) for task in tasks_of(loaded if isinstance(loaded, list) else []) if "name" in task
            ]
    for path in sorted((ROOT / "plugins" / "filter").glob("*.yml")):
        examples = yaml.safe_load(yaml.safe_load(path.read_text(encoding="utf-8"))["EXAMPLES"])
        found += [(path.stem, task) for task in examples]
    return found


CERTIFICATES = [stored("shop.example.com"), stored("shop.example.com", 300)]
DOCUMENT = document(
    certificates=CERTIFICATES,
    sites=[site("Shop", "*:443:shop.example.com=1")],
    records=[record(key, CERTIFICATES[0]) for key in ("shop.example.com:443", "10.0.0.6:443")],
    http_ports=[443],
)
HOST = parse_document(DOCUMENT)
WISHES = [{"site": "Shop", "host": "shop.example.com", "sni": "required"}]
PLAN = predicted(make_plan(HOST, parse_request({"bindings": WISHES, "repair": ["orphan"]}), NOW))
#: What the examples register, or expect to be there.
VARIABLES: dict[str, Any] = {
    "iis": {**info(HOST, [], NOW), "document": DOCUMENT},
    "plan": PLAN,
    "done": PLAN,
    "wanted": WISHES,
    "web01_document": DOCUMENT,
    "web02_document": {"failed": True, "msg": "away"},
    "item": "orphan",
    "pfx_password": "secret",
}


@pytest.fixture(scope="module")
def templated(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Every shown task as Ansible sees it when its templates are filled in, all of them by one play."""
    place = tmp_path_factory.mktemp("shown")
    fill = [
        {"ansible.builtin.set_fact": {"iis_https": facts(HOST, NOW), "cacheable": True}},
        {"ansible.builtin.copy": {"content": "{{ shown | to_json }}", "dest": str(place / "filled.json")}},
    ]
    variables = {**VARIABLES, "shown": [_arguments(task) for _place, task in shown()]}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": fill}
    (place / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    playbook_passes(place / "play.yml")
    found: list[dict[str, Any]] = json.loads((place / "filled.json").read_text(encoding="utf-8"))
    return found


def _arguments(task: dict[str, Any]) -> dict[str, Any]:
    """What of a task is templated, conditions as expressions; a file that nobody has here is left out."""
    kept = {key: value for key, value in task.items() if key not in ("name", "register", "when")}
    that = kept.get("ansible.builtin.assert", {}).get("that")
    kept = {"that": f"{{{{ {that} }}}}"} if that else kept
    return {} if "lookup(" in str(kept) else kept


def test_a_task_that_is_shown_can_be_run(templated: list[dict[str, Any]]) -> None:
    for (_place, task), values in zip(shown(), templated, strict=True):
        called = next((key.removeprefix(PREFIX) for key in values if key.startswith(PREFIX)), None)
        if called is not None:
            action = import_module(f"ansible_collections.tlsfleet.iis.plugins.action.{called}").ActionModule
            validated(action.options, values[PREFIX + called] or {}, action.check)
        assert task["name"][0].isupper() and values.get("that", True) is True


def test_roles_are_shown_with_variables_they_have() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    used = set(re.findall(r"\bhttps_(?:rollout|compliance)_\w+", text))
    defaults = [ROOT / "roles" / role / "defaults" / "main.yml" for role in ROLES]
    known = {name for path in defaults for name in yaml.safe_load(path.read_text(encoding="utf-8"))}
    assert used - known == set() and len(used) > 15
    plays = [play for page in PAGES for play in plays_of(page) if "roles" in play]
    for role in (role for play in plays for role in play["roles"]):
        assert role["role"].removeprefix(PREFIX) in ROLES and set(role["vars"]) <= known
        given = {name.removeprefix("https_rollout_"): value for name, value in role["vars"].items()}
        wishes = {name: given[name] for name in ("bindings", "repair", "allow") if name in given}
        validated(spec.HTTPS_BINDINGS, wishes, checks.bindings)
    assert len(plays) >= 3


def plays_of(page: Path) -> list[dict[str, Any]]:
    loaded = [yaml.safe_load(block) for block in blocks(page, "yaml")]
    return [item for block in loaded if isinstance(block, list) for item in block]


def commands() -> list[str]:
    told = [line for page in PAGES for block in blocks(page, "console") for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in told if line.startswith("$ ")]


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_a_command_that_is_shown_exists(line: str) -> None:
    words = shlex.split(line, comments=True)
    if words[0] == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert set(words[1:]) - {"-s"} <= set(targets)
    elif words[0] == "ansible-playbook":
        named = [word.removeprefix(PREFIX) for word in words if word.startswith(PREFIX)]
        assert len(named) == 1 and (ROOT / "playbooks" / f"{named[0]}.yml").is_file()
        tags = words[words.index("--tags") + 1].split(",") if "--tags" in words else []
        assert set(tags) <= {"preflight", "plan", "apply", "probe", "report"}
        for given in (words[at + 1] for at, word in enumerate(words) if word == "-e"):
            # a list or a mapping reaches Ansible as JSON only
            assert (given.startswith("{") and json.loads(given)) or re.fullmatch(r"(tlsfleet|https)_\w+=\S+", given)
    else:
        assert words[0] in ("eval", "ansible-doc", "jq", "tests/lab/lab")


def test_what_is_shown_is_found() -> None:
    pages = {place for place, _task in shown()}
    assert len(shown()) >= 25 and {"get_started.rst", "renew_certificates.rst", "https_explain"} <= pages
    assert len(commands()) >= 15

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example in the docs is a task that can be run: one known action, arguments that pass, documented results."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell import checks, spec
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell.arguments import validated
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.reply import applier_args, confirm_args, reader_args
from support.actions import Simulated, description, run
from support.playbooks import playbook_passes

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "plugins" / "modules"
PREFIX = "tlsfleet.iis."
#: Written by Ansible itself, or keys of a single task only.
ALWAYS = {"changed", "failed", "msg", "warnings"}
FRAGMENT = {"inventory_hostname": "web01", "iis": {"document": {}}}


def sidecar(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((MODULES / f"{name}.yml").read_text(encoding="utf-8"))
    return loaded


def tasks() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted(MODULES.glob("*.yml")):
        for task in yaml.safe_load(sidecar(path.stem)["EXAMPLES"]):
            found.append((path.stem, task))
    return found


def own(task: dict[str, Any]) -> str | None:
    """The action of this collection that a task calls."""
    return next((key.removeprefix(PREFIX) for key in task if key.startswith(PREFIX)), None)


@pytest.mark.parametrize(
    ("name", "task"), tasks(), ids=lambda value: value if isinstance(value, str) else value["name"]
)
def test_an_example_is_a_task_whose_arguments_pass(name: str, task: dict[str, Any]) -> None:
    loader = DataLoader()
    called = own(task)
    if called is not None and not called.startswith("host_"):
        args = Templar(loader=loader, variables=FRAGMENT).template(_trusted(task[PREFIX + called] or {}))
        action = import_module(f"ansible_collections.tlsfleet.iis.plugins.action.{called}").ActionModule
        validated(action.options, args, action.check)
        assert task["name"][0].isupper()
    elif called is not None:
        applier = applier_args("", (), {}, {})
        wanted = {"host_reader": reader_args(), "host_applier": applier, "host_guard": confirm_args(applier, "")}
        assert sorted(task[PREFIX + called]) == sorted(wanted[called])


def test_ansible_takes_all_examples_as_a_playbook(tmp_path: Path) -> None:
    playbook = tmp_path / "examples.yml"
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task for name, task in tasks()]}
    playbook.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    playbook_passes(playbook, "--syntax-check")


def _trusted(value: Any) -> Any:
    """Templates of an example as Ansible's own loader would mark them; before 2.19 every text is one."""
    try:
        from ansible.template import trust_as_template
    except ImportError:
        return value
    if isinstance(value, dict):
        return {key: _trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def test_every_module_has_examples_that_call_it() -> None:
    called = {(name, own(task)) for name, task in tasks()}
    assert {name for name, action in called if name == action} == {path.stem for path in MODULES.glob("*.yml")}


def test_the_guide_to_changes_shows_entries_that_pass() -> None:
    page = (ROOT / "docs" / "docsite" / "rst" / "change_bindings.rst").read_text(encoding="utf-8")
    blocks = re.findall(r"code-block:: yaml\n\n((?:   .*\n|\n)+)", page)
    entries = [entry for block in blocks for entry in yaml.safe_load(dedent(block))]
    shown = {key for entry in entries for key in entry}
    assert shown == {"site", "host", "certificate", "options", "replaces", "central_store"}
    for entry in entries:
        validated(spec.HTTPS_BINDINGS, {"bindings": [entry]}, checks.bindings)


def _undocumented(value: Any, docs: dict[str, Any], path: str) -> list[str]:
    """Keys of a result that RETURN does not describe; where it describes no keys, any are fine."""
    if isinstance(value, list):
        return [fault for item in value for fault in _undocumented(item, docs, path)]
    if not isinstance(value, dict) or not docs:
        return []
    faults = [f"{path}.{key}" for key in value if key not in docs]
    for key in value.keys() & docs.keys():
        faults += _undocumented(value[key], docs[key].get("contains") or {}, f"{path}.{key}")
    return faults


HOST = Simulated(description())
RUNS: list[tuple[str, dict[str, Any], Simulated | None]] = [
    ("https_bindings", {"repair": ["shared_with_other_wishes"]}, Simulated(description())),
    ("https_bindings", {"repair": ["shared_with_other_wishes"]}, Simulated(description(), "fail_call:1")),
    ("https_bindings", {"bindings": [{"site": "Nowhere"}]}, Simulated(description())),
    ("https_bindings_plan", {"repair": ["shared_with_other_wishes"], "document": HOST.host.read()}, None),
    ("https_bindings_info", {"endpoints": [{"address": "10.0.0.5"}], "return_document": True}, HOST),
    ("https_bindings_facts", {}, HOST),
    ("sni_eligibility_info", {"bindings": [{"host": "a.example"}]}, HOST),
    ("https_endpoint_info", {"endpoints": [{"address": "127.0.0.1", "port": 1, "expect": "nothing"}]}, None),
]


@pytest.mark.parametrize(("name", "args", "host"), RUNS)
def test_every_key_of_a_result_is_documented_and_every_documented_key_can_be_there(
    name: str, args: dict[str, Any], host: Simulated | None
) -> None:
    docs, result = sidecar(name)["RETURN"], run(name, args, host)
    assert _undocumented({key: value for key, value in result.items() if key not in ALWAYS}, docs, name) == []
    if "failed" not in result:
        assert set(docs) - {"problems", "error", "phases", "hosts"} <= set(result)

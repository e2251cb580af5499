# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree rules find each planted fault, and nothing in a tree without one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import tree_rules

CLEAN = "\n".join([*tree_rules.HEAD, tree_rules.FUTURE, ""])
UTILS = "plugins/plugin_utils"
DOTTED = "ansible_collections.tlsfleet.iis.plugins.plugin_utils"

GOOD = {
    f"{UTILS}/wire/document.py": CLEAN + "from ..model.host import Host\nfrom .fields import Fields\n",
    f"{UTILS}/shell/act.py": CLEAN + "from ansible.errors import AnsibleError\nfrom ..render import text\n",
    "plugins/action/look.py": CLEAN
    + "from ansible.plugins.action import ActionBase\nfrom ..plugin_utils.shell import act\n",
    "tests/lab/hosts.py": CLEAN + "from lab import tls\n",
    "README.md": "[code](plugins/action/look.py#L1), [site](https://example.com)\n",
}

FAULTS = [
    ("rooms", f"{UTILS}/model/host.py", CLEAN + "from ..wire.document import parse\n"),
    ("rooms", f"{UTILS}/model/host.py", CLEAN + "from .. import wire\n"),
    ("rooms", f"{UTILS}/rules/deep/find.py", CLEAN + "def f():\n    from ...planning import planner\n"),
    ("rooms", f"{UTILS}/wire/document.py", CLEAN + f"from {DOTTED}.shell import act\n"),
    ("rooms", f"{UTILS}/wire/document.py", CLEAN + "import ansible.errors\n"),
    ("rooms", f"{UTILS}/wire/document.py", CLEAN + "from ...action import look\n"),
    ("rooms", f"{UTILS}/cellar/wine.py", CLEAN),
    ("rooms", f"{UTILS}/stray.py", CLEAN),
    ("rooms", "plugins/modules/look.py", CLEAN + "from ansible.module_utils.basic import AnsibleModule\n"),
    ("rooms", "plugins/action/look.py", CLEAN + "from tests.support import documents\n"),
    ("circles", f"{UTILS}/wire/document.py", CLEAN + "from . import document\n"),
    ("judges", "tests/lab/hosts.py", CLEAN + f"from {DOTTED}.model import keys\n"),
    ("judges", "tests/lab/lab", '#!/usr/bin/env python3\nimport_module("plugin_utils.model")\n'),
    ("sizes", f"{UTILS}/model/host.py", CLEAN + "#\n" * 297),
    ("sizes", "plugins/action/look.py", CLEAN + "#\n" * 57),
    ("sizes", "plugins/modules/_read.ps1", "#\n" * 41),
    ("sizes", "plugins/module_utils/_Reader.cs", "//\n" * 301),
    ("heads", "tests/unit/test_it.py", f"{tree_rules.FUTURE}\nimport os\n"),
    ("heads", "tests/unit/test_it.py", "\n".join(tree_rules.HEAD)),
    ("links", "docs/page.md", "[gone](missing.md)\n"),
]


def faults_of(root: Path, files: dict[str, str]) -> list[tuple[str, str]]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    tree = tree_rules.Tree(root, sorted(files))
    return [(rule.__name__, fault) for rule in tree_rules.RULES for fault in rule(tree)]


def test_a_clean_tree_has_no_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path, GOOD) == []


@pytest.mark.parametrize(("rule", "name", "text"), FAULTS)
def test_a_planted_fault_is_found_where_it_is(tmp_path: Path, rule: str, name: str, text: str) -> None:
    found = faults_of(tmp_path, {**GOOD, name: text})
    assert [kind for kind, _fault in found] == [rule]
    assert found[0][1].startswith(name)


def test_a_circle_of_imports_is_found_also_where_it_is_for_types_only(tmp_path: Path) -> None:
    later = CLEAN + "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .document import parse\n"
    found = faults_of(tmp_path, {**GOOD, f"{UTILS}/wire/fields.py": later})
    assert [kind for kind, _fault in found] == ["circles"] and "wire/fields.py" in found[0][1]


def test_many_long_files_are_found(tmp_path: Path) -> None:
    files = {f"tests/unit/test_{number}.py": CLEAN + "#\n" * 200 for number in range(20)}
    assert [kind for kind, _fault in faults_of(tmp_path, {**GOOD, **files})] == ["sizes"]


def test_a_path_of_this_machine_is_found(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    page = {"docs/page.md": f"see {tmp_path.resolve()}/notes\n"}
    assert [kind for kind, _fault in faults_of(checkout, {**GOOD, **page})] == ["machines"]

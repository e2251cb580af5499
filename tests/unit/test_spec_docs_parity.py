# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of every action says exactly what its argument spec says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.tlsfleet.iis.plugins.doc_fragments.https import ModuleDocFragment
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell import spec
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.reply import (
    applier_args,
    confirm_args,
    guard_args,
    reader_args,
)

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "plugins" / "modules"
APPLY = applier_args("WEB01", (), {"timeout": 5}, {})
ACTIONS = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py"))


def documentation(name: str) -> dict[str, Any]:
    """The DOCUMENTATION of a module with the options of its fragments."""
    doc: dict[str, Any] = yaml.safe_load((MODULES / f"{name}.yml").read_text(encoding="utf-8"))["DOCUMENTATION"]
    options = dict(doc.get("options") or {})
    for slug in doc["extends_documentation_fragment"]:
        if slug.startswith("tlsfleet.iis.https"):
            part = slug.removeprefix("tlsfleet.iis.https").lstrip(".").upper() or "DOCUMENTATION"
            options |= yaml.safe_load(getattr(ModuleDocFragment, part)).get("options") or {}
    return {**doc, "options": options}


def shape(options: dict[str, Any], nested: str) -> dict[str, Any]:
    """What spec and docs have in common, all the way down; a missing key is its default."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": bool(option.get("required")),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "options": shape(option[nested], nested) if option.get(nested) else None,
        }
        for name, option in options.items()
    }


@pytest.mark.parametrize("name", ACTIONS)
def test_spec_and_docs_agree(name: str) -> None:
    assert shape(documentation(name)["options"], "suboptions") == shape(getattr(spec, name.upper()), "options")


@pytest.mark.parametrize("name", ACTIONS)
def test_every_option_says_what_it_is(name: str) -> None:
    def described(options: dict[str, Any]) -> bool:
        return all(item.get("description") and described(item.get("suboptions") or {}) for item in options.values())

    assert described(documentation(name)["options"])


def test_every_action_is_documented_and_in_the_action_group() -> None:
    group = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]["https"]
    assert group == ACTIONS
    assert sorted(path.stem for path in MODULES.glob("*.py")) == ACTIONS
    assert sorted(path.stem for path in MODULES.glob("*.yml")) == sorted(
        [*ACTIONS, "host_applier", "host_guard", "host_reader"]
    )


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("host_reader", reader_args()),
        ("host_applier", APPLY),
        ("host_guard", {**guard_args(APPLY, 5, ["H4sI"]), **confirm_args(APPLY, "r1")}),
    ],
)
def test_the_internal_modules_document_what_they_are_given(name: str, given: dict[str, Any]) -> None:
    assert sorted(documentation(name)["options"]) == sorted(given)


@pytest.mark.parametrize("path", sorted(MODULES.glob("*.py")), ids=lambda path: path.stem)
def test_a_stub_holds_no_code(path: Path) -> None:
    lines = [
        line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith(("#", '"""'))
    ]
    assert lines == ["from __future__ import annotations"]

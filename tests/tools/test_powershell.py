# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every PowerShell file of the tree parses, and those that ship take no decision: it is all in the C# they call."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import tree_sitter_powershell
from tools.export import ROOT, tree_files
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_powershell.language()))
FILES = [name for name in tree_files() if name.endswith(".ps1")]
SHIPPED = [name for name in FILES if name.startswith("plugins/")]
#: Kinds of nodes by which a script decides, repeats, catches or defines something.
DECISION = re.compile(
    r"(if|switch|while|do|for|foreach|try|trap|function|class|flow_control|data|inlinescript|parallel)_statement"
)


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def decisions(text: bytes) -> list[str]:
    return [node.type for node in nodes(PARSER.parse(text).root_node) if DECISION.fullmatch(node.type)]


@pytest.mark.parametrize("name", FILES)
def test_it_parses(name: str) -> None:
    text = (ROOT / name).read_bytes()
    assert not PARSER.parse(text).root_node.has_error
    assert PARSER.parse(text + b"\nif ($x) {").root_node.has_error, "this grammar would let anything pass"


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_takes_no_decision(name: str) -> None:
    assert decisions((ROOT / name).read_bytes()) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"if ($a) { 1 }", "if_statement"),
        (b"switch ($a) { 1 { 2 } }", "switch_statement"),
        (b"foreach ($a in $b) { $a }", "foreach_statement"),
        (b"while ($a) { 1 }", "while_statement"),
        (b"try { 1 } catch { 2 }", "try_statement"),
        (b"function f { 1 }", "function_statement"),
    ],
)
def test_a_decision_would_be_seen(text: bytes, kind: str) -> None:
    assert decisions(text) == [kind]


def test_there_is_something_to_judge() -> None:
    assert {"plugins/modules/host_reader.ps1", "plugins/modules/host_applier.ps1"} <= set(SHIPPED)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host modules upload is the C# that people read, without its comments and blanks, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine.fakes import state
from engine.fakes.example import document
from engine.harness import hosts
from engine.harness.lane import READ, ROOT, Lane, build, compile_library
from tools import compact

MODULES = ROOT / "plugins" / "modules"
ASKS = "#AnsibleRequires -CSharpUtil ..module_utils."
PARTS = [pytest.param(part, id=part) for part in compact.PARTS]


def letters(text: str) -> Iterator[str]:
    """Every letter of a program that is neither blank nor comment; written apart from what it judges."""
    at, quote = 0, ""
    while at < len(text):
        two = text[at : at + 2]
        if not quote and two == "//":
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
            continue
        if not quote and two == '@"':
            quote = two
            yield from two
            at += 2
            continue
        one = text[at]
        if (quote == '@"' and two == '""') or (quote in ('"', "'") and one == "\\"):
            yield from two
            at += 2
            continue
        if quote and one == quote[-1]:
            quote = ""
        elif not quote and one in "\"'":
            quote = one
        if quote or not one.isspace():
            yield one
        at += 1


def bodies(text: str) -> str:
    """What stands inside of ``namespace TlsFleet``."""
    program = "".join(letters(text))
    return program.partition("namespaceTlsFleet{")[2].removesuffix("}")


@pytest.mark.parametrize("part", PARTS)
def test_the_copy_is_up_to_date(part: str) -> None:
    held = (compact.FOLDER / f"{part}.cs").read_text(encoding="utf-8")
    assert held == compact.compact(part), "run `make compact`"


def test_every_source_is_part_of_something() -> None:
    assert compact.unassigned() == []


@pytest.mark.parametrize("part", PARTS)
def test_not_a_letter_is_lost_or_added(part: str) -> None:
    sources = "".join(bodies(path.read_text(encoding="utf-8")) for path in compact.sources(part))
    assert bodies(compact.compact(part)) == sources
    assert len(compact.compact(part)) < 0.8 * sum(path.stat().st_size for path in compact.sources(part))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ('string a = "x  //  y"; // c', 'string a="x  //  y";'),
        ('string a = @"x ""  \\", b = "\\"  ";', 'string a=@"x ""  \\",b="\\"  ";'),
        ("char a = '\"', b = '\\'', c = ' ';", "char a='\"',b='\\'',c=' ';"),
        ("int a = b - -c + /* no */ d;", "int a=b - -c + d;"),
        ("if (a < b && c > d)\n{\n\tcall();\n}", "if(a < b&&c > d){\ncall();}"),
        ("call(a,\n\tb);", "call(a,b);"),
    ],
)
def test_only_blanks_and_comments_go(source: str, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "TlsFleetOne.cs").write_text(
        f"using System;\n\nnamespace TlsFleet\n{{\n{source}\n}}\n", encoding="utf-8"
    )
    monkeypatch.setattr(compact, "FOLDER", tmp_path)
    monkeypatch.setattr(compact, "PARTS", {"All": ["One"]})
    made = compact.compact("All")
    assert made == f"{compact.HEAD}using System;\nnamespace TlsFleet{{\n{wanted}\n}}\n"


def test_a_module_asks_for_parts_that_are_there() -> None:
    for module in sorted(MODULES.glob("*.ps1")):
        lines = module.read_text(encoding="utf-8").splitlines()
        asked = {line.removeprefix(ASKS) for line in lines if line.startswith("#AnsibleRequires")}
        assert asked <= set(compact.PARTS), module.name


@pytest.mark.mono
def test_the_copy_is_the_same_program(lane: Lane, tmp_path: Path) -> None:
    """Compiled with the harness in place of the sources, it reads the same hosts."""
    parts = [compact.FOLDER / f"{part}.cs" for part in compact.PARTS]
    folders = [tmp_path / str(seed) for seed in range(50)]
    for seed, folder in enumerate(folders):
        state.write_state(folder, hosts.document(random.Random(seed)))
    state.write_state(tmp_path / "full", document())
    with Lane(build(parts)) as other:
        assert other.ask({"do": "layout"}) == lane.ask({"do": "layout"})
        for folder in (*folders, tmp_path / "full"):
            task = {"state": str(folder), "args": READ}
            assert other.line(task) == lane.line(task)


@pytest.mark.mono
def test_it_compiles_by_itself(tmp_path: Path) -> None:
    parts = [compact.FOLDER / f"{part}.cs" for part in compact.PARTS]
    said = compile_library(parts, tmp_path / "parts.dll", "-r:System.Xml.dll", "-r:System.Core.dll")
    assert said == ""

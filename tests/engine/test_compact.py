# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host modules upload is the C# that people read, without its comments and blanks, and nothing else."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from engine import applying
from engine.fakes import state
from engine.fakes.example import document
from engine.harness import hosts
from engine.harness.lane import READ, ROOT, Lane, build, compile_library
from tools import compact

MODULES = ROOT / "plugins" / "modules"
ASKS = "#AnsibleRequires -CSharpUtil ..module_utils."
PARTS = [pytest.param(part, id=part) for part in compact.PARTS]


#: A comment, something in quotes, a word or number, or a sign.
TOKEN = re.compile(r"""//[^\n]*|@"(?:[^"]|"")*"|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])+'|\w+|[^\w\s]""")
#: What the copy may leave out.
IDLE = ("private", "readonly", "sealed")


def tokens(text: str) -> list[str]:
    """The program inside of ``namespace TlsFleet``, piece by piece; written apart from what it judges."""
    found = [token for token in TOKEN.findall(text) if not token.startswith("//")]
    inside = found[found.index("namespace") + 3 : -1]
    return [
        token
        for token, following in zip(inside, [*inside[1:], ""], strict=True)
        if token not in IDLE or following in ("set", "get")
    ]


@pytest.mark.parametrize("part", PARTS)
def test_the_copy_is_up_to_date(part: str) -> None:
    held = (compact.FOLDER / f"{part}.cs").read_text(encoding="utf-8")
    assert held == compact.compact(part), "run `make compact`"


def test_every_source_is_part_of_something() -> None:
    assert compact.unassigned() == []


def test_every_piece_of_the_program_is_there_and_small_names_are_renamed_one_to_one() -> None:
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    for part in compact.PARTS:
        sources = [token for path in compact.sources(part) for token in tokens(path.read_text(encoding="utf-8"))]
        copies = tokens(compact.compact(part))
        assert len(sources) == len(copies)
        for source, copy in zip(sources, copies, strict=True):
            if not (source[0].islower() and source not in compact.KEYWORDS):
                assert copy == source
                continue
            assert copy not in compact.KEYWORDS
            assert there.setdefault(source, copy) == copy and back.setdefault(copy, source) == source


@pytest.mark.parametrize("part", PARTS)
def test_the_copy_is_small(part: str) -> None:
    # interfaces of Windows and the text of a script stay as they are, and are much of one part
    most = 0.7 if part == "Guarding" else 0.65
    assert len(compact.compact(part)) < most * sum(path.stat().st_size for path in compact.sources(part))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ('string A = "x  //  y"; // c', 'string A="x  //  y";'),
        ('string A = @"x ""  \\", B = "\\"  ";', 'string A=@"x ""  \\",B="\\"  ";'),
        ("char A = '\"', B = '\\'', C = ' ';", "char A='\"',B='\\'',C=' ';"),
        ("int A = B - -C + /* no */ D;", "int A=B- -C+D;"),
        ("if (A < B && C > D)\n{\n\tCall();\n}", "if(A<B&&C>D){\nCall();}"),
        ("Call(A,\n\tB);", "Call(A,B);"),
        ("List<int> A = new List<int> { 1 };", "List<int>A=new List<int>{1};"),
        ("private readonly int longer, other = longer;", "int a,b=a;"),
        ("public int A { get; private set; }", "public int A{get;private set;}"),
        ('return "a b" + value;', 'return"a b"+value;'),
    ],
)
def test_what_the_copy_leaves_out(source: str, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        changed = [applying.host(tmp_path / name) for name in ("source", "copy")]
        answers = [
            one.apply(folder, list(applying.each(folder).values()))
            for one, folder in zip((lane, other), changed, strict=True)
        ]
        assert answers[0] == answers[1] and answers[1]["error"] is None
        assert applying.standing(changed[0]) == applying.standing(changed[1])


@pytest.mark.mono
def test_it_compiles_by_itself(tmp_path: Path) -> None:
    parts = [compact.FOLDER / f"{part}.cs" for part in compact.PARTS]
    said = compile_library(parts, tmp_path / "parts.dll", "-r:System.Xml.dll", "-r:System.Core.dll")
    assert said == ""

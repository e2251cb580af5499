# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate: what the design says about the tree and no ready-made linter checks.

- rooms: inside ``plugins/plugin_utils`` imports go one way, and only ``shell`` knows Ansible;
- judges: nothing under ``tests/lab`` or ``tests/engine`` mentions the code it judges;
- sizes: a file stays small enough to be read in one sitting;
- heads: every Python file says its licence and uses postponed annotations;
- links: every relative link in the Markdown pages leads somewhere;
- machines: no file holds a path of the machine it was written on.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from tools.export import ROOT, tree_files

ROOMS = ("model", "wire", "rules", "planning", "render", "shell")
UTILS = ("plugins", "plugin_utils")
# Plugin kinds that face Ansible; module files hold documentation only and import nothing.
FACES = ("action", "filter", "doc_fragments")
JUDGES = ("tests/lab/", "tests/engine/")
PRODUCT = re.compile(r"ansible_collections|plugin_utils|(?:from|import)\s+plugins\b")

HEAD = (
    "# Copyright: (c) 2026, tlsfleet.iis contributors",
    "# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# SPDX-License-Identifier: GPL-3.0-or-later",
)
FUTURE = "from __future__ import annotations"

CODE = (".py", ".cs", ".c")
MOST_LINES, MOST_ACTION_LINES, MOST_POWERSHELL_LINES, MEDIAN_LINES = 300, 60, 40, 150

# A clone in one of these says nothing about a machine.
ANYWHERE = ("/", "/home", "/mnt", "/opt", "/srv", "/tmp", "/usr/src", "/var/tmp")

LINK = re.compile(r"\]\(([^)\s]+)\)")


class Tree:
    """The collection's files by name; a source of text so that the rules can be tried on small made-up trees."""

    def __init__(self, root: Path, names: list[str]) -> None:
        self.root = root
        self.names = names

    def text(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8", errors="replace")

    def ending(self, suffix: str, below: str = "") -> Iterator[str]:
        return (name for name in self.names if name.endswith(suffix) and name.startswith(below))


def imported(name: str, source: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line and dotted path of every import of a file, relative ones made absolute from the collection's root."""
    package = PurePosixPath(name).parent.parts
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, within_collection(tuple(alias.name.split(".")))
        elif isinstance(node, ast.ImportFrom):
            stem = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                stem = package[: len(package) - node.level + 1] + stem
            # `from ..rules import resolve` names a module too, hence the alias belongs to the path.
            for alias in node.names:
                yield node.lineno, within_collection((*stem, alias.name))


def within_collection(path: tuple[str, ...]) -> tuple[str, ...]:
    return path[3:] if path[:3] == ("ansible_collections", "tlsfleet", "iis") else path


def rooms(tree: Tree) -> Iterator[str]:
    for name in tree.ending(".py", below="plugins/"):
        parts = PurePosixPath(name).parts
        in_utils = parts[:2] == UTILS
        room = parts[2] if in_utils and len(parts) > 3 else ""
        if in_utils and room not in ROOMS:
            yield f"{name}: is in no known room ({', '.join(ROOMS)})"
            continue
        for line, path in imported(name, tree.text(name)):
            place = f"{name}:{line}"
            if path[0] == "ansible" and room != "shell" and parts[1] not in FACES:
                yield f"{place}: imports Ansible; only shell, {', '.join(FACES)} may"
            elif path[0] == "tests":
                yield f"{place}: the product imports its tests"
            elif in_utils and path[:1] == ("plugins",):
                target = path[2] if path[:2] == UTILS and len(path) > 2 else ""
                if target not in ROOMS or ROOMS.index(target) > ROOMS.index(room):
                    yield f"{place}: {room} imports {'.'.join(path)}; imports go only towards {ROOMS[0]}"


def judges(tree: Tree) -> Iterator[str]:
    for name in tree.names:
        if name.startswith(JUDGES) and not name.endswith(".md"):
            for number, text in enumerate(tree.text(name).splitlines(), 1):
                if PRODUCT.search(text):
                    yield f"{name}:{number}: a judge leans on what it judges: {text.strip()}"


def limit_of(name: str) -> int | None:
    path = PurePosixPath(name)
    if path.suffix == ".ps1":
        return MOST_POWERSHELL_LINES
    if path.suffix in CODE:
        return MOST_ACTION_LINES if path.match("plugins/action/*.py") else MOST_LINES
    return None


def sizes(tree: Tree) -> Iterator[str]:
    lengths = {name: len(tree.text(name).splitlines()) for name in tree.names if limit_of(name)}
    for name, length in lengths.items():
        limit = limit_of(name)
        if limit and length > limit:
            yield f"{name}: {length} lines, at most {limit}"
    code = [length for name, length in lengths.items() if name.endswith(CODE) and length]
    if code and statistics.median(code) > MEDIAN_LINES:
        yield f"half of all code files are longer than {statistics.median(code):.0f} lines, wanted: {MEDIAN_LINES}"


def heads(tree: Tree) -> Iterator[str]:
    for name in tree.ending(".py"):
        lines = tree.text(name).splitlines()
        if not lines:
            continue
        start = 1 if lines[0].startswith("#!") else 0
        if tuple(lines[start : start + len(HEAD)]) != HEAD:
            yield f"{name}: does not open with the licence lines"
        if FUTURE not in lines and not name.endswith("/__init__.py"):
            yield f"{name}: lacks `{FUTURE}`"


def links(tree: Tree) -> Iterator[str]:
    for name in tree.ending(".md"):
        for target in LINK.findall(tree.text(name)):
            path = target.split("#")[0]
            elsewhere = not path or "://" in path or path.startswith("mailto:")
            if not elsewhere and not ((tree.root / name).parent / path).exists():
                yield f"{name}: the link {target} leads nowhere"


def machines(tree: Tree) -> Iterator[str]:
    here = [f"{path}/" for path in (str(tree.root.resolve().parent), str(Path.home())) if path not in ANYWHERE]
    for name in tree.names:
        text = "" if (tree.root / name).is_symlink() else tree.text(name)
        for path in here:
            if path in text:
                yield f"{name}: holds {path}, a path of this machine"


RULES: tuple[Callable[[Tree], Iterator[str]], ...] = (rooms, judges, sizes, heads, links, machines)


def main() -> int:
    tree = Tree(ROOT, tree_files())
    faults = [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(tree)]
    print(*faults, f"{len(tree.names)} files, {len(faults)} faults", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

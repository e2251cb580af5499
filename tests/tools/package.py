# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate: the tarball a user installs is built, holds the collection and nothing else, installs, and documents itself.

The build runs on the checkout as it lies there, caches and all, because that is what somebody will release from.
Everything after the build sees the installed copy only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import yaml
from tools.export import ROOT, tree_files

COLLECTION = "tlsfleet.iis"
MADE_BY_BUILD = {"MANIFEST.json", "FILES.json"}
NOT_PACKED = {"galaxy.yml"}
# Plugin directory -> the kind ansible-doc knows it by, and the files that carry a plugin's name: one Python file may
# define several filters, each documented in a file of its own.
DOCUMENTED = {"modules": ("module", (".py", ".ps1", ".yml")), "filter": ("filter", (".yml",))}
# ansible-lint and ansible-test have gates of their own; the changelog is written at a release.
IMPORTER = "[galaxy-importer]\n" + "".join(
    f"{name} = {value}\n"
    for name, value in {
        "RUN_ANSIBLE_DOC": True,
        "RUN_ANSIBLE_LINT": False,
        "RUN_ANSIBLE_TEST": False,
        "RUN_FLAKE8": False,
        "CHECK_REQUIRED_TAGS": True,
        "CHECK_CHANGELOG": False,
    }.items()
)


class Broken(Exception):
    """The package is not fit to ship; the text says why."""


def run(command: Sequence[str], cwd: Path, **environment: str) -> str:
    """Run one command with no trace of this checkout in its environment; its output, or :class:`Broken`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHONPATH"))}
    home = {"ANSIBLE_HOME": str(cwd / "home"), "NO_COLOR": "1"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**kept, **home, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise Broken(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def wanted_files() -> set[str]:
    """What belongs into the tarball: the files of the tree less what ``build_ignore`` names."""
    ignored = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]

    def packed(name: str) -> bool:
        parts = PurePosixPath(name)
        whole = [str(parts), *(str(parent) for parent in parts.parents if str(parent) != ".")]
        return not any(fnmatch(path, pattern) for path in whole for pattern in ignored)

    return {name for name in tree_files() if packed(name)} - NOT_PACKED


def build(scratch: Path) -> Path:
    run(["ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(scratch / "dist")], scratch)
    (tarball,) = (scratch / "dist").glob("*.tar.gz")
    with tarfile.open(tarball) as archive:
        held = {member.name for member in archive if not member.isdir()} - MADE_BY_BUILD
    wanted = wanted_files()
    if held != wanted:
        raise Broken(
            f"the tarball should hold exactly the tree; too much: {sorted(held - wanted)}, missing: {sorted(wanted - held)}"
        )
    print(f"{tarball.name}: {len(held)} files, {tarball.stat().st_size // 1024} KiB")
    return tarball


def plugins(installed: Path) -> Iterator[tuple[str, str]]:
    """Kind and name of everything ansible-doc should know."""
    for directory, (kind, endings) in DOCUMENTED.items():
        names = {path.stem for path in (installed / "plugins" / directory).glob("*") if path.suffix in endings}
        yield from ((kind, name) for name in sorted(names - {"__init__"}))
    yield from (("role", path.name) for path in sorted((installed / "roles").glob("*")))


def document(scratch: Path, installed: Path) -> None:
    """ansible-doc describes every plugin and role of the installed copy, and finds no plugin we did not mean."""
    known = sorted(plugins(installed))
    for kind in sorted({kind for kind, _name in known}):
        names = [f"{COLLECTION}.{name}" for of_kind, name in known if of_kind == kind]
        paths = {"ANSIBLE_COLLECTIONS_PATH": str(scratch / "collections")}
        shown = json.loads(run(["ansible-doc", "--json", "-t", kind, *names], scratch, **paths))
        mute = [name for name in names if not described(shown.get(name), kind)]
        if mute:
            raise Broken(f"ansible-doc -t {kind} says nothing about {mute}")
        print(f"ansible-doc: {len(names)} of kind {kind}")


def described(shown: dict[str, object] | None, kind: str) -> bool:
    return bool(shown and shown.get("entry_points" if kind == "role" else "doc"))


def load(scratch: Path, installed: Path) -> None:
    """Every Python file of the installed copy can be imported, so nothing leans on the tests or the checkout."""
    files = [path.relative_to(scratch / "collections") for path in sorted((installed / "plugins").rglob("*.py"))]
    names = [".".join(path.with_suffix("").parts) for path in files if path.name != "__init__.py"]
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    run([sys.executable, "-c", program, *names], scratch, PYTHONPATH=str(scratch / "collections"))
    print(f"import: {len(names)} Python files")


def importer(scratch: Path, tarball: Path) -> None:
    config = scratch / "importer.cfg"
    config.write_text(IMPORTER, encoding="utf-8")
    lint = ROOT / ".env" / "lint" / "bin"
    path = f"{lint}{os.pathsep}{os.environ['PATH']}"
    run(
        [str(lint / "python"), "-m", "galaxy_importer.main", str(tarball)],
        scratch,
        GALAXY_IMPORTER_CONFIG=str(config),
        PATH=path,
    )
    print("galaxy-importer: accepted")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="iis-package-") as name:
        scratch = Path(name)
        try:
            tarball = build(scratch)
            run(
                [
                    "ansible-galaxy",
                    "collection",
                    "install",
                    "--offline",
                    str(tarball),
                    "-p",
                    str(scratch / "collections"),
                ],
                scratch,
            )
            installed = scratch / "collections" / "ansible_collections" / "tlsfleet" / "iis"
            load(scratch, installed)
            document(scratch, installed)
            importer(scratch, tarball)
        except Broken as fault:
            print(fault)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

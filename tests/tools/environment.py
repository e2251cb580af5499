# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays the development environment under ``.env`` and prints the shell exports that use it.

``.env/venv``        runtime and test requirements with the newest ansible-core the found Python can run
``.env/core-X.Y``    the same with ansible-core X.Y (``CORE=X.Y``)
``.env/lint``        what only ``make check`` needs, on top of the first
``.env/peers``       the PyPI package ``ansible`` with the collections that ``make bench`` compares with
``.env/collections`` a collection path on which ``tlsfleet.iis`` is a link to this checkout

Runs on any Python 3.8 or later, standard library only, because it runs before anything is installed.
Progress goes to standard error, so that ``make -s env`` prints exports and nothing else.
Exit status: 0 done, 1 failed, 3 no Python here can run the ansible-core that was asked for.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ENV = ROOT / ".env"
COLLECTIONS = ENV / "collections"
LINK = COLLECTIONS / "ansible_collections" / "tlsfleet" / "iis"
CONFIG = ENV / "ansible.cfg"

NO_SUCH_PYTHON = 3

# ansible-core minor version -> the Python minor versions (3.x) its controller supports; oldest first.
CORES = {
    "2.16": (10, 11, 12),
    "2.17": (10, 11, 12),
    "2.18": (11, 12, 13),
    "2.19": (11, 12, 13),
    "2.20": (12, 13, 14),
    "2.21": (12, 13, 14),
    "2.22": (13, 14),
}
FLOOR, NEWEST = next(iter(CORES)), list(CORES)[-1]
# What everything but the end-to-end plays runs on; a core that has only release candidates is later than this one.
RELEASED = "2.21"
DEFAULT_PYTHONS = (11, 12, 13, 14)


class Kind(NamedTuple):
    """One virtual environment: its directory, what pip installs, and the Pythons (3.x) it may stand on."""

    path: Path
    packages: tuple[str, ...]
    files: tuple[str, ...]
    pythons: tuple[int, ...]


class Failed(Exception):
    """Something a person has to put right; the text says what and how."""

    status = 1


class NoPython(Failed):
    status = NO_SUCH_PYTHON


def minor_of(core: str) -> int:
    return int(core.split(".")[1])


def default_kind() -> Kind:
    # pip picks the newest core the Python can run: 2.19 on 3.11, the newest released one from 3.12 on.
    package = f"ansible-core>=2.19,<2.{minor_of(RELEASED) + 1}"
    return Kind(ENV / "venv", (package,), ("requirements.txt", "requirements/test.txt"), DEFAULT_PYTHONS)


def core_kind(core: str) -> Kind:
    if core not in CORES:
        raise Failed(f"ansible-core {core} is not known here; known: {', '.join(CORES)}")
    package = f"ansible-core=={core}.*"
    if minor_of(core) > minor_of(RELEASED):
        # pip takes betas and release candidates only where the requirement names one.
        package += f",>={core}.0b1"
    return default_kind()._replace(path=ENV / f"core-{core}", packages=(package,), pythons=CORES[core])


def lint_kind() -> Kind:
    kind = default_kind()
    return kind._replace(path=ENV / "lint", files=(*kind.files, "requirements/lint.txt"))


def peers_kind() -> Kind:
    # The package brings its own ansible-core, so none is asked for here; requirements/peers.txt names it.
    return Kind(ENV / "peers", (), ("requirements.txt", "requirements/peers.txt"), DEFAULT_PYTHONS)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def candidates(minor: int) -> list[str]:
    """Interpreters of Python 3.<minor>, most deliberate choice first: PATH, then pyenv's own directories."""
    name = f"python3.{minor}"
    found = [shutil.which(name)]
    if sys.version_info[:2] == (3, minor):
        found.append(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))) / "versions"
    found += [str(path) for path in sorted(pyenv.glob(f"3.{minor}.*/bin/{name}"), reverse=True)]
    return [path for path in found if path]


def find_python(minors: tuple[int, ...]) -> str:
    """The newest Python among 3.<minors> that runs and can make virtual environments."""
    lacking = ""
    for minor in sorted(minors, reverse=True):
        for path in candidates(minor):
            probe = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2]); import ensurepip, venv"]
            done = subprocess.run(probe, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            # A pyenv shim exists for versions that are not selected: it is found, and does not run.
            if done.stdout.decode().strip() != f"3.{minor}":
                continue
            if done.returncode == 0:
                return path
            lacking = lacking or f"3.{minor}"
    wanted = " or ".join(f"3.{minor}" for minor in sorted(minors, reverse=True))
    if lacking:
        raise NoPython(
            f"Python {lacking} is here but cannot make virtual environments;"
            f" on Debian or Ubuntu: sudo apt-get install python{lacking}-venv"
        )
    raise NoPython(
        f"needs Python {wanted} and finds none on PATH or under pyenv; on Debian or Ubuntu: sudo apt-get install python3 python3-venv"
    )


def run_quietly(command: list[str], what: str) -> None:
    """Run a command; show its output only when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, cwd=ROOT)
    if done.returncode:
        say(done.stdout.decode(errors="replace").rstrip())
        raise Failed(f"{what} failed (status {done.returncode}); the output is above")


def stamp_of(kind: Kind) -> str:
    """What the environment was made from; a change of any of it makes `make setup` work again."""
    parts = [str(ROOT), os.environ.get("IIS_PYTHON", ""), *kind.packages]
    parts += [(ROOT / name).read_text(encoding="utf-8") for name in kind.files]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def lay(kind: Kind) -> None:
    """Make one virtual environment, or leave it alone when it is up to date."""
    stamp, python = kind.path / ".stamp", kind.path / "bin" / "python"
    wanted = stamp_of(kind)
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    started = time.monotonic()
    base = os.environ.get("IIS_PYTHON") or find_python(kind.pythons)
    name = kind.path.relative_to(ROOT)
    say(f"setup: {name} with {base}")
    stamp.unlink(missing_ok=True)
    run_quietly([base, "-m", "venv", "--clear", str(kind.path)], f"python -m venv {name}")
    say(f"setup: {name} installs {', '.join((*kind.packages, *kind.files))}")
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        *kind.packages,
    ]
    for file in kind.files:
        install += ["-r", file]
    run_quietly(install, "pip install")
    stamp.write_text(wanted, encoding="utf-8")
    say(f"setup: {name} ready after {time.monotonic() - started:.0f} s")


def lay_collections() -> None:
    """Link this checkout as ``tlsfleet.iis``; the link is relative, so a moved checkout keeps its own."""
    target = os.path.relpath(ROOT, LINK.parent)
    if not (LINK.is_symlink() and os.readlink(str(LINK)) == target):
        LINK.parent.mkdir(parents=True, exist_ok=True)
        if LINK.is_symlink() or LINK.exists():
            LINK.unlink()
        LINK.symlink_to(target)
    text = f"[defaults]\ncollections_path = {COLLECTIONS}\nnocows = true\nretry_files_enabled = false\n"
    if not CONFIG.exists() or CONFIG.read_text(encoding="utf-8") != text:
        CONFIG.write_text(text, encoding="utf-8")


def exports(kind: Kind) -> str:
    """Shell lines that put the environment and this checkout's collection in front."""
    bins = [kind.path / "bin"]
    if (ENV / "lint" / ".stamp").exists():
        bins.append(ENV / "lint" / "bin")
    path = os.pathsep.join(str(directory) for directory in bins)
    values = {
        "VIRTUAL_ENV": str(kind.path),
        "ANSIBLE_CONFIG": str(CONFIG),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "PYTHONPATH": str(COLLECTIONS),
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([f'export PATH={shlex.quote(path)}:"$PATH"', *lines])


def main() -> int:
    parser = argparse.ArgumentParser(description="lay the development environment under .env")
    parser.add_argument("command", choices=["setup", "exports"])
    parser.add_argument(
        "--core", default="", help="ansible-core minor version, e.g. 2.16; default: the newest released"
    )
    parser.add_argument("--lint", action="store_true", help="also lay the environment of `make check`")
    parser.add_argument(
        "--peers", action="store_true", help="lay the environment that `make bench` compares with, only"
    )
    args = parser.parse_args()
    try:
        kind = core_kind(args.core) if args.core else default_kind()
        if args.command == "exports":
            print(exports(kind))
            return 0
        ENV.mkdir(exist_ok=True)
        with (ENV / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lay_collections()
            lay(peers_kind() if args.peers else kind)
            if args.lint:
                lay(lint_kind())
    except Failed as fault:
        say(f"setup: {fault}")
        return fault.status
    return 0


if __name__ == "__main__":
    sys.exit(main())

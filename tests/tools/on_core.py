# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate: the end-to-end plays on one ansible-core, given as ``2.16`` or ``newest``; after it, files if not all of them.

pytest itself runs from that core's environment, so its Python, its ``ansible-playbook`` and everything a test
imports are that core's. ``IIS_CORE_BIN`` names the environment's ``bin`` for tests that want to say so.
``newest`` is the newest that a Python here can run; what it leaves out on that account it says.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from tools import environment

SUITE = "tests/e2e"


def default_core(python: str) -> str:
    """Minor version of the ansible-core in an environment, or nothing when the environment is not there."""
    program = "from importlib.metadata import version; print('.'.join(version('ansible-core').split('.')[:2]))"
    try:
        return subprocess.run([python, "-c", program], check=False, stdout=subprocess.PIPE, text=True).stdout.strip()
    except OSError:
        return ""


def environment_of(core: str) -> environment.Kind:
    """The default environment where it has this core already, else the core's own."""
    default = environment.default_kind()
    return default if default_core(str(default.path / "bin" / "python")) == core else environment.core_kind(core)


def lay(core: str) -> int:
    """Lay the environment of a core; the exit status of that."""
    setup = [sys.executable, environment.__file__, "setup"]
    if environment_of(core).path.name != "venv":
        setup += ["--core", core]
    status = subprocess.run(setup, check=False).returncode
    if status == environment.NO_SUCH_PYTHON:
        print(f"NOT RUN: end-to-end plays on ansible-core {core}: no Python here can run it", flush=True)
    return status


def play(core: str, files: Sequence[str]) -> int:
    bin_directory = environment_of(core).path / "bin"
    values = {
        "PATH": f"{bin_directory}{os.pathsep}{os.environ['PATH']}",
        "IIS_CORE_BIN": str(bin_directory),
        "VIRTUAL_ENV": str(bin_directory.parent),
        "PYTHONPATH": str(environment.COLLECTIONS),
    }
    command = [str(bin_directory / "python"), "-m", "pytest", *files, "-v", "-n", "2", "--dist", "loadscope"]
    return subprocess.run(command, check=False, cwd=environment.ROOT, env={**os.environ, **values}).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description="end-to-end plays on one ansible-core")
    parser.add_argument("core", help="minor version such as 2.16, or newest")
    parser.add_argument("file", nargs="*", help=f"only these of {SUITE}")
    args = parser.parse_args()
    files = [f"{SUITE}/{name}" for name in args.file] or [SUITE]
    for core in reversed(environment.CORES) if args.core == "newest" else [args.core]:
        status = lay(core)
        if status != environment.NO_SUCH_PYTHON:
            return status or play(core, files)
    return 0


if __name__ == "__main__":
    sys.exit(main())

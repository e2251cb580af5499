# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate: the end-to-end plays on one ansible-core, given as ``2.16`` or ``newest``.

pytest itself runs from that core's environment, so its Python, its ``ansible-playbook`` and everything a test
imports are that core's. ``IIS_CORE_BIN`` names the environment's ``bin`` for tests that want to say so.
"""

from __future__ import annotations

import os
import subprocess
import sys

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


def main() -> int:
    core = environment.NEWEST if sys.argv[1:] == ["newest"] else sys.argv[1]
    if not any((environment.ROOT / SUITE).glob("test_*.py")):
        print(f"{SUITE} has no tests")
        return 1
    kind = environment_of(core)
    setup = [sys.executable, environment.__file__, "setup"]
    if kind.path.name != "venv":
        setup += ["--core", core]
    status = subprocess.run(setup, check=False).returncode
    if status == environment.NO_SUCH_PYTHON:
        print(f"NOT RUN: end-to-end plays on ansible-core {core}: no Python here can run it")
        return 0
    if status:
        return status
    bin_directory = kind.path / "bin"
    values = {
        "PATH": f"{bin_directory}{os.pathsep}{os.environ['PATH']}",
        "IIS_CORE_BIN": str(bin_directory),
        "VIRTUAL_ENV": str(bin_directory.parent),
        "PYTHONPATH": str(environment.COLLECTIONS),
    }
    # No workers: the plays start processes of their own, and a failure reads better in order.
    command = [str(bin_directory / "python"), "-m", "pytest", SUITE, "-v"]
    return subprocess.run(command, check=False, cwd=environment.ROOT, env={**os.environ, **values}).returncode


if __name__ == "__main__":
    sys.exit(main())

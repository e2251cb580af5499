# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate: ansible-test sanity without docker, without PowerShell and without any ignore entry.

Two things are worked around, and said so in the output:

- ansible-test fetches a pip bootstrap script from the web. A stand-in at the place of its cache asks Python's
  own ensurepip instead, so only the package index has to be reachable.
- validate-modules needs PowerShell to read the argument spec of a ``.ps1``. Without it the test runs on
  the ``.py`` and ``.yml`` files only, which hold all documentation.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.export import ROOT, export

HOME = ROOT / ".env" / "home"
DOCUMENTED = (
    "plugins/modules/*.py",
    "plugins/modules/*.yml",
    "plugins/filter/*.py",
    "plugins/filter/*.yml",
    "plugins/action/*.py",
)

STAND_IN = '''"""Stands in for get-pip.py: puts pip in place with Python's own ensurepip."""
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
options = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
if any(not word.startswith("-") for word in options):
    subprocess.run([sys.executable, "-m", "pip", "install", *options], check=True)
'''


def lay_stand_in() -> None:
    """Write the stand-in under the name this ansible-test looks for; the name carries a pip version."""
    spec = importlib.util.find_spec("ansible_test._internal")
    if spec is None or spec.origin is None:
        raise SystemExit("ansible-test is not part of this environment")
    source = Path(spec.origin).with_name("python_requirements.py").read_text(encoding="utf-8")
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in set(re.findall(r"""\bpip=['"]([0-9.]+)['"]""", source)):
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(STAND_IN, encoding="utf-8")


def ansible_test(directory: Path, *words: str) -> bool:
    """Run one ``ansible-test sanity`` and repeat what it could not run in words the gate runner lifts out."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHONPATH"))}
    environment["PIP_CACHE_DIR"] = os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
    environment["HOME"] = str(HOME)
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    command = ["ansible-test", "sanity", "--venv", "--python", python, "--color", "no", *words]
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    print(output, end="", flush=True)
    for test, program in re.findall(
        r'Running sanity test "([\w-]+)"\nWARNING: Required program "(\w+)" not found', output
    ):
        print(f"NOT RUN: ansible-test sanity {test}: needs {program}")
    return done.returncode == 0


def main() -> int:
    ignored = [
        path for path in (ROOT / "tests" / "sanity").glob("ignore-*.txt") if path.read_text(encoding="utf-8").strip()
    ]
    for path in ignored:
        print(f"{path.relative_to(ROOT)} has entries; it stays empty here")
    lay_stand_in()
    with tempfile.TemporaryDirectory(prefix="iis-sanity-") as scratch:
        directory = export(Path(scratch))
        if shutil.which("pwsh"):
            good = ansible_test(directory)
        else:
            good = ansible_test(directory, "--skip-test", "validate-modules")
            files = sorted(
                str(path.relative_to(directory)) for pattern in DOCUMENTED for path in directory.glob(pattern)
            )
            if files:
                good = ansible_test(directory, "--test", "validate-modules", *files) and good
            scripts = len(list(directory.glob("plugins/modules/*.ps1")))
            if scripts:
                print(f"NOT RUN: ansible-test sanity validate-modules on {scripts} .ps1 files: needs PowerShell (pwsh)")
    return 0 if good and not ignored else 1


if __name__ == "__main__":
    sys.exit(main())

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gets Mono for the tests that are marked as needing it, where that is possible without asking anybody.

Never fails: tests that lack Mono are skipped, and the test run names them at its end; so it is with what measures coverage.
"""

from __future__ import annotations

import ctypes.util
import os
import re
import shutil
import subprocess
import sys

from tools.export import ROOT, tree_files

PACKAGES = ("mono-mcs", "mono-runtime", "gcc", "libc6-dev")
PROFILER = "libmono-profiler"
HINT = f"needs Mono (mcs, mono) and gcc; on Debian or Ubuntu: sudo apt-get install {' '.join(PACKAGES)}"
MARKED = re.compile(r"\bmark\.mono\b")


def missing() -> bool:
    return not all(shutil.which(program) for program in ("mcs", "mono", "gcc"))


def unmeasured() -> bool:
    """Whether the library is missing by which Mono tells what ran."""
    return ctypes.util.find_library("mono-profiler-coverage") is None


def wanted() -> bool:
    """Whether any test asks for Mono."""
    tests = (
        ROOT / name for name in tree_files() if name.startswith("tests/") and "/test_" in name and name.endswith(".py")
    )
    return any(MARKED.search(path.read_text(encoding="utf-8")) for path in tests)


def install() -> bool:
    """Install the packages as root with apt; True when Mono is there afterwards."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print(f"installs {', '.join((*PACKAGES, PROFILER))}", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES, PROFILER]):
        done = subprocess.run(
            ["apt-get", "-qq", *words], env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            return False
    return not missing()


def main() -> int:
    if (missing() or unmeasured()) and wanted() and not install() and missing():
        print(f"some tests will be skipped: {HINT}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

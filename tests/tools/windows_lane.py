# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate: the Windows lane (tests/wine), or a loud line where this machine has not what it needs."""

from __future__ import annotations

import subprocess
import sys

from tools.export import ROOT
from wine import machine

SUITE = "tests/wine"


def main() -> int:
    reason = machine.missing()
    if reason:
        print(f"NOT RUN: Windows lane ({SUITE}): {reason}")
        return 0
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--durations=5", SUITE], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())

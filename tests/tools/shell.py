# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate: every shell script of the tree parses, and shellcheck has nothing to say where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from tools.export import ROOT, tree_files

SHEBANG = re.compile(rb"#!(?:/usr/bin/env |/bin/|/usr/bin/)(?:ba)?sh\b")


def scripts() -> list[str]:
    found = []
    for name in tree_files():
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if SHEBANG.match(file.readline(80)):
                    found.append(name)
    return found


def main() -> int:
    names = scripts()
    commands = [["bash", "-n", name] for name in names]
    if shutil.which("shellcheck"):
        commands += [["shellcheck", *names]] if names else []
    else:
        print(f"NOT RUN: shellcheck on {', '.join(names)}: it is not installed (sudo apt-get install shellcheck)")
    failed = [command for command in commands if subprocess.run(command, cwd=ROOT, check=False).returncode]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

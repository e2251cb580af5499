# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files make up the collection, and a copy of exactly those on a collection path of its own.

ansible-test refuses a link as a collection and looks at every file it finds, so it gets a copy without the
leftovers of a checkout. Files git does not know yet are included unless ignored: gates judge what would be committed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tree_files(root: Path = ROOT) -> list[str]:
    """The collection's files, relative to ``root``, sorted: known to git or not ignored by it, and still there."""
    # In a build container the checkout often belongs to another user, which git refuses unless told.
    listing = [
        "git",
        "-c",
        "safe.directory=*",
        "-C",
        str(root),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    done = subprocess.run(listing, check=False, stdout=subprocess.PIPE)
    if done.returncode:
        raise SystemExit(f"{root} is no git checkout, so nobody knows which files belong to the collection")
    names = done.stdout.decode().split("\0")
    return sorted({name for name in names if name and os.path.lexists(root / name)})


def export(target: Path, root: Path = ROOT) -> Path:
    """Copy the collection below ``target`` and return its directory ``.../ansible_collections/tlsfleet/iis``."""
    directory = target / "ansible_collections" / "tlsfleet" / "iis"
    for name in tree_files(root):
        copy = directory / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, copy, follow_symlinks=False)
    return directory

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real ansible-playbook on this machine alone, with the collection under test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell import spec


def playbook_passes(playbook: Path, *options: str) -> None:
    """Run a playbook that needs no host; whatever it said is told where it fails."""
    above = next(path for path in Path(spec.__file__).parents if path.name == "ansible_collections").parent
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), *options, str(playbook)],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(above), "ANSIBLE_LOCALHOST_WARNING": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout

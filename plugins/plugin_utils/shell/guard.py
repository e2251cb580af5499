# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guarded apply sends: the C# that the host keeps, to be able to undo by itself."""

from __future__ import annotations

import base64
import functools
import gzip
from pathlib import Path

GUARD = "tlsfleet.iis.host_guard"
#: The parts of the engine that undoing takes, as the module sends them.
_PARTS = ("Reading", "Applying", "Guarding")


@functools.cache
def engine() -> tuple[str, ...]:
    """The parts as gzip in base64, each a source file of its own."""
    folder = Path(__file__).resolve().parents[2] / "module_utils"
    return tuple(_packed((folder / f"{part}.cs").read_bytes()) for part in _PARTS)


def _packed(source: bytes) -> str:
    return base64.b64encode(gzip.compress(source, mtime=0)).decode("ascii")

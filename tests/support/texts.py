# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages as they were before they were made to fit a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def said(result: Mapping[str, Any]) -> str:
    """The message of a result, one line per fault (docs/contracts.md, section 7)."""
    return unfolded(result["msg"])


def unfolded(text: str) -> str:
    """Lines that were broken, whole again."""
    return text.replace("\n    ", " ")

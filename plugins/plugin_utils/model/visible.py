# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of a host in lines for people: nothing in it may end a line, move the cursor or turn the reading direction."""

from __future__ import annotations

import re

#: Control characters, line and paragraph separators, marks that change the direction of writing.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def visible(text: str) -> str:
    """The text with such characters written out, as ``\\x0a``; everything else, in any script, stays."""
    return _UNSEEN.sub(_written, text) if _UNSEEN.search(text) else text


def _written(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"

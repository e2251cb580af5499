# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as Ansible hands them over, made plain: the core never meets tagged or unsafe strings, lazy lists or dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any


def plain(value: Any) -> Any:
    """Exact ``dict``, ``list``, ``str``, ``int``, ``float``, ``bool`` or None, all the way down.

    Subclasses carry tags (ansible-core 2.19+) or marks (2.16): equal, but of another type, and unknown to ``type(x) is``.
    Anything else, a date for instance, becomes its text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | Set):
        return [plain(item) for item in value]
    return plain(str(value))

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate covers which host name (RFC 6125: a wildcard stands for exactly one whole leftmost label)."""

from __future__ import annotations

from collections.abc import Iterable


def matches(pattern: str, name: str) -> bool:
    """Does one certificate name cover one host name? Both canonical. A wildcard host name needs the same wildcard."""
    if pattern == name:
        return True
    if not pattern.startswith("*.") or name.startswith("*."):
        return False
    label, dot, rest = name.partition(".")
    return bool(label) and dot == "." and rest == pattern[2:]


def covers(names: Iterable[str], host: str) -> bool:
    """Does a certificate with these names cover the host? The empty host (any name) is covered by every certificate."""
    return host == "" or any(matches(pattern, host) for pattern in names)

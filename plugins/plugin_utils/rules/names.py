# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate covers which host name (RFC 6125: a wildcard stands for exactly one whole leftmost label)."""

from __future__ import annotations

from collections.abc import Collection


def matches(pattern: str, name: str) -> bool:
    """Does one certificate name cover one host name? Both canonical. A wildcard host name needs the same wildcard."""
    return pattern in (name, wildcard_for(name))


def covers(names: Collection[str], host: str) -> bool:
    """Does a certificate with these names cover the host? The empty host (any name) is covered by every certificate."""
    return host == "" or host in names or ((pattern := wildcard_for(host)) is not None and pattern in names)


def wildcard_for(name: str) -> str | None:
    """The one wildcard that stands for a host name; None where none does."""
    label, _dot, rest = name.partition(".")
    return f"*.{rest}" if label not in ("", "*") and "." in name else None

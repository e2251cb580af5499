# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in sentences: a host may have ten thousand of anything, and a sentence no more than a few."""

from __future__ import annotations

from collections.abc import Sequence


def first_of(names: Sequence[str], most: int = 3) -> str:
    """The first ``most`` of some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the prediction assumes where Microsoft documents nothing: named switches, each with the fact it comes from.

An answer that used a switch names it. Transcripts of real hosts settle them one by one, per build.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The switches. The defaults are the best reading of the evidence; none is proven."""

    #: F1.22: a wildcard host record ranks after the exact name and before the central store.
    wildcard_name_before_central_store: bool = True
    #: F1.23: ``*.x.com`` stands for exactly one label.
    wildcard_one_label: bool = True
    #: F1.31: an unusable certificate or key ends the selection; no lower-ranked record is tried.
    key_failure_ends_selection: bool = True


DEFAULT = Assumptions()

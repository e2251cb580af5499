# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the prediction assumes where Microsoft documents little or nothing: named switches, each with the fact it comes from.

An answer that used a switch names it. Transcripts of real hosts settle them one by one, per build.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The switches, explained in :data:`SWITCHES`. The defaults are the best reading of the evidence; none is proven."""

    wildcard_name_before_central_store: bool = True
    wildcard_one_label: bool = True
    key_failure_ends_selection: bool = True
    central_store_falls_through: bool = True
    central_store_wildcard_files: bool = True
    central_store_serves_every_name: bool = True
    unlisted_share_holds_the_name: bool = True
    renewal_link_not_followed: bool = True
    archived_certificate_is_found: bool = True
    listen_list_decides: bool = True


class Switch(NamedTuple):
    """``name`` of a field of :class:`Assumptions`, ``fact`` behind it, ``confidence`` (M: one good source, L: weak), both readings."""

    name: str
    fact: str
    confidence: str
    on: str
    off: str


SWITCHES = (
    Switch(
        "wildcard_name_before_central_store",
        "F1.22",
        "L",
        "a record for a wildcard name ranks after the exact name and before the central store",
        "the central store is asked before records for wildcard names",
    ),
    Switch(
        "wildcard_one_label",
        "F1.23",
        "L",
        "a record for *.x.com stands for exactly one label: neither for a.b.x.com nor for x.com",
        "a record for *.x.com stands for any number of labels",
    ),
    Switch(
        "key_failure_ends_selection",
        "F1.31",
        "M",
        "a record whose certificate or key cannot be used ends the selection; the handshake fails",
        "records of lower rank are tried when a certificate or key cannot be used",
    ),
    Switch(
        "central_store_falls_through",
        "F1.16",
        "M",
        "where the central store has no file for a name, records of lower rank are tried",
        "where the central store has no file for a name, the handshake fails",
    ),
    Switch(
        "central_store_wildcard_files",
        "F1.18",
        "M",
        "after NAME.pfx the central store looks for the file with the leftmost label replaced by an underscore",
        "the central store looks for NAME.pfx only",
    ),
    Switch(
        "central_store_serves_every_name",
        "F1.17",
        "M",
        "the central store record of a port is asked for every name, also for names of sites that do not use it",
        "the central store is asked only for names of bindings that use it",
    ),
    Switch(
        "unlisted_share_holds_the_name",
        "F1.18",
        "L",
        "a share whose files could not be listed holds NAME.pfx for every name",
        "a share whose files could not be listed holds nothing",
    ),
    Switch(
        "renewal_link_not_followed",
        "F12.01",
        "M",
        "the certificate of the record is served, although a renewal link leads to a newer one",
        "the newer certificate, to which a renewal link leads, is served",
    ),
    Switch(
        "archived_certificate_is_found",
        "F6.15",
        "M",
        "a certificate that a record names is served although it is archived",
        "an archived certificate is not found, as if it were missing",
    ),
    Switch(
        "listen_list_decides",
        "F7.10",
        "M",
        "where there is an IP listen list, http.sys takes connections on its addresses only",
        "the IP listen list is ignored",
    ),
)

DEFAULT = Assumptions()

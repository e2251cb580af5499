# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flag bits: what sslFlags of a binding and DefaultFlags of a record mean, and how the two belong together (F2.03 to F2.06)."""

from __future__ import annotations

from typing import NamedTuple


class Flag(NamedTuple):
    """``binding``: bit of sslFlags; ``record``: bit of DefaultFlags; ``since``: first build with an effect, ``fact`` says so."""

    name: str
    binding: int
    record: int
    since: tuple[int, int, int]
    release: str
    fact: str


_1809, _2022, _24H2 = (10, 0, 17763), (10, 0, 20348), (10, 0, 26100)

#: Options that are kept twice, in the binding and in its record.
FLAGS = (
    Flag("disable_http2", 4, 0x10, _1809, "Windows Server 2019", "F2.05"),
    Flag("disable_ocsp_stapling", 8, 0x80, _1809, "Windows Server 2019", "F2.05"),
    Flag("disable_quic", 16, 0x20, _2022, "Windows Server 2022", "F2.05"),
    Flag("disable_tls13", 32, 0x40, _2022, "Windows Server 2022", "F2.05"),
    Flag("disable_legacy_tls", 64, 0x400, _1809, "Windows Server 2019 with KB4490481", "F2.05"),
    Flag("negotiate_client_certificate", 128, 0x2, _24H2, "Windows Server 2025", "F2.04"),
)
#: sslFlags: SNI, central store, and the options above.
KNOWN_BINDING_BITS = 1 | 2 | sum(flag.binding for flag in FLAGS)
#: DefaultFlags that have a name (F4.20).
KNOWN_RECORD_BITS = 0xFFFF
REJECT, DISABLE_TLS13, DISABLE_LEGACY_TLS, DISABLE_TLS12 = 0x8, 0x40, 0x400, 0x1000

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bits of sslFlags above 2 this Windows knows, each with the source of the verdict (F2.03 to F2.05)."""

from __future__ import annotations

from ..model.host import CENTRAL_STORE, SNI, Host
from .capabilities import Verdict
from .options import OPTIONS, knows_binding_bit

#: Options that are kept twice, in the binding and in its record.
TWICE = tuple(option for option in OPTIONS if option.binding_bit)
#: Bits of sslFlags that have a name.
KNOWN_BINDING_BITS = SNI | CENTRAL_STORE | sum(option.binding_bit for option in TWICE)
#: DefaultFlags that have a name (F4.20).
KNOWN_RECORD_BITS = 0xFFFF
REJECT, DISABLE_TLS13, DISABLE_LEGACY_TLS, DISABLE_TLS12 = 0x8, 0x40, 0x400, 0x1000


def flag_verdicts(host: Host) -> dict[str, Verdict]:
    """By option name. Without the attribute there is no bit; a build number alone is no proof (F12.05)."""
    return {option.name: knows_binding_bit(host, option) for option in TWICE}

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up fleets: every knob in one place. The hosts themselves are put together in ``fleet_hosts.py`` and ``fleet_roles.py``.

A fleet is what an administrator of some hundred Windows web servers might have: most hosts plain and sound, some with
a product of Microsoft's on port 443, some old, some damaged. The numbers are guesses of that kind and no statistics;
weights are relative to their sum, shares are between 0 and 1, both drawn independently for each host unless said
otherwise. The same count, seed and day give the same fleet; host N does not depend on how many come after it.
"""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass, field
from typing import Any

Weights = dict[Any, int]


@dataclass(frozen=True)
class Knobs:
    """What a fleet is made of; ``dataclasses.replace(KNOBS, …)`` turns one of them."""

    #: Windows, by weight. A role that needs a later one (Exchange 2016, a central store 2012) draws again.
    windows: Weights = field(
        default_factory=lambda: {
            "Windows Server 2008 R2": 2,
            "Windows Server 2012": 2,
            "Windows Server 2012 R2": 8,
            "Windows Server 2016": 20,
            "Windows Server 2019": 28,
            "Windows Server 2022": 30,
            "Windows Server 2025": 10,
        }
    )
    #: What the host is there for, by weight.
    roles: Weights = field(
        default_factory=lambda: {
            "web": 56,  # sites of its own, certificates from a company's authority
            "acme": 12,  # an ACME client renews every 60 days; the last certificate is still in the store
            "farm": 8,  # certificates come from the files of a central store
            "shared": 4,  # node of a farm with shared configuration
            "exchange": 5,  # front end and back end, 443 on all addresses and on loopback, 444
            "wsus": 4,  # 8531, and a plain site
            "adfs": 3,  # three records by name, no IIS
            "rd_gateway": 4,  # uses the record of the default site
            "sstp": 4,  # RRAS owns 443 of both families; sites only by name
        }
    )
    #: How the sites of a web host tell their certificates apart, by weight. Windows before 2012 has no "name".
    styles: Weights = field(
        default_factory=lambda: {
            "name": 55,  # SNI, a record for each name
            "shared": 25,  # one certificate for all names of *:443, host headers
            "address": 10,  # an address of its own for each of the first three sites, the others share
            "mixed": 10,  # each site one of these
        }
    )
    #: Sites of a web host, by weight.
    sites: Weights = field(default_factory=lambda: {1: 30, 2: 25, 3: 15, 4: 10, 6: 8, 10: 7, 20: 4, 40: 1})
    #: Shares of hosts.
    ipv6: float = 0.25  # one global IPv6 address beside the others
    second_address: float = 0.45
    listen_list: float = 0.04  # http.sys listens on the first address only
    winrm_https: float = 0.30  # a listener on 5986 with a certificate of its own
    rdp_certificate: float = 0.35  # Remote Desktop uses the machine's certificate
    management_service: float = 0.10  # WMSVC on 8172
    sql: float = 0.06  # SQL Server encrypts with one of the certificates
    german: float = 0.08  # language of Windows; nothing else may depend on it
    #: Shares of sites.
    http_binding: float = 0.60  # *:80 with the same name beside https
    stopped: float = 0.05
    idn: float = 0.03  # a name outside ASCII
    other_port: float = 0.05  # 8443 instead of 443
    high_flags: float = 0.08  # TLS options on the binding, from Server 2022 on
    wildcard: float = 0.15  # a wildcard certificate instead of one for the name
    web_hosting: float = 0.10  # store WebHosting instead of MY
    options: float = 0.06  # client certificates asked for, revocation not checked, a CTL store
    #: Share of hosts that are damaged, and how, by weight.
    damaged: float = 0.22
    damages: Weights = field(
        default_factory=lambda: {
            "ghost": 20,  # a record on one address that no binding has and that shadows names
            "orphan": 20,  # a record by name whose binding is gone
            "expired": 15,
            "key_denied": 6,  # SYSTEM may not open the key
            "key_missing": 4,
            "key_user_scope": 3,  # imported into somebody's profile
            "record_missing": 10,  # a binding without its record
            "certificate_missing": 8,  # a record whose certificate is in no store
            "twice": 5,  # the same binding in a second, stopped site
            "random_owner": 5,  # a record with an application id of nobody's
            "signature_only": 2,  # a key that may sign but not exchange
            "unreadable": 4,  # a layer the reader has no right to
        }
    )


KNOBS = Knobs()


def fleet(count: int, seed: int, today: datetime.date | None = None, knobs: Knobs = KNOBS) -> list[dict[str, Any]]:
    """``count`` descriptions (README.md, "Host descriptions"). ``today``: the day from which certificates count."""
    from .fleet_roles import made

    day = today or datetime.datetime.now(datetime.timezone.utc).date()
    return [made(number, random.Random(f"{seed} {number}"), day, knobs) for number in range(1, count + 1)]

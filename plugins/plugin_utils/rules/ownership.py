# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a record. The application id is a hint only (F7.07): many tools write random ones, some owners write zeros."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..model.host import Host, RecordValue
from ..model.keys import ANY_IPV4, ANY_IPV6, IIS_APP_ID, RecordKey, address_key, host_key

#: Application ids of known owners (F7.07). Names are for people.
KNOWN_APP_IDS = {
    IIS_APP_ID: "IIS",
    "{214124cd-d05b-4309-9af9-9caa44b2b74a}": "IIS Express",
    "{5d89a20c-beab-4389-9447-324788eb944a}": "AD FS",
    "{f955c070-e044-456c-ac00-e9e4275b3f04}": "Web Application Proxy",
    "{afebb9ad-9b97-4a91-9ab5-daf4d59122f6}": "WinRM",
    "{ba195980-cd49-458b-9e23-c84ee0adcd75}": "RRAS/SSTP",
    "{1d40ebc7-1983-4ac5-82aa-1e17a7ae9a0e}": "SQL Server Reporting Services",
    "{ce66697b-3aa0-49d1-bdbd-a25c8359fd5d}": "Work Folders",
    "{5d8e2743-ef20-4d38-8751-7e400f200e65}": "IP-HTTPS or KDC proxy",
    "{00000000-0000-0000-0000-000000000000}": "Web Management Service (null id)",
}

_PREFIX = re.compile(r"https://(?P<host>\[[^\]]*\]|[^:/]*):(?P<port>\d+)/", re.IGNORECASE)
#: What Windows itself reserves on every host, whether the service is there or not: SSTP and the hosted cache of BranchCache.
#: Both use the records for every address; of a record for one address or name such a line says nothing.
_EVERYWHERE = re.compile(
    r"https://\+:443/(sra_\{BA195980-CD49-458b-9E23-C84EE0ADCD75\}|C574AC30-5794-4AEE-B1BB-6651C5315029)/?\Z",
    re.IGNORECASE,
)


class Owner(NamedTuple):
    """``name`` is what consent has to call the owner (a kind such as ``sstp``, or a known program); empty where nobody knows.

    ``fixed``: not even with consent may the record be written.
    """

    name: str
    text: str
    fixed: bool = False

    def allowed(self, key: RecordKey, names: frozenset[str]) -> bool:
        """Does a request allow by name (lower case; the owner's or the record's) that this owner's record is changed?"""
        called = {self.name.lower(), key.text.lower(), f"{key.family} {key.text}".lower()} - {""}
        return not self.fixed and not called.isdisjoint(names)


def owners(host: Host) -> Callable[[RecordKey, RecordValue], Owner | None]:
    """A function that tells who, other than an IIS binding, uses a record; None: nobody that can be seen.

    A used record without a binding is read-only: ``users`` signs (A8.08), a URL reservation on its port, the WinRM listener
    this run came through, or an application id that is not IIS' own.
    """
    bound = host.users_of
    signs = {user.key: user for user in host.users if user.key is not None}
    reserved: dict[int, list[tuple[str, str]]] = {}
    for prefix in host.url_reservations:
        if match := _PREFIX.match(prefix):
            listening = ANY_IPV4 if _EVERYWHERE.match(prefix) else match["host"]
            reserved.setdefault(int(match["port"]), []).append((listening, prefix))
    explained = host.site_ports

    def owner(key: RecordKey, value: RecordValue) -> Owner | None:
        if host.connection is not None and host.connection[2] and host.connection[1] == key.port:
            return Owner("", "the WinRM listener this connection uses", fixed=True)
        if key in signs:
            return Owner(signs[key].kind, f"{signs[key].kind} ({signs[key].evidence})")
        known = KNOWN_APP_IDS.get(value.app_id)
        if value.app_id != IIS_APP_ID and (known is not None or key not in bound):
            # deployment tools stamp random ids on records that IIS bindings use: those stay IIS'
            return Owner(known or "", f"{known or 'unknown'} by its application id {value.app_id}")
        if key in bound:
            return None
        for reserved_host, prefix in reserved.get(key.port, ()):
            if _concerns(reserved_host, key):
                return Owner("", f"unknown, with the URL reservation {prefix}")
        if host.http_ports is not None and key.port in host.http_ports and key.port not in explained:
            return Owner("", f"unknown: http.sys listens on port {key.port} and no IIS site explains it")
        return None

    return owner


def _concerns(reserved_host: str, key: RecordKey) -> bool:
    """Can requests of this reservation arrive under this record? Weak and strong wildcards concern every record of the port."""
    if reserved_host in ("+", "*", "") or key.family == "ccs":
        return True
    if key.family == "ipport":
        return key.name in (ANY_IPV4, ANY_IPV6) or address_key(reserved_host) == key.name
    return host_key(reserved_host) == key.name

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Windows host as the core sees it: frozen, canonical, complete. Built by ``wire.document``, read by everything else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from .keys import IIS_APP_ID, RecordKey, address_key, host_key, store_key

SNI = 1  # bits of a binding's sslFlags (F2.03)
CENTRAL_STORE = 2


@dataclass(frozen=True, slots=True)
class Os:
    """Windows version; ``build`` decides capabilities, since IIS says 10.0 from 2016 on (F2.01)."""

    name: str
    major: int
    minor: int
    build: int
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """One binding as IIS keeps it. Only ``protocol == "https"`` is ever planned; the others keep their place in the list."""

    protocol: str
    information: str
    ssl_flags: int | None = None

    @property
    def is_https(self) -> bool:
        return self.protocol.lower() == "https"

    @property
    def is_http(self) -> bool:
        return self.protocol.lower() in ("http", "https")

    @property
    def parts(self) -> tuple[str, int, str]:
        """(address, port, host) in canonical form; port 0 where the text has none."""
        return _parts(self.information)

    @property
    def flags(self) -> int:
        return self.ssl_flags or 0


@lru_cache(maxsize=262144)  # asked many times per binding while planning
def _parts(information: str) -> tuple[str, int, str]:
    """Split from the right because of IPv6 (F3.06); ``*:443`` without its last colon is tolerated."""
    head, _colon, host = information.rpartition(":")
    if head in ("", "*") and host.isascii() and host.isdigit():
        return address_key(head), int(host), ""
    address, _colon, port = head.rpartition(":")
    return address_key(address), int(port) if port.isascii() and port.isdigit() else 0, host_key(host)


@dataclass(frozen=True, slots=True)
class Site:
    """One IIS site. ``state`` is ``started``, ``stopped`` or ``unknown``; bindings of stopped sites count as users of records."""

    id: int
    name: str
    state: str
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class RecordValue:
    """What an http.sys record says. ``flags`` is the whole DefaultFlags word, unknown bits included (F4.20)."""

    thumbprint: str | None
    store: str | None = None
    app_id: str = IIS_APP_ID
    flags: int = 0
    check_mode: int = 0
    freshness: int = 0
    timeout: int = 0
    ctl_identifier: str | None = None
    ctl_store: str | None = None

    @property
    def certificate(self) -> tuple[str, str] | None:
        """(store, thumbprint) under which the certificate is looked up; None for a central store record."""
        return (store_key(self.store), self.thumbprint) if self.thumbprint else None


@dataclass(frozen=True, slots=True)
class Record:
    """One http.sys certificate record."""

    key: RecordKey
    value: RecordValue


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """Facts about a private key; ``rules.keys`` judges them. ``code`` 0 = the check worked, None = not tried."""

    provider: str
    provider_type: int
    container: str
    key_spec: int
    machine: bool | None
    system_access: str
    check: str
    code: int | None


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What the DER says. ``names`` are DNS names in lower case: the subject alternative names, or the CN where there are none."""

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    subject: str
    issuer: str
    self_signed: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate in a LocalMachine store. ``facts`` is None where the DER could not be parsed: a finding, not a failed host."""

    thumbprint: str
    store: str
    facts: CertificateFacts | None
    key: PrivateKey | None
    friendly_name: str = ""
    archived: bool = False
    renewed_by: str | None = None


@dataclass(frozen=True, slots=True)
class OtherUser:
    """Somebody other than IIS who uses a record or a certificate and shows it by own signs (A8)."""

    kind: str
    key: RecordKey | None
    thumbprint: str | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A layer the reader could not read, and why."""

    layer: str
    code: str
    message: str


@dataclass(frozen=True)
class Host:
    """One host at one moment. ``http_ports`` and ``central_store_files`` are None where they are not known."""

    name: str
    os: Os
    iis: tuple[int, int] | None
    addresses: tuple[str, ...]
    sites: tuple[Site, ...]
    records: tuple[Record, ...]
    certificates: tuple[Certificate, ...]
    ip_listen: tuple[str, ...] = ()
    http_ports: frozenset[int] | None = None
    schema_ssl_flags: bool | None = None
    update_exported: bool | None = None
    shared_configuration: bool = False
    central_store: bool = False
    central_store_files: tuple[str, ...] | None = None
    url_reservations: tuple[str, ...] = ()
    users: tuple[OtherUser, ...] = ()
    connection: tuple[str, int, bool] | None = None
    unfinished_run: str | None = None
    incomplete: tuple[Incomplete, ...] = ()
    simulated: bool = False
    read_at: str = ""


def binding_record(binding: Binding) -> RecordKey | None:
    """The record an https binding relies on (F3.09); None for other protocols, a bad port, or SNI without a host name."""
    if not binding.is_https:
        return None
    address, port, host = binding.parts
    if not port:
        return None
    if binding.flags & CENTRAL_STORE:
        return RecordKey("ccs", "", port)
    if binding.flags & SNI:
        return RecordKey("hostnameport", host, port) if host else None
    return RecordKey("ipport", address, port)

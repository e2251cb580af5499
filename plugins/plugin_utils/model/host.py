# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Windows host as the core sees it: frozen, canonical, complete. Built by ``wire.document``, read by everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from .keys import IIS_APP_ID, RecordKey, address_key, host_key, store_key
from .signs import Asked, Change, Guard, Manager, Mapper, Renewal

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


@dataclass(frozen=True)
class Binding:
    """One binding as IIS keeps it. Only ``protocol == "https"`` is ever planned; the others keep their place in the list."""

    protocol: str
    information: str
    ssl_flags: int | None = None

    @property
    def is_https(self) -> bool:
        return self.protocol == "https" or self.protocol.lower() == "https"

    @property
    def is_http(self) -> bool:
        return self.protocol.lower() in ("http", "https")

    @cached_property
    def parts(self) -> tuple[str, int, str]:
        """(address, port, host) in canonical form; port 0 where the text has none."""
        return _parts(self.information)

    @cached_property
    def record(self) -> RecordKey | None:
        """The record an https binding relies on (F3.09); None for other protocols, a bad port, or SNI without a host name."""
        if not self.is_https:
            return None
        address, port, host = self.parts
        if not port:
            return None
        if self.flags & CENTRAL_STORE:
            return RecordKey("ccs", "", port)
        if self.flags & SNI:
            return RecordKey("hostnameport", host, port) if host else None
        return RecordKey("ipport", address, port)

    @property
    def flags(self) -> int:
        return self.ssl_flags or 0


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


class RecordValue(NamedTuple):
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


class Record(NamedTuple):
    """One http.sys certificate record."""

    key: RecordKey
    value: RecordValue


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """Facts about a private key; ``rules.key_health`` judges them.

    ``code`` 0 = the check worked, None = not tried. ``file``: where the key lies, with a variable in its path; None: not in a
    file of the machine, or not looked for.
    """

    provider: str
    provider_type: int
    container: str
    key_spec: int
    machine: bool | None
    system_access: str
    check: str
    code: int | None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What the DER says. ``names`` are DNS names in lower case: the subject alternative names, or the CN where there are none.

    ``key_type`` is ``RSA``, ``EC`` or another name, ``key_bits`` 0 where it cannot be told; ``signature`` is the hash of the
    signature (``sha256``; empty: unknown); ``purposes`` are the OIDs of extended key usage, None where there is no such
    extension, which allows every purpose (F6.12).
    """

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    subject: str
    issuer: str
    self_signed: bool
    key_type: str = ""
    key_bits: int = 0
    signature: str = ""
    purposes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """What the host's own chain engine said, from its stores and cache only: ``status`` are X509ChainStatusFlags."""

    status: int
    elements: int


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
    chain: Chain | None = None


@dataclass(frozen=True, slots=True)
class OtherUser:
    """Somebody other than IIS who uses a record or a certificate and shows it by own signs (A8.04, A8.08)."""

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
    """One host at one moment. ``http_ports`` and ``central_store_files`` are None where they are not known.

    ``rebind``: does IIS bind renewed certificates by itself (F6.21); None where that was not asked.
    """

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
    guard: Guard | None = None
    incomplete: tuple[Incomplete, ...] = ()
    asked: tuple[Asked, ...] = ()
    mappers: tuple[Mapper, ...] = ()
    managers: tuple[Manager, ...] = ()
    rebind: bool | None = None
    renewals: tuple[Renewal, ...] = ()
    changes: tuple[Change, ...] = ()
    simulated: bool = False
    read_at: str = ""

    @cached_property
    def record_values(self) -> Mapping[RecordKey, RecordValue]:
        """What each record says, by its key."""
        return {record.key: record.value for record in self.records}

    @cached_property
    def users_of(self) -> Mapping[RecordKey, Sequence[tuple[int, int]]]:
        """(site index, binding index) of every https binding that relies on a record; stopped sites count too."""
        users: dict[RecordKey, list[tuple[int, int]]] = {}
        for site_index, site in enumerate(self.sites):
            for index, binding in enumerate(site.bindings):
                if (key := binding.record) is not None:
                    users.setdefault(key, []).append((site_index, index))
        return users

    @property
    def known_ports(self) -> frozenset[int]:
        """``http_ports`` as far as they are known: none where they are not."""
        return self.http_ports or frozenset()

    @cached_property
    def unread(self) -> frozenset[str]:
        """The layers that could not be read, at least in part."""
        return frozenset(item.layer for item in self.incomplete)

    @cached_property
    def known_files(self) -> frozenset[str] | None:
        """The files of the central store in lower case."""
        return None if self.central_store_files is None else frozenset(map(str.lower, self.central_store_files))

    @cached_property
    def site_ports(self) -> frozenset[int]:
        """Ports that a started or unknown site explains by an http or https binding."""
        return frozenset(
            binding.parts[1]
            for site in self.sites
            if site.state != "stopped"
            for binding in site.bindings
            if binding.is_http and binding.parts[1]
        )

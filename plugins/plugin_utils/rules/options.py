# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS options of a binding: bits of the binding's sslFlags and of its record's DefaultFlags that belong together (F2.06)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ..model.host import Host, Os, RecordValue
from .capabilities import Verdict, asked, named_os

_Version = tuple[int, int, int, int]

_ANY: _Version = (0, 0, 0, 0)
_SERVER_2019: _Version = (10, 0, 17763, 0)
_KB4490481: _Version = (10, 0, 17763, 402)
_SERVER_2022: _Version = (10, 0, 20348, 0)
_SERVER_2025: _Version = (10, 0, 26100, 0)


class Option(NamedTuple):
    """One option. ``binding_bit`` 0: IIS has no bit of its own, only the record says it.

    ``record_since`` and ``binding_since`` are the first Windows that know the bits (F2.05), ``release`` is their name, and
    ``instead`` is what else leads there on an older one.
    """

    name: str
    binding_bit: int
    record_bit: int
    binding_since: _Version
    record_since: _Version
    release: str
    instead: str


_PORT_OR_HOST = "move the binding to a host with a newer Windows"
OPTIONS = (
    Option(
        "disable_http2",
        4,
        0x10,
        _SERVER_2019,
        _SERVER_2019,
        "Windows Server 2019",
        "before Windows Server 2016 there is no HTTP/2, so leave the option out; on 2016 the registry value EnableHttp2Tls=0 "
        "under Services\\HTTP\\Parameters switches it off for the whole machine",
    ),
    Option(
        "disable_ocsp_stapling",
        8,
        0x80,
        _SERVER_2019,
        _SERVER_2019,
        "Windows Server 2019",
        f"leave the option out, or {_PORT_OR_HOST}",
    ),
    Option(
        "disable_quic",
        16,
        0x20,
        _SERVER_2022,
        _SERVER_2022,
        "Windows Server 2022",
        "older Windows never speaks HTTP/3, so leave the option out",
    ),
    Option(
        "disable_tls13",
        32,
        0x40,
        _SERVER_2022,
        _SERVER_2022,
        "Windows Server 2022",
        "older Windows never speaks TLS 1.3, so leave the option out",
    ),
    Option(
        "disable_legacy_tls",
        64,
        0x400,
        _KB4490481,
        _KB4490481,
        "Windows Server 2019 with KB4490481",
        f"switch the old protocol versions off for the whole machine (SCHANNEL\\Protocols in the registry), or {_PORT_OR_HOST}",
    ),
    Option("negotiate_client_certificate", 128, 0x2, _SERVER_2025, _ANY, "", ""),
    Option("ds_mapper", 0, 0x1, _ANY, _ANY, "", ""),
)
BY_NAME = {option.name: option for option in OPTIONS}
TEXTS = ("ctl_identifier", "ctl_store")


def knows_record_bit(host: Host, option: Option) -> Verdict:
    """Does http.sys of this Windows know the option? From the version table: nobody can be asked."""
    return _since(host.os, option, option.record_since)


def knows_binding_bit(host: Host, option: Option) -> Verdict:
    """Does IIS of this Windows keep the option at the binding, too? Asked of the host where the reader could (F12.05)."""
    if not option.binding_bit:
        return Verdict(False, "rule", f"{option.name} is kept in records only")
    verdict = asked(host, f"flag_{option.binding_bit}")
    if verdict is not None:
        return verdict
    if host.schema_ssl_flags is False:
        return Verdict(False, "schema", f"the IIS schema of {named_os(host)} has no sslFlags (F2.02)")
    ok = _since(host.os, option, option.binding_since).ok
    since = option.release or "Windows Server 2025"
    what = f"{option.name} in bindings (sslFlags {option.binding_bit}, since {since})"
    return Verdict(ok, "table", f"{named_os(host)} {'has' if ok else 'lacks'} {what}")


@lru_cache(maxsize=1024)  # asked for every binding of a host
def _since(os: Os, option: Option, first: _Version) -> Verdict:
    # an unknown revision counts as the newest: Windows itself refuses what it does not know, and the step is undone
    revision = first[3] if os.revision is None else os.revision
    ok = (os.major, os.minor, os.build, revision) >= first
    shown = f"{os.name} ({os.major}.{os.minor}.{os.build}{'' if os.revision is None else f'.{os.revision}'})"
    return Verdict(ok, "table", f"{shown} {'knows' if ok else 'does not know'} it (since {option.release or 'always'})")


def record_bits(host: Host, binding_flags: int) -> int:
    """The DefaultFlags bits that stand for the options in a binding's sslFlags, as far as this Windows knows them."""
    if binding_flags < 4:
        return 0
    held = [option for option in OPTIONS if option.binding_bit & binding_flags]
    return sum(option.record_bit for option in held if knows_record_bit(host, option).ok)


@dataclass(frozen=True, slots=True)
class OptionWish:
    """What a request says about options. ``flags``: by name; what is not there is kept. A text of None is kept, ``""`` removes it."""

    flags: tuple[tuple[str, bool], ...] = ()
    ctl_identifier: str | None = None
    ctl_store: str | None = None

    @property
    def empty(self) -> bool:
        return not self.flags and self.ctl_identifier is None and self.ctl_store is None

    @property
    def given_up(self) -> frozenset[str]:
        """Options the request explicitly does without."""
        texts = [name for name in TEXTS if getattr(self, name) == ""]
        return frozenset([*texts, *(name for name, on in self.flags if not on)])

    @property
    def wanted(self) -> tuple[str, ...]:
        """Options the request asks for."""
        texts = [name for name in TEXTS if getattr(self, name)]
        return (*(name for name, on in self.flags if on), *texts)

    def unknown(self, host: Host, record_flags: int) -> tuple[Option, ...]:
        """Options asked for that this Windows does not know and that the record does not have already."""
        asked = [BY_NAME[name] for name, on in self.flags if on]
        return tuple(
            option for option in asked if not option.record_bit & record_flags and not knows_record_bit(host, option).ok
        )

    def binding_flags(self, host: Host, held: int) -> int:
        """sslFlags with the asked bits set where IIS knows them, and cleared wherever they are."""
        for name, on in self.flags:
            option = BY_NAME[name]
            if not on:
                held &= ~option.binding_bit
            elif knows_binding_bit(host, option).ok:
                held |= option.binding_bit
        return held

    def value(self, held: RecordValue) -> RecordValue:
        """The record's value with the asked options; everything else as it is."""
        flags = held.flags
        for name, on in self.flags:
            bit = BY_NAME[name].record_bit
            flags = flags | bit if on else flags & ~bit
        identifier, store = _text(self.ctl_identifier, held.ctl_identifier), _text(self.ctl_store, held.ctl_store)
        if (flags, identifier, store) == (held.flags, held.ctl_identifier, held.ctl_store):
            return held
        return held._replace(flags=flags, ctl_identifier=identifier, ctl_store=store)


NO_OPTIONS = OptionWish()


def _text(asked: str | None, held: str | None) -> str | None:
    """CTL texts compare without case; the spelling that is there stays."""
    if asked is None or asked.lower() == (held or "").lower():
        return held
    return asked or None

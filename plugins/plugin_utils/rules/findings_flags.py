# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about options: the bits of bindings and records, and what records do with connections."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.host import CENTRAL_STORE
from .finding import Finding, Kind, Rule
from .flags import (
    DISABLE_LEGACY_TLS,
    DISABLE_TLS12,
    DISABLE_TLS13,
    KNOWN_BINDING_BITS,
    KNOWN_RECORD_BITS,
    REJECT,
    TWICE,
    flag_verdicts,
)
from .options import Option
from .scene import Bound, Scene

FLAGS_DIFFER = Kind(
    "flags_differ",
    ("warning", "info"),
    "F2.06",
    "An option such as disable_http2 is set in a binding but not in its record, or in the record only.",
    "The record is what counts: an option that only the binding shows is not in force, one that only the record has is.",
    "Set the option again for the binding, which writes both; or clear it there.",
)
FLAG_UNSUPPORTED = Kind(
    "flag_unsupported",
    ("warning",),
    "F2.05",
    "A binding has an option that this Windows does not know.",
    "It has no effect, and whoever reads the configuration believes that it had.",
    "Clear the option, or see whether an update of Windows brings it.",
)
UNKNOWN_FLAG_BITS = Kind(
    "unknown_flag_bits",
    ("info",),
    "F2.04",
    "A binding or a record has bits without a known name.",
    "A newer Windows or another tool set them. This collection keeps them in every change.",
    "Nothing.",
)
MODERN_TLS_DISABLED = Kind(
    "modern_tls_disabled",
    ("error",),
    "F4.20",
    "A record switches TLS 1.2 off, and TLS 1.3 is switched off or not there either.",
    "Clients of today find no version in common; the handshake fails.",
    "Clear the option in the record.",
)
RECORD_REJECTS = Kind(
    "record_rejects",
    ("warning",),
    "F4.20",
    "A record is set to reject connections.",
    "Clients are turned away although certificate and key are sound.",
    "If that is not meant, write the record anew without the option.",
)
CTL_WITHOUT_STORE = Kind(
    "ctl_without_store",
    ("warning",),
    "F5.15",
    "A record names a certificate trust list but no store to find it in.",
    "Clients are then offered the issuers of another store, or none, when they shall present a certificate.",
    "Set the CTL store as well, or remove the CTL identifier.",
)
CENTRAL_OPTIONS_IGNORED = Kind(
    "central_options_ignored",
    ("warning",),
    "F2.07",
    "A binding that uses the central store has further options.",
    "The one record of the port serves every name of the store and takes no options: they have no effect.",
    "Clear the options, or give the binding a certificate of its own.",
)

KINDS = (
    FLAGS_DIFFER,
    FLAG_UNSUPPORTED,
    UNKNOWN_FLAG_BITS,
    MODERN_TLS_DISABLED,
    RECORD_REJECTS,
    CTL_WITHOUT_STORE,
    CENTRAL_OPTIONS_IGNORED,
)


def _bindings(scene: Scene) -> Iterator[Finding]:
    """The bits of each binding against its record (F2.06). Sharers of a record are one: an option any of them has is asked for."""
    if not scene.able.sni.ok:
        return  # without sslFlags there is nothing to compare
    verdicts = flag_verdicts(scene.host)
    able = [flag for flag in TWICE if verdicts[flag.name].ok]
    for item in scene.bindings:
        if item.flags & ~KNOWN_BINDING_BITS:
            evidence = (
                f"sslFlags {item.flags} of the binding has bits without a name: 0x{item.flags & ~KNOWN_BINDING_BITS:X}"
            )
            yield UNKNOWN_FLAG_BITS.on(item.subject, evidence)
        options = [flag for flag in TWICE if item.flags & flag.binding_bit]
        if item.flags & CENTRAL_STORE:
            if options:
                evidence = (
                    f"the binding uses the central store and has {_named(options)}, which the port's record cannot hold"
                )
                yield CENTRAL_OPTIONS_IGNORED.on(item.subject, evidence)
            continue
        lacking = [flag for flag in options if flag not in able]
        if lacking:
            why = "; ".join(verdicts[flag.name].reason for flag in lacking)
            yield FLAG_UNSUPPORTED.on(item.subject, f"the binding has {_named(lacking)}: {why}")
        yield from _against_record(scene, item, able)


def _against_record(scene: Scene, item: Bound, able: list[Option]) -> Iterator[Finding]:
    value = scene.resolver.record(item.key) if item.key is not None else None
    if value is None or item.key is None:
        return
    asked = item.flags
    for other in scene.sharers[item.key]:
        asked |= other.flags
    only_binding = [flag for flag in able if item.flags & flag.binding_bit and not value.flags & flag.record_bit]
    only_record = [flag for flag in able if value.flags & flag.record_bit and not asked & flag.binding_bit]
    told = []
    if only_binding:
        told.append(f"the binding has {_named(only_binding)}, record {item.key} does not: not in force")
    if only_record:
        told.append(f"record {item.key} has {_named(only_record)}, the binding does not: in force all the same")
    if told:
        yield FLAGS_DIFFER.on(item.subject, "; ".join(told), severity="warning" if only_binding else "info")


def _named(flags: list[Option]) -> str:
    return ", ".join(flag.name for flag in flags)


def _records(scene: Scene) -> Iterator[Finding]:
    for record in scene.host.records:
        flags = record.value.flags
        if flags & ~KNOWN_RECORD_BITS:
            evidence = (
                f"flags 0x{flags:X} of record {record.key} have bits without a name: 0x{flags & ~KNOWN_RECORD_BITS:X}"
            )
            yield UNKNOWN_FLAG_BITS.on(record.key, evidence)
        if record.key not in scene.sharers:
            continue
        if flags & DISABLE_TLS12 and (flags & DISABLE_TLS13 or not scene.able.tls13.ok):
            left = "no version is left" if flags & DISABLE_LEGACY_TLS else "only TLS 1.1 and older are left"
            yield MODERN_TLS_DISABLED.on(record.key, f"record {record.key} switches TLS 1.2 off: {left}")
        if flags & REJECT:
            yield RECORD_REJECTS.on(record.key, f"record {record.key} rejects connections (flag 0x{REJECT:X})")
        if record.value.ctl_identifier and not record.value.ctl_store:
            evidence = f"record {record.key} names the trust list {record.value.ctl_identifier!r} and no store for it"
            yield CTL_WITHOUT_STORE.on(record.key, evidence)


RULES: tuple[Rule, ...] = (_bindings, _records)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about others who use or write the same records and certificates: services, unknown programs, certificate managers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.host import Certificate
from .finding import Finding, Kind, Rule
from .scene import Scene

USED_BY_UNKNOWN = Kind(
    "used_by_unknown",
    ("info",),
    "F7.07",
    "No binding relies on the record, but a URL reservation, a listener or an unknown application id shows that somebody uses it.",
    "It is not known what would break. Such a record is read-only for this collection. What Windows reserves on every host for SSTP and "
    "BranchCache speaks for the records of every address only, which those services use.",
    "Find the program: netsh http show servicestate lists who listens. Only its owner should change the record.",
    absence=True,
)
FOREIGN_USER = Kind(
    "foreign_user",
    ("warning",),
    "F7.09",
    "Bindings rely on a record that another service uses, too, such as RD Gateway, SSTP, AD FS or the WinRM listener.",
    "Both have to agree on one certificate. The service may write its own again at its next start. The record is read-only here.",
    "Change the certificate by the tools of that service, or give the bindings records of their own: SNI, or another address.",
)
OTHER_USER_DIFFERS = Kind(
    "other_user_differs",
    ("warning",),
    "F7.08",
    "Another service is configured with a certificate that is not the one of the record it is served by.",
    "Its clients meet a certificate the service does not know of; SSTP refuses connections then.",
    "Configure the service with the certificate of the record, or the other way round, by its own tools.",
)
MANAGED_ELSEWHERE = Kind(
    "managed_elsewhere",
    ("info",),
    "F6.15",
    "A certificate manager (Certify, win-acme, simple-acme, Posh-ACME) is on this host, or put a bound certificate there.",
    "At the next renewal it imports a new certificate and binds it by itself; a thumbprint in a playbook is outdated then.",
    "Leave the renewal to one of the two. For certificates of a manager select by name instead of pinning a thumbprint.",
)
AUTOMATIC_REBIND = Kind(
    "automatic_rebind",
    ("info",),
    "F6.21",
    "IIS is set to bind renewed certificates by itself.",
    "After a true renewal a scheduled task of Windows exchanges bindings, perhaps while a plan is being applied.",
    "Nothing, where it is meant so. Plans notice the change and are made anew.",
)
LEGACY_MAPPER = Kind(
    "legacy_mapper",
    ("warning", "info"),
    "F3.32",
    "IIS 6 compatibility still holds a certificate for a site (metabase properties 5506 and 5511).",
    "When the service IISADMIN starts, it deletes the site's record and makes it anew with that old certificate, or loses it.",
    "Remove the two properties from customMetadata in applicationHost.config, or the IIS 6 compatibility if nothing needs it.",
)

KINDS = (USED_BY_UNKNOWN, FOREIGN_USER, OTHER_USER_DIFFERS, MANAGED_ELSEWHERE, AUTOMATIC_REBIND, LEGACY_MAPPER)

_MANAGERS = {
    "certify": "Certify",
    "win_acme": "win-acme",
    "simple_acme": "simple-acme",
    "posh_acme": "Posh-ACME",
    "other": "a certificate manager",
}
#: How managers name what they import. A name is a hint: anybody can give it.
_FRIENDLY_NAMES = (
    (re.compile(r"\[Certify\]"), "Certify"),
    (re.compile(r"^\[(IIS|Manual|CSR)[^\]]*\] .* @ \d{4}[./-]"), "win-acme or simple-acme"),
    (re.compile(r"Posh-ACME", re.IGNORECASE), "Posh-ACME"),
)


def manager_of(certificate: Certificate) -> str | None:
    """The manager whose manner of naming a certificate has; None where no name tells."""
    return next((who for pattern, who in _FRIENDLY_NAMES if pattern.search(certificate.friendly_name)), None)


def _unbound(scene: Scene) -> Iterator[Finding]:
    for record in scene.host.records:
        use = scene.use(record.key, record.value) if record.key not in scene.sharers else None
        if use is not None and not use.name and not use.fixed:
            evidence = f"no binding relies on record {record.key}; it is used by {use.text}: read-only"
            yield USED_BY_UNKNOWN.on(record.key, evidence)


def _foreign(scene: Scene) -> Iterator[Finding]:
    for key, users in scene.sharers.items():
        value = scene.resolver.record(key)
        use = scene.use(key, value) if value is not None else None
        if use is not None:
            sites = ", ".join(sorted({item.subject for item in users}))
            evidence = f"{sites} rely on record {key}, which is also used by {use.text}: read-only"
            yield FOREIGN_USER.on(key, evidence)


def _other_users(scene: Scene) -> Iterator[Finding]:
    for user in scene.host.users:
        value = scene.resolver.record(user.key) if user.key is not None else None
        if value is not None and user.thumbprint and value.thumbprint and user.thumbprint != value.thumbprint:
            evidence = (
                f"{user.kind} ({user.evidence}) has certificate {user.thumbprint}, record {user.key} {value.thumbprint}"
            )
            yield OTHER_USER_DIFFERS.on(user.key, evidence)


def _managers(scene: Scene) -> Iterator[Finding]:
    for item in scene.served:
        who = manager_of(item.certificate)
        if who is not None:
            named = f"its friendly name is {item.certificate.friendly_name!r}"
            yield MANAGED_ELSEWHERE.on(item.key, f"the certificate of record {item.key} comes from {who}: {named}")
    for manager in scene.host.managers:
        evidence = (
            f"{_MANAGERS[manager.kind]} is on this host ({manager.evidence}) and binds renewed certificates by itself"
        )
        yield MANAGED_ELSEWHERE.on(f"host {manager.kind}", evidence)


def _rebind(scene: Scene) -> Iterator[Finding]:
    if scene.host.rebind:
        yield AUTOMATIC_REBIND.on("host", "the automatic rebind of renewed certificates is on")


def _mappers(scene: Scene) -> Iterator[Finding]:
    sites = {site.id: site.name for site in scene.host.sites}
    for mapper in scene.host.mappers:
        name = sites.get(mapper.site)
        if name is None:
            continue
        values = [scene.resolver.record(item.key) for item in scene.bindings if item.site == name and item.key]
        now = sorted({value.thumbprint for value in values if value is not None and value.thumbprint})
        same = now == [mapper.thumbprint]
        there = "the same as its records" if same else f"its records have {', '.join(now) or 'none'}"
        evidence = f"site {name} has certificate {mapper.thumbprint} in the metabase; {there}"
        yield LEGACY_MAPPER.on(f"site {name}", evidence, severity="info" if same else "warning")


RULES: tuple[Rule, ...] = (_unbound, _foreign, _other_users, _managers, _rebind, _mappers)

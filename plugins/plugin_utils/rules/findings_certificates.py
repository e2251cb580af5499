# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the certificates of records that bindings rely on: there or not, valid or not, for the right name, the newest."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.host import Certificate, CertificateFacts
from ..model.keys import RecordKey, store_key
from .finding import Finding, Kind, Rule
from .key_health import key_health
from .names import covers
from .scene import Scene, Served, names_of, renewal
from .select import merit

#: With fewer whole days left a certificate expires soon.
SOON = 14

CERTIFICATE_MISSING = Kind(
    "certificate_missing",
    ("error",),
    "F1.30",
    "The certificate a record names is in none of the stores that were read.",
    "Every handshake that this record decides fails (event 15021); no other record is tried.",
    "Bind another certificate, or import the missing one with its key.",
    remedy="bind",
    absence=True,
)
STORE_DIFFERS = Kind(
    "store_differs",
    ("error",),
    "F6.01",
    "The certificate a record names lies in another store than the record says.",
    "http.sys looks only in the store of the record: every handshake there fails.",
    "Bind the certificate again, from the store in which it lies.",
    remedy="bind",
    absence=True,
)
CERTIFICATE_EXPIRED = Kind(
    "certificate_expired",
    ("error",),
    "F1.34",
    "The certificate has expired.",
    "It is served all the same, and clients refuse it.",
    "Bind a valid certificate.",
    remedy="bind",
)
CERTIFICATE_EXPIRES_SOON = Kind(
    "certificate_expires_soon",
    ("warning",),
    "F1.34",
    f"The certificate ends within {SOON} days.",
    "After that day clients refuse it.",
    "Bind the renewed certificate; where there is none yet, renew it.",
    remedy="bind",
)
CERTIFICATE_NOT_YET_VALID = Kind(
    "certificate_not_yet_valid",
    ("error",),
    "F1.34",
    "The certificate is not valid yet.",
    "It is served all the same, and clients refuse it. Perhaps the clock of the host or of the authority is wrong.",
    "Bind a certificate that is valid now, or wait; look at the clock.",
    remedy="bind",
)
CERTIFICATE_NAME_MISMATCH = Kind(
    "certificate_name_mismatch",
    ("error",),
    "F1.34",
    "The certificate is not for the host name of the binding.",
    "It is served all the same, and clients refuse it. A wildcard stands for exactly one label.",
    "Bind a certificate that covers the name.",
    remedy="bind",
)
CERTIFICATE_UNPARSABLE = Kind(
    "certificate_unparsable",
    ("warning",),
    "F4.10",
    "The certificate of a record cannot be parsed.",
    "Nothing can be said about its names, dates and strength. Strict clients may refuse it as well.",
    "Look at it with certutil -dump; have it issued anew.",
    remedy="bind",
)
CERTIFICATE_ARCHIVED = Kind(
    "certificate_archived",
    ("warning",),
    "F6.15",
    "A record uses a certificate that is archived.",
    "A newer one took its place in the store; most tools do not list it any more, and nobody sees it expire.",
    "Bind the certificate that took its place.",
    remedy="bind",
)
LINK_DIFFERS = Kind(
    "link_differs",
    ("warning",),
    "F12.01",
    "A renewal link leads from the certificate of a record to a newer one.",
    "Windows may serve the newer certificate while record, IIS and netsh show the old one; only a handshake can tell.",
    "Bind the newer certificate, so that all of them say the same.",
    remedy="bind",
)
RENEWAL_NOT_BOUND = Kind(
    "renewal_not_bound",
    ("warning", "info"),
    "F6.15",
    "A certificate that took the place of a bound one, or is like it and ends later, is there, but the record has the old one.",
    "Records do not follow a renewal: each one has to be told the new thumbprint.",
    "Bind the newer certificate.",
    remedy="bind",
)
SEVERAL_FIT = Kind(
    "several_certificates_fit",
    ("info",),
    "F6.15",
    "Several certificates fit the names of a record equally well.",
    "A choice by name is refused, since a person has to decide; repairs that would bind one are not offered.",
    "Remove or archive the certificates that are not wanted, or name one by its thumbprint.",
)

KINDS = (
    CERTIFICATE_MISSING,
    STORE_DIFFERS,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_EXPIRES_SOON,
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_NAME_MISMATCH,
    CERTIFICATE_UNPARSABLE,
    CERTIFICATE_ARCHIVED,
    LINK_DIFFERS,
    RENEWAL_NOT_BOUND,
    SEVERAL_FIT,
)


def _missing(scene: Scene) -> Iterator[Finding]:
    if "certificates" in scene.host.unread:
        return
    for key, users in scene.sharers.items():
        value = scene.resolver.record(key)
        if value is None or key.family in ("ccs", "scopedccs") or scene.resolver.certificate(value) is not None:
            continue
        if value.thumbprint is None:
            evidence = f"record {key} names no certificate; handshakes fail"
            yield CERTIFICATE_MISSING.on(key, evidence, renewal(scene, names_of(users)))
            continue
        named = f"record {key} names {value.thumbprint}, which is not in LocalMachine\\{store_key(value.store)}"
        other = elsewhere(scene, key)
        if other is None:
            repair = renewal(scene, names_of(users))
            yield CERTIFICATE_MISSING.on(key, f"{named}; handshakes fail", repair)
        else:
            works = not key_health(other).unusable
            repair = f"bind certificate {other.thumbprint} from LocalMachine\\{other.store}" if works else None
            yield STORE_DIFFERS.on(key, f"{named} but in LocalMachine\\{other.store}; handshakes fail", repair)


def elsewhere(scene: Scene, key: RecordKey) -> Certificate | None:
    """The certificate a record names, found in another store than the record says; one with a usable key before others."""
    value = scene.resolver.record(key)
    found = scene.thumbprints.get(value.thumbprint or "", []) if value else []
    return min(found, key=lambda item: key_health(item).unusable, default=None)


def _judged(scene: Scene) -> Iterator[Finding]:
    for item in scene.served:
        facts = item.certificate.facts
        if facts is None:
            evidence = f"certificate {item.certificate.thumbprint} of record {item.key} cannot be parsed"
            yield CERTIFICATE_UNPARSABLE.on(item.key, evidence, renewal(scene, item.names))
            continue
        yield from _dates(scene, item, facts)
        yield from _names(scene, item, facts)
        yield from _successors(scene, item, facts)


def _dates(scene: Scene, item: Served, facts: CertificateFacts) -> Iterator[Finding]:
    left = (facts.not_after - scene.now).days
    if scene.now > facts.not_after:
        evidence = f"the certificate of record {item.key} expired on {facts.not_after:%Y-%m-%d} and is still served"
        yield CERTIFICATE_EXPIRED.on(item.key, evidence, renewal(scene, item.names))
    elif left < SOON:
        evidence = f"the certificate of record {item.key} ends on {facts.not_after:%Y-%m-%d}, in {left} days"
        yield CERTIFICATE_EXPIRES_SOON.on(item.key, evidence, _other(scene, item))
    if scene.now < facts.not_before:
        evidence = f"the certificate of record {item.key} is not valid before {facts.not_before:%Y-%m-%d}"
        yield CERTIFICATE_NOT_YET_VALID.on(item.key, evidence, renewal(scene, item.names))
    if item.certificate.archived:
        evidence = f"certificate {item.certificate.thumbprint} of record {item.key} is archived"
        yield CERTIFICATE_ARCHIVED.on(item.key, evidence, renewal(scene, item.names))


def _other(scene: Scene, item: Served) -> str | None:
    """The repair that binds another certificate than the one in place."""
    best = scene.cabinet.best(item.names).certificate if item.names else None
    return renewal(scene, item.names) if best and best.thumbprint != item.certificate.thumbprint else None


def _names(scene: Scene, item: Served, facts: CertificateFacts) -> Iterator[Finding]:
    if len(item.users) > 1 and item.key.family == "ipport":
        return  # the sharers' own rule speaks of names
    for user in item.users:
        if not covers(facts.names, user.host):
            shown = ", ".join(facts.names) or "no name"
            evidence = f"the certificate of record {item.key} is for {shown}, not for {user.host}"
            yield CERTIFICATE_NAME_MISMATCH.on(user.subject, evidence, renewal(scene, (user.host,)))


def _successors(scene: Scene, item: Served, facts: CertificateFacts) -> Iterator[Finding]:
    """What took, or could take, the place of a certificate: by link, by the renewal log, by its own words."""
    now, new = item.certificate.thumbprint, successor(scene, item)
    if item.certificate.renewed_by:
        bind = f"bind certificate {new.thumbprint}, to which the link leads" if new else None
        evidence = f"record {item.key} says {now}, its renewal link leads to {item.certificate.renewed_by}"
        yield LINK_DIFFERS.on(item.key, evidence, bind)
    elif new is not None and new.facts is not None:
        logged = any(event.old == now and event.new == new.thumbprint for event in scene.host.renewals)
        why = "the host logged that it took its place" if logged else "same issuer and names"
        evidence = f"record {item.key} has {now} until {facts.not_after:%Y-%m-%d}; {new.thumbprint} is there"
        evidence += f" until {new.facts.not_after:%Y-%m-%d} ({why})"
        soon = logged or (facts.not_after - scene.now).days < SOON
        bind = f"bind certificate {new.thumbprint}, valid until {new.facts.not_after:%Y-%m-%d}"
        yield RENEWAL_NOT_BOUND.on(item.key, evidence, bind, "warning" if soon else "info")
    fitting = scene.cabinet.covering(item.names) if item.names else []
    best = max((merit(one) for one in fitting), default=None)
    equal = sorted({one.thumbprint for one in fitting if merit(one) == best})
    if len(equal) > 1:
        evidence = f"{', '.join(equal)} fit {', '.join(item.names)} equally well"
        yield SEVERAL_FIT.on(item.key, evidence)


def successor(scene: Scene, item: Served) -> Certificate | None:
    """The usable certificate that took the place of the one in place, by link, by log, or alike and valid for longer.

    Successors of a successor are followed to the last one.
    """
    last, seen = item.certificate, {item.certificate.thumbprint}
    while (following := _next(scene, item, last)) is not None and following.thumbprint not in seen:
        seen.add(following.thumbprint)
        last = following
    return None if last is item.certificate else last


def _next(scene: Scene, item: Served, old: Certificate) -> Certificate | None:
    named = {old.renewed_by} if old.renewed_by else set()
    named = named or {event.new for event in scene.host.renewals if event.old == old.thumbprint}
    facts = old.facts
    if named:
        fitting = [one for one in scene.cabinet.covering(item.names) if one.thumbprint in named]
    else:
        names = facts.names if facts else ()
        fitting = [one for one in scene.cabinet.covering(names) if facts and names and _alike(one, facts)]
    return max(fitting, key=merit, default=None)


def _alike(one: Certificate, facts: CertificateFacts) -> bool:
    new = one.facts
    return (
        new is not None
        and set(new.names) == set(facts.names)
        and new.issuer == facts.issuer
        and not new.self_signed
        and new.not_after > facts.not_after
    )


RULES: tuple[Rule, ...] = (_missing, _judged)

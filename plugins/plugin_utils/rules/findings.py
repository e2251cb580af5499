# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong on a host: typed observations, each with its evidence, the fact it rests on, and a repair where one is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from ..model.endpoint import Endpoint
from ..model.host import SNI, Certificate, Host, RecordValue, binding_record
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, bracketed, is_ipv6, store_key
from .capabilities import Capabilities, capabilities
from .key_health import key_health
from .names import covers
from .ownership import owner_of
from .resolve import Resolver
from .select import best_certificate


class Finding(NamedTuple):
    """``subject`` is a record, or a binding as ``site/address:port:host``; with ``id`` it names the finding uniquely."""

    id: str
    severity: str
    subject: str
    evidence: str
    fact: str
    repair: str | None


class Bound(NamedTuple):
    """One https binding with the record it relies on (None: it can have none)."""

    site: str
    subject: str
    address: str
    port: int
    host: str
    flags: int
    key: RecordKey | None


class Scene(NamedTuple):
    """Everything a rule looks at, computed once per host."""

    host: Host
    now: datetime
    resolver: Resolver
    able: Capabilities
    bindings: tuple[Bound, ...]
    sharers: dict[RecordKey, list[Bound]]
    owner: Callable[[RecordKey, RecordValue], str | None]


def find(host: Host, now: datetime) -> tuple[Finding, ...]:
    """All findings of one host, the same order for the same host. ``now`` is aware UTC."""
    scene = scene_of(host, now)
    found = {finding: None for rule in RULES for finding in rule(scene)}
    blind = {item.layer for item in host.incomplete}
    if blind & {"records", "sites"}:
        # what seems to be missing may only be unread
        found = {item: None for item in found if item.id not in _NEEDS_ALL_LAYERS}
    return tuple(sorted(found, key=lambda item: (_RANK[item.severity], item.id, item.subject)))


_NEEDS_ALL_LAYERS = frozenset(("record_missing", "orphan", "default_certificate_missing"))
_RANK = {"error": 0, "warning": 1, "info": 2}


def subject_of(site: str, address: str, port: int, host: str) -> str:
    """How findings name a binding."""
    shown = "*" if address == ANY_IPV4 else bracketed(address)
    return f"{site}/{shown}:{port}:{host}"


def scene_of(host: Host, now: datetime) -> Scene:
    """Compute once what the rules, and the planner for its repairs, look at."""
    bindings = []
    for site in host.sites:
        for binding in site.bindings:
            if binding.is_https:
                address, port, name = binding.parts
                subject = subject_of(site.name, address, port, name)
                bindings.append(Bound(site.name, subject, address, port, name, binding.flags, binding_record(binding)))
    sharers: dict[RecordKey, list[Bound]] = {}
    for item in bindings:
        if item.key is not None:
            sharers.setdefault(item.key, []).append(item)
    return Scene(host, now, Resolver(host), capabilities(host), tuple(bindings), sharers, owner_of(host))


def _record_missing(scene: Scene) -> Iterator[Finding]:
    for item in scene.bindings:
        if item.key is None or scene.resolver.record(item.key) is not None:
            continue
        choice = best_certificate(scene.host, (item.host,) if item.host else (), scene.now)
        repair = f"bind certificate {choice.certificate.thumbprint} ({choice.reason})" if choice.certificate else None
        if item.key.family == "ccs":
            repair = None
        evidence = f"the binding relies on record {item.key}, which does not exist"
        yield Finding("record_missing", "error", item.subject, evidence, "F3.11", repair)


def _orphan(scene: Scene) -> Iterator[Finding]:
    for record in scene.host.records:
        if is_orphan(scene, record.key):
            evidence = f"record {record.key} belongs to IIS, but no binding of any site relies on it"
            yield Finding("orphan", "warning", str(record.key), evidence, "F3.11", "delete the record")


def _shadowed(scene: Scene) -> Iterator[Finding]:
    """A binding's own record that does not decide for the binding's name on some local address."""
    for item in scene.bindings:
        for key, addresses in blockers(scene, item).items():
            yield _shadow_finding(scene, item, key, addresses)


def blockers(scene: Scene, item: Bound) -> dict[RecordKey, list[str]]:
    """Records that answer instead of the binding's own one, each with the local addresses where it does."""
    found: dict[RecordKey, list[str]] = {}
    for address in _addresses(scene.host, item):
        answer = scene.resolver.answer(Endpoint(address, item.port, item.host or None))
        if answer.record is not None and answer.record != item.key and item.key in answer.shadowed:
            found.setdefault(answer.record, []).append(address)
    return found


def is_orphan(scene: Scene, key: RecordKey) -> bool:
    """A record that no binding relies on and that nobody else can be seen to use."""
    value = scene.resolver.record(key)
    unused = value is not None and key not in scene.sharers and key.family != "scopedccs"
    return unused and value is not None and scene.owner(key, value) is None


def _shadow_finding(scene: Scene, item: Bound, key: RecordKey, addresses: list[str]) -> Finding:
    value, own = scene.resolver.record(key), scene.resolver.record(item.key) if item.key else None
    certificate = scene.resolver.certificate(value) if value else None
    harmless = value is not None and own is not None and value.certificate == own.certificate
    right_name = (
        certificate is not None and certificate.facts is not None and covers(certificate.facts.names, item.host)
    )
    evidence = f"on {', '.join(addresses)} record {key} answers instead of {item.key}"
    if not harmless:
        evidence += ", with another certificate" + ("" if right_name else f" that does not cover {item.host}")
    severity = "info" if harmless else "warning" if right_name else "error"
    repair = f"delete record {key}, which no binding uses" if is_orphan(scene, key) else None
    return Finding("shadowed", severity, item.subject, evidence, "F1.10", repair)


def _addresses(host: Host, item: Bound) -> list[str]:
    """Local addresses on which a client can mean this binding."""
    if item.address == ANY_IPV4:
        return [address for address in host.addresses if address not in ("127.0.0.1", "::1")]
    if item.address == ANY_IPV6:
        return [address for address in host.addresses if is_ipv6(address) and address != "::1"]
    return [item.address]


def _shared(scene: Scene) -> Iterator[Finding]:
    """Bindings that share one record whose certificate does not fit all of them."""
    for key, users in scene.sharers.items():
        value = scene.resolver.record(key)
        certificate = scene.resolver.certificate(value) if value else None
        if len(users) < 2 or key.family != "ipport" or certificate is None or certificate.facts is None:
            continue
        names = sorted({item.host for item in users if item.host})
        unhappy = [name for name in names if not covers(certificate.facts.names, name)]
        if not unhappy:
            continue
        sites = ", ".join(sorted({item.subject for item in users}))
        evidence = f"{sites} share record {key}; its certificate does not cover {', '.join(unhappy)}"
        yield Finding("shared_with_other_wishes", "error", str(key), evidence, "F7.01", _split_repair(scene, users))


def _split_repair(scene: Scene, users: list[Bound]) -> str | None:
    splits = split_choices(scene, users)
    if not splits:
        return None
    return f"turn SNI on for {', '.join(f'{item.subject} with certificate {thumb}' for item, thumb in splits)}"


def split_choices(scene: Scene, users: list[Bound]) -> list[tuple[Bound, str]]:
    """The sharers of a record that its certificate does not cover, each with the certificate it would use by SNI.

    Empty where that is not safe: somebody must stay on the record for clients without SNI, and a record on a fixed
    address would outrank the new names.
    """
    key = users[0].key
    value = scene.resolver.record(key) if key else None
    certificate = scene.resolver.certificate(value) if value else None
    if key is None or key.name not in (ANY_IPV4, ANY_IPV6) or not scene.able.sni.ok:
        return []
    if certificate is None or certificate.facts is None:
        return []
    leaving = [item for item in users if item.host and not covers(certificate.facts.names, item.host)]
    chosen = []
    for item in leaving:
        best = best_certificate(scene.host, (item.host,), scene.now).certificate
        taken = scene.resolver.record(RecordKey("hostnameport", item.host, item.port)) is not None
        if best is None or taken or (item.host.startswith("*.") and not scene.able.wildcard_host.ok):
            return []
        chosen.append((item, best.thumbprint))
    return chosen if len(leaving) < len(users) else []


def _certificates(scene: Scene) -> Iterator[Finding]:
    """Missing, expired, not covering the name, key unusable: judged for every record that a binding relies on."""
    for key, users in scene.sharers.items():
        value = scene.resolver.record(key)
        if value is None or value.certificate is None:
            continue
        certificate = scene.resolver.certificate(value)
        names = tuple(sorted({item.host for item in users if item.host}))
        if certificate is None:
            if not any(item.layer == "certificates" for item in scene.host.incomplete):
                where = f"LocalMachine\\{store_key(value.store)}"
                evidence = f"record {key} names {value.thumbprint}, which is not in {where}; handshakes fail"
                yield Finding("certificate_missing", "error", str(key), evidence, "F1.30", _renew(scene, names))
            continue
        yield from _judge(scene, key, users, certificate, names)


def _judge(
    scene: Scene, key: RecordKey, users: list[Bound], certificate: Certificate, names: tuple[str, ...]
) -> Iterator[Finding]:
    health, facts = key_health(certificate), certificate.facts
    if health.unusable:
        evidence = (
            f"record {key}, certificate {certificate.thumbprint}: {health.reason}; handshakes fail, no other is tried"
        )
        yield Finding("key_unusable", "error", str(key), evidence, "F1.31", _renew(scene, names))
    if facts is None:
        return
    if scene.now > facts.not_after:
        evidence = f"the certificate of record {key} expired on {facts.not_after:%Y-%m-%d} and is still served"
        yield Finding("certificate_expired", "error", str(key), evidence, "F1.34", _renew(scene, names))
    if len(users) > 1 and key.family == "ipport":
        return  # the sharers' own rule speaks of names
    for item in users:
        if item.host and not covers(facts.names, item.host):
            evidence = (
                f"the certificate of record {key} is for {', '.join(facts.names) or 'no name'}, not for {item.host}"
            )
            yield Finding(
                "certificate_name_mismatch", "error", item.subject, evidence, "F1.34", _renew(scene, (item.host,))
            )


def _renew(scene: Scene, names: tuple[str, ...]) -> str | None:
    choice = best_certificate(scene.host, names, scene.now) if names else None
    return (
        f"bind certificate {choice.certificate.thumbprint} ({choice.reason})" if choice and choice.certificate else None
    )


def _sni_unsupported(scene: Scene) -> Iterator[Finding]:
    for item in scene.bindings:
        if not item.flags & SNI:
            continue
        if not scene.able.sni.ok:
            evidence = f"the binding asks for SNI, but {scene.able.sni.reason}"
            yield Finding("sni_unsupported", "error", item.subject, evidence, "F2.02", None)
        elif not item.host:
            evidence = "the binding asks for SNI without a host name: no record can belong to it"
            yield Finding("sni_unsupported", "error", item.subject, evidence, "F7.06", None)


def _default_missing(scene: Scene) -> Iterator[Finding]:
    """Ports where a client without SNI meets no certificate although SNI bindings live there (F7.03)."""
    for port in sorted({item.port for item in scene.bindings if item.flags & SNI}):
        bare = [
            address
            for address in scene.host.addresses
            if address not in ("127.0.0.1", "::1")
            and scene.resolver.answer(Endpoint(address, port, None)).outcome == "no_record"
        ]
        if bare:
            evidence = f"clients without SNI meet no certificate on {', '.join(bare)} port {port}"
            yield Finding("default_certificate_missing", "info", f"port {port}", evidence, "F7.03", None)


RULES: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    _record_missing,
    _orphan,
    _shadowed,
    _shared,
    _certificates,
    _sni_unsupported,
    _default_missing,
)

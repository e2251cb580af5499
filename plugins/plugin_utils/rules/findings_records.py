# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about bindings and records that do not go together: missing, left over, hidden, different per address."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.endpoint import Endpoint
from ..model.host import RecordValue
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, is_ipv6
from ..model.visible import visible
from .finding import Finding, Kind, Rule
from .names import covers
from .resolve import central_file
from .scene import Bound, Scene, blockers, is_loopback, is_orphan
from .select import Selection

RECORD_MISSING = Kind(
    "record_missing",
    ("error",),
    "F3.11",
    "A binding relies on a record that does not exist.",
    "IIS Manager shows a sound https binding, but http.sys knows nothing of it: clients fail, or meet the certificate of another record.",
    "Bind a certificate to the binding again. Where it comes from the central store, create the record of the port.",
    remedy="bind",
    absence=True,
)
FAMILY_DIFFERS = Kind(
    "family_differs",
    ("warning",),
    "F3.09",
    "The record a binding relies on is missing, and there is an unused one of another kind for the same name or address.",
    "The SNI or central store flag was changed on one side only, so the record in place is never the one that IIS means.",
    "Bind the certificate again, which makes the record of the right kind; then remove the other one.",
    absence=True,
)
ORPHAN = Kind(
    "orphan",
    ("warning",),
    "F3.11",
    "A record of IIS on which no binding of any site relies, stopped sites included, and which nobody else can be seen to use.",
    "IIS Manager does not show it. On a fixed address it outranks every name there, and clients meet its certificate.",
    "Delete the record. That is offered only where it could be read on which ports http.sys listens.",
    remedy="delete",
    absence=True,
)
SHADOWED = Kind(
    "shadowed",
    ("error", "warning", "info"),
    "F1.10",
    "On some local address another record outranks the one of the binding.",
    "Clients that come to that address meet the other certificate, whatever name they ask for. Other addresses do not show it.",
    "Delete the outranking record where it is an orphan, else give it a certificate that covers the name too.",
    remedy="delete",
)
ADDRESS_FAMILIES_DIFFER = Kind(
    "address_families_differ",
    ("warning",),
    "F1.10",
    "On one port, IPv4 and IPv6 clients of a site, or of all sites, meet different certificates.",
    "Which certificate a client meets depends on the protocol its network prefers. Often a renewal forgot one of the two.",
    "Bind the same certificate to both. A record [::]:port may also be removed, for 0.0.0.0:port serves IPv6 as well.",
)
SEVERAL_CERTIFICATES = Kind(
    "several_certificates",
    ("warning",),
    "F1.10",
    "Bindings for one name on several addresses lead to different certificates.",
    "Behind one DNS name clients meet now this certificate, now that; the older one expires unnoticed.",
    "Bind one certificate to all of them.",
)
ADDRESS_NOT_LOCAL = Kind(
    "address_not_local",
    ("warning", "info"),
    "F1.06",
    "A binding or a record is for an address that this host does not have.",
    "http.sys compares with the local address of a connection, after any address translation: no client ever gets there.",
    "Use the address of the host itself, or *; remove what was left over when the address went.",
)
LOOPBACK_RECORD = Kind(
    "loopback_record",
    ("info",),
    "F1.27",
    "A record decides for connections from this very machine only.",
    "A test on the host shows another certificate than clients meet.",
    "Nothing, where it is meant so (Exchange does that). Test from outside, or against a real address.",
)

KINDS = (
    RECORD_MISSING,
    FAMILY_DIFFERS,
    ORPHAN,
    SHADOWED,
    ADDRESS_FAMILIES_DIFFER,
    SEVERAL_CERTIFICATES,
    ADDRESS_NOT_LOCAL,
    LOOPBACK_RECORD,
)


def _record_missing(scene: Scene) -> Iterator[Finding]:
    deleted = {item.endpoint.lower(): item.at for item in scene.host.changes if item.kind == "deleted"}
    for item in scene.bindings:
        if item.key is None or scene.resolver.record(item.key) is not None:
            continue
        choice = scene.cabinet.best((item.host,) if item.host else ())
        repair = f"bind certificate {choice.certificate.thumbprint} ({choice.reason})" if choice.certificate else None
        evidence = f"the binding relies on record {item.key}, which does not exist"
        if item.key.text in deleted:
            evidence += f"; http.sys logged its deletion at {deleted[item.key.text]} (event 15300)"
        if item.key.family == "ccs":
            repair = None
        elif item.key.family == "hostnameport" and not scene.able.sni.ok:
            repair = None
            evidence += f"; there can be none: {scene.able.sni.reason}"
        elif choice.certificate is None:
            evidence += _why_none(scene, item)
        yield RECORD_MISSING.on(item.subject, evidence, repair)
        other = _of_another_family(scene, item)
        if other is not None:
            evidence = f"the binding's flags ask for record {item.key}; there is {other}, on which no binding relies"
            yield FAMILY_DIFFERS.on(item.subject, evidence)


def _why_none(scene: Scene, item: Bound) -> str:
    """Why the best of the certificates for the name of a binding cannot be bound; empty where there is none for it at all."""
    unfit = scene.cabinet.losers(Selection((item.host,) if item.host else ()), None)
    more = f" (and {len(unfit) - 1} more)" if len(unfit) > 1 else ""
    return f", and no certificate of this host can be bound: {unfit[0]}{more}" if unfit else ""


def _of_another_family(scene: Scene, item: Bound) -> RecordKey | None:
    """A record for the same name or address and port, but of a kind the binding's flags do not lead to."""
    choices = [
        RecordKey("hostnameport", item.host, item.port),
        RecordKey("ipport", item.address, item.port),
        RecordKey("ccs", "", item.port),
    ]
    for key in choices:
        value = scene.resolver.record(key)
        if key != item.key and key not in scene.sharers and value is not None and scene.use(key, value) is None:
            return key
    return None


def _orphan(scene: Scene) -> Iterator[Finding]:
    for record in scene.host.records:
        if is_orphan(scene, record.key):
            evidence = f"record {record.key} belongs to IIS, but no binding of any site relies on it"
            if scene.host.http_ports is None:
                yield ORPHAN.on(record.key, f"{evidence}; whether anybody listens there could not be read")
            else:
                yield ORPHAN.on(record.key, evidence, "delete the record")


def _shadowed(scene: Scene) -> Iterator[Finding]:
    """A binding's own record that does not decide for the binding's name on some local address."""
    for item in scene.bindings:
        for key, addresses in blockers(scene, item).items():
            yield _shadow(scene, item, key, addresses)


def _shadow(scene: Scene, item: Bound, key: RecordKey, addresses: list[str]) -> Finding:
    value, own = scene.resolver.record(key), scene.resolver.record(item.key) if item.key else None
    certificate = scene.resolver.certificate(value) if value else None
    harmless = value is not None and own is not None and value.certificate == own.certificate
    facts = certificate.facts if certificate else None
    # the central store answers with a file of the very name; what is in it cannot be looked at
    right_name = key.family == "ccs" or (facts is not None and covers(facts.names, item.host))
    first = scene.resolver.answer(Endpoint(addresses[0], item.port, item.host or None)).record == key
    does = "answers instead of" if first else "would answer next, before"
    evidence = f"on {', '.join(addresses)} record {key} {does} {item.key}"
    if key.family == "ccs":
        evidence += f", with the certificate in {central_file(scene.host, item.host)} of the central store"
    elif key.family == "scopedccs":
        evidence += ", and nobody can tell with which certificate (F1.24)"
    elif not harmless:
        evidence += ", with another certificate" + ("" if right_name else f" that does not cover {item.host}")
    if value is not None and (owner := scene.owner(key, value)) is not None:
        evidence += f"; it is used by {owner}"
    severity = "info" if harmless else "warning" if right_name else "error"
    deletable = is_orphan(scene, key) and scene.host.http_ports is not None
    repair = f"delete record {key}, which no binding uses" if deletable else None
    return SHADOWED.on(item.subject, evidence, repair, severity)


def _families(scene: Scene) -> Iterator[Finding]:
    """0.0.0.0 and [::] of one port with different certificates, where IPv6 clients can come at all."""
    if not any(is_ipv6(address) and not is_loopback(address) for address in scene.host.addresses):
        return
    for record in scene.host.records:
        if record.key.family != "ipport" or record.key.name != ANY_IPV6:
            continue
        other = scene.resolver.record(RecordKey("ipport", ANY_IPV4, record.key.port))
        if other is not None and other.certificate != record.value.certificate:
            evidence = f"record {record.key} has {_certificate(record.value)}, 0.0.0.0:{record.key.port} has {_certificate(other)}"
            yield ADDRESS_FAMILIES_DIFFER.on(f"port {record.key.port}", evidence)


def _families_of_sites(scene: Scene) -> Iterator[Finding]:
    """Bindings of one site for any name, on addresses of both families, that have no certificate in common."""
    by_site: dict[tuple[str, int], dict[RecordKey, RecordValue]] = {}
    for item in scene.bindings:
        value = scene.resolver.record(item.key) if item.key and not item.host else None
        if item.key is not None and value is not None and value.thumbprint and not is_loopback(item.address):
            by_site.setdefault((item.site, item.port), {})[item.key] = value
    for (site, port), values in by_site.items():
        four, six = ({key: values[key] for key in values if is_ipv6(key.name) == wanted} for wanted in (False, True))
        if not four or not six or {key.name for key in values} == {ANY_IPV4, ANY_IPV6}:
            continue  # the records for all addresses are looked at by themselves
        if {value.certificate for value in four.values()}.isdisjoint(value.certificate for value in six.values()):
            told = ", ".join(f"{key} has {_certificate(value)}" for key, value in sorted(values.items()))
            yield ADDRESS_FAMILIES_DIFFER.on(visible(f"site {site} port {port}"), f"its bindings for any name: {told}")


def _certificate(value: RecordValue) -> str:
    return f"certificate {value.thumbprint}"


def _several(scene: Scene) -> Iterator[Finding]:
    """One name and port, several records: bindings without SNI on addresses of their own, or with and without SNI."""
    by_name: dict[tuple[str, int], dict[RecordKey, RecordValue]] = {}
    for item in scene.bindings:
        value = scene.resolver.record(item.key) if item.key else None
        if item.host and item.key is not None and value is not None and value.thumbprint:
            by_name.setdefault((item.host, item.port), {})[item.key] = value
    for (host, port), values in by_name.items():
        if len({value.certificate for value in values.values()}) > 1:
            told = ", ".join(f"{key} has {_certificate(value)}" for key, value in sorted(values.items()))
            yield SEVERAL_CERTIFICATES.on(
                f"{host} port {port}", f"bindings for this name rely on several records: {told}"
            )


def _address_not_local(scene: Scene) -> Iterator[Finding]:
    local = {address.partition("%")[0] for address in scene.host.addresses} | {ANY_IPV4, ANY_IPV6}
    if len(local) == 2:
        return  # the addresses of the host are not known

    def away(address: str) -> bool:
        return not is_loopback(address) and address.partition("%")[0] not in local

    for item in scene.bindings:
        if item.key is not None and away(item.address):
            evidence = f"the binding is for {item.address}, which is no address of this host: no client comes there"
            yield ADDRESS_NOT_LOCAL.on(item.subject, evidence)
    for record in scene.host.records:
        if record.key.family == "ipport" and record.key not in scene.sharers and away(record.key.name):
            evidence = f"record {record.key} is for an address that this host does not have"
            yield ADDRESS_NOT_LOCAL.on(record.key, evidence, severity="info")


def _loopback(scene: Scene) -> Iterator[Finding]:
    for record in scene.host.records:
        if record.key.family == "ipport" and is_loopback(record.key.name):
            evidence = (
                f"record {record.key} decides for clients on this machine only; others are served by other records"
            )
            yield LOOPBACK_RECORD.on(record.key, evidence)


RULES: tuple[Rule, ...] = (
    _record_missing,
    _orphan,
    _shadowed,
    _families,
    _families_of_sites,
    _several,
    _address_not_local,
    _loopback,
)

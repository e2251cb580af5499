# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about bindings as IIS keeps them: sharing, doubles, SNI, host names."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.host import CENTRAL_STORE, SNI
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, address_text, is_address
from .finding import Finding, Kind, Rule
from .names import covers
from .scene import Bound, Scene, names_of

SHARED = Kind(
    "shared_with_other_wishes",
    ("error",),
    "F7.01",
    "Bindings share one record, and its certificate does not cover all of their names.",
    "Clients of the names left out meet a certificate for somebody else. Giving one site its certificate takes it from the others.",
    "Turn SNI on for the names that are left out, or bind one certificate that covers all of them.",
    remedy="split",
)
HOST_WITHOUT_SNI = Kind(
    "host_without_sni",
    ("info",),
    "F3.10",
    "Several host names share one record because their bindings do not use SNI, although this Windows could.",
    "The host name only leads to the site, after the certificate was chosen: there can be one certificate for all of them.",
    "Nothing, while one certificate covers them. Else set sni: required for each name.",
)
DUPLICATE_BINDING = Kind(
    "duplicate_binding",
    ("error", "warning"),
    "F3.03",
    "The very same https binding is there several times: in several sites, or twice in one, such as *:443: and :443:.",
    "Only one site can run with it; IIS stops the other one, or does not start it after the next restart. A site that has it "
    "twice may not start either.",
    "Leave the binding in one site, once. Stopped sites count: somebody may start them.",
)
SNI_UNSUPPORTED = Kind(
    "sni_unsupported",
    ("error",),
    "F2.02",
    "A binding asks for SNI on a Windows that has none.",
    "There is no SNI before Windows Server 2012 / IIS 8: no record can belong to such a binding.",
    "Use an address of its own, a certificate that covers all names of the address, or another port.",
)
SNI_WITHOUT_HOST = Kind(
    "sni_without_host",
    ("error",),
    "F7.06",
    "A binding asks for SNI without having a host name.",
    "No record can belong to it, and IIS Manager may fail to show the site.",
    "Give the binding a host name, or take the SNI flag away.",
)
WILDCARD_HOST_UNSUPPORTED = Kind(
    "wildcard_host_unsupported",
    ("error",),
    "F2.12",
    "A binding has a wildcard host name on a Windows that has none.",
    "Before IIS 10 the star is not understood: no request ever matches the name.",
    "List the names one by one, or leave the host name empty.",
)
HOST_NAME_UNUSABLE = Kind(
    "host_name_unusable",
    ("warning",),
    "F1.21",
    "The host name of a binding is one that no client can send: an address, a star in the middle, or too long a name.",
    "The binding is there and is never met.",
    "Put an address into the address of the binding; a star may only be the whole leftmost label.",
)
BINDING_UNREADABLE = Kind(
    "binding_unreadable",
    ("warning",),
    "F3.06",
    "An https binding cannot be read as address:port:host.",
    "Nothing can be said about it, and IIS may refuse to start its site.",
    "Correct or remove the binding in IIS.",
)

KINDS = (
    SHARED,
    HOST_WITHOUT_SNI,
    DUPLICATE_BINDING,
    SNI_UNSUPPORTED,
    SNI_WITHOUT_HOST,
    WILDCARD_HOST_UNSUPPORTED,
    HOST_NAME_UNUSABLE,
    BINDING_UNREADABLE,
)


def _shared(scene: Scene) -> Iterator[Finding]:
    """Several bindings on one record: does its certificate fit all of them, and could they do without sharing?"""
    for key, users in scene.sharers.items():
        names = names_of(users)
        if len(users) < 2 or key.family != "ipport":
            continue
        value = scene.resolver.record(key)
        certificate = scene.resolver.certificate(value) if value else None
        facts = certificate.facts if certificate else None
        unhappy = [name for name in names if facts is not None and not covers(facts.names, name)]
        sites = ", ".join(sorted({item.subject for item in users}))
        if unhappy:
            evidence = f"{sites} share record {key}; its certificate does not cover {', '.join(unhappy)}"
            yield SHARED.on(key, evidence, _split_repair(scene, users))
        elif len(names) > 1 and scene.able.sni.ok:
            yield HOST_WITHOUT_SNI.on(key, f"{sites} share record {key}: one certificate for {', '.join(names)}")


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
        best = scene.cabinet.best((item.host,)).certificate
        taken = scene.resolver.record(RecordKey("hostnameport", item.host, item.port)) is not None
        if best is None or taken or (item.host.startswith("*.") and not scene.able.wildcard_host.ok):
            return []
        chosen.append((item, best.thumbprint))
    return chosen if len(leaving) < len(users) else []


def _duplicates(scene: Scene) -> Iterator[Finding]:
    places: dict[tuple[str, int, str], list[Bound]] = {}
    for item in scene.bindings:
        if item.port:
            places.setdefault((item.address, item.port, item.host), []).append(item)
    for (address, port, host), items in places.items():
        states = {item.site: item.state for item in items}
        subject = f"{address_text(address)}:{port}:{host}"
        if len(states) > 1:
            running = sum(state == "started" for state in states.values())
            told = ", ".join(f"{site} ({state})" for site, state in sorted(states.items()))
            evidence = f"the binding {subject} is in several sites: {told}"
            yield DUPLICATE_BINDING.on(subject, evidence, severity="error" if running > 1 else "warning")
        for site, state in sorted(states.items()):
            spelled = [item.information for item in items if item.site == site]
            if len(spelled) > 1:
                evidence = f"site {site} ({state}) has the binding {subject} {len(spelled)} times: {', '.join(spelled)}"
                yield DUPLICATE_BINDING.on(f"{site}/{subject}", evidence, severity="warning")


def _names(scene: Scene) -> Iterator[Finding]:
    """Bindings whose own words do not make sense, on this Windows or on any."""
    for item in scene.bindings:
        if not item.port:
            yield BINDING_UNREADABLE.on(item.subject, f"the binding reads {item.information!r}, not address:port:host")
            continue
        if item.flags & SNI and not scene.able.sni.ok:
            evidence = f"the binding asks for SNI, but {scene.able.sni.reason}"
            yield SNI_UNSUPPORTED.on(item.subject, evidence)
        elif item.flags & SNI and not item.flags & CENTRAL_STORE and not item.host:
            evidence = "the binding asks for SNI without a host name: no record can belong to it"
            yield SNI_WITHOUT_HOST.on(item.subject, evidence)
        fault = _unusable(item.host)
        if fault is not None:
            yield HOST_NAME_UNUSABLE.on(item.subject, f"the host name {item.host!r} {fault}: no client can ask for it")
        elif item.host.startswith("*.") and not scene.able.wildcard_host.ok:
            yield WILDCARD_HOST_UNSUPPORTED.on(
                item.subject, f"the host name is {item.host}; {scene.able.wildcard_host.reason}"
            )


def _unusable(host: str) -> str | None:
    """Why no client can send this name; None when one can."""
    if "*" in host.removeprefix("*."):
        return "has a star that is not its whole leftmost label"
    if len(host) > 255:
        return f"has {len(host)} characters, more than 255"
    return "is an address" if is_address(host.strip("[]")) else None


RULES: tuple[Rule, ...] = (_shared, _duplicates, _names)

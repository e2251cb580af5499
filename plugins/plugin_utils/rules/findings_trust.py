# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about certificates that clients refuse although they are valid: weak, made for something else, not trusted."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, Kind, Rule
from .scene import Scene, Served, renewal
from .select import REVOKED
from .strength import weak_key, weak_signature, wrong_purpose

#: X509ChainStatusFlags.
_UNTRUSTED_ROOT, _PARTIAL_CHAIN = 0x20, 0x10000

WEAK_KEY = Kind(
    "weak_key",
    ("error",),
    "F6.14",
    "The key of a bound certificate is shorter than clients accept.",
    "http.sys serves it without a word; clients refuse it.",
    "Have a certificate issued for a new key: RSA with 2048 bits or more, or an elliptic curve.",
    remedy="bind",
)
WEAK_SIGNATURE = Kind(
    "weak_signature",
    ("error",),
    "F6.14",
    "A bound certificate is signed with MD5 or SHA-1.",
    "http.sys serves it without a word; clients refuse it.",
    "Have the certificate issued anew. The 40 digits of a thumbprint are SHA-1 as well; that is only an identifier and harmless.",
    remedy="bind",
)
WRONG_PURPOSE = Kind(
    "wrong_purpose",
    ("error",),
    "F6.12",
    "A bound certificate is not meant for server authentication.",
    "http.sys does not look at the purpose and serves it; clients do, and refuse it.",
    "Bind a certificate with server authentication among its purposes.",
    remedy="bind",
)
CERTIFICATE_SELF_SIGNED = Kind(
    "certificate_self_signed",
    ("warning",),
    "F1.34",
    "A binding for a host name has a certificate that signed itself.",
    "Only clients that were told to trust this very certificate accept it.",
    "Bind a certificate of an authority.",
    remedy="bind",
)
INTERMEDIATE_MISSING = Kind(
    "intermediate_missing",
    ("warning",),
    "F6.19",
    "The host does not have the issuer of a bound certificate, so that it cannot send the whole chain.",
    "Browsers often find the missing link by themselves; phones, programs and monitors do not, and refuse the certificate.",
    "Import the intermediate certificate of the authority into LocalMachine\\CA.",
)
ROOT_UNTRUSTED = Kind(
    "root_untrusted",
    ("info",),
    "F6.19",
    "The host itself does not trust the root of a bound certificate.",
    "Clients may trust it all the same. A root that the host does not know is often missing on clients, too.",
    "If the authority is your own, distribute its root certificate.",
)
CERTIFICATE_REVOKED = Kind(
    "certificate_revoked",
    ("error",),
    "F1.34",
    "The host knows from its cache that a bound certificate is revoked.",
    "It is served all the same; clients that check refuse it.",
    "Bind another certificate.",
    remedy="bind",
)

KINDS = (
    WEAK_KEY,
    WEAK_SIGNATURE,
    WRONG_PURPOSE,
    CERTIFICATE_SELF_SIGNED,
    INTERMEDIATE_MISSING,
    ROOT_UNTRUSTED,
    CERTIFICATE_REVOKED,
)


def _trust(scene: Scene) -> Iterator[Finding]:
    for item in scene.served:
        facts = item.certificate.facts
        if facts is None:
            continue
        for kind, flaw in (
            (WEAK_KEY, weak_key(facts)),
            (WEAK_SIGNATURE, weak_signature(facts)),
            (WRONG_PURPOSE, wrong_purpose(facts)),
        ):
            if flaw is not None:
                yield kind.on(item.key, f"the certificate of record {item.key}: {flaw}", renewal(scene, item.names))
        if facts.self_signed and item.names:
            best = scene.cabinet.best(item.names).certificate
            issued = best is not None and best.facts is not None and not best.facts.self_signed
            evidence = f"the certificate of record {item.key} signed itself ({facts.subject})"
            yield CERTIFICATE_SELF_SIGNED.on(item.key, evidence, renewal(scene, item.names) if issued else None)
        yield from _chain(scene, item, facts.issuer, facts.self_signed)


def _chain(scene: Scene, item: Served, issuer: str, self_signed: bool) -> Iterator[Finding]:
    chain = item.certificate.chain
    if chain is None:
        return
    if chain.status & REVOKED:
        evidence = f"the certificate of record {item.key} is revoked, says the host's cache"
        yield CERTIFICATE_REVOKED.on(item.key, evidence, renewal(scene, item.names))
    if self_signed:
        return
    if chain.status & _PARTIAL_CHAIN:
        evidence = f"the certificate of record {item.key} was issued by {issuer}, whose certificate is not on this host"
        yield INTERMEDIATE_MISSING.on(item.key, evidence)
    elif chain.status & _UNTRUSTED_ROOT:
        evidence = f"the certificate of record {item.key} was issued by {issuer}; the host does not trust its root"
        yield ROOT_UNTRUSTED.on(item.key, evidence)


RULES: tuple[Rule, ...] = (_trust,)

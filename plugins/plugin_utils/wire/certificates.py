# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DER to facts, by ``cryptography``. What cannot be parsed is None: a finding later, never a failed host."""

from __future__ import annotations

import base64
import binascii
import hashlib
from functools import lru_cache

from ..model.host import CertificateFacts
from ..model.keys import host_key
from ..model.problems import Invalid, Problem

#: Why no certificate can be read on this controller; empty when all is well.
LACKING = ""
try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import ExtensionOID, NameOID

    if not hasattr(x509.Certificate, "not_valid_after_utc"):
        LACKING = "the Python package cryptography of the controller is too old: tlsfleet.iis needs 42 or later"
except ImportError as fault:
    LACKING = f"the controller lacks the Python package cryptography, which tlsfleet.iis needs ({fault})"


@lru_cache(maxsize=4096)
def parse_der(encoded: str) -> tuple[str, CertificateFacts | None] | None:
    """(thumbprint, facts) of a base64 DER; facts None where it is no certificate; None where it is not even base64.

    Raises Invalid where this controller cannot read certificates at all.
    """
    if LACKING:
        raise Invalid([Problem("", LACKING)])
    try:
        der = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(), _facts(der)


def _facts(der: bytes) -> CertificateFacts | None:
    try:
        certificate = x509.load_der_x509_certificate(der)
        key_type, key_bits = _key(certificate)
        return CertificateFacts(
            names=_names(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            self_signed=certificate.subject == certificate.issuer,
            key_type=key_type,
            key_bits=key_bits,
            signature=_signature(certificate),
            purposes=_purposes(certificate),
        )
    # cryptography answers damage with ValueError and, for exotic content, a wide range of others
    except Exception:
        return None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(host_key(str(attribute.value)) for attribute in common)
    names: x509.SubjectAlternativeName = extension.value  # type: ignore[assignment]
    return tuple(host_key(name) for name in names.get_values_for_type(x509.DNSName))


def _key(certificate: x509.Certificate) -> tuple[str, int]:
    """(type, bits) of the public key; ``unknown`` with 0 bits for a kind that this ``cryptography`` cannot load."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unknown", 0
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC", key.curve.key_size
    return type(key).__name__.strip("_").removesuffix("PublicKey"), getattr(key, "key_size", 0)


def _signature(certificate: x509.Certificate) -> str:
    """Name of the hash that was signed; empty where the algorithm is unknown or hashes by itself (Ed25519)."""
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return ""
    return algorithm.name if algorithm else ""


def _purposes(certificate: x509.Certificate) -> frozenset[str] | None:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE)
    except x509.ExtensionNotFound:
        return None
    usage: x509.ExtendedKeyUsage = extension.value  # type: ignore[assignment]
    return frozenset(oid.dotted_string for oid in usage)

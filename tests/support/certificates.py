# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates made once per run: cheap EC keys, one DER per wish."""

from __future__ import annotations

import base64
import datetime
import hashlib
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = datetime.datetime(2026, 11, 24, 12, 0, 0, tzinfo=datetime.timezone.utc)
SERVER, CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
_SHA256, _SHA1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")


@lru_cache(maxsize=1)
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@lru_cache(maxsize=4)
def _rsa(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@lru_cache(maxsize=1024)
def certificate(
    names: tuple[str, ...],
    days: int = 200,
    issuer: str = "Test CA",
    *,
    starts: int | None = None,
    bits: int = 0,
    purposes: tuple[str, ...] | None = None,
    sha1: bool = False,
) -> tuple[str, str]:
    """(thumbprint, base64 DER) of a certificate for ``names`` that ends ``days`` after :data:`NOW`.

    ``starts``: days after NOW on which it begins. ``bits``: an RSA key of that size. ``purposes``: extended key usage.
    ``sha1``: says that it is signed with SHA-1; the signature is of no use then, and nobody here checks it.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0] if names else "nobody")])
    end = NOW + datetime.timedelta(days=days)
    start = end - datetime.timedelta(days=397) if starts is None else NOW + datetime.timedelta(days=starts)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(_rsa(bits).public_key() if bits else _key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
    if purposes is not None:
        usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose) for purpose in purposes])
        builder = builder.add_extension(usage, False)
    if sha1:
        der = builder.sign(_rsa(2048), hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        der = der.replace(_SHA256, _SHA1)
    else:
        der = builder.sign(_key(), hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return hashlib.sha1(der).hexdigest().upper(), base64.b64encode(der).decode()

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the lab: one authority, a small pool of keys, and a certificate for each one a description names."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KEYS = 4
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group of SECP256R1


@dataclass(frozen=True)
class Material:
    """A certificate with everything a TLS server needs. ``thumbprint``: SHA-1 of the DER, upper case."""

    thumbprint: str
    der: bytes = field(repr=False)
    certificate_pem: bytes = field(repr=False)
    key_pem: bytes = field(repr=False)


class Maker:
    """One authority. The same wish gives the same certificate; with a ``seed`` also in the next run."""

    def __init__(self, seed: int | None = None, now: datetime.datetime | None = None) -> None:
        self._seed = seed
        self._now = (now or datetime.datetime.now(datetime.timezone.utc)).replace(microsecond=0)
        # cryptography 42 to 44 do not know the argument yet; a lab without seed does without
        self._signing: dict[str, Any] = {} if seed is None else {"ecdsa_deterministic": True}
        self._made: dict[tuple[str, tuple[str, ...], str], Material] = {}
        self._authority_key = self._key("authority")
        self._authority = self._issue_authority()
        self._keys = [self._key(f"key {number}") for number in range(KEYS)]
        self._key_pems = [_pem(key) for key in self._keys]
        self.ca_pem = self._authority.public_bytes(serialization.Encoding.PEM)

    def certificate(self, label: str, names: Sequence[str], not_after: str | None) -> Material:
        """A certificate for ``names`` that ends on an ISO day (None: in 300 days). ``label`` tells equal wishes apart."""
        wish = (label, tuple(names), not_after or "")
        made = self._made.get(wish)
        if made is None:
            made = self._made[wish] = self._issue(*wish)
        return made

    def _issue(self, label: str, names: tuple[str, ...], end: str) -> Material:
        not_after = self._now + datetime.timedelta(days=300)
        if end:
            not_after = datetime.datetime.fromisoformat(end).replace(tzinfo=datetime.timezone.utc)
        number = int.from_bytes(hashlib.sha256(repr((label, names, end)).encode()).digest()[:15], "big")
        key = number % KEYS
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(names[0] if names else f"unnamed {label[-8:]}"))
            .issuer_name(self._authority.subject)
            .public_key(self._keys[key].public_key())
            .serial_number(number + 1)
            .not_valid_before(min(not_after, self._now) - datetime.timedelta(days=365))
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._authority_key.public_key()), critical=False
            )
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names if name.isascii()]), False
            )
        issued = builder.sign(self._authority_key, hashes.SHA256(), **self._signing)
        der = issued.public_bytes(serialization.Encoding.DER)
        pem = issued.public_bytes(serialization.Encoding.PEM)
        return Material(hashlib.sha1(der).hexdigest().upper(), der, pem + self.ca_pem, self._key_pems[key])

    def _issue_authority(self) -> x509.Certificate:
        name = _name("Simulated lab authority, trust nowhere")
        public = self._authority_key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(public)
            .serial_number(1)
            .not_valid_before(datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc))
            .not_valid_after(datetime.datetime(2099, 1, 1, tzinfo=datetime.timezone.utc))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    key_cert_sign=True,
                    crl_sign=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        return builder.sign(self._authority_key, hashes.SHA256(), **self._signing)

    def _key(self, label: str) -> ec.EllipticCurvePrivateKey:
        if self._seed is None:
            return ec.generate_private_key(ec.SECP256R1())
        digest = hashlib.sha256(f"{self._seed} {label}".encode()).digest()
        return ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])

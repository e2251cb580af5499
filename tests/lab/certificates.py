# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the lab: one authority, a small pool of keys, and a certificate for each one a description names."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .flaws import Made

KEYS = 4
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group of SECP256R1
_ORDER_192 = 0xFFFFFFFFFFFFFFFFFFFFFFFF99DEF836146BC9B1B4D22831  # of that of SECP192R1


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
        self._made: dict[tuple[str, tuple[str, ...], str, str], Material] = {}
        self._authority_key = self._key("authority")
        self._authority = self._issue_authority()
        self._keys = [self._key(f"key {number}") for number in range(KEYS)]
        self._weak_key = self._key("weak", ec.SECP192R1(), _ORDER_192)
        self.ca_pem = self._authority.public_bytes(serialization.Encoding.PEM)

    def certificate(
        self, label: str, names: Sequence[str], not_after: str | None, made: Mapping[str, Any] | None = None
    ) -> Material:
        """A certificate for ``names`` that ends on an ISO day (None: in 300 days). ``label`` tells equal wishes apart.

        ``made``: how it differs from a sound one, see :class:`lab.flaws.Made`.
        """
        wish = (label, tuple(names), not_after or "", json.dumps(made or {}, sort_keys=True))
        found = self._made.get(wish)
        if found is None:
            found = self._made[wish] = self._issue(*wish[:3], Made.of(made))
        return found

    def _issue(self, label: str, names: tuple[str, ...], end: str, made: Made) -> Material:
        not_after = self._now + datetime.timedelta(days=300)
        if end:
            not_after = datetime.datetime.fromisoformat(end).replace(tzinfo=datetime.timezone.utc)
        number = int.from_bytes(hashlib.sha256(repr((label, names, end)).encode()).digest()[:15], "big")
        key = self._keys[number % KEYS] if made.key_bits == 256 else self._weak_key
        subject = _name(names[0] if names else f"unnamed {label[-8:]}")
        purposes = [x509.ObjectIdentifier(purpose) for purpose in made.purposes]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if made.self_signed else self._authority.subject)
            .public_key(key.public_key())
            .serial_number(number + 1)
            .not_valid_before(made.not_before or min(not_after, self._now) - datetime.timedelta(days=365))
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._authority_key.public_key()), critical=False
            )
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names if name.isascii()]), False
            )
        issued = builder.sign(key if made.self_signed else self._authority_key, hashes.SHA256(), **self._signing)
        der = made.signed(issued.public_bytes(serialization.Encoding.DER))
        pem = x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
        return Material(hashlib.sha1(der).hexdigest().upper(), der, pem + self.ca_pem, _pem(key))

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

    def _key(
        self, label: str, curve: ec.EllipticCurve | None = None, order: int = _ORDER
    ) -> ec.EllipticCurvePrivateKey:
        curve = curve or ec.SECP256R1()
        if self._seed is None:
            return ec.generate_private_key(curve)
        digest = hashlib.sha256(f"{self._seed} {label}".encode()).digest()
        return ec.derive_private_key(int.from_bytes(digest, "big") % (order - 1) + 1, curve)


@lru_cache(maxsize=64)
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

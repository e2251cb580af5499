# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Would clients refuse this certificate for what it is made of: key, signature, purpose (F6.12, F6.14)?"""

from __future__ import annotations

from ..model.host import CertificateFacts

SERVER_AUTH, ANY_PURPOSE = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
#: Fewest bits that clients of today accept, by kind of key.
FEWEST_BITS = {"RSA": 2048, "DSA": 2048, "EC": 224}
WEAK_HASHES = frozenset(("md2", "md5", "sha1"))


def weak_key(facts: CertificateFacts) -> str | None:
    """In words, when the key is too short; an unknown kind of key is not judged."""
    fewest = FEWEST_BITS.get(facts.key_type, 0)
    if 0 < facts.key_bits < fewest:
        return f"its {facts.key_type} key has {facts.key_bits} bits, clients want {fewest} at least"
    return None


def weak_signature(facts: CertificateFacts) -> str | None:
    """In words, when the signature rests on a broken hash. A root signs itself, and nobody looks at that signature."""
    if facts.signature in WEAK_HASHES and not facts.self_signed:
        return f"it is signed with {facts.signature.upper()}, which clients refuse"
    return None


def wrong_purpose(facts: CertificateFacts) -> str | None:
    """In words, when extended key usage is there and leaves server authentication out."""
    if facts.purposes is None or facts.purposes & {SERVER_AUTH, ANY_PURPOSE}:
        return None
    return f"it is not for server authentication (its purposes: {', '.join(sorted(facts.purposes)) or 'none'})"


def flaw(facts: CertificateFacts) -> str | None:
    """The first of the above, if any."""
    return weak_key(facts) or weak_signature(facts) or wrong_purpose(facts)

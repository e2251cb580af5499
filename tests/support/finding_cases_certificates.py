# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For each kind of finding about certificates and keys a host that has it."""

from __future__ import annotations

from typing import Any

from .certificates import CLIENT
from .documents import record, stored
from .finding_cases import API, KEY, SHOP, SNI_SHOP, SUBJECT, Case

NOWHERE = {"thumbprint": "AB" * 20}
LATER = stored("shop.example", 300)


def served(certificate: dict[str, Any], *others: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A shop whose record has this certificate; ``others`` are in the stores, too."""
    records = [record("shop.example:443", certificate)]
    return {"sites": [SNI_SHOP], "records": records, "certificates": [certificate, *others], **more}


def bad(**made: Any) -> dict[str, Any]:
    return served(stored("shop.example", 100, made=made), SHOP)


def chained(status: int, *others: dict[str, Any]) -> dict[str, Any]:
    return served({**SHOP, "chain": {"status": status, "elements": 1}}, *others)


def with_key(**facts: Any) -> dict[str, Any]:
    return served(stored("shop.example", 100, **facts), SHOP)


BIND = f"bind certificate {SHOP['thumbprint']}"

CERTIFICATES = [
    Case(
        "certificate_missing", KEY, "error", "not in LocalMachine\\MY", BIND, served(NOWHERE) | {"certificates": [SHOP]}
    ),
    Case(
        "store_differs",
        KEY,
        "error",
        "but in LocalMachine\\WEBHOSTING",
        "from LocalMachine\\WEBHOSTING",
        {**served(SHOP), "certificates": [{**SHOP, "store": "WebHosting"}]},
    ),
    Case("certificate_expired", KEY, "error", "expired on 2026-11-21", BIND, served(stored("shop.example", -3), SHOP)),
    Case("certificate_expires_soon", KEY, "warning", "in 13 days", BIND, served(stored("shop.example", 13), SHOP)),
    Case("certificate_expires_soon", KEY, "warning", "in 0 days", None, served(stored("shop.example", 0))),
    Case("certificate_not_yet_valid", KEY, "error", "before 2026-11-29", BIND, bad(starts=5)),
    Case("certificate_name_mismatch", SUBJECT, "error", "is for api.example, not for", BIND, served(API, SHOP)),
    Case(
        "certificate_unparsable",
        KEY,
        "warning",
        "cannot be parsed",
        BIND,
        served({**LATER, "der": LATER["der"][:200]}, SHOP),
    ),
    Case("certificate_archived", KEY, "warning", "is archived", BIND, served({**LATER, "archived": True}, SHOP)),
    Case(
        "link_differs",
        KEY,
        "warning",
        f"its renewal link leads to {LATER['thumbprint']}",
        f"bind certificate {LATER['thumbprint']}",
        served({**SHOP, "renewed_by": LATER["thumbprint"]}, LATER),
    ),
    Case("link_differs", KEY, "warning", "leads to ABAB", None, served({**SHOP, "renewed_by": "AB" * 20})),
    Case(
        "renewal_not_bound",
        KEY,
        "info",
        "same issuer and names",
        f"bind certificate {LATER['thumbprint']}",
        served(SHOP, LATER),
    ),
    Case(
        "renewal_not_bound",
        KEY,
        "warning",
        "the host logged",
        f"bind certificate {LATER['thumbprint']}",
        served(
            SHOP,
            LATER,
            renewals=[{"at": "2026-11-20T01:00:00Z", "old": SHOP["thumbprint"], "new": LATER["thumbprint"]}],
        ),
    ),
    Case(
        "several_certificates_fit",
        KEY,
        "info",
        "fit shop.example equally well",
        None,
        served(SHOP, stored("shop.example www.shop.example")),
    ),
]

TRUST = [
    Case("weak_key", KEY, "error", "RSA key has 1024 bits", BIND, bad(bits=1024)),
    Case("weak_signature", KEY, "error", "signed with SHA1", BIND, bad(sha1=True)),
    Case("wrong_purpose", KEY, "error", "not for server authentication", BIND, bad(purposes=(CLIENT,))),
    Case(
        "certificate_self_signed",
        KEY,
        "warning",
        "signed itself",
        BIND,
        served(stored("shop.example", 300, issuer="shop.example"), SHOP),
    ),
    Case("intermediate_missing", KEY, "warning", "was issued by CN=Test CA", None, chained(0x10000)),
    Case("root_untrusted", KEY, "info", "does not trust its root", None, chained(0x20)),
    Case(
        "certificate_revoked",
        KEY,
        "error",
        "is revoked",
        f"bind certificate {LATER['thumbprint']}",
        chained(0x4, LATER),
    ),
]

KEY_FILE = r"%ProgramData%\Microsoft\Crypto\RSA\MachineKeys\6de9cb26d2b98c01ec4e9e8b34824aa2_1"
KEYS = [
    Case("key_missing", KEY, "error", "no private key", BIND, with_key(key=None)),
    Case("key_missing", KEY, "error", "does not exist (0x80090016)", BIND, with_key(code=0x80090016)),
    Case(
        "key_missing",
        KEY,
        "error",
        "does not exist, or its access list",
        BIND,
        with_key(code=0x80090016, provider="Microsoft Platform Crypto Provider"),
    ),
    Case("key_missing", KEY, "error", "no key comes out of it", BIND, with_key(code=0x80090016, file=KEY_FILE)),
    Case("key_missing", KEY, "error", "does not exist (", BIND, with_key(code=0x80090011)),
    Case("key_user_scope", KEY, "error", "user profile", BIND, with_key(machine=False)),
    Case("key_denied", KEY, "error", "access list", BIND, with_key(system_access="denied")),
    Case("key_wrong_spec", KEY, "error", "signatures only", BIND, with_key(provider_type=12, key_spec=2)),
    Case("key_wrong_spec", KEY, "error", "KeySpec 0 is not key exchange", BIND, with_key(provider_type=12, key_spec=0)),
    Case("key_mismatch", KEY, "error", "another certificate", BIND, with_key(code=0x80090015)),
    Case("key_unverified", KEY, "info", "could not tell", None, with_key(system_access="unknown")),
    Case("key_unverified", KEY, "info", "says nothing about SYSTEM", None, with_key(code=0x80070005)),
]

CASES = [*CERTIFICATES, *TRUST, *KEYS]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings by host, second part: certificates, keys, other users and writers, the host as a whole."""

from __future__ import annotations

from typing import Any

from . import finding_cases
from .certificates import CLIENT
from .documents import record, site, stored
from .finding_cases import API, KEY, OLD_IIS, RANDOM, SHOP, SHOP_RECORD, SNI_SHOP, SSTP, SUBJECT, Case

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

KEYS = [
    Case("key_missing", KEY, "error", "no private key", BIND, with_key(key=None)),
    Case("key_missing", KEY, "error", "does not exist", BIND, with_key(code=0x80090016)),
    Case("key_user_scope", KEY, "error", "user profile", BIND, with_key(machine=False)),
    Case("key_denied", KEY, "error", "access list", BIND, with_key(system_access="denied")),
    Case("key_wrong_spec", KEY, "error", "signatures only", BIND, with_key(provider_type=12, key_spec=2)),
    Case("key_mismatch", KEY, "error", "another certificate", BIND, with_key(code=0x80090015)),
    Case("key_unverified", KEY, "info", "could not tell", None, with_key(system_access="unknown")),
    Case("key_unverified", KEY, "info", "says nothing about SYSTEM", None, with_key(code=0x80070005)),
]

OWNERS = [
    Case(
        "used_by_unknown",
        "10.0.0.5:443",
        "info",
        "http.sys listens on port 443 and no IIS site explains it",
        None,
        {"records": [record("10.0.0.5:443", SHOP)]},
    ),
    Case(
        "used_by_unknown",
        "10.0.0.5:443",
        "info",
        RANDOM,
        None,
        {"records": [record("10.0.0.5:443", SHOP, app_id=RANDOM)]},
    ),
    Case(
        "foreign_user",
        KEY,
        "warning",
        "which is also used by RRAS/SSTP",
        None,
        {"sites": [SNI_SHOP], "records": [{**SHOP_RECORD, "app_id": SSTP}]},
    ),
    Case(
        "other_user_differs",
        "0.0.0.0:443",
        "warning",
        "rd_gateway (its settings)",
        None,
        {
            "sites": [site("Shop", "*:443:")],
            "records": [record("0.0.0.0:443", SHOP)],
            "users": [
                {
                    "kind": "rd_gateway",
                    "key": "ipport 0.0.0.0:443",
                    "thumbprint": API["thumbprint"],
                    "evidence": "its settings",
                }
            ],
        },
    ),
    Case(
        "managed_elsewhere",
        KEY,
        "info",
        "comes from Certify",
        None,
        served({**SHOP, "friendly_name": "shop.example [Certify] - 01/10/2026 to 30/12/2026"}),
    ),
    Case(
        "managed_elsewhere",
        KEY,
        "info",
        "win-acme or simple-acme",
        None,
        served({**SHOP, "friendly_name": "[IIS] Shop, (any host) @ 2026.10.1 03:00:12"}),
    ),
    Case(
        "managed_elsewhere",
        "host posh_acme",
        "info",
        "Posh-ACME is on this host (scheduled task",
        None,
        {"managers": [{"kind": "posh_acme", "evidence": "scheduled task 'renew'"}]},
    ),
    Case("automatic_rebind", "host", "info", "is on", None, {"rebind": True}),
    Case(
        "legacy_mapper",
        "site Shop",
        "warning",
        f"its records have {SHOP['thumbprint']}",
        None,
        served(SHOP, mappers=[{"site": 1, "thumbprint": "AB" * 20, "store": "MY"}]),
    ),
    Case(
        "legacy_mapper",
        "site Shop",
        "info",
        "the same as its records",
        None,
        served(SHOP, mappers=[{"site": 1, "thumbprint": SHOP["thumbprint"], "store": "MY"}]),
    ),
]

OTHERS = [
    Case(
        "layer_unreadable",
        "layer records",
        "error",
        "administrator",
        None,
        {"incomplete": [{"layer": "records", "code": "access_denied", "message": "needs an administrator"}]},
    ),
    Case(
        "layer_unreadable",
        "layer users",
        "warning",
        "no such class",
        None,
        {"incomplete": [{"layer": "users", "code": "internal", "message": "no such class"}]},
    ),
    Case(
        "unfinished_run",
        "host",
        "error",
        "run r1 did not finish",
        None,
        {"journal": {"run": "r1", "started": "2026-11-24T11:00:00Z", "steps": [], "done": 0}},
    ),
    Case("shared_configuration", "host", "info", "from a share", None, {"shared_configuration": True}),
    Case(
        "windows_unsupported",
        "host",
        "warning",
        "(6.0.6003) is not supported",
        None,
        {**OLD_IIS, "os": {"name": "Windows Server 2008", "major": 6, "minor": 0, "build": 6003, "revision": None}},
    ),
]

CASES = [*finding_cases.CASES, *CERTIFICATES, *TRUST, *KEYS, *OWNERS, *OTHERS]

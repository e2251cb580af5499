# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings by host: the central store, other users and writers, the host as a whole; and all cases together."""

from __future__ import annotations

from . import finding_cases, finding_cases_certificates
from .documents import record, site
from .finding_cases import API, CENTRAL, KEY, OLD_IIS, RANDOM, SHOP, SHOP_RECORD, SNI_SHOP, SSTP, SUBJECT, Case, asking
from .finding_cases_certificates import served


def guarded(state: str) -> dict[str, object]:
    """A journal whose run has a guard."""
    guard = {"state": state, "at": "2026-11-24T12:10:00Z"}
    return {"run": "r1", "started": "2026-11-24T12:00:00Z", "steps": [], "done": 0, "guard": guard}


CENTRAL_STORE = [
    Case(
        "central_store_unavailable",
        SUBJECT,
        "error",
        "not installed or not enabled",
        None,
        {**asking("shop.example", 3), "records": [record("443", None)]},
    ),
    Case(
        "central_file_missing",
        SUBJECT,
        "error",
        "no file for shop.example",
        None,
        {**asking("shop.example", 3), "records": [record("443", None)], "central_store": CENTRAL},
    ),
    Case(
        "central_store_without_host",
        "Shop/*:443:",
        "error",
        "by name only",
        None,
        {**asking("", 2), "records": [record("443", None)], "central_store": CENTRAL},
    ),
    Case(
        "central_files_unknown",
        "host",
        "info",
        "could not be listed",
        None,
        {
            **asking("shop.example", 3),
            "records": [record("443", None)],
            "central_store": {"enabled": True, "files": None},
        },
    ),
    Case(
        "scoped_central_record",
        "scopedccs shop.example:443",
        "info",
        "nothing is predicted",
        None,
        {"records": [{"family": "scopedccs", "key": "shop.example:443", "thumbprint": None}]},
    ),
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
    Case(
        "unfinished_run",
        "host",
        "error",
        "run r1 did not finish; its guard undoes it at 2026-11-24T12:10:00Z",
        None,
        {"journal": guarded("armed")},
    ),
    Case(
        "unfinished_run",
        "host",
        "error",
        "run r1 did not finish; its guard could not undo all of it at 2026-11-24T12:10:00Z, the next task says why",
        None,
        {"journal": guarded("failed")},
    ),
    Case(
        "guard_undid",
        "host",
        "warning",
        "run r1 was undone by its guard at 2026-11-24T12:10:00Z",
        None,
        {"journal": guarded("undone")},
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

CASES = [*finding_cases.CASES, *finding_cases_certificates.CASES, *CENTRAL_STORE, *OWNERS, *OTHERS]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents (docs/contracts.md §1) built from a few words."""

from __future__ import annotations

from typing import Any

from .certificates import certificate
from .schema import valid

SERVER_2008_R2 = {"name": "Windows Server 2008 R2", "major": 6, "minor": 1, "build": 7601, "revision": None}
SERVER_2012_R2 = {"name": "Windows Server 2012 R2", "major": 6, "minor": 3, "build": 9600, "revision": None}

GOOD_KEY = {
    "provider": "Microsoft Software Key Storage Provider",
    "provider_type": 0,
    "container": "te-1",
    "key_spec": 0,
    "machine": True,
    "system_access": "granted",
    "check": "open",
    "code": 0,
}


def stored(
    names: str,
    days: int = 200,
    store: str = "MY",
    issuer: str = "Test CA",
    made: dict[str, Any] | None = None,
    **key: Any,
) -> dict[str, Any]:
    """A certificate for space-separated names in a store; ``key`` overrides facts of a good key, ``key=None`` has none.

    ``made``: further wishes for :func:`support.certificates.certificate`.
    """
    thumbprint, der = certificate(tuple(names.split()), days, issuer, **(made or {}))
    facts = None if "key" in key else {**GOOD_KEY, **key}
    return {"thumbprint": thumbprint, "store": store, "der": der, "key": facts}


def record(key: str, cert: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """A record; the family is told by the key: ``443`` central store, ``10.0.0.5:443`` address, else host name."""
    name = key.rpartition(":")[0]
    address = name.startswith("[") or name.replace(".", "").isdigit()
    family = "ccs" if ":" not in key else "ipport" if address else "hostnameport"
    return {"family": family, "key": key, "thumbprint": cert["thumbprint"] if cert else None, **more}


def site(name: str, *bindings: str, state: str = "started", number: int = 1) -> dict[str, Any]:
    """A site; a binding is ``*:443:shop`` with an optional ``=FLAGS`` behind it, https unless it begins with ``http ``."""
    listed = []
    for text in bindings:
        protocol, _space, rest = text.rpartition(" ")
        information, _equals, flags = rest.partition("=")
        listed.append(
            {"protocol": protocol or "https", "information": information, "ssl_flags": int(flags) if flags else None}
        )
    return {"id": number, "name": name, "state": state, "bindings": listed}


def document(
    *,
    sites: list[Any] | None = None,
    records: list[Any] | None = None,
    certificates: list[Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A Server 2019 host; anything can be overridden by key."""
    made = {
        "format": "tlsfleet.iis/document",
        "version": 1,
        "simulated": True,
        "read_at": "2026-11-24T12:00:00Z",
        "reader": {"version": "0.1.0", "certificates": "candidates", "key_check": "open"},
        "name": "WEB01",
        "os": {"name": "Windows Server 2019", "major": 10, "minor": 0, "build": 17763, "revision": None},
        "iis": {"major": 10, "minor": 0},
        "addresses": ["10.0.0.5", "10.0.0.6"],
        "ip_listen": [],
        "http_ports": None,
        "schema_ssl_flags": True,
        "update_exported": True,
        "shared_configuration": False,
        "sites": sites or [],
        "records": records or [],
        "certificates": certificates or [],
        "central_store": None,
        "url_reservations": [],
        "users": [],
        "connection": None,
        "journal": None,
        "incomplete": [],
        **more,
    }
    return valid(made)

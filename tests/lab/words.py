# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of a description turned into the numbers of Windows: versions, option bits, key facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .httpsys import IIS_APP_ID

#: Build by product; the longest name that fits decides.
_BUILDS = {
    "Windows Server 2008": ("6.0.6003", "7.0"),
    "Windows Server 2008 R2": ("6.1.7601", "7.5"),
    "Windows Server 2012": ("6.2.9200", "8.0"),
    "Windows Server 2012 R2": ("6.3.9600", "8.5"),
    "Windows Server 2016": ("10.0.14393", "10.0"),
    "Windows Server 2019": ("10.0.17763", "10.0"),
    "Windows Server 2022": ("10.0.20348", "10.0"),
    "Windows Server 2025": ("10.0.26100", "10.0"),
}
_UNSAID = "Windows Server 2019"
_FLAGS = {
    "ds_mapper": 0x1,
    "negotiate_client_cert": 0x2,
    "reject": 0x8,
    "disable_http2": 0x10,
    "disable_quic": 0x20,
    "disable_tls13": 0x40,
    "disable_ocsp_stapling": 0x80,
    "disable_legacy_tls": 0x400,
    "disable_tls12": 0x1000,
}
NTE_BAD_KEYSET, NTE_BAD_PUBLIC_KEY = 0x80090016, 0x80090015


def builds(name: str | None) -> tuple[str, str]:
    """(build, IIS version) that a product has; of Server 2019 where nothing fits."""
    fitting = [product for product in _BUILDS if product in (name or "")]
    return _BUILDS[max(fitting, key=len, default=_UNSAID)]


def version(os: dict[str, Any]) -> tuple[dict[str, Any], tuple[int, int] | None]:
    """The ``os`` of a document and the IIS version. What a description leaves open is filled in from its product."""
    name = os.get("name") or _UNSAID
    build, iis = builds(name)
    parts = (os.get("build") or build).split(".")
    if len(parts) < 3:  # "6.1": the product's last build
        parts = build.split(".") if build.startswith(".".join(parts)) else [*parts, "0"]
    numbers = [int(part) for part in parts[:3]]
    major, minor = (os.get("iis") or iis).split(".")
    system = {"name": name, "major": numbers[0], "minor": numbers[1], "build": numbers[2], "revision": None}
    return system, (int(major), int(minor))


def flags(options: dict[str, Any]) -> int:
    """DefaultFlags out of an option list; ``flags`` gives bits that have no name here."""
    return sum(bit for name, bit in _FLAGS.items() if options.get(name)) | int(options.get("flags") or 0)


def known_flags(build: int, records: Iterable[dict[str, Any]]) -> int:
    """DefaultFlags that http.sys of a build takes: client certificates and mapping always, protocol switches since Server 2019.

    What nobody has named yet is taken, too, and what records of this very machine have.
    """
    known = 0xFFFFFFFF if build >= 17763 else 0xFFFFFFFF & ~0xFFF0
    for record in records:
        known |= record["flags"]
    return known


def check_mode(options: dict[str, Any]) -> int:
    """DefaultCertCheckMode: what a listing calls enabled has its bit clear for revocation and usage checks."""
    mode = 0
    if options.get("verify_client_revocation") is False:
        mode |= 0x1
    if options.get("revocation_cached_only"):
        mode |= 0x2
    if options.get("usage_check") is False:
        mode |= 0x10000
    return mode


def private_key(entry: dict[str, Any], container: str, key_check: str) -> dict[str, Any] | None:
    """Key facts of a certificate as the reader would tell them; None: no private key is linked.

    Who may use a key is written at the key itself: without opening it that is unknown, and so it is where opening fails.
    """
    state = entry.get("key", "ok")
    if state == "none":
        return None
    detail = entry.get("key_detail") or {}
    provider = detail.get("provider", "Microsoft Software Key Storage Provider")
    check = "open" if key_check == "sign" and not is_software(provider) else key_check
    code, access = {
        "missing": (NTE_BAD_KEYSET, "unknown"),
        "user_scope": (NTE_BAD_KEYSET, "unknown"),
        "mismatch": (NTE_BAD_PUBLIC_KEY, "unknown"),
        "denied": (0, "denied"),
    }.get(state, (0, "granted"))
    opened = check != "metadata"
    return {
        "provider": provider,
        "provider_type": int(detail.get("provider_type", 0)),
        "container": f"lab-{container[:12].lower()}",
        "key_spec": int(detail.get("key_spec", 0)),
        "machine": state != "user_scope",
        "system_access": access if opened else "unknown",
        "check": check,
        "code": code if opened else None,
        **({"file": detail["file"]} if opened and "file" in detail else {}),
    }


def is_software(provider: str) -> bool:
    """Keys in files. Cards, chips and other makers' modules are never asked to sign."""
    return provider.startswith("Microsoft ") and not any(word in provider for word in ("Smart Card", "Platform"))


def as_record(record: dict[str, Any], here: Callable[[str], str]) -> dict[str, Any]:
    """A record of a description as http.sys holds it."""
    options = record.get("options") or {}
    thumbprint = record.get("thumbprint")
    return {
        "family": record["family"],
        "key": record["key"],
        "thumbprint": here(thumbprint) if thumbprint else None,
        "store": record.get("store"),
        "app_id": (record.get("app_id") or IIS_APP_ID).lower(),
        "flags": flags(options),
        "check_mode": check_mode(options),
        "freshness": int(options.get("revocation_freshness_s") or 0),
        "timeout": int(options.get("url_retrieval_timeout_ms") or 0),
        "ctl_identifier": options.get("ctl_identifier") or None,
        "ctl_store": options.get("ctl_store") or None,
    }

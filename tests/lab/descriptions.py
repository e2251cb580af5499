# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host descriptions (README.md, "Host descriptions"): loaded from files, checked, and made up for a fleet by seed."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from lab.transports import TRANSPORTS

_LISTS = ("sites", "records", "certificates", "ip_listen", "local_addresses")
_NAMES = ("shop", "api", "www", "intranet", "portal", "mail", "files", "login")
_WINDOWS = (
    ("Windows Server 2012 R2", "6.3.9600", "8.5", False),
    ("Windows Server 2016", "10.0.14393", "10.0", False),
    ("Windows Server 2019", "10.0.17763", "10.0", True),
    ("Windows Server 2022", "10.0.20348", "10.0", True),
    ("Windows Server 2025", "10.0.26100", "10.0", True),
)


class BadDescription(Exception):
    """A description that cannot be used; the text names the file and what is wrong with it."""


def load(path: str | Path) -> list[dict[str, Any]]:
    """All descriptions of a directory (``*.json``, by name), or the one of a file. Raises :class:`BadDescription`."""
    path = Path(path)
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise BadDescription(f"{path}: there is no *.json file")
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BadDescription(f"{file}: there is no such file or directory") from None
        except (OSError, ValueError) as fault:
            raise BadDescription(f"{file}: {fault}") from None
        check(data, str(file))
        slug = data["slug"]
        if slug in found:
            raise BadDescription(f"{file}: the slug {slug!r} is there twice")
        found[slug] = data
    return list(found.values())


def check(data: Any, place: str) -> None:
    """Refuse what is not a description at all, and what would only fail later in an unclear way."""
    if not isinstance(data, dict):
        raise BadDescription(f"{place}: must be a JSON object")
    if not isinstance(data.get("slug"), str) or not data["slug"]:
        raise BadDescription(f"{place}: slug must be text")
    if data.get("transport") not in (None, *TRANSPORTS):
        raise BadDescription(f"{place}: transport must be one of {', '.join(TRANSPORTS)}")
    if not isinstance(data.get("os"), dict):
        raise BadDescription(f"{place}: os must be an object")
    for name in _LISTS:
        if not isinstance(data.get(name), list):
            raise BadDescription(f"{place}: {name} must be a list")
    for index, record in enumerate(data["records"]):
        if not isinstance(record, dict) or not {"family", "key"} <= set(record):
            raise BadDescription(f"{place}: records[{index}] needs family and key")
    for index, site in enumerate(data["sites"]):
        if not isinstance(site, dict) or not {"name", "bindings"} <= set(site):
            raise BadDescription(f"{place}: sites[{index}] needs name and bindings")
    for index, certificate in enumerate(data["certificates"]):
        if not isinstance(certificate, dict) or not isinstance(certificate.get("thumbprint"), str):
            raise BadDescription(f"{place}: certificates[{index}] needs a thumbprint")


def fleet(count: int, seed: int) -> list[dict[str, Any]]:
    """``count`` believable hosts: a few sites each, mostly sound; every fourth has one of the classic faults."""
    chance = random.Random(seed)
    return [_host(f"web{number:03d}", number, chance) for number in range(1, count + 1)]


def _host(slug: str, number: int, chance: random.Random) -> dict[str, Any]:
    name, build, iis, update = chance.choice(_WINDOWS)
    first, second = f"10.{20 + number // 250}.{number % 250}.5", f"10.{20 + number // 250}.{number % 250}.6"
    domain = f"{slug}.example.com"
    sites: list[dict[str, Any]] = []
    records: list[dict[str, Any]] = []
    certificates: list[dict[str, Any]] = []
    for index, label in enumerate(chance.sample(_NAMES, chance.randint(1, 4)), 1):
        host = f"{label}.{domain}"
        thumbprint = f"{number:032X}{index:08X}"
        end = f"2027-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        binding = {"protocol": "https", "information": f"*:443:{host}", "ssl_flags": 1}
        sites.append({"id": index, "name": label, "state": "Started", "bindings": [binding]})
        certificates.append(
            {"thumbprint": thumbprint, "names": [host], "not_after": end, "in_store": True, "key": "ok"}
        )
        records.append({"family": "hostnameport", "key": f"{host}:443", "thumbprint": thumbprint, "store": "MY"})
    if number % 4 == 0:
        _damage(chance.choice(("ghost", "orphan", "expired", "key")), records, certificates, first, domain)
    for record in records:
        record |= {"app_id": "{4dc3e181-e14b-4a21-b022-59fc669b0914}", "options": {}}
    return {
        "slug": slug,
        "title": "made up by seed",
        "os": {"name": name, "build": build, "iis": iis, "language": "en-US"},
        "sites": sites,
        "records": records,
        "certificates": certificates,
        "ip_listen": [],
        "local_addresses": [first, second],
        "update_exported": update,
        "questions": [],
    }


def _damage(
    fault: str, records: list[dict[str, Any]], certificates: list[dict[str, Any]], address: str, domain: str
) -> None:
    first = certificates[0]
    if fault == "ghost":
        records.append({"family": "ipport", "key": f"{address}:443", "thumbprint": first["thumbprint"], "store": "MY"})
    elif fault == "orphan":
        key = f"gone.{domain}:443"
        records.append({"family": "hostnameport", "key": key, "thumbprint": first["thumbprint"], "store": "MY"})
    elif fault == "expired":
        first["not_after"] = "2026-01-31"
    else:
        first["key"] = "denied"

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host descriptions (README.md, "Host descriptions"): loaded from files and checked; fleets are made up in fleet.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab.transports import TRANSPORTS

from .fleet import fleet

__all__ = ["BadDescription", "check", "fleet", "load"]

_LISTS = ("sites", "records", "certificates", "ip_listen", "local_addresses")


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

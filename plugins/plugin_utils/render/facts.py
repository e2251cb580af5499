# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``ansible_facts['iis_https']``: small enough for any fact cache, and dates instead of verdicts that rot while it lies there."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ..model.host import Host
from ..rules.classes import endpoint_classes
from ..rules.findings import find
from ..rules.resolve import Resolver
from ..wire.views import class_view, host_view, utc
from .info import certificates, host_facts
from .text import finding_view

NAME = "iis_https"
#: Bytes of JSON of the whole fact, its name included.
LIMIT = 32 * 1024
#: Lists that may be cut, the first to be cut first. Each is ordered so that its end matters least.
_CUT = ("certificates", "endpoint_classes", "bindings", "findings")


def facts(host: Host, now: datetime, limit: int = LIMIT) -> dict[str, Any]:
    """The fact. ``truncated`` says how many entries of which list were left out; empty where all is there."""
    resolver = Resolver(host)
    classes = [class_view(item) for item in endpoint_classes(resolver)]
    served = {item["served"] for item in classes}
    fact: dict[str, Any] = {
        "simulated": host.simulated,
        **host_facts(host),
        "judged_at": utc(now),
        "bindings": host_view(host)["bindings"],
        "endpoint_classes": [_short(item) for item in classes],
        "certificates": _certificates(host, now, served),
        "findings": [finding_view(item) for item in find(host, now)],
        "truncated": {},
    }
    for name in _CUT:
        if _size(fact) <= limit:
            break
        _cut(fact, name, limit)
    return fact


def _short(item: dict[str, Any]) -> dict[str, Any]:
    """An endpoint class without the sentences."""
    return {key: value for key, value in item.items() if key not in ("reason", "assumptions", "shadowed")}


def _certificates(host: Host, now: datetime, served: set[str | None]) -> list[dict[str, Any]]:
    """Served ones first, the next to expire first; days left would be wrong tomorrow."""
    names = ("thumbprint", "store", "names", "issuer", "not_before", "not_after", "key")
    views = sorted(
        certificates(host, now), key=lambda view: (view["thumbprint"] not in served, view["not_after"] or "")
    )
    return [{name: view[name] for name in names} for view in views]


def _cut(fact: dict[str, Any], name: str, limit: int) -> None:
    """Keep as many entries of one list as fit, none if need be."""
    whole = fact[name]
    low, high = 0, len(whole)
    while low < high:
        middle = (low + high + 1) // 2
        _keep(fact, name, whole, middle)
        low, high = (middle, high) if _size(fact) <= limit else (low, middle - 1)
    _keep(fact, name, whole, low)


def _keep(fact: dict[str, Any], name: str, whole: list[Any], count: int) -> None:
    fact[name] = whole[:count]
    if count < len(whole):
        fact["truncated"][name] = len(whole) - count


def _size(fact: dict[str, Any]) -> int:
    return len(json.dumps({NAME: fact}))

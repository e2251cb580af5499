# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients really meet: handshakes made, certificates named, and held against what was expected."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from ..model.keys import bracketed
from ..render.lines import message
from ..wire.certificates import parse_der
from ..wire.views import utc
from .checks import ANY_FILE, NO_HANDSHAKE, Asked
from .connect_to import Redirect, target
from .handshake import Call, Seen, look


def observe(asked: Sequence[Asked], redirects: Sequence[Redirect], timeout: int) -> dict[str, Any]:
    """The result of ``https_endpoint_info``: endpoints one for one in the order asked; failed where one shows the wrong thing."""
    targets = [target(item.address, item.port, item.sni, redirects) for item in asked]
    seen = look([Call(host, port, item.sni) for (host, port), item in zip(targets, asked, strict=True)], timeout)
    endpoints = [
        _observed(item, f"{bracketed(host)}:{port}", one)
        for item, (host, port), one in zip(asked, targets, seen, strict=True)
    ]
    wrong = [_wrong(item) for item in endpoints if item["verdict"] == "wrong"]
    result: dict[str, Any] = {"changed": False, "endpoints": endpoints}
    return {**result, "failed": True, "msg": message("\n".join(wrong))} if wrong else result


def _observed(item: Asked, connected_to: str, seen: Seen) -> dict[str, Any]:
    served, names, not_after = None, [], None
    if seen.der is not None:
        parsed = parse_der(base64.b64encode(seen.der).decode("ascii"))
        served, facts = parsed or (None, None)
        if facts is not None:
            names, not_after = list(facts.names), utc(facts.not_after)
    return {
        "address": item.address,
        "port": item.port,
        "sni": item.sni,
        "connected_to": connected_to,
        "outcome": seen.outcome,
        "served": served,
        "names": names,
        "not_after": not_after,
        "tls_version": seen.tls_version,
        "reason": seen.reason,
        "expect": item.expect,
        "verdict": _verdict(item.expect, seen.outcome, served),
    }


def _verdict(expect: str | None, outcome: str, served: str | None) -> str | None:
    """None where nothing was expected, and where nobody answered: a firewall in between proves nothing either way."""
    if expect is None or outcome == "unreachable":
        return None
    right = {NO_HANDSHAKE: outcome == "no_handshake", ANY_FILE: outcome == "served"}.get(expect, expect == served)
    return "right" if right else "wrong"


def _wrong(item: dict[str, Any]) -> str:
    where = f"{bracketed(item['address'])}:{item['port']} {item['sni'] or 'without SNI'}"
    wanted = {ANY_FILE: "any certificate", NO_HANDSHAKE: "no certificate"}.get(item["expect"], item["expect"])
    named = f" ({item['names'][0]})" if item["names"] else ""
    shown = f"{item['served']}{named}" if item["served"] else f"no certificate ({item['reason']})"
    return f"{where}: expected {wanted}, shows {shown}"

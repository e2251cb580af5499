# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core's values as plain data for results: stable keys, no DER, nothing that is not JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..model.endpoint import Answer, Endpoint, EndpointClass
from ..model.host import Certificate, Host
from ..model.keys import ANY_IPV4


def host_view(host: Host) -> dict[str, Any]:
    """``before`` and ``after`` of a changing action: all https bindings and all records of the host, in a fixed order."""
    bindings = []
    for site in host.sites:
        for binding in site.bindings:
            if not binding.is_https:
                continue
            address, port, name = binding.parts
            key = binding.record
            where = {"address": "*" if address == ANY_IPV4 else address, "port": port, "host": name}
            head = {"site": site.name, "state": site.state, **where, "ssl_flags": binding.flags}
            bindings.append({**head, "record": str(key) if key else None})
    return {"bindings": bindings, "records": [_record_view(host, index) for index in range(len(host.records))]}


def _record_view(host: Host, index: int) -> dict[str, Any]:
    record = host.records[index]
    value = record.value
    names = (
        "thumbprint",
        "store",
        "app_id",
        "flags",
        "check_mode",
        "freshness",
        "timeout",
        "ctl_identifier",
        "ctl_store",
    )
    return {"family": record.key.family, "key": record.key.text, **{name: getattr(value, name) for name in names}}


def certificate_view(certificate: Certificate, key_state: str, key_reason: str, now: datetime) -> dict[str, Any]:
    """A certificate without its DER; dates as UTC text, ``days_left`` whole days (negative when expired)."""
    facts = certificate.facts
    return {
        "thumbprint": certificate.thumbprint,
        "store": certificate.store,
        "friendly_name": certificate.friendly_name,
        "names": list(facts.names) if facts else [],
        "subject": facts.subject if facts else None,
        "issuer": facts.issuer if facts else None,
        "not_before": utc(facts.not_before) if facts else None,
        "not_after": utc(facts.not_after) if facts else None,
        "days_left": (facts.not_after - now).days if facts else None,
        "key": key_state,
        "key_reason": key_reason,
        "renewed_by": certificate.renewed_by,
    }


def answer_view(endpoint: Endpoint, answer: Answer) -> dict[str, Any]:
    """The answer for one asked endpoint (docs/contracts.md §7)."""
    head = {"address": endpoint.address, "port": endpoint.port, "sni": endpoint.sni}
    return {**head, **_answer(answer)}


def class_view(item: EndpointClass) -> dict[str, Any]:
    """One endpoint class: like an answer, for several addresses."""
    head = {"addresses": list(item.addresses), "port": item.port, "sni": item.sni, "names": list(item.names)}
    return {**head, **_answer(item.answer)}


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "outcome": answer.outcome,
        "served": answer.served,
        "file": answer.file,
        "record": str(answer.record) if answer.record else None,
        "rule": answer.rule,
        "shadowed": [str(key) for key in answer.shadowed],
        "reason": answer.reason,
        "assumptions": list(answer.assumptions),
    }


def utc(moment: datetime) -> str:
    """``2026-11-24T13:41:00Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

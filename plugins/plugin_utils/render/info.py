# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the reading actions: what a host is, serves and lacks, and whether it can use SNI."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..model.endpoint import Answer, Endpoint
from ..model.host import Host
from ..rules.assumptions import SWITCHES
from ..rules.capabilities import Capabilities, capabilities, support_tier
from ..rules.classes import endpoint_classes
from ..rules.eligibility import Eligibility, Judge, Wanted
from ..rules.findings import find
from ..rules.flags import TWICE, flag_verdicts
from ..rules.key_health import key_health
from ..rules.resolve import Resolver
from ..wire.views import answer_view, certificate_view, class_view
from .text import finding_view


def host_facts(host: Host) -> dict[str, Any]:
    """What the host is, in a few words; the same in every result."""
    version = {name: getattr(host.os, name) for name in ("name", "major", "minor", "build", "revision")}
    return {
        "name": host.name,
        "os": version,
        "iis": None if host.iis is None else {"major": host.iis[0], "minor": host.iis[1]},
        "support_tier": support_tier(host),
        "addresses": list(host.addresses),
        "ip_listen": list(host.ip_listen),
        "shared_configuration": host.shared_configuration,
        "read_at": host.read_at,
        "incomplete": [item.layer for item in host.incomplete],
    }


def certificates(host: Host, now: datetime) -> list[dict[str, Any]]:
    """Every certificate that was read, by thumbprint and store."""
    views = []
    for item in host.certificates:
        health = key_health(item)
        views.append(certificate_view(item, health.state, health.reason, now))
    return sorted(views, key=lambda view: (view["thumbprint"], view["store"]))


def info(host: Host, asked: Iterable[Endpoint], now: datetime) -> dict[str, Any]:
    """``https_bindings_info``: the host, every endpoint class, findings, and the asked endpoints one for one."""
    resolver = Resolver(host)
    classes = endpoint_classes(resolver)
    answers = [(endpoint, resolver.answer(endpoint)) for endpoint in asked]
    return {
        "changed": False,
        "simulated": host.simulated,
        "host": host_facts(host),
        "certificates": certificates(host, now),
        "endpoint_classes": [class_view(item) for item in classes],
        "findings": [finding_view(item) for item in find(host, now)],
        "endpoints": [answer_view(endpoint, answer) for endpoint, answer in answers],
        "assumptions": assumptions([*(item.answer for item in classes), *(answer for _endpoint, answer in answers)]),
    }


def sni_eligibility(host: Host, wanted: Iterable[Wanted], now: datetime) -> dict[str, Any]:
    """``sni_eligibility_info``: the verdict on the host, and one per wanted binding in the order asked."""
    able = capabilities(host)
    judge = Judge(host, now, able)
    return {
        "changed": False,
        "simulated": host.simulated,
        "host": host_facts(host),
        "support_tier": able.support_tier,
        "sni": able.sni._asdict(),
        "capabilities": _verdicts(able),
        "flags": flags(host),
        "bindings": [_verdict(item, judge.with_caveats(item)) for item in wanted],
    }


def _verdicts(able: Capabilities) -> dict[str, Any]:
    names = ("wildcard_host", "central_store", "update_in_place", "http2", "http3", "tls13")
    return {name: getattr(able, name)._asdict() for name in names}


def flags(host: Host) -> list[dict[str, Any]]:
    """The verdict on each bit of sslFlags above 2, with its value and the option it stands for."""
    verdicts = flag_verdicts(host)
    return [{"bit": option.binding_bit, "option": option.name, **verdicts[option.name]._asdict()} for option in TWICE]


def assumptions(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """The switches that these answers rest on, explained once each."""
    used = {name for answer in answers for name in answer.assumptions}
    return [
        {
            "name": switch.name,
            "fact": switch.fact,
            "confidence": switch.confidence,
            "assumed": switch.on,
            "else": switch.off,
        }
        for switch in SWITCHES
        if switch.name in used
    ]


def _verdict(item: Wanted, verdict: Eligibility) -> dict[str, Any]:
    lists = {"alternatives": list(verdict.alternatives), "caveats": list(verdict.caveats)}
    return {**item._asdict(), **verdict._asdict(), **lists}

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Five rules a fleet is judged by. *unknown* is a state of its own and never counts as passed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ..model.host import Host
from .findings import find_in
from .key_health import key_health
from .names import covers
from .scene import Bound, Scene, scene_of

RULES = (
    "certificate_valid",
    "certificate_covers_name",
    "key_usable",
    "no_shadowed_binding",
    "no_orphan_record",
)


class Policy(NamedTuple):
    """``min_days``: a certificate with fewer whole days left fails; ``rules``: which of :data:`RULES` are judged."""

    min_days: int = 14
    rules: tuple[str, ...] = RULES


class Verdict(NamedTuple):
    """``state``: passed, failed or unknown; ``evidence`` in plain words. ``subject`` is a binding, a record or the host."""

    rule: str
    subject: str
    state: str
    evidence: str


def judge(host: Host, policy: Policy, now: datetime) -> tuple[Verdict, ...]:
    """All verdicts of one host: one per binding for the first four rules, one per host for orphans."""
    scene = scene_of(host, now)
    shadows: dict[str, list[str]] = {}
    orphans: list[str] = []
    for finding in find_in(scene):
        if finding.id == "orphan":
            orphans.append(finding.evidence)
        elif finding.id == "shadowed" and finding.severity != "info":
            shadows.setdefault(finding.subject, []).append(finding.evidence)
    verdicts: list[Verdict] = []
    for item in scene.bindings:
        verdicts += _certificate_rules(scene, item, policy)
        verdicts.append(
            _none_of(shadows.get(item.subject, ()), "no_shadowed_binding", item.subject, "its own record decides")
        )
    verdicts.append(_none_of(orphans, "no_orphan_record", "host", "every record is used"))
    return tuple(_unless_blind(host, verdict) for verdict in verdicts if verdict.rule in policy.rules)


def _unless_blind(host: Host, verdict: Verdict) -> Verdict:
    """The verdict, or unknown where it rests on what could not be read. Without addresses nothing is seen to be shadowed."""
    needed = {"records", "sites", "certificates"} | ({"addresses"} if verdict.rule == "no_shadowed_binding" else set())
    blind = [f"{item.layer} could not be read: {item.message}" for item in host.incomplete if item.layer in needed]
    return verdict._replace(state="unknown", evidence="; ".join(blind)) if blind else verdict


def _certificate_rules(scene: Scene, item: Bound, policy: Policy) -> list[Verdict]:
    rules, subject = RULES[:3], item.subject
    value = scene.resolver.record(item.key) if item.key else None
    if value is None:
        return [Verdict(rule, subject, "failed", "the binding has no record of its own") for rule in rules]
    if value.certificate is None:
        return [Verdict(rule, subject, "unknown", "the certificate comes from the central store") for rule in rules]
    certificate = scene.resolver.certificate(value)
    if certificate is None:
        evidence = f"certificate {value.thumbprint} is not in the store its record names"
        return [Verdict(rule, subject, "failed", evidence) for rule in rules]
    facts, health = certificate.facts, key_health(certificate)
    state = "failed" if health.unusable else "passed" if health.state == "ok" else "unknown"
    key_verdict = Verdict("key_usable", subject, state, health.reason)
    if facts is None:
        return [
            *(Verdict(rule, subject, "unknown", "the certificate cannot be parsed") for rule in rules[:2]),
            key_verdict,
        ]
    days = (facts.not_after - scene.now).days
    good = days >= policy.min_days and facts.not_before <= scene.now
    left = f"{days} days left" if days >= 0 else "expired"
    until = f"valid from {facts.not_before:%Y-%m-%d} until {facts.not_after:%Y-%m-%d}, {left}"
    fits = covers(facts.names, item.host)
    shown = ", ".join(facts.names) or "no name"
    return [
        Verdict("certificate_valid", subject, "passed" if good else "failed", until),
        Verdict("certificate_covers_name", subject, "passed" if fits else "failed", f"the certificate is for {shown}"),
        key_verdict,
    ]


def _none_of(bad: Sequence[str], rule: str, subject: str, fine: str) -> Verdict:
    """Failed where there is evidence of something bad."""
    return Verdict(rule, subject, "failed" if bad else "passed", "; ".join(bad) or fine)

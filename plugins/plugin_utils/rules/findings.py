# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong on a host: all rules and all kinds of findings, gathered from one file per theme."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from ..model.host import Host
from . import (
    findings_bindings,
    findings_central,
    findings_certificates,
    findings_flags,
    findings_host,
    findings_keys,
    findings_listening,
    findings_owners,
    findings_records,
    findings_trust,
)
from .finding import Finding, Kind, Rule
from .scene import Scene, scene_of

#: Themes in the order of the reference page.
THEMES = {
    "Bindings and their records": findings_records,
    "Bindings": findings_bindings,
    "Ports and addresses": findings_listening,
    "Options": findings_flags,
    "The central certificate store": findings_central,
    "Certificates": findings_certificates,
    "What clients refuse": findings_trust,
    "Private keys": findings_keys,
    "Other users and writers": findings_owners,
    "The host": findings_host,
}
RULES: tuple[Rule, ...] = tuple(rule for theme in THEMES.values() for rule in theme.RULES)
#: Every kind of finding by its id.
KINDS: dict[str, Kind] = {kind.id: kind for theme in THEMES.values() for kind in theme.KINDS}
#: Ids of findings for which there can be a repair that a plan carries out.
REPAIRABLE = tuple(sorted(kind.id for kind in KINDS.values() if kind.remedy))
_RANK = {"error": 0, "warning": 1, "info": 2}


def find(host: Host, now: datetime) -> tuple[Finding, ...]:
    """All findings of one host, the same order for the same host. ``now`` is aware UTC."""
    return find_in(scene_of(host, now))


def find_in(scene: Scene) -> tuple[Finding, ...]:
    """All findings, the worst first. Where records or sites could not be read, what seems to be missing may only be unread."""
    found = {finding: None for rule in RULES for finding in rule(scene)}
    if scene.host.unread & {"records", "sites"}:
        found = {item: None for item in found if not KINDS[item.id].absence}
    return tuple(sorted(found, key=lambda item: (_RANK[item.severity], item.id, item.subject)))


def find_kinds(scene: Scene, ids: Set[str]) -> list[Finding]:
    """The findings of some kinds, as their rules tell them, sorted by their words. Other themes are not looked into."""
    rules = [rule for theme in THEMES.values() if any(kind.id in ids for kind in theme.KINDS) for rule in theme.RULES]
    return sorted({finding for rule in rules for finding in rule(scene) if finding.id in ids})

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compliance as data: the judgement of one host, and the report over a fleet in which worse always outweighs better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..model.host import Host
from ..rules.capabilities import support_tier
from ..rules.compliance import Policy, judge
from ..wire.views import utc

FORMAT, VERSION = "tlsfleet.iis/compliance", 1
#: Worst first: the state of a host is the first of these that any of its verdicts has.
STATES = ("failed", "unknown", "passed")


def judged(host: Host, policy: Policy, now: datetime) -> dict[str, Any]:
    """The judgement of a host that was read. A host without any https binding has only the verdict on orphans."""
    verdicts = [verdict._asdict() for verdict in judge(host, policy, now)]
    return {
        "name": host.name,
        "os": host.os.name,
        "support_tier": support_tier(host),
        "simulated": host.simulated,
        "read_at": host.read_at,
        **_summed(verdicts),
    }


def unread(reason: str, policy: Policy) -> dict[str, Any]:
    """The judgement of a host that could not be read: every rule unknown, never passed."""
    verdicts = [{"rule": rule, "subject": "host", "state": "unknown", "evidence": reason} for rule in policy.rules]
    return {
        "name": None,
        "os": None,
        "support_tier": None,
        "simulated": False,
        "read_at": None,
        **_summed(verdicts),
    }


def _summed(verdicts: list[dict[str, str]]) -> dict[str, Any]:
    order = sorted(verdicts, key=lambda item: (STATES.index(item["state"]), item["subject"], item["rule"]))
    counts = _counts(item["state"] for item in verdicts)
    # no verdict at all (every rule switched off) proves nothing
    state = next((state for state in STATES if counts[state]), "unknown")
    return {"state": state, "counts": counts, "verdicts": order}


def _counts(states: Iterable[str]) -> dict[str, int]:
    listed = list(states)
    return {state: listed.count(state) for state in STATES}


def fleet_report(judgements: Mapping[str, Mapping[str, Any]], policy: Policy, now: datetime) -> dict[str, Any]:
    """One report over many hosts, by inventory name; failing hosts first. Totals count hosts and, per rule, verdicts."""
    hosts = [{"host": host, **judgement} for host, judgement in judgements.items()]
    hosts.sort(key=lambda item: (STATES.index(item["state"]), item["host"]))
    rules = []
    for rule in policy.rules:
        states = [item["state"] for host in hosts for item in host["verdicts"] if item["rule"] == rule]
        rules.append({"rule": rule, **_counts(states)})
    return {
        "format": FORMAT,
        "version": VERSION,
        "judged_at": utc(now),
        "simulated": any(host["simulated"] for host in hosts),
        "policy": {"min_days": policy.min_days, "rules": list(policy.rules)},
        "totals": _counts(host["state"] for host in hosts),
        "rules": rules,
        "hosts": hosts,
    }

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection broke while a plan was applied: how far did the host get? Told from what stands there now, never guessed."""

from __future__ import annotations

from ..model.host import Host
from .planner import Plan

NOTHING, EVERYTHING, SOMETHING = "nothing", "everything", "something"


def carried_out(plan: Plan, now: Host) -> str:
    """``nothing``: records and bindings stand as before the plan; ``everything``: as the plan predicts; else ``something``."""
    if _standing(now) == _standing(plan.host):
        return NOTHING
    return EVERYTHING if _standing(now) == _standing(plan.after) else SOMETHING


def _standing(host: Host) -> object:
    """What the steps of a plan can change."""
    return (frozenset(host.records), {site.name: site.bindings for site in host.sites})

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws about what belongs to others: records of other programs, and the listener that a run came through (L4)."""

from __future__ import annotations

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import RecordStep
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan

from . import strategies
from .cases import Case
from .changing import identity


def what_others_use_changes_only_by_name_and_never_goes(case: Case) -> bool:
    if case.plan is None:
        return False
    allowed = {name.lower() for name in case.args["allow"]["foreign"]}
    foreign = {
        (record["family"], record["key"].lower())
        for record in case.document["records"]
        if record["app_id"].lower() == strategies.FOREIGN
    }
    for step in case.plan.steps:
        if isinstance(step, RecordStep) and (step.key.family, step.key.text.lower()) in foreign:
            assert "rras/sstp" in allowed or step.key.text.lower() in allowed
            assert step.op in ("record_update", "record_replace")
    left = {(site.name, binding.information) for site in case.plan.after.sites for binding in site.bindings}
    wishes = case.args["bindings"]
    wishes = [*wishes, *({**item, **item["replaces"]} for item in wishes if "replaces" in item)]
    named = {identity(item["site"], item["address"], item["port"], item["host"]) for item in wishes}
    for site in case.document["sites"]:
        for binding in site["bindings"]:
            if binding["protocol"] == "https" and strategies.needed(binding) in foreign:
                address, port, host = binding["information"].rsplit(":", 2)
                mine = identity(site["name"], address, int(port), host) in named
                assert mine or (site["name"], binding["information"]) in left
    _the_listener_of_the_connection_is_never_written_nor_outranked(case, case.plan)
    return True


def _the_listener_of_the_connection_is_never_written_nor_outranked(case: Case, plan: Plan) -> None:
    through = case.document["connection"]
    if not case.real or not through["tls"]:
        return
    end = f":{through['port']}"
    standing = {(item["family"], item["key"].lower()) for item in case.document["records"] if item["key"].endswith(end)}
    touched = {(step.key.family, step.key.text.lower()) for step in plan.steps if isinstance(step, RecordStep)}
    assert not touched & standing
    shown = case.outcome.seen[through["address"], through["port"], None]
    assert shown[0] is None or set(shown) == {shown[0]}

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws about what people read and approve: it fits their terminal, and nothing of it is left out. In the form of :mod:`laws.changing`."""

from __future__ import annotations

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.approved import approved_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.explain import explain
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.plan_words import plan_lines
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.results import refusal
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.text import plan_document, stays_view
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.planfile import plan_from_file, steps_view

from .cases import Case
from .world import NOW

#: No line is longer unless somebody asks for it.
COLUMNS = 100
#: In a diff of Ansible a sign stands before every line.
SIGN = 1
#: What Ansible puts before the first line of a message, and before each of its lines in YAML.
LEAD, INDENT = len("[ERROR]: Task failed: Action failed: "), 8


def no_line_is_wider_than_a_terminal(case: Case) -> bool:
    if not case.looked_at:
        return False
    narrow = case.chance.randrange(40, COLUMNS)
    assert _widest(case.told) <= COLUMNS and _widest(explain(case.shown, narrow)) <= narrow
    if case.problems:
        first, *others = refusal(case.problems, None)["msg"].splitlines()
        assert LEAD + len(first) <= COLUMNS and INDENT + _widest(others) <= COLUMNS
    if case.plan is None:
        return True
    told, names = case.prediction, case.shown["certificates"]
    assert _widest(case.promised) <= COLUMNS and _widest(plan_lines(told, names, narrow)) <= narrow
    for side in ("before", "after"):
        assert _widest(told["diff"][side].splitlines()) + SIGN <= COLUMNS
    return True


def what_stays_is_all_that_no_step_touches(case: Case) -> bool:
    if case.plan is None:
        return False
    stays, steps = stays_view(case.plan.host, case.plan.after), steps_view(case.plan.steps)
    records = {_named(step["family"], step["key"]) for step in steps if step["op"].startswith("record")}
    edits = [edit for step in steps if step["op"] == "bindings" for edit in step["edits"]]
    edited = {(edit["site"], edit["before"]["information"]) for edit in edits if edit["before"]}
    assert not stays or steps
    for item in stays:
        port = item["port"]
        here = {_named(record["family"], record["key"]) for record in case.document["records"]}
        here = {name for name in here if name.endswith((f":{port}", f"ccs {port}"))}
        assert set(item["records"]) == here - records
        for site in case.document["sites"]:
            for binding in site["bindings"]:
                told = f"{site['name']}/{binding['information']}"
                if (site["name"], binding["information"]) in edited:
                    assert told not in item["bindings"], told
    return bool(stays)


def an_approved_plan_is_the_plan_that_was_made(case: Case) -> bool:
    if case.plan is None or not case.steps:
        return False
    again = approved_plan(case.host, plan_from_file(plan_document(case.plan, "2026-11-24T12:00:00Z")), NOW)
    assert (again.steps, again.after) == (case.plan.steps, case.plan.after)
    met = [
        {(item.endpoint, item.before, item.after, item.gap) for item in plan.affected} for plan in (case.plan, again)
    ]
    assert met[0] == met[1], met[0] ^ met[1]
    return True


def _named(family: str, key: str) -> str:
    return key if family == "ipport" else f"{family} {key}"


def _widest(lines: list[str]) -> int:
    return max(map(len, lines), default=0)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and findings in words that fit a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..model.host import Binding, Host, RecordValue
from ..model.keys import IIS_APP_ID, store_key
from ..model.visible import visible
from ..planning.impact import Affected
from ..planning.planner import Plan
from ..rules.finding import Finding
from ..rules.scene import subject_of
from ..wire.planfile import FORMAT, VERSION, steps_view
from .lines import GLUE, WIDTH, fold

#: With the sign in front, and indented in a list of steps, lines are no longer than others.
_DIFF_WIDTH = WIDTH - 4
#: So many errors of one host are a warning each.
_WARNED = 5
#: So many bindings that an undo has left are told of in a message.
_TOLD_OF = 10


def diff(before: Host, after: Host) -> dict[str, str]:
    """Before and after as text for Ansible's diff: https bindings and records, unchanged ones left out.

    A line that is too long goes on in lines that begin with spaces.
    """
    old, new = _lines(before), _lines(after)
    unchanged = set(old) & set(new)
    sides = ["".join(_folded(line) for line in lines if line not in unchanged) for lines in (old, new)]
    return {"before": sides[0], "after": sides[1], "before_header": before.name, "after_header": after.name}


def _folded(line: str) -> str:
    glued = line.replace("certificate ", f"certificate{GLUE}")
    return "".join(f"{part}\n" for part in fold(glued, _DIFF_WIDTH, rest=" " * 8))


def _lines(host: Host) -> list[str]:
    names = {item.thumbprint: item.facts.names[0] for item in host.certificates if item.facts and item.facts.names}
    lines = []
    for site in host.sites:
        for binding in site.bindings:
            if binding.is_https:
                lines.append(f"binding {site.name} {binding_text(binding)}")
    lines += [f"record  {record.key}  {record_text(record.value, names)}" for record in host.records]
    return [visible(line) for line in lines]


def binding_text(binding: Binding) -> str:
    """``*:443:shop.example.com sslFlags=1 (record hostnameport shop.example.com:443)``."""
    return f"{binding.information} sslFlags={binding.flags} (record {binding.record or 'none'})"


def not_undone(plan: Plan, now: Host) -> list[str]:
    """After an undo that worked in part only: which bindings of the plan do not stand as before it, and how each does.

    A sentence per binding for the first of them, and how many more there are; the result has them all in before and after.
    """
    before, planned, found = map(_bindings, (plan.host, plan.after, now))
    names = [name for name in {**before, **planned} if before.get(name) != planned.get(name)]
    left = [
        f"binding {' '.join(name)}: there is {_one(found.get(name))}, before the run there was {_one(before.get(name))}"
        for name in names
        if found.get(name) != before.get(name)
    ]
    more = [f"{len(left) - _TOLD_OF} more, see after"] if len(left) > _TOLD_OF else []
    return [visible(text) for text in left[:_TOLD_OF]] + more


def _bindings(host: Host) -> dict[tuple[str, str], Binding]:
    return {(site.name, item.information): item for site in host.sites for item in site.bindings if item.is_https}


def _one(binding: Binding | None) -> str:
    return "none" if binding is None else f"one with sslFlags={binding.flags}"


def record_text(value: RecordValue, names: dict[str, str]) -> str:
    """Certificate with its first name, and only what differs from the defaults."""
    words = [f"certificate {value.thumbprint}" if value.thumbprint else "central store"]
    if value.thumbprint in names:
        words.append(f"({names[value.thumbprint]})")
    if store_key(value.store) != "MY":
        words.append(f"store={value.store}")
    if value.app_id != IIS_APP_ID:
        words.append(f"app_id={value.app_id}")
    if value.flags:
        words.append(f"flags=0x{value.flags:X}")
    for name in ("check_mode", "freshness", "timeout", "ctl_identifier", "ctl_store"):
        if getattr(value, name):
            words.append(f"{name}={getattr(value, name)}")
    return " ".join(words)


def left_wrong(before: Host, after: Host, findings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Errors that a change leaves at what it has touched, as warnings: whoever reads no result is told all the same."""
    errors = [item for item in findings if item["severity"] == "error"]
    if not errors:
        return []  # as after most changes; on a large host it takes long to tell what was touched
    old, new = _states(before), _states(after)
    touched = {what[2] for what, state in new.items() if what not in old or old[what] != state}
    errors = [item for item in errors if item["subject"] in touched]
    told = [
        f"{after.name}: this change leaves {item['id']} {item['subject']}: {item['evidence']}"
        for item in errors[:_WARNED]
    ]
    rest = len(errors) - _WARNED
    return [*told, f"{after.name}: this change leaves {rest} more, see findings"] if rest > 0 else told


def stays_view(before: Host, after: Host) -> list[dict[str, Any]]:
    """Per port that a plan touches, the bindings and records there that stay as they are, as data.

    A binding stays where its record does, too. What its clients meet may change all the same: see :func:`affected_view`.
    """
    old, new = _states(before), _states(after)
    same = {what for what, state in old.items() if what in new and new[what] == state}
    kept: dict[int, dict[str, Any]] = {
        port: {"port": port, "bindings": [], "records": []}
        for port in sorted({what[0] for what in old.keys() | new.keys() if what not in same})
    }
    for what in old:
        if what in same and what[0] in kept:
            kept[what[0]][what[1]].append(what[2])
    return list(kept.values())


def _states(host: Host) -> dict[tuple[int, str, str, str], object]:
    """By port, kind, name for people, and spelling: all that a plan can change of it."""
    values = host.record_values
    states: dict[tuple[int, str, str, str], object] = {
        (key.port, "records", str(key), ""): value for key, value in values.items()
    }
    for site in host.sites:
        for binding in site.bindings:
            if binding.is_https:
                key, name = binding.record, subject_of(site.name, *binding.parts)
                state = (binding, values.get(key) if key else None)
                states[binding.parts[1], "bindings", name, binding.information] = state
    return states


def affected_view(items: Iterable[Affected]) -> list[dict[str, Any]]:
    """Endpoints whose certificate changes, as data."""
    return [
        {
            "address": item.endpoint.address,
            "port": item.endpoint.port,
            "sni": item.endpoint.sni,
            "before": item.before,
            "after": item.after,
            "sites": [site.lower() for site in item.sites],
            "requested": item.requested,
            "gap": item.gap,
            "other": item.other.text if item.other else None,
        }
        for item in items
    ]


def finding_view(finding: Finding) -> dict[str, Any]:
    """One finding as data."""
    return finding._asdict()


def plan_document(plan: Plan, created_at: str) -> dict[str, Any]:
    """The plan file (docs/contracts.md §5)."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "host": plan.host.name,
        "created_at": created_at,
        "simulated": plan.host.simulated,
        "shared_configuration": plan.host.shared_configuration,
        "steps": steps_view(plan.steps),
        "affected": affected_view(plan.affected),
        "findings": [finding_view(item) for item in plan.findings],
        "diff": {key: text for key, text in diff(plan.host, plan.after).items() if key in ("before", "after")},
    }

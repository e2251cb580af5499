# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An approved plan file against the host as it is now: exactly this, or a refusal that says what changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..model.endpoint import ANY_OTHER_NAME
from ..model.host import Binding, Host, RecordValue
from ..model.keys import store_key
from ..model.problems import Invalid, Problem
from ..model.steps import BindingsStep, RecordStep
from ..rules.ownership import owners
from ..wire.planfile import FiledPlan
from .consent import refused_for_owners
from .impact import Affected, Impact
from .planner import Plan
from .predict import after_steps


def approved_plan(host: Host, filed: FiledPlan, now: datetime) -> Plan:
    """The filed steps as a plan for this host. Raises :class:`Invalid` listing every before-image that is no longer there.

    A plan whose every step has been carried out already is empty: applying a plan twice changes nothing.
    """
    if filed.host.lower() != host.name.lower():
        raise Invalid([Problem("plan.host", f"the plan is for {filed.host}, this host is {host.name}")])
    if host.unfinished_run is not None:
        raise Invalid([Problem("plan", f"an earlier run ({host.unfinished_run}) on {host.name} did not finish")])
    if _done(host, filed):
        return Plan(host, (), host, (), now, ("every step of the plan is carried out already",))
    problems: list[Problem] = []
    commits = any(isinstance(step, BindingsStep) for step in filed.steps)
    if commits and host.shared_configuration and not filed.shared_configuration:
        message = f"{host.name} shares its IIS configuration with other hosts; the plan was not made for that"
        problems.append(Problem("plan", message))
    records = dict(host.record_values)
    owner = owners(host)
    for index, step in enumerate(filed.steps):
        path = f"plan.steps[{index}]"
        if isinstance(step, RecordStep):
            held = records.get(step.key)
            # the plan may have been made over another connection, where nobody could know
            who = owner(step.key, held) if step.before is not None and held is not None else None
            if who is not None and who.fixed:
                problems.append(Problem(path, f"record {step.key} is read-only: it is used by {who.text}"))
            elif not same_record(held, step.before):
                problems.append(Problem(path, f"record {step.key} was {_shown(step.before)}, is {_shown(held)}"))
            elif step.after is not None:
                records[step.key] = step.after
            else:
                records.pop(step.key, None)
        elif isinstance(step, BindingsStep):
            problems += _edit_problems(host, step, path)
    if problems:
        raise Invalid(problems)
    after = after_steps(host, filed.steps)
    _still_needed(host, after, filed, problems)
    if problems:
        raise Invalid(problems)
    changed = [step for step in filed.steps if isinstance(step, RecordStep)]
    impact = Impact(host, after)
    affected = tuple(impact.affected(changed))
    problems = _out_of_reach(impact, affected, filed)
    if problems:
        raise Invalid(problems)
    return Plan(host, filed.steps, after, affected, now)


def _out_of_reach(impact: Impact, affected: Sequence[Affected], filed: FiledPlan) -> list[Problem]:
    """New records that would answer instead of one that nobody may touch: the listener that this connection came through.

    Where the plan was made, over another connection, nobody could know of it.
    """
    places = {step.key: index for index, step in enumerate(filed.steps) if isinstance(step, RecordStep)}
    # in the first phase of a farm the bindings are still to come that show whose a name is; they were there when all was planned
    early = filed.shared_configuration and not any(isinstance(step, BindingsStep) for step in filed.steps)
    met: dict[str, list[Affected]] = {}
    for item in affected:
        if item.other is not None and item.other.fixed and (not early or item.endpoint.sni in (None, ANY_OTHER_NAME)):
            key = impact.after.answer(item.endpoint).record
            path = f"plan.steps[{places[key]}]" if key in places else "plan"
            met.setdefault(path, []).append(item)
    return [Problem(path, message) for path, items in met.items() for message in refused_for_owners(items)]


def same_record(one: RecordValue | None, other: RecordValue | None) -> bool:
    """Equal for http.sys: store names and CTL texts compare without case, no store is MY."""
    if one is None or other is None:
        return one is other
    return _folded(one) == _folded(other)


def _folded(value: RecordValue) -> tuple[object, ...]:
    numbers = (value.flags, value.check_mode, value.freshness, value.timeout)
    texts = ((value.ctl_identifier or "").lower(), (value.ctl_store or "").lower())
    return (value.thumbprint, store_key(value.store), value.app_id.lower(), numbers, texts)


def _still_needed(host: Host, after: Host, filed: FiledPlan, problems: list[Problem]) -> None:
    """A record that stood and is to go, but that a binding will rely on: added by somebody since, or a farm's phase too early."""
    # what a bridge adds goes with it
    needed = host.record_values.keys() & after.users_of.keys()
    for index, step in enumerate(filed.steps):
        if isinstance(step, RecordStep) and step.after is None and step.key in needed:
            site, binding = after.users_of[step.key][0]
            user = f"{after.sites[site].name} {after.sites[site].bindings[binding].information}"
            message = f"record {step.key} is still needed by binding {user}"
            problems.append(Problem(f"plan.steps[{index}]", message))


def _done(host: Host, filed: FiledPlan) -> bool:
    lists = {site.name: site.bindings for site in host.sites}
    # a bridge comes and goes: what counts is how each record is left
    last = {step.key: step.after for step in filed.steps if isinstance(step, RecordStep)}
    if any(not same_record(host.record_values.get(key), after) for key, after in last.items()):
        return False
    for step in filed.steps:
        if isinstance(step, BindingsStep):
            for edit in step.edits:
                present = lists.get(edit.site, ())
                if (edit.after is not None and edit.after not in present) or (
                    edit.after is None and edit.before in present
                ):
                    return False
    return True


def _edit_problems(host: Host, step: BindingsStep, path: str) -> list[Problem]:
    """Play the edits on copies of the lists, each where the plan says it is."""
    problems = []
    lists: dict[str, list[Binding]] = {site.name: list(site.bindings) for site in host.sites}
    for index, edit in enumerate(step.edits):
        place = f"{path}.edits[{index}]"
        bindings = lists.get(edit.site)
        if bindings is None:
            problems.append(Problem(place, f"site {edit.site!r} is not there"))
            continue
        position = len(bindings) if edit.position is None else edit.position
        if edit.before is None:
            if position > len(bindings):
                problems.append(Problem(place, f"site {edit.site!r} has only {len(bindings)} bindings now"))
            elif edit.after is not None:
                bindings.insert(position, edit.after)
        elif (found := bindings[position] if position < len(bindings) else None) != edit.before:
            message = f"site {edit.site!r} had {_told(edit.before)} at place {position}, has {_told(found)} there"
            problems.append(Problem(place, message))
        elif edit.after is None:
            del bindings[position]
        else:
            bindings[position] = edit.after
    return problems


def _told(binding: Binding | None) -> str:
    if binding is None:
        return "no binding"
    flags = "" if binding.ssl_flags is None else f" sslFlags={binding.ssl_flags}"
    return f"{binding.protocol} {binding.information}{flags}"


def _shown(value: RecordValue | None) -> str:
    return "absent" if value is None else f"{value.thumbprint or 'central store'} flags 0x{value.flags:X}"

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner: a host and a request become ordered steps with before-images, the predicted host, and who is affected.

Order (law L3): new records by rank, most specific first; changed records; one commit of all bindings;
released records, least specific first; handshakes last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from ..model.host import Host
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey
from ..model.problems import Invalid, Problem
from ..model.steps import BindingEdit, BindingsStep, ProbeStep, RecordStep, Step
from ..rules.capabilities import capabilities
from ..rules.finding import Finding
from ..rules.findings import find
from ..rules.ownership import owners
from ..rules.scene import scene_of
from .bridge import bridged
from .consent import consent, how_to_allow
from .draft import Chosen, Draft
from .impact import Affected, Impact
from .match import Matcher
from .options import option_consent
from .predict import after_steps
from .removal import unwanted
from .repairs import Remedies
from .request import Request
from .wanted import WantedBinding, identities_of


@dataclass(frozen=True)
class Plan:
    """Steps for one host. ``after`` is the predicted host; ``now``: when it was planned, aware UTC."""

    host: Host
    steps: tuple[Step, ...]
    after: Host
    affected: tuple[Affected, ...]
    now: datetime
    notes: tuple[str, ...] = ()
    chosen: tuple[Chosen, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.steps

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What would still be wrong afterwards. Looked for when it is asked for: on a large host that takes as long as planning."""
        return find(self.after, self.now)


def make_plan(host: Host, request: Request, now: datetime) -> Plan:
    """Plan a request. Raises :class:`Invalid` with every refusal; then nothing is to be done at all.

    One wish can make the repair of something else possible, or needless: repairs are looked for again on the predicted
    host until there is none left, so that a second run finds nothing to do (law L1). What has no safe repair even there
    is refused where it was asked for by its subject.
    """
    remedies = Remedies()
    if request.repair:
        remedies.look(scene_of(host, now), request)
    plan = _plan(host, request, remedies, now)
    while request.repair and remedies.look(scene_of(plan.after, now), request):
        plan = _plan(host, request, remedies, now)
    refused = remedies.refused or (_left_where_others_listen(plan, request) if request.repair else [])
    if refused:
        raise Invalid(refused)
    return replace(plan, notes=(*remedies.notes, *plan.notes))


def _left_where_others_listen(plan: Plan, request: Request) -> list[Problem]:
    """What of the asked repairs would be refused in the next run if another program went on listening where no site does any more."""
    before, after = plan.host.known_ports, plan.after.known_ports
    if before <= after:
        return []
    remedies = Remedies()
    remedies.look(scene_of(replace(plan.after, http_ports=before | after), plan.now), request)
    return remedies.refused


def _plan(host: Host, request: Request, remedies: Remedies, now: datetime) -> Plan:
    draft = Draft(host, deleted=dict(remedies.deleted))
    problems = draft.problems
    _preconditions(host, request, problems)
    wanted = _by_identity(_wishes(request, remedies, draft))
    Matcher(draft, now).match(wanted)
    spoken = identities_of(wanted)
    # a repair speaks of a certificate, never of options
    problems += option_consent(draft, request.identities, request.shared_change)
    if problems:
        raise Invalid(problems)
    steps = _steps(draft, request.foreign)
    after = after_steps(host, steps)
    records = [step for step in steps if isinstance(step, RecordStep)]
    impact = Impact(host, after, spoken, frozenset(draft.deleted))
    affected = tuple(impact.affected(records))
    consent(request, affected, {step.key for step in records if step.before is not None}, problems)
    if problems:
        raise Invalid(problems)
    endpoints = impact.expectations(affected, {step.key for step in records}) if steps else ()
    if endpoints:
        steps.append(ProbeStep(endpoints, "see that every endpoint shows the expected certificate"))
    notes = (*draft.notes, *_joined_ports(host, after), *_mixed_ports(draft))
    return Plan(host, tuple(steps), after, affected, now, notes, tuple(draft.chosen))


def _wishes(request: Request, remedies: Remedies, draft: Draft) -> list[WantedBinding]:
    """What the request names, what is to go because it names it not, and what repairs lead to.

    What goes is not repaired, and what would go if its record were nobody else's is not given one of its own: it would
    go in the next run.
    """
    others = unwanted(draft.host, request.removal, request.identities, draft.notes, draft.problems)
    unnamed = {item.identity: item for item in others}
    leaving = [item for item in unnamed.values() if not item.stays]
    repaired = []
    for wish in remedies.wishes.values():
        item = unnamed.get(wish.identity)
        if item is None:
            repaired.append(wish)
        elif item.stays:
            draft.notes.append(f"{wish.subject} is not repaired: remove_others would remove it, were its record free")
    return [
        *request.bindings,
        *(WantedBinding("remove_others", item.site, *item.identity[1:], present=False) for item in leaving),
        *repaired,
    ]


def _joined_ports(host: Host, after: Host) -> list[str]:
    """Ports where a site joins a listener nobody knows: from then on a document cannot tell whose a record there is."""
    joined = sorted(host.known_ports & (after.site_ports - host.site_ports))
    return [
        f"port {port}: another program listens there through http.sys; once a site does too, "
        "its records look like orphans, so do not repair what is an orphan or shadowed on this port"
        for port in joined
    ]


def _mixed_ports(draft: Draft) -> list[str]:
    """Ports of new or changed https bindings on which there is plain HTTP, too: by all reports such a site does not start."""
    coming = [binding for added in draft.added.values() for _wanted, binding in added]
    coming += [binding for binding in draft.changed.values() if binding is not None]
    ports = {binding.parts[1] for binding in coming}
    plain: dict[int, str] = {}
    for site in draft.host.sites:
        for binding in site.bindings:
            if binding.is_http and not binding.is_https and binding.parts[1] in ports:
                plain.setdefault(binding.parts[1], site.name)
    return [
        f"port {port}: site {name!r} has an http binding there; http.sys is not known to serve both on one port, "
        "so a site may not start; the handshakes at the end of the change would tell"
        for port, name in sorted(plain.items())
    ]


def _by_identity(wanted: list[WantedBinding]) -> list[WantedBinding]:
    """The order in which wishes are worked in: declared ones first; not the order in which they were written (L8)."""
    return sorted(wanted, key=lambda item: (item.path.startswith("repair"), item.identity))


def _preconditions(host: Host, request: Request, problems: list[Problem]) -> None:
    if host.unfinished_run is not None:
        problems.append(Problem("", f"an earlier run ({host.unfinished_run}) on {host.name} did not finish"))
    blind = [item for item in host.incomplete if item.layer in ("records", "sites", "addresses")]
    problems.extend(Problem("", f"{item.layer} of {host.name} could not be read: {item.message}") for item in blind)
    if host.shared_configuration and not request.shared_configuration:
        message = f"{host.name} shares its IIS configuration with other hosts, which meet every change of bindings, too"
        problems.append(Problem("allow.shared_configuration", f"{message}. Set it to true to accept that"))


def _steps(draft: Draft, foreign: frozenset[str]) -> list[Step]:
    host = draft.host
    current = host.record_values
    spelled = {record.key: record.key for record in host.records}  # as the host spells them
    owner = owners(host)
    in_place = capabilities(host).update_in_place.ok
    creates: list[RecordStep] = []
    changes: list[RecordStep] = []
    for key in sorted(draft.records, key=_rank):
        value, held = draft.records[key], current.get(key)
        if held is None:
            creates.append(RecordStep("record_set", key, None, value, draft.reasons[key]))
        elif held != value:
            who = owner(key, held)
            if who is not None and not who.allowed(key, foreign):
                message = f"record {key} is read-only: it is used by {who.text}. {how_to_allow(key, who)}"
                draft.refuse(draft.wishes[key], "", message)
            op = "record_update" if in_place else "record_replace"
            changes.append(RecordStep(op, key, held, value, draft.reasons[key]))
    edits = _edits(draft)
    commit = [BindingsStep(tuple(edits), _commit_reason(edits))] if edits else []
    changes = bridged(host, creates, changes)
    relied_on = _relied_on(draft)
    deletes = []
    for key, reason in {**draft.released, **draft.deleted}.items():
        held = current.get(key)
        if held is None or key in relied_on or key in draft.records:
            continue
        who = owner(key, held)
        if who is not None:  # whatever is allowed: others still need it
            draft.notes.append(f"record {key} stays: it is used by {who.text}")
            continue
        deletes.append(RecordStep("record_delete", spelled[key], held, None, reason))
    deletes.sort(key=lambda step: _rank(step.key), reverse=True)
    return _ordered(host, [*creates, *changes], commit, deletes)


def _relied_on(draft: Draft) -> set[RecordKey | None]:
    """The records that bindings rely on once all wishes are worked in."""
    return {item.record for index in range(len(draft.host.sites)) for item in draft.bindings_of(index)}


def _ordered(host: Host, writes: list[RecordStep], commit: list[BindingsStep], deletes: list[RecordStep]) -> list[Step]:
    """Records before bindings before deletes; where the commit opens or closes a port, all its records change while it is closed."""
    if host.http_ports is None or not commit:
        return [*writes, *commit, *deletes]
    opened = host.http_ports
    still_open = after_steps(host, commit).known_ports
    closing = {step.key for step in writes if step.key.port in opened and step.key.port not in still_open}
    silent = {step.key for step in deletes if step.key.port not in opened}
    early = [step for step in writes if step.key not in closing] + [step for step in deletes if step.key in silent]
    late = [step for step in writes if step.key in closing] + [step for step in deletes if step.key not in silent]
    return [*early, *commit, *late]


def _rank(key: RecordKey) -> tuple[int, RecordKey]:
    """Precedence of a record (F1.10); 0 outranks all."""
    if key.family == "ipport":
        return ({ANY_IPV6: 4, ANY_IPV4: 5}.get(key.name, 0), key)
    if key.family == "ccs":
        return (3, key)
    return (2 if key.name.startswith("*.") else 1, key)


def _edits(draft: Draft) -> list[BindingEdit]:
    """Per site: changes in place, removals from the end, additions at the end; positions hold at that moment."""
    edits = []
    for site_index, site in enumerate(draft.host.sites):
        removals = []
        for index, binding in enumerate(site.bindings):
            wanted = draft.changed.get((site_index, index), binding)
            if wanted is None:
                removals.append(BindingEdit(site.name, index, binding, None))
            elif wanted != binding:
                edits.append(BindingEdit(site.name, index, binding, wanted))
        edits += reversed(removals)
        end = len(site.bindings) - len(removals)
        for offset, (_wanted, binding) in enumerate(draft.added.get(site_index, [])):
            edits.append(BindingEdit(site.name, end + offset, None, binding))
    return edits


def _commit_reason(edits: list[BindingEdit]) -> str:
    counts = {
        "add": sum(edit.before is None for edit in edits),
        "change": sum(edit.before is not None and edit.after is not None for edit in edits),
        "remove": sum(edit.after is None for edit in edits),
    }
    return "one commit: " + ", ".join(f"{word} {count}" for word, count in counts.items() if count)

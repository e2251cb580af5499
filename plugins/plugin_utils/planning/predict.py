# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host looks like after a step: the same rules the host itself follows, as a pure function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..model.host import Binding, Host, Record
from ..model.steps import BindingsStep, RecordStep, Step


def after_steps(host: Host, steps: Iterable[Step]) -> Host:
    """The host after all steps."""
    records = {record.key: record for record in host.records}
    for step in steps:
        if isinstance(step, RecordStep):
            if step.after is None:
                records.pop(step.key, None)
            else:
                held = records.get(step.key)  # the host's own spelling of the key stays
                records[step.key] = Record(held.key if held else step.key, step.after)
        elif isinstance(step, BindingsStep):
            host = _after_edits(host, step)
    return replace(host, records=tuple(sorted(records.values(), key=lambda record: record.key)))


def _after_edits(host: Host, step: BindingsStep) -> Host:
    places = {site.name: index for index, site in enumerate(host.sites)}
    lists: dict[int, list[Binding]] = {}
    for edit in step.edits:
        index = places[edit.site]
        bindings = lists.setdefault(index, list(host.sites[index].bindings))
        position = len(bindings) if edit.position is None else edit.position
        if edit.before is None and edit.after is not None:
            bindings.insert(position, edit.after)
        elif edit.after is None:
            del bindings[position]
        else:
            bindings[position] = edit.after
    sites = tuple(
        replace(site, bindings=tuple(lists[index])) if index in lists else site for index, site in enumerate(host.sites)
    )
    edited = replace(host, sites=sites)
    if host.http_ports is None:
        return edited
    # ports that no site explained belong to somebody else and stay
    return replace(edited, http_ports=(host.http_ports - host.site_ports) | edited.site_ports)

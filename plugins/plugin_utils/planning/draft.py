# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state a request leads to, before it is turned into steps: a working copy of bindings and records with reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ..model.host import Binding, Host, RecordValue
from ..model.keys import RecordKey
from ..model.problems import Problem
from .wanted import WantedBinding


class Chosen(NamedTuple):
    """A certificate that a rule of the request chose for a binding: why this one, and why each other candidate was not."""

    binding: str
    thumbprint: str
    reason: str
    losers: tuple[str, ...]


@dataclass
class Draft:
    """Mutable while the planner works; only what can be done goes in, all else into ``problems``.

    ``changed``: by (site index, index in the site's list), the binding as it will be, None where it goes. ``records``, and the
    ``reasons`` and ``wishes`` behind them: what is to be written; ``released``: records that lose a user; ``deleted``: those
    that repairs delete. The last two have the reason.
    """

    host: Host
    changed: dict[tuple[int, int], Binding | None] = field(default_factory=dict)
    added: dict[int, list[tuple[WantedBinding, Binding]]] = field(default_factory=dict)
    records: dict[RecordKey, RecordValue] = field(default_factory=dict)
    reasons: dict[RecordKey, str] = field(default_factory=dict)
    wishes: dict[RecordKey, WantedBinding] = field(default_factory=dict)
    released: dict[RecordKey, str] = field(default_factory=dict)
    deleted: dict[RecordKey, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    chosen: list[Chosen] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, wanted: WantedBinding, key: str, message: str) -> None:
        """A part of a wish cannot be had; the wish as a whole where ``key`` is empty."""
        self.problems.append(Problem(f"{wanted.path}.{key}" if key else wanted.path, message))

    def bindings_of(self, site_index: int) -> list[Binding]:
        """The site's bindings as they will be."""
        kept = []
        for index, binding in enumerate(self.host.sites[site_index].bindings):
            wanted = self.changed.get((site_index, index), binding)
            if wanted is not None:
                kept.append(wanted)
        return kept + [binding for _wanted, binding in self.added.get(site_index, [])]

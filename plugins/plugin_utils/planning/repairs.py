# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings a user wants repaired, turned into wishes: bindings with a certificate, or records to delete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..model.keys import RecordKey
from ..model.problems import Problem
from ..rules.finding import Finding
from ..rules.findings import KINDS, find_kinds
from ..rules.findings_bindings import split_choices
from ..rules.remedies import certificate_to_bind, concerned
from ..rules.scene import Bound, Scene, blockers, is_orphan
from .request import Request
from .wanted import WantedBinding


@dataclass
class Remedies:
    """What the asked repairs come to, gathered from one or more states of a host: wishes by identity, records to delete.

    ``notes``: findings of the state looked at last that have no safe repair; ``refused``: those that were asked for by subject.
    """

    wishes: dict[tuple[str, str, int, str], WantedBinding] = field(default_factory=dict)
    deleted: dict[RecordKey, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)

    def look(self, scene: Scene, request: Request) -> bool:
        """Add what the findings of this state lead to; True if that is anything new. Asking for what is not wrong is fine."""
        known, deleted = dict(self.wishes), len(self.deleted)
        self.notes.clear()
        self.refused.clear()
        declared, found = request.identities, _asked(scene, request.repair)
        # by their words, so that the order of the request does not matter where two repairs would bind different certificates
        for index, text in sorted(enumerate(request.repair), key=lambda pair: pair[1]):
            for finding in found.get(text.removesuffix(" "), ()):
                path = f"repair[{index}]"
                if finding.repair is None:
                    message = f"{finding.id} {finding.subject} has no safe repair: {finding.evidence}"
                    if " " in text:
                        self.refused.append(Problem(path, message))
                    else:
                        self.notes.append(message)
                    continue
                for wish in self._wishes(scene, finding, path):
                    # what another wish made needless or impossible may need a record of its own, once that is done
                    apart = wish.sni == "required" and getattr(known.get(wish.identity), "sni", "") == "keep"
                    if wish.identity not in declared and (apart or wish.identity not in self.wishes):
                        self.wishes[wish.identity] = wish
        return self.wishes != known or len(self.deleted) > deleted

    def _wishes(self, scene: Scene, finding: Finding, path: str) -> Iterator[WantedBinding]:
        if finding.id == "orphan":
            self._delete(finding, scene.called.get(finding.subject, ()))
        elif finding.id == "shadowed":
            for item in concerned(scene, finding):
                self._delete(finding, [key for key in blockers(scene, item) if is_orphan(scene, key)])
        elif finding.id == "shared_with_other_wishes":
            for item, thumbprint in split_choices(scene, concerned(scene, finding)):
                yield _wish(item, path, thumbprint, "required")
        elif KINDS[finding.id].remedy == "bind":
            best = certificate_to_bind(scene, finding)
            for item in concerned(scene, finding) if best else []:
                yield _wish(item, path, best.thumbprint if best else "", "keep")

    def _delete(self, finding: Finding, keys: Iterable[RecordKey]) -> None:
        for key in keys:
            self.deleted.setdefault(key, f"{finding.id}: {finding.evidence}")


def _asked(scene: Scene, texts: Sequence[str]) -> dict[str, list[Finding]]:
    """Findings by what a request may call them: their kind, or kind and subject."""
    found: dict[str, list[Finding]] = {}
    for finding in find_kinds(scene, {text.partition(" ")[0] for text in texts}):
        for text in (finding.id, f"{finding.id} {finding.subject}"):
            found.setdefault(text, []).append(finding)
    return found


def _wish(item: Bound, path: str, thumbprint: str, sni: str) -> WantedBinding:
    return WantedBinding(path, item.site, item.address, item.port, item.host, True, sni, thumbprint)

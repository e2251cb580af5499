# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the repair of a finding would bind: the same choice as its sentence says."""

from __future__ import annotations

from ..model.host import Certificate
from .finding import Finding
from .findings_certificates import LINK_DIFFERS, RENEWAL_NOT_BOUND, STORE_DIFFERS, elsewhere, successor
from .scene import Bound, Scene, names_of


def concerned(scene: Scene, finding: Finding) -> list[Bound]:
    """The bindings a finding speaks of: by their own subject, or all users of the record that is its subject."""
    return list(scene.concerned.get(finding.subject, ()))


def certificate_to_bind(scene: Scene, finding: Finding) -> Certificate | None:
    """The certificate that the repair of a finding with the remedy ``bind`` binds to the concerned bindings."""
    users = concerned(scene, finding)
    if finding.id in (LINK_DIFFERS.id, RENEWAL_NOT_BOUND.id):
        served = next(
            (scene.serving[item.key] for item in users if item.key is not None and item.key in scene.serving), None
        )
        return successor(scene, served) if served else None
    if finding.id == STORE_DIFFERS.id:
        return next((elsewhere(scene, item.key) for item in users if item.key is not None), None)
    return scene.cabinet.best(names_of(users)).certificate

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a plan. ``before`` is the state a step expects, ``after`` the one it leaves; swapped, they are its inverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .host import Binding, RecordValue
from .keys import RecordKey

_INVERSE = {
    "record_set": "record_delete",
    "record_delete": "record_set",
    "record_update": "record_update",
    "record_replace": "record_replace",
}


class RecordStep(NamedTuple):
    """One change of one http.sys record. ``op``: record_set, record_update (in place), record_replace (a gap), record_delete."""

    op: str
    key: RecordKey
    before: RecordValue | None
    after: RecordValue | None
    reason: str

    def inverse(self) -> RecordStep:
        return RecordStep(_INVERSE[self.op], self.key, self.after, self.before, f"undo: {self.reason}")


class BindingEdit(NamedTuple):
    """One change of one site's binding list. ``position`` is an index in the list at that moment; None (only for adding): its end."""

    site: str
    position: int | None
    before: Binding | None
    after: Binding | None


@dataclass(frozen=True, slots=True)
class BindingsStep:
    """All binding edits of the plan in one IIS commit, carried out in order."""

    edits: tuple[BindingEdit, ...]
    reason: str
    op: str = "bindings"

    def inverse(self) -> BindingsStep:
        edits = tuple(edit._replace(before=edit.after, after=edit.before) for edit in reversed(self.edits))
        return BindingsStep(edits, f"undo: {self.reason}")


class Expectation(NamedTuple):
    """One handshake to make: ``expect`` is a thumbprint, ``"file"`` (any central store certificate) or None (no handshake)."""

    address: str
    port: int
    sni: str | None
    expect: str | None


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """Look at what is served now, at changed endpoints and at neighbours that must not have changed."""

    endpoints: tuple[Expectation, ...]
    reason: str
    op: str = "probe"

    def inverse(self) -> ProbeStep | None:
        return None


Step = RecordStep | BindingsStep | ProbeStep

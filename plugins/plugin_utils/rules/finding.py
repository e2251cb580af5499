# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a finding is, and what a kind of findings says about itself: the reference page is made of the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..model.visible import visible
from .scene import Scene


class Finding(NamedTuple):
    """``subject`` is a record, a binding as ``site/address:port:host``, or a name the kind explains; with ``id`` it is unique.

    ``severity``: ``error`` (clients fail or meet a wrong certificate), ``warning`` (they will, or may), ``info``.
    ``repair`` is a sentence; None where nothing is safe.
    """

    id: str
    severity: str
    subject: str
    evidence: str
    fact: str
    repair: str | None


class Kind(NamedTuple):
    """One kind of findings. ``severities``: those it can have, the usual one first. ``fact``: the documented fact behind it.

    ``means``, ``why`` and ``mend`` are sentences for people: what it is, why it matters, how to put it right by hand.
    ``remedy`` names what ``repair:`` does about it: ``bind`` a certificate, ``delete`` a record, ``split`` a shared record;
    empty: nothing, and such a finding never has a repair sentence. ``absence``: it rests on something that is not there, so
    it is not told where records or sites could not be read.
    """

    id: str
    severities: tuple[str, ...]
    fact: str
    means: str
    why: str
    mend: str
    remedy: str = ""
    absence: bool = False

    def on(self, subject: object, evidence: str, repair: str | None = None, severity: str | None = None) -> Finding:
        """A finding of this kind."""
        told = visible(repair) if repair else None
        return Finding(
            self.id, severity or self.severities[0], visible(str(subject)), visible(evidence), self.fact, told
        )


Rule = Callable[[Scene], Iterator[Finding]]

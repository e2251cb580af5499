# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen on a host beside its tables: what it can, what else holds certificates, what was renewed or changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """One capability the reader asked the host itself for: ``what`` is a name of ``rules.capabilities`` or ``flag_4`` …"""

    what: str
    present: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Mapper:
    """A certificate that IIS 6 compatibility holds for a site (metabase properties 5506 and 5511, F3.32)."""

    site: int
    thumbprint: str
    store: str


@dataclass(frozen=True, slots=True)
class Manager:
    """A certificate manager that is installed: ``certify``, ``win_acme``, ``simple_acme``, ``posh_acme`` or ``other``."""

    kind: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal the host logged (certificate lifecycle event 1001): ``new`` took the place of ``old`` (F6.21)."""

    at: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """The newest change of a record that http.sys logged (F1.41): ``kind`` is ``created``, ``updated`` or ``deleted``."""

    at: str
    kind: str
    endpoint: str


@dataclass(frozen=True)
class Guard:
    """The guard of a run (contracts.md §6): what undoes it unless somebody confirms it.

    ``state``: ``armed`` (acts at ``at``), ``undone`` (has undone it at ``at``) or ``failed`` (tried to at ``at``).
    """

    run: str
    state: str
    at: str

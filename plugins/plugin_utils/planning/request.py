# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user asks for, checked for sense before any host is looked at. All faults at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.keys import ANY_IPV4, checked_address, checked_host, checked_port, checked_thumbprint
from ..model.problems import Invalid, Problem, ValueInvalid
from ..rules.findings import KINDS, subject_of
from .removal import NOTHING, Removal, parse_removal

#: Finding ids that ``repair`` understands; those without a safe repair lead to a note.
FINDING_IDS = tuple(sorted(KINDS))
SNI_WISHES = ("keep", "auto", "required", "never")


@dataclass(frozen=True, slots=True)
class WantedBinding:
    """One binding a user declares. ``path`` is where it stands in the request; ``thumbprint`` None keeps the certificate."""

    path: str
    site: str
    address: str
    port: int
    host: str
    present: bool = True
    sni: str = "keep"
    thumbprint: str | None = None
    store: str | None = None

    @property
    def identity(self) -> tuple[str, str, int, str]:
        """Site names compare without case in IIS."""
        return (self.site.lower(), self.address, self.port, self.host)

    @property
    def subject(self) -> str:
        return subject_of(self.site, self.address, self.port, self.host)


@dataclass(frozen=True, slots=True)
class Request:
    """A checked request. ``shared_change`` names the sites whose served certificate may change; ``gap`` allows a gap.

    ``removal``: which bindings go that are not named.
    """

    bindings: tuple[WantedBinding, ...]
    repair: tuple[str, ...] = ()
    shared_change: frozenset[str] = frozenset()
    gap: bool = False
    removal: Removal = NOTHING


def parse_request(args: Mapping[str, Any]) -> Request:
    """Check the arguments of ``https_bindings`` (shapes are checked already). Raises :class:`Invalid` with every problem."""
    problems: list[Problem] = []
    bindings = [_binding(item, f"bindings[{index}]", problems) for index, item in enumerate(args.get("bindings") or ())]
    repair = tuple(args.get("repair") or ())
    for index, text in enumerate(repair):
        if text.split(" ", 1)[0] not in FINDING_IDS:
            known = ", ".join(FINDING_IDS)
            problems.append(Problem(f"repair[{index}]", f"{text!r} begins with no finding id ({known})"))
    _duplicates(bindings, problems)
    removal = parse_removal(args, problems)
    allow = args.get("allow") or {}
    if problems:
        raise Invalid(problems)
    shared = frozenset(str(name).lower() for name in allow.get("shared_change") or ())
    return Request(tuple(bindings), repair, shared, bool(allow.get("gap")), removal)


def _binding(item: Mapping[str, Any], path: str, problems: list[Problem]) -> WantedBinding:
    def checked(key: str, check: Any, value: Any, fallback: Any) -> Any:
        try:
            return check(value)
        except ValueInvalid as fault:
            problems.append(Problem(f"{path}.{key}", str(fault)))
            return fallback

    site = str(item.get("site") or "")
    if not site.strip():
        problems.append(Problem(f"{path}.site", "names no site"))
    address = checked("address", checked_address, item.get("address") or "*", ANY_IPV4)
    port = checked("port", checked_port, item.get("port") or 443 if item.get("port") is None else item["port"], 443)
    host = checked("host", checked_host, item.get("host") or "", "")
    present, sni = item.get("state", "present") == "present", item.get("sni") or "keep"
    certificate: Mapping[str, Any] = item.get("certificate") or {}
    thumbprint = None
    if certificate:
        thumbprint = checked(
            "certificate.thumbprint", checked_thumbprint, str(certificate.get("thumbprint") or ""), None
        )
    if present and sni == "required" and not host:
        problems.append(Problem(f"{path}.sni", "SNI needs a host name to select by; give 'host' or use sni: never"))
    if not present and certificate:
        problems.append(Problem(f"{path}.certificate", "has no meaning with state: absent"))
    if not present and sni != "keep":
        problems.append(Problem(f"{path}.sni", "has no meaning with state: absent"))
    return WantedBinding(path, site, address, port, host, present, sni, thumbprint, certificate.get("store") or None)


def _duplicates(bindings: Sequence[WantedBinding], problems: list[Problem]) -> None:
    first: dict[tuple[str, str, int, str], WantedBinding] = {}
    for wanted in bindings:
        other = first.setdefault(wanted.identity, wanted)
        if other is not wanted:
            problems.append(Problem(wanted.path, f"is the same binding as {other.path} ({wanted.subject})"))

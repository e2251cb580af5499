# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IIS as far as bindings go: the site list of applicationHost.config and commits on it."""

from __future__ import annotations

import copy
from typing import Any

ALREADY_EXISTS = 0x800700B7


class Refused(Exception):
    """A commit that did not happen. ``code`` is an error of the host contract, ``index`` the edit it stopped at."""

    def __init__(self, code: str, index: int, message: str, number: int | None = None) -> None:
        self.code, self.index, self.message, self.number = code, index, message, number
        super().__init__(message)


class Iis:
    """The sites of one machine. ``ssl_flags``: does the schema know the attribute (IIS 8 and later)?"""

    def __init__(self, sites: list[dict[str, Any]], ssl_flags: bool) -> None:
        self._file = {"sites": _copied(sites)}
        self.ssl_flags = ssl_flags

    @property
    def sites(self) -> list[dict[str, Any]]:
        return self._file["sites"]

    @sites.setter
    def sites(self, sites: list[dict[str, Any]]) -> None:
        self._file["sites"] = sites

    def share(self, other: Iis) -> None:
        """From now on the configuration is the other machine's, too: what one commits, both have."""
        self._file = other._file

    def ports(self) -> set[int]:
        """Ports on which sites that run take http and https requests."""
        found = set()
        for site in self.sites:
            if site["state"] == "stopped":
                continue
            for binding in site["bindings"]:
                port = _port(binding) if binding["protocol"].lower() in ("http", "https") else None
                if port:
                    found.add(port)
        return found

    def commit(self, edits: list[dict[str, Any]]) -> None:
        """All edits or none, in their order. Raises :class:`Refused`."""
        self.sites, _placed = self._tried(edits)

    def placed(self, edits: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The edits with the position each will have, also those that say "at the end". Raises :class:`Refused`."""
        return self._tried(edits)[1]

    def _tried(self, edits: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        draft, placed = _copied(self.sites), []
        for index, edit in enumerate(edits):
            site = next((item for item in draft if item["name"] == edit["site"]), None)
            if site is None:
                raise Refused("changed_meanwhile", index, f"there is no site {edit['site']!r}")
            position = len(site["bindings"]) if edit["position"] is None else edit["position"]
            placed.append({**edit, "position": position})
            self._edit(site["bindings"], placed[-1], index)
        return draft, placed

    def _edit(self, bindings: list[dict[str, Any]], edit: dict[str, Any], index: int) -> None:
        before, after, place = edit["before"], edit["after"], _place(bindings, edit, index)
        if after is not None and after["ssl_flags"] is not None and not self.ssl_flags:
            raise Refused("not_supported_here", index, "this IIS knows no sslFlags")
        if before is None:
            if place > len(bindings):
                raise Refused("changed_meanwhile", index, f"the site has only {len(bindings)} bindings")
        elif not 0 <= place < len(bindings) or bindings[place] != before:
            raise Refused("changed_meanwhile", index, f"binding {before['information']} is not at its place {place}")
        others = [item for number, item in enumerate(bindings) if before is None or number != place]
        if after is not None and any(_same(item, after) for item in others):
            raise Refused("config_conflict", index, f"binding {after['information']} is there twice", ALREADY_EXISTS)
        if before is None:
            bindings.insert(place, copy.deepcopy(after))
        elif after is None:
            edit["behind"] = _named(bindings[place - 1]) if place else ("", "")
            del bindings[place]
        else:
            bindings[place] = copy.deepcopy(after)


def _copied(sites: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sites with lists of bindings of their own; a binding itself is exchanged, never changed."""
    return [{**site, "bindings": list(site["bindings"])} for site in sites]


def swapped(edit: dict[str, Any]) -> dict[str, Any]:
    """The inverse. It goes by what stands there, not by places: others may have put bindings before it."""
    return {**edit, "before": edit["after"], "after": edit["before"], "back": True}


def _place(bindings: list[dict[str, Any]], edit: dict[str, Any], index: int) -> int:
    """Where an edit is made; -1 where what it undoes is gone. Raises :class:`Refused`."""
    place: int = edit["position"]
    if not edit.get("back"):
        return place
    if edit["before"] is not None:
        return bindings.index(edit["before"]) if edit["before"] in bindings else -1
    names = [("", ""), *map(_named, bindings)]
    if edit.get("behind", names[0]) not in names:
        raise Refused("changed_meanwhile", index, "the binding behind which it stood is no longer there")
    return names.index(edit["behind"]) if "behind" in edit else place


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return _named(one) == _named(other)


def _named(binding: dict[str, Any]) -> tuple[str, str]:
    """The unique key of a binding in the IIS schema."""
    return binding["protocol"].lower(), binding["information"].lower()


def _port(binding: dict[str, Any]) -> int | None:
    """The port of ``address:port:host``; the address may be IPv6."""
    parts = binding["information"].rsplit(":", 2)
    return int(parts[-2]) if len(parts) == 3 and parts[-2].isdigit() else None


def as_site(site: dict[str, Any], number: int) -> dict[str, Any]:
    """A site of a description as the configuration has it."""
    state = {"Started": "started", "Stopped": "stopped", None: "started"}[site.get("state")]
    names = ("protocol", "information", "ssl_flags")
    bindings = [{name: binding.get(name) for name in names} for binding in site["bindings"]]
    return {"id": site.get("id") or number, "name": site["name"], "state": state, "bindings": bindings}

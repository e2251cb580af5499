# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The optional keys of a document, as far as a description has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: Keys that go into the document as they are.
_AS_THEY_ARE = ("asked", "managers", "rebind", "changes")


#: Family → configuration id, first build taken for knowing it. http.sys of an older one refuses the id.
_SINCE = {"hostnameport": (5, 9200), "ccs": (6, 9200), "scopedccs": (11, 18362)}


def refused_families(build: int, held: set[str]) -> list[dict[str, Any]]:
    """What the reader notes in ``asked``; a family that the machine holds a record of is known to it, whatever its build."""
    return [
        {"what": f"records_{family}", "present": False, "evidence": f"HttpQueryServiceConfiguration, id {number}: 87"}
        for family, (number, since) in _SINCE.items()
        if build < since and family not in held
    ]


def optional_keys(description: Mapping[str, Any], build: int, here: Callable[[str], str]) -> dict[str, Any]:
    """Only those that are described; ``here`` turns a thumbprint of the description into the one of this host."""
    found = {name: description[name] for name in _AS_THEY_ARE if name in description}
    refused = refused_families(build, {record["family"] for record in description["records"]})
    if refused:
        found["asked"] = [*found.get("asked", ()), *refused]
    if "mappers" in description:
        found["mappers"] = [{**item, "thumbprint": here(item["thumbprint"])} for item in description["mappers"]]
    if "renewals" in description:
        found["renewals"] = [
            {**item, "old": here(item["old"]), "new": here(item["new"])} for item in description["renewals"]
        ]
    return found


def users(description: dict[str, Any], here: Callable[[str], str]) -> list[dict[str, Any]]:
    """Other users of records and certificates."""
    return [
        {
            "kind": user["kind"],
            "key": user.get("key"),
            "thumbprint": here(user["thumbprint"]) if user.get("thumbprint") else None,
            "evidence": user["evidence"],
        }
        for user in description.get("users", [])
    ]

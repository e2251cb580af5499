# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A result of https_bindings in words: what changes, in which steps, and which clients will see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..model.endpoint import ANY_OTHER_NAME
from ..model.keys import bracketed
from ..model.listing import first_of
from .lines import GLUE, WIDTH, fold

#: What a step on a record does.
_STEP_WORDS = {
    "record_set": "create record",
    "record_update": "update record in place",
    "record_replace": "replace record (delete, then set)",
    "record_delete": "delete record",
}
#: So many hex digits tell two certificates of one host apart in a list.
_SHORT = 8

Item = Mapping[str, Any]


def plan_lines(result: Item, certificates: Sequence[Item] = (), width: int = WIDTH) -> list[str]:
    """The diff, the steps, who is affected, what stays, and what would still be wrong, in lines of at most ``width`` characters.

    ``certificates`` as in results of ``https_bindings_info``: with them, affected clients are told names, not only thumbprints.
    """
    mark = " (simulated)" if result.get("simulated") else ""
    steps, left = result["plan"], _left(result["findings"] or (), width)
    told = [
        f"chose {item['thumbprint']} for {item['binding']}: {item['reason']}" for item in result.get("chosen") or ()
    ]
    told += [f"note: {note}" for note in result.get("notes") or ()]
    notes = [line for text in told for line in _wrapped(text, width)]
    if not steps:
        return [f"nothing to do{mark}", *notes, *left]
    lines = [f"{len(steps)} {'step' if len(steps) == 1 else 'steps'} to do{mark}"]
    for sign, side in (("-", "before"), ("+", "after")):
        for line in (result["diff"] or {}).get(side, "").splitlines():
            glued = line.strip().replace("certificate ", f"certificate{GLUE}")
            # a line that goes on (see text.diff) has no sign of its own
            lines += fold(glued, width, " " * 12 if line.startswith(" ") else f"  {sign} ", " " * 12)
    for step in steps:
        lines += _wrapped(f"{step['id']}. {_step(step)}", width)
        for edit in _edits(step):
            lines += fold(edit, width, " " * 5, " " * 9)
    names = {item["thumbprint"]: item["names"][0] for item in certificates if item["names"]}
    kept = [item for item in result.get("stays") or () if item["bindings"] or item["records"]]
    stays = [line for item in kept for line in _wrapped(_stays(item), width)]
    return [*lines, *_affected(result["affected"], names, width), *stays, *notes, *left]


def _stays(item: Item) -> str:
    """What keeps what it has on a port that is touched: all are counted, the first are named."""
    kept = [
        f"{len(names)} {kind if len(names) > 1 else kind[:-1]} ({first_of(names)})"
        for kind in ("bindings", "records")
        if (names := item[kind])
    ]
    return f"stays on port {item['port']}: {', '.join(kept)}"


def _wrapped(text: str, width: int) -> list[str]:
    return fold(text, width, "  ", " " * 5)


def _step(step: Item) -> str:
    if step["op"] == "probe":
        return f"{len(step['endpoints'])} handshakes by the host itself: {step['reason']}"
    if step["op"] == "bindings":
        return f"IIS configuration, {step['reason']}"
    family = "" if step["family"] == "ipport" else f"{step['family']} "
    return f"{_STEP_WORDS[step['op']]} {family}{step['key']}: {step['reason']}"


def _edits(step: Item) -> Iterator[str]:
    for edit in step.get("edits") or ():
        before, after = edit["before"], edit["after"]
        if before is None:
            yield f"+ {edit['site']} {_binding(after)}"
        elif after is None:
            yield f"- {edit['site']} {_binding(before)}"
        else:
            named = before["information"] != after["information"]
            yield f"~ {edit['site']} {_binding(before)} -> {_binding(after) if named else _flags(after)}"


def _binding(image: Item) -> str:
    return f"{image['information']} {_flags(image)}"


def _flags(image: Item) -> str:
    return f"sslFlags={image['ssl_flags'] or 0}"


def _affected(items: Sequence[Item], names: Mapping[str, str], width: int) -> Iterator[str]:
    """Per change, who meets it; "no SNI" and "any other name" are told as one where both change."""
    bare = {_change(item) for item in items if item["sni"] is None}
    others = {_change(item) for item in items if item["sni"] == ANY_OTHER_NAME}
    changes: dict[str, dict[str, list[str]]] = {}
    for item in items:
        name = item["sni"] or "no name (no SNI)"
        if item["sni"] is None and _change(item) in others:
            continue
        if item["sni"] == ANY_OTHER_NAME:
            name = "any other name, or none" if _change(item) in bare else "any other name"
        gap = ", with a gap" if item["gap"] else ""
        change = f"{_short(item['before'], names)} -> {_short(item['after'], names)}{gap}"
        place = f"{bracketed(item['address'])}:{item['port']}"
        changes.setdefault(change, {}).setdefault(place, []).append(name)
    if changes:
        yield "  clients will meet another certificate:"
    for change, places in changes.items():
        yield from fold(change, width, " " * 4, " " * 8)
        alike: dict[str, list[str]] = {}
        for place, listed in places.items():
            alike.setdefault(", ".join(listed), []).append(place)
        for told, where in alike.items():
            yield from fold(f"on {', '.join(where)}: {told}", width, " " * 6, " " * 9)


def _change(item: Item) -> tuple[object, ...]:
    return (item["address"], item["port"], item["before"], item["after"])


def _short(identity: str | None, names: Mapping[str, str]) -> str:
    if identity is None:
        return "nothing"
    if identity.startswith("file:"):
        return identity
    short = f"{identity[:_SHORT]}.."
    return f"{names[identity]} ({short})" if identity in names else short


def _left(findings: Sequence[Item], width: int) -> list[str]:
    """What would still be wrong afterwards, without mere information."""
    told = [item for item in findings if item["severity"] != "info"]
    texts = [f"still wrong: {item['id']} {item['subject']}: {item['evidence']}" for item in told]
    return [line for text in texts for line in _wrapped(text, width)]

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host serves and why, as lines for a terminal: one table of endpoints, then what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..model.endpoint import ANY_OTHER_NAME
from ..model.keys import bracketed
from ..model.visible import visible
from .lines import GLUE, WIDTH, fold

_BECAUSE = {
    "exact_address": "this very address",
    "scoped_central_store": "central store for this name",
    "exact_name": "this very name",
    "wildcard_name": "a wildcard name",
    "central_store": "central store",
    "any_ipv6": "any IPv6 address",
    "any_address": "any address",
}
_NOTHING = {
    "no_record": "nothing: no record",
    "not_listening": "nothing: nobody listens",
    "certificate_missing": "NOTHING: certificate missing",
    "key_unusable": "NOTHING: key unusable",
    "unsupported": "? not predictable",
}
_MARKS = {"error": "!!", "warning": " !", "info": "  "}
#: So many findings of one kind are told one by one; after that only how many more there are.
_TOLD = {"error": 20, "warning": 10, "info": 3}
#: How the class of all names without a record of their own is called; it comes after the names it stands for.
_REST = ("any other name", "any other, or none")
#: So many names of one class have a row each.
_NAMES = 12
#: Certificates with fewer days left are shown with their days.
_SOON = 60
#: The last column needs so much room to be read as one: most of what it says breaks into two lines at most.
_NARROW = len("of that name")
_LOOPBACK = ("127.0.0.1", "::1")

Item = Mapping[str, Any]


def explain(info: Item, width: int = WIDTH) -> list[str]:
    """Lines of at most ``width`` characters for a result of ``https_bindings_info``; a row that is longer goes on below."""
    names = {item["thumbprint"]: item for item in info["certificates"]}
    classes = [item for item in info["endpoint_classes"] if set(item["addresses"]) - set(_LOOPBACK)]
    everywhere = {address for item in classes for address in item["addresses"]} - set(_LOOPBACK)
    rows = [row for item in _folded(classes) for row in _unfolded(item)]
    table = _endpoints(rows, names, everywhere, width)
    return [*fold(_heading(info), width, rest="  "), *table, *_findings(info["findings"], width)]


def _endpoints(classes: Sequence[Item], names: Mapping[str, Item], everywhere: set[str], width: int) -> list[str]:
    """A table in parts: one part per set of addresses and port, since that is where a client comes to first.

    Where its columns need more than ``width``, each row is a sentence instead.
    """
    if not classes:
        return ["  no HTTPS endpoint"]
    head = ("ASKING FOR", "GETS", "UNTIL", "BY RECORD")
    rows = [tuple(visible(cell) for cell in _row(item, names)) for item in classes]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head) - 1)]
    fits = len(_start(head, widths)) + _NARROW <= width
    parts: dict[str, list[str]] = {}
    for item, row in zip(classes, rows, strict=True):
        told = _in_columns(row, widths, width) if fits else _in_words(row, width)
        parts.setdefault(_place(item, everywhere), []).extend(told)
    lines = _in_columns(head, widths, width) if fits else []
    for place, listed in parts.items():
        lines += [*fold(place, width, "  ", " " * 5), *listed]
    return lines


def _start(row: Sequence[str], widths: Sequence[int]) -> str:
    """A row up to where its last cell begins."""
    return "    " + "".join(f"{cell.ljust(size)}  " for cell, size in zip(row, widths, strict=False))


def _in_columns(row: Sequence[str], widths: Sequence[int], width: int) -> list[str]:
    """A row of the table; its last cell goes on below itself."""
    start = _start(row, widths)
    return fold(row[-1], width, start, " " * len(start))


def _in_words(row: Sequence[str], width: int) -> list[str]:
    """A row as a sentence, for names too long to stand side by side."""
    asked, gets, until, record = row
    day = "" if until == "-" else f", until {until}"
    decided = "" if record == "-" else f", by the record {record}"
    return [*fold(asked, width, " " * 4, " " * 8), *fold(f"gets {gets}{day}{decided}", width, " " * 8, " " * 10)]


def _place(item: Item, everywhere: set[str]) -> str:
    addresses = [address for address in item["addresses"] if address not in _LOOPBACK]
    if set(addresses) == everywhere:
        return f"on every address, port {item['port']}"
    return f"on {', '.join(bracketed(address) for address in addresses)}, port {item['port']}"


def _heading(info: Item) -> str:
    host = info["host"]
    iis = host.get("iis")
    words = [
        host["os"]["name"],
        f"IIS {iis['major']}.{iis['minor']}" if iis else "no IIS",
        host["support_tier"].replace("_", " "),
    ]
    return f"{host['name']}: {', '.join(words)}{' (simulated)' if info.get('simulated') else ''}"


def _folded(classes: Sequence[Item]) -> list[Item]:
    """Join "no SNI" and "any other name" where both get the same answer: one row less to read at night."""
    rows: list[Item] = []
    bare = {_answer(item): item for item in classes if item["sni"] is None}
    others = {_answer(item) for item in classes if item["sni"] == ANY_OTHER_NAME}
    for item in classes:
        if item["sni"] == ANY_OTHER_NAME and _answer(item) in bare:
            rows.append({**item, "sni": "any other, or none"})
        elif item["sni"] == ANY_OTHER_NAME:
            rows.append({**item, "sni": "any other name"})
        elif item["sni"] is None and _answer(item) in others:
            continue
        else:
            rows.append({**item, "sni": item["sni"] or "no name (no SNI)"})
    return rows


def _unfolded(item: Item) -> list[Item]:
    """A row for each name that a class stands for, up to :data:`_NAMES`; how many more there are, after that."""
    names = list(item.get("names") or ())
    rest = len(names) - _NAMES
    told = [*names[:_NAMES], f"{rest} more names"] if rest > 1 else names
    rows = [{**item, "sni": name} for name in told]
    return [*rows, item] if item["sni"] in _REST else [item, *rows]


def _answer(item: Item) -> tuple[object, ...]:
    return (tuple(item["addresses"]), item["port"], item["record"], item["outcome"])


def _row(item: Item, names: Mapping[str, Item]) -> tuple[str, ...]:
    return (item["sni"], *_certificate(item, names), _decided(item))


def _decided(item: Item) -> str:
    """The record that decides, and why it does; a record for the very name asked for is not named again."""
    if not item["record"]:
        return "-"
    record, because = item["record"].removeprefix("hostnameport "), _BECAUSE.get(item["rule"] or "", "")
    if item["rule"] == "exact_name" and record == f"{item['sni']}:{item['port']}":
        return "of that name"
    told = f"{record}, {because.replace(' ', GLUE)}" if because else record
    hidden = [key.partition(" ")[2] for key in item["shadowed"] if key.startswith("hostnameport")]
    return f"{told}, hides {', '.join(hidden)}" if item["rule"] == "exact_address" and hidden else told


def _certificate(item: Item, names: Mapping[str, Item]) -> tuple[str, str]:
    """What is served, in a few words, and until when."""
    if item["outcome"] == "central_store":
        return (f"file {item['file'] or 'of that name'}", "?")
    if item["outcome"] != "served":
        return (str(_NOTHING.get(item["outcome"], item["outcome"])), "-")
    certificate = names.get(item["served"])
    if certificate is None or not certificate["not_after"]:
        return (str(item["served"]), "?")
    listed = certificate["names"] or ["(no name)"]
    more = f" +{len(listed) - 1}" if len(listed) > 1 else ""
    day, left = certificate["not_after"][:10], certificate["days_left"]
    soon = " EXPIRED" if left < 0 else f" ({left} days)" if left <= _SOON else ""
    return (f"{listed[0]}{more}", f"{day}{soon}")


def _findings(findings: Sequence[Item], width: int) -> list[str]:
    if not findings:
        return ["  findings: none"]
    lines = []
    counts: dict[tuple[str, str], int] = {}
    for item in findings:
        kind = (item["id"], item["severity"])
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] > _TOLD[item["severity"]]:
            continue
        text = f"{item['id']} {item['subject']}: {item['evidence']}"
        lines += fold(text, width, f"  {_MARKS[item['severity']]} ", " " * 7)
        if item["repair"]:
            lines += fold(f"repair: {item['repair']}", width, " " * 7, " " * 9)
    for (name, severity), count in counts.items():
        rest = count - _TOLD[severity]
        if rest > 0:
            lines += fold(f"{name}: {rest} more of the same kind", width, f"  {_MARKS[severity]} ", " " * 7)
    return lines

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random hosts with lists of steps: plans of the core, the same with something wrong in them, and steps nobody planned."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from laws import cases, strategies

#: Bits that every Windows takes; the fakes do not look at them.
FLAGS = (1, 2, 3, 5)
Steps = list[dict[str, Any]]


class Case:
    """A host of the laws, and the steps of what the core has planned for it; in half of the cases something is wrong in them.

    ``number``: the same number is the same case. Shown so that a failing case can be made a test of its own.
    """

    def __init__(self, number: int, damaged: bool = True) -> None:
        chance = random.Random(number)
        self.number = number
        self.law = cases.Case(chance)
        self.description, self.document = self.law.description, self.law.document
        self.steps: Steps = self.law.wire
        #: Arguments beside the steps that are not as usual.
        self.more: dict[str, Any] = {}
        if damaged and (chance.random() < 0.5 or not self.steps):
            self._damage(chance)

    def _damage(self, chance: random.Random) -> None:
        self.steps = copy.deepcopy(self.steps)
        if not self.steps or chance.random() < 0.4:
            self.steps += [made_up(self.document, chance) for _number in range(chance.randint(1, 4))]
            chance.shuffle(self.steps)
        for _number in range(chance.choice((0, 1, 1, 2, 4))):
            chance.choice(DAMAGES)(self.steps, self.document, chance)
        if chance.random() < 0.3:
            self.more = chance.choice(ODD_ARGUMENTS)

    def __repr__(self) -> str:
        return "\n  ".join((f"case {self.number}: {self.law.world!r}", *map(repr, self.steps)))


def made_up(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A step of any kind, about what is there or is not; its images fit often enough."""
    if chance.random() < 0.4 and document["sites"]:
        edits = [_edit(document, chance) for _number in range(chance.randint(1, 3))]
        return {"op": "bindings", "edits": edits}
    if chance.random() < 0.2:
        return {"op": "probe", "endpoints": [_endpoint(document, chance) for _number in range(chance.randint(0, 3))]}
    known = [item for item in document["records"] if item["family"] != "scopedccs"]
    held = chance.choice(known) if known and chance.random() < 0.7 else None
    families = ("ipport", "hostnameport", "ccs")
    family = held["family"] if held else chance.choice(families)
    # ``*`` is the central store in its older spelling, which is one record with the other.
    names = ("new.example.com:443", "new.example.com:443", "*:443", "*:8443")
    keys = {"ipport": "10.0.0.6:8443", "hostnameport": chance.choice(names), "ccs": "8443"}
    key = held["key"] if held else keys[family]
    hashless = family == "ccs" or (key.startswith("*:") and chance.random() < 0.7)
    before = None if held is None else {name: value for name, value in held.items() if name not in ("family", "key")}
    after: dict[str, Any] = {
        "thumbprint": None if hashless else _thumbprint(document, chance),
        "store": None if hashless else chance.choice((None, "MY", "WebHosting")),
    }
    if not hashless or chance.random() < 0.1:
        after |= chance.choice(({}, {"flags": chance.choice(FLAGS)}, {"freshness": 7, "timeout": 9, "check_mode": 5}))
        after |= chance.choice(
            ({}, {}, {"ctl_identifier": "Ü", "ctl_store": "CA"}, {"app_id": strategies.FOREIGN.upper()})
        )
    op = chance.choice(("record_update", "record_replace", "record_delete") if held else ("record_set",))
    if chance.random() < 0.1:
        op = chance.choice(("record_set", "record_update", "record_replace", "record_delete"))
    if op == "record_set":
        before = None
    elif before is None:
        before = after
    return {"op": op, "family": family, "key": key, "before": before, "after": None if op == "record_delete" else after}


def _thumbprint(document: dict[str, Any], chance: random.Random) -> str:
    known: list[str] = [item["thumbprint"] for item in document["certificates"]]
    return chance.choice([*known, *known, strategies.thumbprint(99)])


def _edit(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    site = chance.choice(document["sites"])
    information = f"{chance.choice(('*', '10.0.0.5', '[::]'))}:{chance.choice((443, 8443))}:{chance.choice(('', *strategies.NAMES))}"
    flags = chance.choice((None, 0, 1, 3, 33)) if document["schema_ssl_flags"] or chance.random() < 0.1 else None
    fresh = {"protocol": "https", "information": information, "ssl_flags": flags}
    count = len(site["bindings"])
    if not count or chance.random() < 0.4:
        place = chance.choice((None, count, chance.randint(0, count), count + 1))
        return {"site": site["name"], "position": place, "before": None, "after": fresh}
    place = chance.randrange(count)
    after = chance.choice((None, fresh, {**site["bindings"][place], "ssl_flags": flags}))
    return {"site": site["name"], "position": place, "before": dict(site["bindings"][place]), "after": after}


def _endpoint(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    place = {"address": chance.choice(strategies.ADDRESSES), "port": chance.choice(strategies.PORTS)}
    sni = chance.choice((None, *strategies.NAMES))
    return {**place, "sni": sni, "expect": chance.choice((None, _thumbprint(document, chance)))}


def _drop(steps: Steps, document: dict[str, Any], chance: random.Random) -> None:
    if steps:
        del steps[chance.randrange(len(steps))]


def _twice(steps: Steps, document: dict[str, Any], chance: random.Random) -> None:
    if steps:
        steps.insert(chance.randint(0, len(steps)), copy.deepcopy(chance.choice(steps)))


def _shuffle(steps: Steps, document: dict[str, Any], chance: random.Random) -> None:
    chance.shuffle(steps)


def _another(steps: Steps, document: dict[str, Any], chance: random.Random) -> None:
    steps.insert(chance.randint(0, len(steps)), made_up(document, chance))


def _image(steps: Steps, document: dict[str, Any], chance: random.Random) -> None:
    """Another value in an image: what is expected is not there, or what is wanted cannot be."""
    # whether a store counts at a record of the central store, no source says
    mine = [step for step in steps if step.get("family") != "ccs" and not step.get("key", "").startswith("*:")]
    images = [step[name] for step in mine for name in ("before", "after") if step.get(name)]
    if images:
        # images are compared without case; the model writes letters as they come, so "after" keeps its own
        before = [step["before"] for step in mine if step.get("before") and step["before"]["thumbprint"]]
        if before and chance.random() < 0.3:
            image = chance.choice(before)
            image["thumbprint"] = image["thumbprint"].lower()
            return
        values = {
            "flags": chance.choice(FLAGS),
            "freshness": 3,
            "thumbprint": _thumbprint(document, chance),
            "store": chance.choice((None, "my", "CA")),
        }
        name = chance.choice(list(values))
        chance.choice(images)[name] = values[name]


def _binding(steps: Steps, document: dict[str, Any], chance: random.Random) -> None:
    found = [edit for step in steps if step["op"] == "bindings" for edit in step.get("edits", ())]
    edits = [edit for edit in found if {"site", "position", "before", "after"} <= edit.keys()]
    if not edits:
        return
    edit = chance.choice(edits)
    kind = chance.randrange(4)
    if kind == 0:
        edit["site"] = chance.choice(("Nowhere", edit["site"].upper()))
    elif kind == 1:
        edit["position"] = chance.randint(0, 4)
    elif edit["before"] and kind == 2:
        edit["before"]["ssl_flags"] = chance.choice((None, 0, 1))
    elif edit["after"]:
        edit["after"]["information"] = chance.choice(("*:443:", "*:80:", edit["after"]["information"].upper()))


def _expected(steps: Steps, document: dict[str, Any], chance: random.Random) -> None:
    endpoints = [item for step in steps if step["op"] == "probe" for item in step.get("endpoints", ())]
    if endpoints:
        chance.choice(endpoints)["expect"] = chance.choice((None, _thumbprint(document, chance)))


def _malformed(steps: Steps, document: dict[str, Any], chance: random.Random) -> None:
    """Against the contract: refused before anything is done."""
    if not steps or chance.random() < 0.7:
        return
    step = chance.choice(steps)
    parts = [step, *step.get("edits", ()), *step.get("endpoints", ())]
    part = chance.choice(parts)
    if chance.random() < 0.4:
        del part[chance.choice([name for name in part if name != "op"] or list(part))]
    elif chance.random() < 0.5:
        part["more"] = 1
    else:
        step["op"] = chance.choice(("record_drop", "record_set", "record_delete", "record_update"))


ODD_ARGUMENTS: tuple[dict[str, Any], ...] = (
    {"shared_configuration": False},
    {"probe": {"on_unverified": "ignore", "timeout": 20, "retries": 1}},
    {"probe": {"on_unverified": "ignore", "timeout": 20, "retries": 0}},
    {"probe": {"on_unverified": "never", "timeout": 20, "retries": 0}},
    {"computer": "OTHER"},
    {"contract": 2},
    {"shared_configuration": "yes"},
    {"more": 1},
)
DAMAGES: tuple[Callable[[Steps, dict[str, Any], random.Random], None], ...] = (
    _drop,
    _twice,
    _shuffle,
    _another,
    _image,
    _image,
    _binding,
    _binding,
    _expected,
    _malformed,
)

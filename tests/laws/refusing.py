# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws about what is refused and what is never shown: L11 and L12. In the form of :mod:`laws.changing`."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.visible import visible
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.facts import facts
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.text import plan_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell import checks, spec
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell.arguments import validated
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.schema import fits

from .cases import PROBE, READ, Case
from .world import NOW

#: What may stand in the place of something else.
JUNK: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**70, 1.5, "", "x", "nonsense:0", "a" * 300, "two\nlines", "\u202e", "{{ x }}"),
    *([], [None], {}, {"x": 1}, [["x"]], "10.0.0.256:443", "AB" * 19, "*.*.example.com", "10.0.0.5", 65536),
)


def no_certificate_stands_in_what_is_shown(case: Case) -> bool:
    if not case.document["certificates"] or not case.looked_at:
        return False
    shown: list[Any] = [case.shown, case.told, facts(case.host, NOW)]
    if case.plan is not None:
        shown += [case.prediction, case.promised, plan_document(case.plan, "2026-11-24T12:00:00Z")]
    text = json.dumps(shown)
    for certificate in case.document["certificates"]:
        # some bytes out of the middle: no certificate has them but this one
        assert certificate["der"][200:240] not in text or not certificate["der"][200:240]
    return True


def a_damaged_document_is_refused_with_its_place(case: Case) -> bool:
    if case.looked_at:
        return False
    document, place = _damaged(case.document, "document", case.chance)
    try:
        parse_document(document)
    except Invalid as refusal:
        _clear(refusal, place, "document")
    else:
        # what was put there may do no harm: then the contract allows it, too
        assert fits(document) or place.startswith("document.journal."), place
    assert case.world.writes == 0
    return True


def a_damaged_request_is_refused_with_its_place(case: Case) -> bool:
    if case.looked_at:
        return False
    args, place = _damaged({**case.args, "read": READ, "probe": PROBE}, "", case.chance)
    try:
        _canonical, request = validated(spec.HTTPS_BINDINGS, args, checks.bindings)
    except Invalid as refusal:
        _clear(refusal, place, "")
        return True
    try:
        make_plan(case.host, request, NOW)
    except Invalid as refusal:
        assert all(problem.message for problem in refusal.problems)
    assert case.world.writes == 0
    return True


def _clear(refusal: Invalid, place: str, root: str) -> None:
    assert refusal.problems
    for problem in refusal.problems:
        assert problem.message and problem.path.startswith(root)
        assert visible(str(problem)) == str(problem)
    # what contradicts something else may be told there
    near = place.partition(".")[0]
    told = any(_meet(problem.path, place) or (near and near in str(problem)) for problem in refusal.problems)
    assert told, (place, str(refusal))


def _meet(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return not short or long == short or long.startswith((f"{short}.", f"{short}["))


def _damaged(whole: dict[str, Any], path: str, chance: Random) -> tuple[Any, str]:
    """A copy with something wrong at one place, and the place."""
    copied = copy.copy(whole)
    place: Any = copied
    while True:
        key = chance.choice(sorted(place) if isinstance(place, dict) else range(len(place)))
        if not isinstance(place[key], dict | list) or not place[key] or not chance.randrange(4):
            break
        place[key] = copy.copy(place[key])  # what lies beside the way is shared with the whole
        path, place = _under(path, key), place[key]
    what = chance.randrange(6)
    if what == 0 and isinstance(place, dict):
        place["surprise"] = chance.choice(JUNK)
        return copied, _under(path, "surprise")
    if what == 1:
        del place[key]
        return copied, _under(path, key) if isinstance(place, dict) else path
    if what == 2 and isinstance(place[key], str):
        place[key] = place[key][: chance.randrange(len(place[key]) + 1)]
    else:
        place[key] = chance.choice(JUNK)
    return copied, _under(path, key)


def _under(path: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key

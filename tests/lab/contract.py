# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two host modules are asked and answer: argument checks, and the document of a simulated host."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

LIMIT = 64 * 1024
_CERTIFICATES = ("referenced", "candidates", "all")
_KEY_CHECKS = ("metadata", "open", "sign")
_RECORD_OPS = {
    "record_set": (False, True),
    "record_update": (True, True),
    "record_replace": (True, True),
    "record_delete": (True, False),
}


class BadArgument(Exception):
    """``place`` and sentence of an argument that is not as the contract says; ``code`` of the error."""

    def __init__(self, place: str, message: str, code: str = "bad_argument") -> None:
        self.place, self.message, self.code = place, message, code
        super().__init__(f"{place}: {message}")


def failure(fault: BadArgument) -> dict[str, Any]:
    """The answer of a module that did not even begin."""
    error = {"code": fault.code, "place": fault.place, "hint": None, "step": None, "call": None, "number": None}
    return {"changed": False, "failed": True, "contract": 1, "msg": str(fault), "error": error}


def check_reader(args: dict[str, Any]) -> None:
    """Arguments of host_reader. Raises :class:`BadArgument`."""
    _keys(args, "", {"contract", "certificates", "key_check"})
    _contract(args)
    _read(args, "")


def check_applier(args: dict[str, Any], computer: str) -> dict[str, Any]:
    """Arguments of host_applier on a computer of this name, with the steps as a list. Raises :class:`BadArgument`."""
    args = unpacked(args)
    optional = {"shared_configuration"}
    _keys(
        {name: value for name, value in args.items() if name not in optional},
        "",
        {"contract", "computer", "steps", "probe", "read"},
    )
    if not isinstance(args.get("shared_configuration", False), bool):
        raise BadArgument("shared_configuration", "must be true or false")
    _contract(args)
    if str(args["computer"]).lower() != computer.lower():
        message = f"the steps are for {args['computer']}, this is {computer}"
        raise BadArgument("computer", message, "computer_mismatch")
    _keys(args["probe"], "probe", {"on_unverified", "timeout", "retries"})
    _choice(args["probe"], "probe", "on_unverified", ("fail", "ignore"))
    _keys(args["read"], "read", {"certificates", "key_check"})
    _read(args["read"], "read.")
    if not isinstance(args["steps"], list):
        raise BadArgument("steps", "must be a list")
    for index, step in enumerate(args["steps"]):
        _step(step, f"steps[{index}]")
    return args


def unpacked(args: dict[str, Any]) -> dict[str, Any]:
    """The arguments with their steps as a list, which travel as text where there are many. Raises :class:`BadArgument`."""
    if not isinstance(args.get("steps"), str):
        return args
    try:
        return {**args, "steps": json.loads(gzip.decompress(base64.b64decode(args["steps"], validate=True)))}
    except (ValueError, OSError, EOFError) as fault:
        raise BadArgument("steps", f"arrived damaged: {fault}") from None


def _step(step: Any, place: str) -> None:
    op = step.get("op") if isinstance(step, dict) else None
    if op == "bindings":
        _keys(step, place, {"op", "edits"})
        for index, edit in enumerate(step["edits"]):
            _keys(edit, f"{place}.edits[{index}]", {"site", "position", "before", "after"})
    elif op == "probe":
        _keys(step, place, {"op", "endpoints"})
        for index, endpoint in enumerate(step["endpoints"]):
            _keys(endpoint, f"{place}.endpoints[{index}]", {"address", "port", "sni", "expect"})
    elif op in _RECORD_OPS:
        _keys(step, place, {"op", "family", "key", "before", "after"})
        if (step["before"] is not None, step["after"] is not None) != _RECORD_OPS[op]:
            raise BadArgument(place, f"{op} has the wrong images")
    else:
        raise BadArgument(f"{place}.op", f"{op!r} is not known")


def _keys(data: Any, place: str, wanted: set[str]) -> None:
    if not isinstance(data, dict):
        raise BadArgument(place, "must be an object")
    for name in sorted(wanted - set(data)):
        raise BadArgument(f"{place}.{name}".lstrip("."), "is missing")
    for name in sorted(set(data) - wanted):
        raise BadArgument(f"{place}.{name}".lstrip("."), "is not known")


def _contract(args: dict[str, Any]) -> None:
    if args["contract"] != 1:
        raise BadArgument("contract", f"this host speaks contract 1, not {args['contract']!r}", "contract_mismatch")


def _read(args: dict[str, Any], place: str) -> None:
    _choice(args, place.rstrip("."), "certificates", _CERTIFICATES)
    _choice(args, place.rstrip("."), "key_check", _KEY_CHECKS)


def _choice(args: dict[str, Any], place: str, name: str, known: tuple[str, ...]) -> None:
    if args[name] not in known:
        raise BadArgument(f"{place}.{name}".lstrip("."), f"must be one of {', '.join(known)}")


def packed(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as it travels: a large document as ``document_gz``."""
    document = answer.get("document")
    if document is None:
        return answer
    text = json.dumps(document, separators=(",", ":")).encode()
    if len(text) <= LIMIT:
        return answer
    rest = {name: value for name, value in answer.items() if name != "document"}
    return {**rest, "document_gz": base64.b64encode(gzip.compress(text, 6, mtime=0)).decode()}

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments and answers of the two host modules (docs/contracts.md §6)."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.host import Host
from ..model.problems import Invalid, Problem
from ..model.steps import Step
from .document import parse_document
from .fields import is_whole
from .steps import step_to_wire

CONTRACT = 1


class HostError(Exception):
    """The host refused or failed. ``code`` is one of contracts.md §6; ``hint`` and ``place`` may be empty.

    ``step`` is the index of the step, ``call`` the Windows function and ``number`` its code; None where there is none.
    """

    def __init__(
        self,
        message: str,
        code: str = "internal",
        hint: str = "",
        place: str = "",
        step: int | None = None,
        call: str | None = None,
        number: int | None = None,
    ) -> None:
        self.message, self.code, self.hint, self.place = message, code, hint, place
        self.step, self.call, self.number = step, call, number
        super().__init__(message)

    def view(self) -> dict[str, Any]:
        """The error as data, the message aside."""
        return {name: getattr(self, name) for name in ("code", "place", "hint", "step", "call", "number")}


@dataclass(frozen=True)
class Applied:
    """What the applier did. ``undone``: None (nothing to undo), ``complete`` or ``partial``; ``document`` is the re-read, if any.

    ``unconfirmed``: the run that its guard undoes unless it is confirmed.
    """

    changed: bool
    applied: int
    error: HostError | None
    undone: str | None
    undo_errors: tuple[str, ...]
    probes: tuple[Mapping[str, Any], ...]
    document: Mapping[str, Any] | None
    unconfirmed: str | None = None


def reader_args(certificates: str = "candidates", key_check: str = "open") -> dict[str, Any]:
    """Arguments of host_reader."""
    return {"contract": CONTRACT, "certificates": certificates, "key_check": key_check}


def applier_args(
    computer: str,
    steps: Sequence[Step],
    probe: Mapping[str, Any],
    read: Mapping[str, Any],
    shared_configuration: bool = False,
) -> dict[str, Any]:
    """Arguments of host_applier. ``probe``: on_unverified, timeout, retries; ``read``: certificates, key_check.

    ``shared_configuration``: may bindings be committed where other hosts share the configuration?
    """
    return {
        "contract": CONTRACT,
        "computer": computer,
        "steps": _packed([step_to_wire(step) for step in steps]),
        "probe": dict(probe),
        "read": dict(read),
        "shared_configuration": shared_configuration,
    }


def guard_args(applier: Mapping[str, Any], minutes: int, engine: Sequence[str]) -> dict[str, Any]:
    """Arguments of host_guard for an apply. ``applier``: those of host_applier; ``engine``: C# as gzip in base64."""
    return {**applier, "guard": {"minutes": minutes, "engine": list(engine)}}


def confirm_args(applier: Mapping[str, Any], run: str) -> dict[str, Any]:
    """Arguments of host_guard to confirm a run. ``applier``: those of host_applier without steps."""
    return {**applier, "confirm": run}


def _packed(steps: list[dict[str, Any]]) -> list[dict[str, Any]] | str:
    """Steps as they travel: gzip of their JSON in base64, an empty list as it is."""
    text = json.dumps(steps, separators=(",", ":")).encode()
    # The time stays out of it: the same plan is the same text.
    return base64.b64encode(gzip.compress(text, mtime=0)).decode("ascii") if steps else steps


def document_of(result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The document of an answer, unpacked where it travelled as gzip. Raises HostError when it is damaged."""
    packed = result.get("document_gz")
    if packed is None:
        document = result.get("document")
        return document if isinstance(document, Mapping) else None
    try:
        document = json.loads(gzip.decompress(base64.b64decode(packed, validate=True)))
    except (ValueError, OSError, EOFError, TypeError, binascii.Error) as fault:
        raise HostError(f"the host's document arrived damaged: {fault}", "contract_mismatch") from None
    if not isinstance(document, Mapping):
        raise HostError("the host's document is no object", "contract_mismatch")
    return document


def parse_reader(result: Mapping[str, Any]) -> tuple[Host, Mapping[str, Any]]:
    """The host and its document out of the reader's answer. Raises HostError, or Invalid for a document with faults."""
    error = _error(result)
    if error is not None:
        raise error
    _check_contract(result)
    document = document_of(result)
    if document is None:
        raise HostError("the host answered without a document", "contract_mismatch")
    return parse_document(document), document


def parse_applier(result: Mapping[str, Any]) -> Applied:
    """The applier's answer. An error of the host is data here (``error``), since an undo may have followed it."""
    error = _error(result)
    if error is None or "applied" in result:
        _check_contract(result)
    probes = result.get("probes") or ()
    if not isinstance(probes, list | tuple) or not all(isinstance(probe, Mapping) for probe in probes):
        raise Invalid([Problem("probes", "must be a list of objects")])
    return Applied(
        changed=result.get("changed") is True,
        applied=result["applied"] if is_whole(result.get("applied")) else 0,
        error=error,
        undone=result.get("undone") if result.get("undone") in ("complete", "partial") else None,
        undo_errors=tuple(_words(item) for item in result.get("undo_errors") or ()),
        probes=tuple(probes),
        document=document_of(result),
        unconfirmed=str(result["unconfirmed"]) if result.get("unconfirmed") else None,
    )


def _check_contract(result: Mapping[str, Any]) -> None:
    if result.get("contract") != CONTRACT:
        found = result.get("contract")
        raise HostError(f"the host speaks contract {found!r}, this collection speaks {CONTRACT}", "contract_mismatch")


def _error(result: Mapping[str, Any]) -> HostError | None:
    data = result.get("error")
    if not result.get("failed") and not data:
        return None
    fields: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    message = str(result.get("msg") or result.get("exception") or "the module failed without a message")
    code, hint, place = str(fields.get("code") or "internal"), fields.get("hint") or "", fields.get("place") or ""
    step, number = (value if is_whole(value) else None for value in (fields.get("step"), fields.get("number")))
    return HostError(message, code, str(hint), str(place), step, fields.get("call"), number)


def _words(item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    number = item.get("number")
    words = [item.get("place"), item.get("call"), item.get("code"), None if number is None else f"error {number}"]
    said = ", ".join(str(word) for word in words if word)
    return f"{said}: {item['hint']}" if item.get("hint") else said or "no details"

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps to and from JSON (docs/contracts.md §4). Images leave out what has its default, so that a step stays small."""

from __future__ import annotations

from typing import Any

from ..model.host import Binding, RecordValue
from ..model.keys import IIS_APP_ID, store_key
from ..model.problems import Problem
from ..model.steps import BindingEdit, BindingsStep, Expectation, ProbeStep, RecordStep, Step
from .document import BINDING_KEYS, RECORD_VALUE_KEYS, binding_from_wire, record_key_from_wire, record_value_from_wire
from .fields import Fields

RECORD_OPS = ("record_set", "record_update", "record_replace", "record_delete")


def record_image(value: RecordValue | None) -> dict[str, Any] | None:
    """A record without its key; defaults left out."""
    if value is None:
        return None
    image: dict[str, Any] = {"thumbprint": value.thumbprint}
    if store_key(value.store) != "MY":
        image["store"] = value.store
    if value.app_id != IIS_APP_ID:
        image["app_id"] = value.app_id
    for name in ("flags", "check_mode", "freshness", "timeout", "ctl_identifier", "ctl_store"):
        if getattr(value, name):
            image[name] = getattr(value, name)
    return image


def binding_image(binding: Binding | None) -> dict[str, Any] | None:
    """A binding as IIS keeps it; the attribute that is absent stays absent."""
    if binding is None:
        return None
    return {"protocol": binding.protocol, "information": binding.information, "ssl_flags": binding.ssl_flags}


def step_to_wire(step: Step) -> dict[str, Any]:
    """One step as the applier takes it."""
    if isinstance(step, RecordStep):
        images = {"before": record_image(step.before), "after": record_image(step.after)}
        return {"op": step.op, "family": step.key.family, "key": step.key.text, **images}
    if isinstance(step, BindingsStep):
        return {"op": step.op, "edits": [_edit(edit) for edit in step.edits]}
    return {"op": step.op, "endpoints": [_expectation(endpoint) for endpoint in step.endpoints]}


def _edit(edit: BindingEdit) -> dict[str, Any]:
    images = {"before": binding_image(edit.before), "after": binding_image(edit.after)}
    return {"site": edit.site, "position": edit.position, **images}


def _expectation(item: Expectation) -> dict[str, Any]:
    return {"address": item.address, "port": item.port, "sni": item.sni, "expect": item.expect}


def step_from_wire(data: Any, path: str, problems: list[Problem]) -> Step:
    """Read one step of a plan file; faults go into ``problems``. Where it is not known what to do, nothing more is told of it."""
    faults = len(problems)
    op = Fields(data, path, problems).choice("op", (*RECORD_OPS, "bindings", "probe"))
    if len(problems) > faults:
        return ProbeStep((), "")
    common = {"id", "op", "reason", "inverse"}
    if op == "bindings":
        item = Fields(data, path, problems, frozenset(common | {"edits"}))
        keys = frozenset(("site", "position", "before", "after"))
        return BindingsStep(tuple(_read_edit(edit) for edit in item.objects("edits", keys)), item.text("reason", ""))
    if op == "probe":
        item = Fields(data, path, problems, frozenset(common | {"endpoints"}))
        keys = frozenset(("address", "port", "sni", "expect"))
        return ProbeStep(
            tuple(_read_expectation(one) for one in item.objects("endpoints", keys)), item.text("reason", "")
        )
    item = Fields(data, path, problems, frozenset(common | {"family", "key", "before", "after"}))
    before, after = (_read_record(item, side) for side in ("before", "after"))
    wants = {"record_set": (False, True), "record_delete": (True, False)}.get(op, (True, True))
    if (before is not None, after is not None) != wants:
        item.fault(
            "",
            f"{op} needs {' and '.join(name for name, want in zip(('before', 'after'), wants, strict=True) if want)} and no other image",
        )
    return RecordStep(op, record_key_from_wire(item), before, after, item.text("reason", ""))


def _read_record(item: Fields, side: str) -> RecordValue | None:
    image = item.optional_object(side, RECORD_VALUE_KEYS)
    return None if image is None else record_value_from_wire(image)


def _read_edit(item: Fields) -> BindingEdit:
    images = [item.optional_object(side, BINDING_KEYS) for side in ("before", "after")]
    before, after = (None if image is None else binding_from_wire(image) for image in images)
    if before is None and after is None:
        item.fault("", "needs before, after or both")
    return BindingEdit(item.text("site"), item.optional_number("position", low=0), before, after)


def _read_expectation(item: Fields) -> Expectation:
    port = item.number("port", low=1, high=65535)
    return Expectation(item.text("address"), port, item.optional_text("sni"), item.optional_text("expect"))

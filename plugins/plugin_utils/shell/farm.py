# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plans of a farm as a result, and as files: one directory per phase, one file per host in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ..model.host import Host
from ..model.problems import Invalid, Problem
from ..planning.farm import farm_plan
from ..planning.request import Request
from ..render.results import predicted
from ..render.text import plan_document
from ..wire.document import parse_document
from ..wire.views import utc
from .change import collector_at_rest
from .files import write_plan

#: What stands in a phase for each host, as in results of one host.
_KEYS = ("plan", "affected", "diff", "stays", "notes")


def farm_plans(
    documents: Sequence[Mapping[str, Any]], asked: Request, now: datetime, dest: Path | None, check_mode: bool
) -> dict[str, Any]:
    """The result of planning a farm. Raises Invalid with every refusal, before any file is written."""
    hosts = [_host(document, f"documents[{index}]") for index, document in enumerate(documents)]
    with collector_at_rest():
        farm = farm_plan(hosts, asked, now)
    changed, told = False, []
    for phase in farm.phases:
        plans = []
        for plan in phase.plans:
            file = None if dest is None else dest / phase.name / f"{plan.host.name.lower()}.json"
            if file is not None:
                changed |= _written(file, plan_document(plan, utc(now)), check_mode)
            view = predicted(plan)
            plans.append({"host": plan.host.name, "dest": file and str(file), **{key: view[key] for key in _KEYS}})
        told.append({"name": phase.name, "plans": plans})
    return {
        "changed": changed,
        "simulated": any(host.simulated for host in hosts),
        "hosts": [{"host": plan.host.name, **predicted(plan)} for plan in farm.wholes],
        "phases": told,
        "dest": dest and str(dest),
    }


def _host(document: Mapping[str, Any], path: str) -> Host:
    try:
        host = parse_document(document)
    except Invalid as refusal:
        raise Invalid(
            [Problem(path + item.path.removeprefix("document"), item.message) for item in refusal.problems]
        ) from None
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", host.name):
        raise Invalid([Problem(f"{path}.name", f"{host.name!r} cannot be the name of a file")])
    return host


def _written(file: Path, plan: Mapping[str, Any], check_mode: bool) -> bool:
    if check_mode and not file.parent.is_dir():
        return True
    try:
        if not check_mode:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise Invalid([Problem("dest", f"{file.parent} cannot be made: {fault.strerror or fault}")]) from None
    return write_plan(file, plan, check_mode)

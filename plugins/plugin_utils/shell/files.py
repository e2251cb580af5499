# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the controller: plans and saved documents. Written whole or not at all, for their owner only."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..model.problems import Invalid, Problem
from ..wire.planfile import FiledPlan, plan_from_file


def read_json(path: Path, argument: str) -> Any:
    """What a file holds. Raises Invalid naming ``argument``, the one that gave the path."""
    try:
        return json.loads(path.read_bytes())
    except OSError as fault:
        raise Invalid([Problem(argument, f"{path} cannot be read: {fault.strerror or fault}")]) from None
    except (ValueError, RecursionError) as fault:
        raise Invalid([Problem(argument, f"{path} is not JSON: {fault}")]) from None


def read_plan(path: Path) -> FiledPlan:
    """An approved plan file. Raises Invalid with every fault."""
    return plan_from_file(read_json(path, "plan"))


def write_plan(path: Path, plan: Mapping[str, Any], check_mode: bool) -> bool:
    """Write a plan file; False where it already says the same, the moment of planning aside. Raises Invalid naming ``dest``.

    In check mode nothing is written, and the answer is the same.
    """
    if _same(path, plan):
        return False
    if not path.parent.is_dir():
        raise Invalid([Problem("dest", f"there is no directory {path.parent}")])
    if path.is_dir():
        raise Invalid([Problem("dest", f"{path} is a directory; name a file")])
    if not check_mode:
        try:
            _replace(path, json.dumps(plan, indent=2, ensure_ascii=False) + "\n")
        except OSError as fault:
            raise Invalid([Problem("dest", f"{path} cannot be written: {fault.strerror or fault}")]) from None
    return True


def _same(path: Path, plan: Mapping[str, Any]) -> bool:
    try:
        held = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(held, dict) and {**held, "created_at": ""} == {**plan, "created_at": ""}


def _replace(path: Path, text: str) -> None:
    """A reader finds the old file or the new one, never half of one; mkstemp gives mode 0600."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise

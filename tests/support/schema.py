# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of the document (docs/schema/document-1.json), for every document that a test makes or meets."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schema" / "document-1.json"


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    schema = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def valid(document: dict[str, Any]) -> dict[str, Any]:
    """The document itself, or AssertionError naming the first place that is not as the schema says."""
    for fault in _validator().iter_errors(document):
        raise AssertionError(f"document{fault.json_path[1:]}: {fault.message}")
    return document


def fits(document: Any) -> bool:
    """Is it as the schema says?"""
    return bool(_validator().is_valid(document))

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading untrusted JSON with a place for every fault, without stopping at the first one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ..model.problems import Problem, ValueInvalid

T = TypeVar("T")

_NAMES: dict[type, str] = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}
_MIN, _MAX = -(2**63), 2**63 - 1
_EMPTY = "must not be empty"
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z\Z", re.ASCII)


def checked_time(text: str) -> str:
    """UTC as documents and plans write it. Raises ValueInvalid."""
    if not _TIME.match(text):
        raise ValueInvalid(f"must be a time like 2026-11-24T13:41:00Z, is {text!r}")
    return text


def is_whole(value: Any) -> bool:
    """Is it a JSON number without fraction? ``true`` is none, though Python counts it as one."""
    return isinstance(value, int) and not isinstance(value, bool)


class Fields:
    """The fields of one JSON object at ``path``; faults collect in ``problems``, a faulty field reads as its fallback."""

    def __init__(self, data: Any, path: str, problems: list[Problem], known: frozenset[str] | None = None) -> None:
        self.path = path
        self.problems = problems
        self.data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        self._no_object = not isinstance(data, Mapping)
        if self._no_object:
            problems.append(Problem(path, f"must be an object, not {_kind(data)}"))
        elif known is not None:
            for key in sorted((str(key) for key in data if key not in known), key=str):
                self.fault(key, "is not a known key")

    def fault(self, key: str, message: str) -> None:
        if self._no_object:
            return  # that it is no object at all is said already
        self.problems.append(Problem(_join(self.path, key), message))

    def there(self, *keys: str) -> None:
        """Keys that may be null and must not be missing: null is an answer, silence is none."""
        for key in keys:
            if key not in self.data:
                self.fault(key, "is missing")

    def text(self, key: str, default: str | None = None) -> str:
        return self._typed(key, str, default, "")

    def words(self, key: str) -> str:
        """Text that says something."""
        return self.checked(key, _not_empty, "")

    def optional_text(self, key: str) -> str | None:
        return self._nullable(key, str, "")

    def number(self, key: str, default: int | None = None, low: int = _MIN, high: int = _MAX) -> int:
        value = self._typed(key, int, default, 0)
        if not low <= value <= high:
            self.fault(key, f"must be between {low} and {high}, is {value}")
            return max(low, 0)
        return value

    def optional_number(self, key: str, low: int = _MIN, high: int = _MAX) -> int | None:
        return None if self.data.get(key) is None else self.number(key, low=low, high=high)

    def truth(self, key: str, default: bool | None = None) -> bool:
        return self._typed(key, bool, default, False)

    def optional_truth(self, key: str) -> bool | None:
        return self._nullable(key, bool, False)

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in choices:
            if isinstance(self.data.get(key, default), str):
                self.fault(key, f"must be one of {', '.join(choices)}, is {value!r}")
            return choices[0]
        return value

    def checked(self, key: str, check: Callable[[str], T], fallback: T, default: str | None = None) -> T:
        """A text field that must pass ``check`` (which raises ValueInvalid)."""
        before = len(self.problems)
        value = self.text(key, default)
        if len(self.problems) > before:
            return fallback
        try:
            return check(value)
        except ValueInvalid as fault:
            self.fault(key, str(fault))
            return fallback

    def optional_checked(self, key: str, check: Callable[[str], T]) -> T | None:
        """A text field that may be null, and must pass ``check`` where it is not."""
        if self.data.get(key) is None:
            return None
        return self.checked(key, check, None)

    def optional_object(self, key: str, known: frozenset[str] | None = None) -> Fields | None:
        value = self.data.get(key)
        return None if value is None else Fields(value, _join(self.path, key), self.problems, known)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, none of them empty."""
        items = self._typed(key, list, None, [])
        for index, item in enumerate(items):
            if not isinstance(item, str):
                self.fault(f"{key}[{index}]", f"must be text, not {_kind(item)}")
            elif not item:
                self.fault(f"{key}[{index}]", _EMPTY)
        return tuple(item for item in items if isinstance(item, str))

    def objects(self, key: str, known: frozenset[str] | None = None, default: bool = False) -> Iterator[Fields]:
        """The objects of a list field; ``default`` allows the field to be absent."""
        if default and key not in self.data:
            return
        for index, item in enumerate(self._typed(key, list, None, [])):
            yield Fields(item, _join(self.path, f"{key}[{index}]"), self.problems, known)

    def _nullable(self, key: str, kind: type[T], fallback: T) -> T | None:
        return None if self.data.get(key) is None else self._typed(key, kind, None, fallback)

    def _typed(self, key: str, kind: type[T], default: T | None, fallback: T) -> T:
        if key not in self.data:
            if default is None:
                self.fault(key, "is missing")
                return fallback
            return default
        value = self.data[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fault(key, f"must be {_NAMES[kind]}, not {_kind(value)}")
            return fallback
        if isinstance(value, int) and not _MIN <= value <= _MAX:
            self.fault(key, "does not fit into 64 bits")
            return fallback
        return value


def _not_empty(text: str) -> str:
    if not text:
        raise ValueInvalid(_EMPTY)
    return text


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path and key else path or key


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    for kind in (bool, int, str, list, dict):
        if isinstance(value, kind):
            return _NAMES[kind]
    return type(value).__name__

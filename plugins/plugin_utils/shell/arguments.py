# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of a task against an argument spec: every fault at once, each with the place as the user wrote it.

Ansible's own validator converts and judges. It stops at the first kind of fault and names no list index, so for
a request that does not pass, each value is asked for again on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from ..model.problems import Invalid, Problem
from .spec import Options

_KINDS = {
    "bool": "true or false",
    "dict": "a mapping",
    "int": "a whole number",
    "list": "a list",
    "path": "a path",
    "str": "text",
}
#: Numbers on which Ansible's validator breaks.
_INFINITE = (float("inf"), float("-inf"))
#: A value of this very type is passed on as it is where its kind is asked for.
_PLAIN = {bool: "bool", dict: "dict", int: "int", list: "list", str: "str"}


def validated(
    options: Options, args: Mapping[str, Any], check: Callable[[Mapping[str, Any]], Any] = lambda args: None
) -> tuple[dict[str, Any], Any]:
    """Canonical arguments with every default, and what ``check`` makes of them.

    ``check`` judges sense where the spec judges shape, and raises :class:`Invalid`. Faults of both kinds come together,
    in one :class:`Invalid`, without any value that the spec calls secret.
    """
    problems: list[Problem] = []
    try:
        verdict = ArgumentSpecValidator(options).validate(dict(args))
    except (TypeError, OverflowError):
        verdict = None  # that validator breaks on what is no mapping where one with defaults should be, and on infinite numbers
    if verdict is None or verdict.error_messages:
        usable = _usable(options, args, "", problems)
        if verdict is not None:
            problems = problems or [Problem("", message) for message in verdict.error_messages]
        verdict = ArgumentSpecValidator(options).validate(usable)
    canonical = {name: verdict.validated_parameters.get(name) for name in options}
    value = None
    try:
        value = check(canonical)
    except Invalid as refusal:
        faulty = [problem.path for problem in problems]
        problems += [
            problem for problem in refusal.problems if not any(_related(problem.path, path) for path in faulty)
        ]
    if problems:
        secrets = secrets_of(options, args)
        raise Invalid(Problem(problem.path, remove_values(problem.message, secrets)) for problem in problems)
    return canonical, value


def secrets_of(options: Options, args: Mapping[str, Any]) -> set[str]:
    """Texts that must not be shown anywhere: values of options with ``no_log``, at any depth."""
    found: set[str] = set()
    for name, option in options.items():
        value = args.get(name)
        if option.get("no_log") and value not in (None, ""):
            found.add(str(value))
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping):
                found |= secrets_of(option.get("options") or {}, item)
    return found


def _usable(options: Options, args: Mapping[str, Any], path: str, problems: list[Problem]) -> dict[str, Any]:
    """One level of arguments without what is faulty, so that the rest can be judged; the faults go into ``problems``."""
    usable: dict[str, Any] = {}
    for name in args:
        if name not in options:
            problems.append(Problem(_join(path, name), f"is not known here; known are {', '.join(sorted(options))}"))
    for name, option in options.items():
        value, place = args.get(name), _join(path, name)
        fault = _fault(option, value) if value is not None else "is required" if option.get("required") else None
        if fault is not None:
            problems.append(Problem(place, fault))
            if option.get("required"):
                usable[name] = _stand_in(option)
        elif value is None:
            continue
        elif option["type"] == "list":
            usable[name] = _items(option, value, place, problems)
        elif "options" in option:
            usable[name] = _usable(option["options"], _converted("dict", value), place, problems)
        else:
            usable[name] = value
    return usable


def _items(option: Mapping[str, Any], value: Any, place: str, problems: list[Problem]) -> list[Any]:
    element = {**option, "type": option["elements"]}
    items = []
    for index, item in enumerate(_converted("list", value)):
        fault = _fault(element, item)
        if fault is not None:
            problems.append(Problem(f"{place}[{index}]", fault))
            items.append(_stand_in(element))
        elif "options" in option:
            items.append(_usable(option["options"], _converted("dict", item), f"{place}[{index}]", problems))
        else:
            items.append(item)
    return items


def _stand_in(option: Mapping[str, Any]) -> Any:
    """A value in place of a faulty one that cannot be left out, so that what stands beside it can be judged.

    What is found wrong with a stand-in is only an echo and not told.
    """
    if option["type"] == "dict":
        return _usable(option.get("options") or {}, {}, "", [])
    return {"bool": False, "int": 0, "list": []}.get(option["type"], "")


def _fault(option: Mapping[str, Any], value: Any) -> str | None:
    """What is wrong with one value by itself, or None."""
    kind = option["type"]
    shown = "" if option.get("no_log") else f", is {value!r}"
    endless = kind == "int" and value in _INFINITE
    if value is None or endless or (_PLAIN.get(type(value)) != kind and _alone(kind, value).error_messages):
        return f"must be {_KINDS[kind]}{shown}"
    choices = option.get("choices")
    if choices and kind != "list" and _converted(kind, value) not in choices:
        return f"must be one of {', '.join(choices)}{shown}"
    return None


def _converted(kind: str, value: Any) -> Any:
    return value if _PLAIN.get(type(value)) == kind else _alone(kind, value).validated_parameters["value"]


def _alone(kind: str, value: Any) -> Any:
    """What Ansible's validator makes of one value."""
    return ArgumentSpecValidator({"value": {"type": kind}}).validate({"value": value})


def _related(one: str, other: str) -> bool:
    """Is one place the other, or inside it? The second fault would only be an echo of the first.

    So may be one of the whole request (no place), where a part of it cannot be read.
    """
    short, long = sorted((one, other), key=len)
    return short == "" or long == short or long.startswith((f"{short}.", f"{short}["))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name

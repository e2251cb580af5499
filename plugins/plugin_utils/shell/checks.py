# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the arguments of an action make sense? One function per action; each raises Invalid with every fault it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from ..model.endpoint import Endpoint
from ..model.keys import ANY_IPV4, ANY_IPV6, checked_address, checked_host, checked_port, checked_thumbprint
from ..model.problems import Invalid, Problem, ValueInvalid
from ..planning.request import Request, parse_request
from ..rules.eligibility import Wanted
from .connect_to import Redirect, redirect

T = TypeVar("T")
Args = Mapping[str, Any]

#: What ``expect`` of https_endpoint_info may say instead of a thumbprint.
ANY_FILE, NO_HANDSHAKE = "file", "nothing"


class Asked(NamedTuple):
    """One handshake to make: where to, with which server name (None: without SNI), and what should be seen."""

    address: str
    port: int
    sni: str | None
    expect: str | None


def bindings(args: Args) -> Request | None:
    """``https_bindings``: the request, or None where an approved plan is to be applied instead."""
    problems = _common(args)
    minutes = (args["guard"] or {}).get("minutes", 1)
    if not 1 <= minutes <= 1440:
        problems.append(Problem("guard.minutes", f"must be 1 to 1440, is {minutes}"))
    asked = [name for name in ("bindings", "repair") if args[name] is not None]
    asked += ["remove_others"] if args["remove_others"]["scope"] != "none" else []
    if args["plan"] is not None and asked:
        message = f"an approved plan is applied exactly as it is, so it cannot stand beside {' and '.join(asked)}"
        problems.append(Problem("plan", message))
    elif args["plan"] is None and not asked:
        problems.append(Problem("", "nothing is asked for: give bindings, repair or plan"))
    request = _request(args, problems)
    return None if args["plan"] is not None else request


def plan(args: Args) -> Request:
    """``https_bindings_plan``: the request."""
    problems = _common(args)
    if sum(args[name] is not None for name in ("document", "document_file", "documents")) != 1:
        problems.append(Problem("document", "give exactly one of document, document_file and documents"))
    if args["bindings"] is None and args["repair"] is None:
        problems.append(Problem("", "nothing is asked for: give bindings or repair"))
    return _request(args, problems)


def asked_endpoints(args: Args) -> tuple[Endpoint, ...]:
    """``https_bindings_info``: the endpoints whose answer is wanted, in the order asked."""
    problems = _common(args)
    endpoints = []
    for index, item in enumerate(args["endpoints"]):
        path = f"endpoints[{index}]"
        address = _value(problems, f"{path}.address", _local_address, item["address"], ANY_IPV4)
        port = _value(problems, f"{path}.port", checked_port, item["port"], 443)
        endpoints.append(Endpoint(address, port, _sni(problems, path, item)))
    return _all_good(problems, tuple(endpoints))


def wanted(args: Args) -> tuple[Wanted, ...]:
    """``sni_eligibility_info``: the wished-for bindings, in the order asked."""
    problems = _common(args)
    wishes = []
    for index, item in enumerate(args["bindings"]):
        path = f"bindings[{index}]"
        address = _value(problems, f"{path}.address", checked_address, item["address"], ANY_IPV4)
        port = _value(problems, f"{path}.port", checked_port, item["port"], 443)
        wishes.append(Wanted(address, port, _value(problems, f"{path}.host", checked_host, item["host"], "")))
    return _all_good(problems, tuple(wishes))


def handshakes(args: Args) -> tuple[tuple[Asked, ...], tuple[Redirect, ...]]:
    """``https_endpoint_info``: the handshakes to make, and where connections really go."""
    problems = _common(args)
    if not 1 <= args["timeout"] <= 60:
        problems.append(Problem("timeout", f"must be 1 to 60 seconds, is {args['timeout']}"))
    asked = []
    for index, item in enumerate(args["endpoints"]):
        path = f"endpoints[{index}]"
        address = _value(problems, f"{path}.address", _target, item["address"], "")
        port = _value(problems, f"{path}.port", checked_port, item["port"], 443)
        expect = item["expect"] and _value(problems, f"{path}.expect", _expectation, item["expect"], None)
        asked.append(Asked(address, port, _sni(problems, path, item), expect or None))
    redirects = [
        _value(problems, f"connect_to[{index}]", redirect, text, Redirect("", None, "", None))
        for index, text in enumerate(args["connect_to"])
    ]
    return _all_good(problems, (tuple(asked), tuple(redirects)))


def common(args: Args) -> None:
    """Actions whose own arguments need no look."""
    _all_good(_common(args), None)


def _common(args: Args) -> list[Problem]:
    problems = []
    for name, low, high in (("timeout", 1, 60), ("retries", 0, 20)):
        value = args["probe"][name]
        if not low <= value <= high:
            problems.append(Problem(f"probe.{name}", f"must be {low} to {high}, is {value}"))
    return problems


def _request(args: Args, problems: list[Problem]) -> Request:
    try:
        request = parse_request(args)
    except Invalid as refusal:
        raise Invalid([*problems, *refusal.problems]) from None
    return _all_good(problems, request)


def _value(problems: list[Problem], path: str, check: Callable[[Any], T], value: Any, fallback: T) -> T:
    try:
        return check(value)
    except ValueInvalid as fault:
        problems.append(Problem(path, str(fault)))
        return fallback


def _all_good(problems: list[Problem], value: T) -> T:
    if problems:
        raise Invalid(problems)
    return value


def _sni(problems: list[Problem], path: str, item: Args) -> str | None:
    return _value(problems, f"{path}.sni", _name, item["sni"], None) if item["sni"] else None


def _name(text: str) -> str:
    name = checked_host(text)
    if name.startswith("*"):
        raise ValueInvalid(f"{text!r} stands for many names; a client asks for one")
    return name


def _local_address(text: str) -> str:
    try:
        address = checked_address(text)
    except ValueInvalid:
        raise ValueInvalid(f"{text!r} is not an IP address") from None
    if address in (ANY_IPV4, ANY_IPV6):
        raise ValueInvalid(f"{text!r} stands for every address; name the one a client connects to")
    return address


def _target(text: str) -> str:
    """An address or a DNS name to connect to."""
    try:
        return _local_address(text)
    except ValueInvalid:
        if not any(letter.isalpha() for letter in text) or ":" in text:
            raise
    return _name(text)


def _expectation(text: str) -> str:
    if text in (ANY_FILE, NO_HANDSHAKE):
        return text
    try:
        return checked_thumbprint(text)
    except ValueInvalid as fault:
        raise ValueInvalid(f"{fault}, nor {ANY_FILE!r}, nor {NO_HANDSHAKE!r}") from None

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a person plans for simulated hosts: their one form (README.md, "Faults"), read and checked.

What each of them does stands elsewhere: ``faults_wire.py`` (requests), ``faults_model.py`` (the machine behind them),
``faults_tls.py`` (endpoints).
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EVERY_HOST = "*"
ALWAYS = "always"
OPERATIONS = ("create", "command", "send", "receive", "signal", "delete")
MODULES = ("host_reader", "host_applier")
SEEDED = ("sni_before_address", "lost_record", "swapped_certificate")
VERSIONS = ("TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3")
#: Codes of the host contract that a single call can be refused with.
REFUSALS = (
    "key_unusable",
    "access_denied",
    "record_exists",
    "record_missing",
    "not_supported_here",
    "config_conflict",
    "config_locked",
)
CHANGES: dict[str, tuple[str, ...]] = {
    "record_set": ("family", "key", "thumbprint"),
    "record_delete": ("family", "key"),
    "binding_add": ("site", "information", "ssl_flags"),
    "binding_remove": ("site", "information"),
    "certificate_remove": ("thumbprint",),
}

#: Says what is wrong with a value, or None.
Check = Callable[[Any], "str | None"]


class BadFault(Exception):
    """A fault that cannot be used; the text names the place and what is wrong there."""


def _whole(value: Any) -> str | None:
    return (
        None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1
        else "must be a whole number from 1"
    )


def _times(value: Any) -> str | None:
    return None if value == ALWAYS or _whole(value) is None else f"must be a whole number from 1, or {ALWAYS}"


def _skip(value: Any) -> str | None:
    return None if value == 0 or _whole(value) is None else "must be a whole number from 0"


def _seconds(value: Any) -> str | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 600
    return None if good else "must be seconds from 0 to 600"


def _truth(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "must be text"


def _texts(value: Any) -> str | None:
    return None if isinstance(value, list) and value and not any(map(_text, value)) else "must be a list of texts"


def _address(value: Any) -> str | None:
    try:
        ipaddress.ip_address(value.strip("[]"))
    except (ValueError, AttributeError):
        return "must be an IP address"
    return None


def _port(value: Any) -> str | None:
    return None if _whole(value) is None and value < 65536 else "must be a port from 1 to 65535"


def _one_of(*words: str) -> Check:
    return lambda value: None if value in words else f"must be one of {', '.join(words)}"


def _changes(value: Any) -> str | None:
    if not isinstance(value, list) or not value:
        return "must be a list of changes"
    for index, change in enumerate(value):
        name = change.get("change") if isinstance(change, dict) else None
        if name not in CHANGES:
            return f"[{index}].change must be one of {', '.join(CHANGES)}"
        if set(change) - {"change"} != set(CHANGES[name]):
            return f"[{index}] needs exactly {', '.join(CHANGES[name])} beside change"
    return None


@dataclass(frozen=True)
class Kind:
    """One sort of fault. ``room``: which part of the lab carries it out; ``keys``: allowed ones with check and default.

    A key whose default is Ellipsis has to be there; None is a default that may also be written.
    """

    room: str
    keys: dict[str, tuple[Check, Any]] = field(default_factory=dict)


_OFTEN: dict[str, tuple[Check, Any]] = {"skip": (_skip, 0), "times": (_times, 1)}
_ALWAYS: dict[str, tuple[Check, Any]] = {"skip": (_skip, 0), "times": (_times, ALWAYS)}
_CUT: dict[str, tuple[Check, Any]] = {
    "at": (_one_of(*OPERATIONS), ...),
    "call": (_whole, None),
    "carried_out": (_truth, False),
    **_OFTEN,
}
_DURING: dict[str, tuple[Check, Any]] = {"at_call": (_whole, None), "during": (_one_of("apply", "undo"), "apply")}
_PLACE: dict[str, tuple[Check, Any]] = {"address": (_address, None), "port": (_port, None)}
_BEFORE: dict[str, tuple[Check, Any]] = {
    "before": (_one_of(*MODULES), "host_applier"),
    "at_call": (_whole, None),
    **_OFTEN,
}

KINDS: dict[str, Kind] = {
    "drop": Kind("wire", _CUT),
    "unavailable": Kind("wire", _CUT),
    "soap_fault": Kind("wire", _CUT),
    "operation_timeout": Kind(
        "wire",
        {"at": (_one_of("send", "receive"), ...), "call": (_whole, None), "carried_out": (_truth, True), **_OFTEN},
    ),
    "quota": Kind("wire", {"at": (_one_of("command"), "command"), "call": (_whole, None), **_OFTEN}),
    "latency": Kind(
        "wire",
        {"at": (_one_of("any", *OPERATIONS), "any"), "call": (_whole, None), "seconds": (_seconds, ...), **_ALWAYS},
    ),
    "reboot": Kind("wire", {"call": (_whole, ...), "seconds": (_seconds, ...), **_OFTEN}),
    "unreachable": Kind("host"),
    "crash": Kind(
        "model",
        {
            "at_call": (_whole, 1),
            "when": (_one_of("before", "after"), "after"),
            **_OFTEN,
        },
    ),
    "refuse": Kind("model", {"code": (_one_of(*REFUSALS), ...), **_DURING, **_OFTEN}),
    "access_denied": Kind("model", {"module": (_one_of(*MODULES), ...), **_ALWAYS}),
    "disk_full": Kind("model", {"at_call": (_whole, None), **_OFTEN}),
    "other_writer": Kind("model", {"do": (_changes, ...), **_BEFORE}),
    "certificate_removed": Kind("model", {"thumbprint": (_text, ...), **_BEFORE}),
    "seeded": Kind("model", {"name": (_one_of(*SEEDED), ...)}),
    "endpoint_unreachable": Kind("endpoint", {**_PLACE, "seen_by": (_one_of("everybody", "controller"), "everybody")}),
    "front_certificate": Kind("endpoint", {**_PLACE, "names": (_texts, ["load-balancer.example.com"])}),
    "tls_versions": Kind(
        "endpoint", {**_PLACE, "minimum": (_one_of(*VERSIONS), "TLS1.0"), "maximum": (_one_of(*VERSIONS), "TLS1.3")}
    ),
}


@dataclass
class Fault:
    """One planned fault of one host. ``values`` holds every key of its kind; ``met`` and ``fired`` count occasions."""

    name: str
    values: dict[str, Any]
    met: int = 0
    fired: int = 0
    #: Commands the host had taken when the fault was set: ``call`` counts from there.
    base: int = 0

    @property
    def room(self) -> str:
        return KINDS[self.name].room

    @property
    def spent(self) -> bool:
        """Has it struck as often as it was meant to?"""
        times = self.values.get("times", ALWAYS)
        return times != ALWAYS and self.fired >= int(times)

    def strikes(self) -> bool:
        """Count an occasion that fits; does the fault strike this time?"""
        self.met += 1
        if self.spent or self.met <= self.values.get("skip", 0):
            return False
        self.fired += 1
        return True

    def view(self) -> dict[str, Any]:
        """With every key, and how often it struck."""
        return {"fault": self.name, **self.values, "fired": self.fired}


def load(path: Path, hosts: Collection[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """The faults of a file, each as host (or ``*``), place in the file, and what :func:`fault` takes. Raises BadFault."""
    try:
        data = decoded(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as fault_:
        reason = fault_.strerror if isinstance(fault_, OSError) else fault_
        raise BadFault(f"{path}: {reason}") from None
    if not isinstance(data, list):
        raise BadFault(f"{path}: must be a list of faults")
    found = []
    for index, item in enumerate(data):
        place = f"{path}: [{index}]"
        if not isinstance(item, dict):
            raise BadFault(f"{place}: must be a mapping")
        host = item.get("host")
        if not isinstance(host, str) or host not in (EVERY_HOST, *hosts):
            raise BadFault(f"{place}.host: there is no host {host!r}; write a name of the inventory, or {EVERY_HOST}")
        rest = {key: value for key, value in item.items() if key != "host"}
        fault(rest, place)
        found.append((host, place, rest))
    return found


def decoded(text: str, place: str) -> Any:
    """JSON, or YAML where PyYAML is installed. Raises BadFault."""
    try:
        return json.loads(text)
    except ValueError as no_json:
        try:
            import yaml
        except ModuleNotFoundError:
            raise BadFault(f"{place}: {no_json} (without PyYAML only JSON can be read)") from None
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as no_yaml:
            raise BadFault(f"{place}: {' '.join(str(no_yaml).split())}") from None


def fault(data: Any, place: str = "fault") -> Fault:
    """One fault out of a mapping ``{fault: NAME, …}`` or its bare name. Raises BadFault naming the place."""
    if isinstance(data, str):
        data = {"fault": data}
    if not isinstance(data, dict):
        raise BadFault(f"{place}: must be a mapping with the key fault, or the name of a fault")
    name = data.get("fault")
    if name not in KINDS:
        raise BadFault(f"{place}.fault: must be one of {', '.join(KINDS)}, not {name!r}")
    keys = KINDS[name].keys
    for key in data:
        if key != "fault" and key not in keys:
            known = f"it takes {', '.join(keys)}" if keys else "it takes no keys"
            raise BadFault(f"{place}.{key}: is not known to {name}; {known}")
    values: dict[str, Any] = {}
    for key, (check, default) in keys.items():
        value = data.get(key, default)
        if value is ...:
            raise BadFault(f"{place}.{key}: is missing; {name} needs it")
        wrong = None if value is None and default is None else check(value)
        if wrong:
            raise BadFault(
                f"{place}.{key}: {wrong}, not {value!r}" if not wrong.startswith("[") else f"{place}.{key}{wrong}"
            )
        values[key] = value
    if name == "tls_versions" and VERSIONS.index(values["minimum"]) > VERSIONS.index(values["maximum"]):
        raise BadFault(f"{place}.minimum: {values['minimum']} is above the maximum {values['maximum']}")
    return Fault(name, values)

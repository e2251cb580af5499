# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real action plugins, run without a playbook: only the call of a module is replaced, by a simulated host."""

from __future__ import annotations

import copy
import datetime
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar
from lab.certificates import Maker
from lab.contract import unpacked
from lab.simhost import SimulatedHost

from .certificates import NOW
from .schema import valid

ACTIONS = "ansible_collections.tlsfleet.iis.plugins.action"
READER, APPLIER = "tlsfleet.iis.host_reader", "tlsfleet.iis.host_applier"
_MAKER = Maker(seed=7, now=NOW)

#: Answers in place of the host's: gets the module's arguments and the real answer as a call, returns an answer or raises.
Trick = Callable[[dict[str, Any], Callable[[], dict[str, Any]]], dict[str, Any]]


class Simulated:
    """A simulated host behind ``_execute_module``. ``calls`` keeps the name, arguments (steps unpacked) and check mode of each call."""

    def __init__(self, description: dict[str, Any], *faults: str) -> None:
        self.host = SimulatedHost(description, _MAKER, faults, lambda: NOW)
        self.calls: list[tuple[str, dict[str, Any], bool]] = []
        #: Per call number, from 1: what happens instead.
        self.tricks: dict[int, Trick] = {}
        self.resets = 0

    def __call__(self, module_name: str, module_args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        args = unpacked(copy.deepcopy(module_args))
        self.calls.append((module_name, args, check_mode))

        def answer() -> dict[str, Any]:
            said = self.host.call(module_name, args, check_mode)
            if said.get("document"):
                valid(said["document"])
            return said

        trick = self.tricks.get(len(self.calls))
        return answer() if trick is None else trick(args, answer)

    @property
    def names(self) -> list[str]:
        return [call[0].rpartition(".")[2] for call in self.calls]

    def thumbprint(self, fixture: str) -> str:
        """The thumbprint the simulated host gave to a certificate of its description."""
        return self.host.thumbprints[fixture.upper()]


def run(
    name: str,
    args: dict[str, Any],
    host: Simulated | None = None,
    *,
    check_mode: bool = False,
    async_val: int = 0,
    directory: Path | None = None,
    now: datetime.datetime = NOW,
) -> dict[str, Any]:
    """The result of one task. Without a ``host`` any module call is a fault of the action. ``directory``: the playbook's."""
    task = Task()
    task.action, task.args = f"tlsfleet.iis.{name}", args
    task.check_mode, task.async_val = check_mode, async_val
    context, loader = PlayContext(), DataLoader()
    loader.set_basedir(str(directory or os.getcwd()))
    connection = connection_loader.get("local", context)
    module = import_module(f"{ACTIONS}.{name}")
    plugin = module.ActionModule(task, connection, context, loader, Templar(loader=loader), None)

    def execute(module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if host is None:
            raise RuntimeError(f"{name} calls {module_name}")
        return host(module_name, module_args, check_mode)

    def reset() -> None:
        if host is not None:
            host.resets += 1

    plugin._execute_module, plugin.now, connection.reset = execute, lambda: now, reset
    result: dict[str, Any] = plugin.run(task_vars={})
    return result


#: Keys of a result of a changing action, whatever became of it (docs/contracts.md §7).
RESULT_KEYS = frozenset(
    "changed simulated before after plan affected findings diff undone support_tier probes stays notes chosen".split()
)


def own_certificate_wish(host: Simulated, **more: Any) -> dict[str, Any]:
    """Arguments that give the second site of :func:`description` its own certificate by SNI."""
    chosen = {"thumbprint": host.thumbprint(API)}
    return {"bindings": [{"site": "Api", "host": "api.example.com", "sni": "required", "certificate": chosen}], **more}


def description(**more: Any) -> dict[str, Any]:
    """A Server 2019 with two sites that share ``*:443`` and its one certificate (``shop``); ``api`` lies in the store, unused."""
    record = {"family": "ipport", "key": "0.0.0.0:443", "thumbprint": SHOP, "store": "MY", "options": {}}
    return {
        "slug": "web01",
        "os": {"name": "Windows Server 2019", "build": "10.0.17763", "iis": "10.0"},
        "sites": [
            {"id": 1, "name": "Shop", "state": "Started", "bindings": [https("*:443:shop.example.com")]},
            {"id": 2, "name": "Api", "state": "Started", "bindings": [https("*:443:api.example.com")]},
        ],
        "records": [record],
        "certificates": [certificate(SHOP, "shop.example.com"), certificate(API, "api.example.com")],
        "ip_listen": [],
        "local_addresses": ["10.0.0.5", "10.0.0.6"],
        "http_ports": [80, 443],
        "update_exported": True,
        "central_store": None,
        **more,
    }


SHOP, API = "1" * 40, "2" * 40


def certificate(thumbprint: str, *names: str, **more: Any) -> dict[str, Any]:
    """A certificate of a description; ``key`` is ``ok`` unless said otherwise."""
    return {"thumbprint": thumbprint, "names": list(names), "not_after": None, "key": "ok", "store": "MY", **more}


def https(information: str) -> dict[str, Any]:
    return {"protocol": "https", "information": information, "ssl_flags": 0}

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One playbook with every public action, and every way in which Ansible may call one; test_every_core.py says what has to come out.

It is small, since every ansible-core that is supported runs it. Each host is there for one case and is named after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from e2e import hosts
from e2e.fleet import ROOT, Fleet, Played

PREFIX = "tlsfleet.iis."
BINDINGS, INFO = f"{PREFIX}https_bindings", f"{PREFIX}https_bindings_info"
SHOP, API = "shop.example.com", "api.example.com"
SLUGS = "read change absent rename others repair approved become delegated loop defaults password away cut one two three".split()
BECOME_USER, BECOME_PASSWORD = "SHOP\\deploy", "only-for-become"
FAULTS: dict[str, list[dict[str, Any]]] = {
    "away": [{"fault": "unreachable"}],
    "cut": [{"fault": "drop", "at": "receive", "call": 2}],
    "defaults": [{"fault": "endpoint_unreachable", "address": "10.0.0.5"}],
}
#: Before and after of the handshakes: by name, on the ghost's address, with no record.
CLIENTS = (
    {"address": "10.0.0.5", "sni": SHOP},
    {"address": "10.0.0.6", "sni": SHOP},
    {"address": "10.0.0.5"},
)

Task = dict[str, Any]


def public_actions() -> set[str]:
    """The members of the action group, which is every action there is."""
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    return {PREFIX + name for name in runtime["action_groups"]["https"]}


class Everything:
    """The hosts, and the playbook once it has been played."""

    def __init__(self, place: Path) -> None:
        described = [hosts.host(slug, **({"sites": []} if slug == "two" else {})) for slug in SLUGS]
        self.fleet = Fleet(place, described, FAULTS)
        self.file = place / "approved.json"
        self.plays = list(self._plays())
        self.played: Played = self.fleet.plays(self.plays)
        self.counters = self.fleet.all_counters()

    def new(self, slug: str) -> str:
        """The thumbprint that the shop is to show."""
        return self.fleet.thumbprint(slug, hosts.SHOP_NEW)

    def calls(self, slug: str) -> list[str]:
        """The modules that ran on a host, in order."""
        entries = self.fleet.transcript(slug)
        return [str(entry["module"]).rpartition(".")[2] for entry in entries if entry["kind"] == "call"]

    def actions(self) -> set[str]:
        """The actions of this collection that the playbook uses."""
        return {word for play in self.plays for task in play["tasks"] for word in task if word.startswith(PREFIX)}

    def _wish(self, slug: str, **more: Any) -> dict[str, Any]:
        return {"site": "Shop", "host": SHOP, "certificate": {"thumbprint": self.new(slug)}, **more}

    def _declare(self, slug: str, name: str = "declare", **more: Any) -> Task:
        return {"name": name, BINDINGS: {"bindings": [self._wish(slug)]}, **more}

    def _plays(self) -> Sequence[Mapping[str, Any]]:
        absent = {"name": "declare", BINDINGS: {"bindings": [{"site": "Shop", "host": SHOP, "state": "absent"}]}}
        renamed = {"site": "Shop", "host": "new.example.com", "replaces": {"host": SHOP}}
        rename = {"name": "declare", BINDINGS: {"bindings": [renamed]}}
        others = {
            "name": "declare",
            BINDINGS: {"bindings": [{"site": "Shop", "host": SHOP}], "remove_others": {"scope": "host"}},
        }
        repair = {"name": "declare", BINDINGS: {"repair": ["orphan", "shadowed"]}}
        apply = {BINDINGS: {"plan": str(self.file)}}
        again = {"name": "again"}
        become = {
            "become": True,
            "become_method": "runas",
            "become_user": BECOME_USER,
            "vars": {"ansible_become_password": BECOME_PASSWORD},
        }
        both = [
            self._wish("loop"),
            {"site": "Api", "host": "new.example.com", "certificate": {"thumbprint": self.new("loop")}},
        ]
        group = {
            "group/tlsfleet.iis.https": {"read": {"certificates": "referenced"}, "probe": {"on_unverified": "ignore"}}
        }
        lenient = {"ignore_errors": True, "ignore_unreachable": True}
        return [
            _play("read", *self._reading()),
            _play(
                "change",
                self._declare("change", "dry", check_mode=True, diff=True),
                {"name": "between", INFO: {}},
                self._declare("change", diff=True),
                self._declare("change", "again"),
                _see("see"),
            ),
            _play("absent", absent, {**absent, **again}, _see("see")),
            _play(
                "rename",
                rename,
                {**rename, **again},
                _see("see", [*CLIENTS[:1], {"address": "10.0.0.5", "sni": "new.example.com"}]),
            ),
            _play("others", others, {**others, **again}, _see("see")),
            _play("repair", repair, {**repair, **again}, _see("see")),
            _play(
                "approved",
                {"name": "document", INFO: {"return_document": True}, "register": "iis"},
                {
                    "name": "plan",
                    f"{PREFIX}https_bindings_plan": {
                        "document": "{{ iis.document }}",
                        "bindings": [self._wish("approved")],
                        "dest": str(self.file),
                    },
                },
                {"name": "declare", **apply},
                {"name": "again", **apply},
                {"name": "elsewhere", **apply, "delegate_to": "read", **lenient},
            ),
            _play("become", {**self._declare("become"), **become}),
            _play("read", self._declare("delegated", "delegated change", delegate_to="delegated")),
            _play(
                "loop",
                {"name": "declare", BINDINGS: {"bindings": ["{{ item }}"]}, "loop": both},
                # To one host only: ansible-core leaves a shell open where a loop goes from one to the next.
                {
                    "name": "others",
                    INFO: {"endpoints": ["{{ item }}"]},
                    "delegate_to": "delegated",
                    "loop": list(CLIENTS[:2]),
                },
            ),
            _play(
                "defaults",
                {"name": "document", INFO: {"return_document": True}},
                {"name": "facts", f"{PREFIX}https_bindings_facts": {}},
                {"name": "may", f"{PREFIX}sni_eligibility_info": {"bindings": [{"host": "new.example.com"}]}},
                {"name": "see", f"{PREFIX}https_endpoint_info": _looked_at(CLIENTS[:1])},
                {**self._declare("defaults", "not read"), **lenient},
                {
                    "name": "declare",
                    BINDINGS: {"bindings": [self._wish("defaults")], "read": {"certificates": "candidates"}},
                },
                module_defaults=group,
            ),
            _play("password", {**self._declare("password"), "vars": {"ansible_password": "wrong"}, **lenient}),
            _play("away", {**self._declare("away"), **lenient}),
            _play("cut", {**self._declare("cut"), **lenient}, self._declare("cut", "again"), _see("see")),
            # The last one: its second batch fails as a whole, and that ends the playbook.
            _play(
                "one:two:three",
                {
                    "name": "in turn",
                    BINDINGS: {
                        "bindings": [
                            {**self._wish("one"), "certificate": {"thumbprint": "{{ new[inventory_hostname] }}"}}
                        ]
                    },
                },
                {"name": "after", INFO: {}},
                serial=1,
                vars={"new": {slug: self.new(slug) for slug in ("one", "two", "three")}},
            ),
        ]

    def _reading(self) -> list[Task]:
        may = [{"host": "new.example.com"}, {"host": ""}]
        return [
            {"name": "read", INFO: {"endpoints": list(CLIENTS)}},
            {"name": "facts", f"{PREFIX}https_bindings_facts": {}},
            {"name": "use", "ansible.builtin.debug": {"msg": "{{ ansible_facts.iis_https.simulated }}"}},
            {"name": "may", f"{PREFIX}sni_eligibility_info": {"bindings": may}},
            _see("see"),
        ]


def _play(slug: str, *tasks: Task, **more: Any) -> dict[str, Any]:
    return {"hosts": slug, "gather_facts": False, "tasks": list(tasks), **more}


def _looked_at(endpoints: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"endpoints": list(endpoints), "connect_to": "{{ tlsfleet_connect_to }}"}


def _see(name: str, endpoints: Sequence[Mapping[str, Any]] = CLIENTS) -> Task:
    return {"name": name, f"{PREFIX}https_endpoint_info": _looked_at(endpoints)}

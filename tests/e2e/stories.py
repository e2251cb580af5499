# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fleet in which every host meets a fault of its own, and a few plays over all of them at once.

1. change: a certificate is exchanged, or a binding added, while the faults strike; then the endpoints are looked at;
2. check mode on those hosts whose applier died;
3. all faults are taken away, and the same wish is played again; 4. and once more.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from e2e import hosts
from e2e.fleet import Fleet, Result

MODULE, NAME, NEW_NAME = "tlsfleet.iis.https_bindings", "shop.example.com", "new.example.com"
READ, CHANGE = "host_reader", "host_applier"
#: Longer than any task needs here.
TASK_SECONDS = 25
#: Input that got lost is waited for until the time of the task is over; that of such a host (its name says so) is short.
LOST, LOST_SECONDS = "lost-send", 12
#: So long a request for output may take, and so long does the winrm plugin ask once more after a Send that failed; 20 by itself.
ANSWER_SECONDS = 5
#: Several hosts keep a worker waiting for that long.
FORKS = 16

Fault = Mapping[str, Any]


@dataclass
class Story:
    """What became of one host. ``first``, ``second``, ``third``: the wish played so often; ``calls``: modules that ran."""

    slug: str
    shop: str
    other: str
    api: str
    first: Result
    seen: str | None
    served: str | None
    calls: list[str]
    transcript: list[dict[str, Any]]
    counters: dict[str, Any]
    dry: Result | None = None
    second: Result | None = None
    third: Result | None = None
    served_then: str | None = None
    calls_then: list[str] = field(default_factory=list)

    @property
    def record(self) -> str | None:
        """The thumbprint of the shop's record, as the first run tells it."""
        return {item["key"]: item["thumbprint"] for item in self.first["after"]["records"]}.get(f"{NAME}:443")


class Stories:
    """``faults`` by host. ``new-…`` get the wish for one more binding, ``psrp-…`` are reached by PowerShell remoting."""

    def __init__(self, place: Path, faults: Mapping[str, Sequence[Fault]], stay_away: Sequence[str]) -> None:
        ways = {slug: {"transport": "psrp"} if slug.startswith("psrp-") else {} for slug in faults}
        self.fleet = Fleet(place, [hosts.host(slug, **ways[slug]) for slug in faults], faults, forks=FORKS)
        self._inventory = yaml.safe_load((place / "inventory.yml").read_text(encoding="utf-8"))["windows"]["hosts"]
        self.told: dict[str, Story] = {}
        self.output = ""
        self._change()
        self._dry([slug for slug, planned in faults.items() if any(item["fault"] == "crash" for item in planned)])
        self._again(stay_away)

    def thumbprint(self, slug: str, named: str) -> str:
        return self.fleet.thumbprint(slug, named)

    def wishes(self) -> dict[str, Any]:
        """The bindings of each host."""
        found: dict[str, Any] = {}
        for slug in self._inventory:
            chosen = {"certificate": {"thumbprint": self.thumbprint(slug, hosts.SHOP_NEW)}}
            name = {"site": "Api", "host": NEW_NAME} if slug.startswith("new-") else {"site": "Shop", "host": NAME}
            found[slug] = [{**name, **chosen}]
        return found

    def served(self, slug: str, name: str = NAME) -> str | None:
        """What a client meets at 10.0.0.5, by Python's own TLS; None: no handshake."""
        (entry,) = (item for item in self._inventory[slug]["tlsfleet_connect_to"] if item.startswith("10.0.0.5:443:"))
        loopback, port = entry.split(":")[2:]
        context = ssl.create_default_context(cafile=self.fleet.place / "ca.pem")
        context.check_hostname = False
        try:
            with (
                socket.create_connection((loopback, int(port)), timeout=10) as plain,
                context.wrap_socket(plain, server_hostname=name) as secure,
            ):
                return hashlib.sha1(secure.getpeercert(True) or b"").hexdigest().upper()
        except OSError:
            return None

    def _calls(self, slug: str) -> list[str]:
        entries = self.fleet.transcript(slug)
        return [str(entry["module"]).rpartition(".")[2] for entry in entries if entry["kind"] == "call"]

    def _play(self, *words: str, look: bool = False) -> dict[str, dict[str, Result]]:
        endpoint = {"address": "10.0.0.5", "sni": NAME}
        tasks: list[dict[str, Any]] = [
            {
                "name": "declare",
                MODULE: {"bindings": "{{ wishes[inventory_hostname] }}"},
                "ignore_errors": True,
                "ignore_unreachable": True,
                "timeout": f"{{{{ {LOST_SECONDS} if inventory_hostname == '{LOST}' else {TASK_SECONDS} }}}}",
            }
        ]
        if look:
            see = {"endpoints": [endpoint], "connect_to": "{{ tlsfleet_connect_to }}"}
            tasks.append({"name": "see", "tlsfleet.iis.https_endpoint_info": see})
        given = {"wishes": self.wishes(), "ansible_winrm_operation_timeout_sec": ANSWER_SECONDS}
        played = self.fleet.play(tasks, *words, play={"vars": given})
        self.output += played.output
        return {name: played.hosts(name) for name in ("declare", "see")}

    def _change(self) -> None:
        results = self._play(look=True)
        counters = self.fleet.all_counters()
        for slug in self._inventory:
            (seen,) = results["see"][slug]["endpoints"]
            self.told[slug] = Story(
                slug,
                shop=self.thumbprint(slug, hosts.SHOP),
                other=self.thumbprint(slug, hosts.SHOP_NEW),
                api=self.thumbprint(slug, hosts.API),
                first=results["declare"][slug],
                seen=seen["served"],
                served=self.served(slug),
                calls=self._calls(slug),
                transcript=self.fleet.transcript(slug),
                counters=counters[slug],
            )

    def _dry(self, slugs: Sequence[str]) -> None:
        found = self._play("--check", "--limit", ",".join(slugs))["declare"]
        for slug in slugs:
            self.told[slug].dry = found[slug]

    def _again(self, stay_away: Sequence[str]) -> None:
        self.fleet.heal()
        limit = ",".join(["all", *(f"!{slug}" for slug in stay_away)])
        before = {slug: len(self._calls(slug)) for slug in self._inventory}
        second = self._play("--limit", limit)["declare"]
        for slug, result in second.items():
            story = self.told[slug]
            story.second, story.served_then = result, self.served(slug)
            story.calls_then = self._calls(slug)[before[slug] :]
        for slug, result in self._play("--limit", limit)["declare"].items():
            self.told[slug].third = result


def failed(story: Story, code: str, calls: list[str]) -> Any:
    """The result of a first run that failed with this code after these module calls; nobody's words are lost."""
    result = story.first
    assert result.status == "failed" and story.calls == calls, result.value
    assert result["error"]["code"] == code and result["error"]["hint"] is not None
    return result


def untouched(story: Story) -> None:
    """The first run left the host as it was, and says so."""
    assert story.first["changed"] is False and story.first["after"] == story.first["before"]
    assert story.served in (None, story.shop)
    last = [entry for entry in story.transcript if entry["kind"] == "call"][-1]
    assert last["outcome"].get("changed") is not True

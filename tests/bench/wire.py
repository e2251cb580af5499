# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reading and changing costs on the wire, exactly, and how long it takes beside a module that does nothing."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.rig import Broken, Cost, Rig, Took, rig, same
from e2e import hosts
from lab.certificates import Maker
from lab.simhost import SimulatedHost

#: Budgets. Bytes on the wire are those of HTTP bodies; a document's are those of its JSON, certificates aside.
UPLOAD_RATIO, UPLOAD_PER_BINDING, DOCUMENT_PER_BINDING, READ_RATIO = 1.1, 250, 600, 1.5
INFO, CHANGE = "tlsfleet.iis.https_bindings_info", "tlsfleet.iis.https_bindings"
SLIM, BASIC = "slim_noop", "basic_noop"
BINDINGS_PER_HOST = 5


@dataclass(frozen=True)
class Costs:
    """Costs of one host with ``count`` bindings: the two yardsticks, a read, the change that makes the bindings, the same again."""

    count: int
    slim: Cost
    basic: Cost
    read: Cost
    change: Cost
    again: Cost

    @property
    def changing_call(self) -> int:
        """Bytes uploaded by the second call of a change: all but the read before it, which opens and closes the shell, too."""
        return self.change.up - self.again.up


@dataclass(frozen=True)
class Ratio:
    """Times of a task beside the slim no-op over the same hosts in the same runs. Indicative: they depend on the machine."""

    wall: float
    cpu: float
    wall_ms: float
    cpu_ms: float


def wish(site: str, name: str, thumbprint: str) -> dict[str, Any]:
    return {"site": site, "host": name, "certificate": {"thumbprint": thumbprint}}


def costs(place: Path, count: int) -> Costs:
    """Make ``count`` bindings on a host that has none, one task per playbook. Raises Broken where it did not happen."""
    with rig(place, [hosts.many(count)]) as lab:
        thumbprint = lab.thumbprint("web01", hosts.SHOP)
        wishes = [wish(f"Site {number}", f"n{number}.example.com", thumbprint) for number in range(1, count + 1)]
        slim, basic, read = (_alone(lab, {name: {}}, False) for name in (SLIM, BASIC, INFO))
        change = _alone(lab, {CHANGE: {"bindings": wishes}}, True)
        again = _alone(lab, {CHANGE: {"bindings": wishes}}, False)
    return Costs(count, slim, basic, read, change, again)


def _alone(lab: Rig, task: Mapping[str, Any], changed: bool) -> Cost:
    lab.reset()
    ran = lab.run([{"hosts": "all", "tasks": [{"name": "task", **task}]}], forks=20)
    for (_task, host), result in ran.results.items():
        if result["changed"] is not changed:
            raise Broken(f"{host}: {next(iter(task))} said changed: {result['changed']}")
    return same(lab.costs().values())


def crowded(count: int) -> dict[str, Any]:
    """A host with ``count`` bindings, each with its record, on as many sites; names as long as people make them."""
    names = [f"customer-{number:05d}.portal.example.com" for number in range(count)]
    sites = [
        hosts.site(number, f"Customer portal {name}", hosts.https(f"*:443:{name}"))
        for number, name in enumerate(names, 1)
    ]
    records = [hosts.record(f"{name}:443", hosts.SHOP, negotiate_client_cert=True) for name in names]
    return hosts.host(sites=sites, records=records, certificates=[hosts.certificate(hosts.SHOP, "*.example.com")])


def document_bytes(count: int) -> int:
    """Size of the lab's document of such a host. What the shipped reader writes is measured by tests/engine."""
    document = SimulatedHost(crowded(count), Maker()).read()
    return len(json.dumps({**document, "certificates": []}, separators=(",", ":")).encode())


def web(slug: str) -> dict[str, Any]:
    """A host of the large fleet: one site, a few names, a certificate for all of them and its successor."""
    names = [f"n{number}.example.com" for number in range(BINDINGS_PER_HOST)]
    return hosts.host(
        slug,
        sites=[hosts.site(1, "Shop", *(hosts.https(f"*:443:{name}") for name in names))],
        records=[hosts.record(f"{name}:443", hosts.SHOP) for name in names],
        certificates=[
            hosts.certificate(hosts.SHOP, "*.example.com"),
            hosts.certificate(hosts.SHOP_NEW, "*.example.com", end="2031-06-01"),
        ],
        http_ports=[],
    )


def rotation(lab: Rig, certificate: str) -> dict[str, Any]:
    """The task that gives all bindings of a host of the large fleet this certificate of its description."""
    thumbprint = lab.thumbprint("web001", certificate)
    names = (f"n{number}.example.com" for number in range(BINDINGS_PER_HOST))
    return {CHANGE: {"bindings": [wish("Shop", name, thumbprint) for name in names]}}


def fleet_costs(lab: Rig) -> dict[str, Cost]:
    """Costs per host of each task over the whole fleet; every host must have counted the same."""
    tasks: Sequence[tuple[str, Mapping[str, Any], bool]] = (
        ("read", {INFO: {}}, False),
        ("change", rotation(lab, hosts.SHOP_NEW), True),
        ("change, second run", rotation(lab, hosts.SHOP_NEW), False),
    )
    return {name: _alone(lab, task, changed) for name, task, changed in tasks}


def fleet_ratios(lab: Rig, count: int, rounds: int = 3, forks: int = 20) -> dict[str, Ratio]:
    """Read and change beside the slim no-op: medians over rounds, each with all three in one ansible-playbook."""
    took: dict[str, list[Took]] = {name: [] for name in ("slim", "read", "change")}
    for number in range(rounds):
        change = rotation(lab, (hosts.SHOP, hosts.SHOP_NEW)[number % 2])
        # The first task loads what all need; it is not measured.
        order: Sequence[tuple[str, Mapping[str, Any]]] = (
            ("warm", {SLIM: {}}),
            ("slim", {SLIM: {}}),
            ("read", {INFO: {}}),
            ("slim", {SLIM: {}}),
            ("change", change),
        )
        lab.reset()
        ran = lab.run(
            [{"hosts": "all", "tasks": [{"name": name, **task} for name, task in order]}], forks=forks, collect=False
        )
        if same(lab.costs().values()).calls != 6:
            raise Broken("a timed round did not take the six module calls it should")
        for name, found in took.items():
            found.extend(ran.of(name))
    middle = {
        name: (statistics.median(item.wall for item in found), statistics.median(item.cpu for item in found))
        for name, found in took.items()
    }
    slim = middle["slim"]
    return {
        name: Ratio(wall / slim[0], cpu / slim[1], 1000 * wall / count, 1000 * cpu / count)
        for name, (wall, cpu) in middle.items()
    }

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same bindings by this collection and by two others, on hosts that start out equal. Their side on Windows is a stand-in."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.rig import Broken, Cost, Rig, Skipped
from bench.standins import PLAYED, WEBBINDING, WEBSITE
from e2e import hosts
from e2e.fleet import ROOT
from lab.wire_lab import Running, read

OURS = "tlsfleet.iis.https_bindings"
TOOLS = (OURS, WEBBINDING, WEBSITE)
COUNTS = (1, 10, 100)
ENVIRONMENT = ROOT / ".env" / "peers"
#: Names on one site, or as many sites with one name each.
LAYOUTS = ("one site", "a site each")
#: What is asked for, and with which certificate of the description.
ROUNDS = (
    ("make the bindings", hosts.SHOP),
    ("the same again", hosts.SHOP),
    ("give all of them another certificate", hosts.SHOP_NEW),
    ("the same again", hosts.SHOP_NEW),
)


@dataclass(frozen=True)
class Place:
    """One host: who works on it, and on what."""

    tool: str
    layout: str
    count: int

    @property
    def slug(self) -> str:
        return f"{TOOLS.index(self.tool)}-{LAYOUTS.index(self.layout)}-{self.count}"

    @property
    def wanted(self) -> list[tuple[str, str]]:
        """(site, host name) of each binding."""
        numbers = range(1, self.count + 1)
        return [
            ("Site 1" if self.layout == "one site" else f"Site {number}", f"n{number}.example.com")
            for number in numbers
        ]


@dataclass(frozen=True)
class Figure:
    """What one task cost one host, and how that host stood afterwards. ``wall`` is in slim no-ops of the same run."""

    place: Place
    cost: Cost
    wall: float
    changed: bool
    bindings: int
    records: int
    others: int

    @property
    def complete(self) -> bool:
        """Everything asked for is there, and nothing else."""
        return (self.bindings, self.records, self.others) == (self.place.count, self.place.count, 0)


PLACES = [Place(tool, layout, count) for layout in LAYOUTS for count in COUNTS for tool in TOOLS]
UNIT = "unit"


def environment() -> Path:
    """The directory of an ansible-playbook beside which the other collections are; made on demand. Raises Skipped."""
    made = subprocess.run([sys.executable, str(ROOT / "tests/tools/environment.py"), "setup", "--peers"], check=False)
    if made.returncode:
        raise Skipped("the PyPI package ansible cannot be installed here, see above; with it: tests/bench/run peers")
    return ENVIRONMENT / "bin"


def versions() -> Iterator[str]:
    """Lines that say what is compared, and whether the stand-ins were written after these versions."""
    for name, known in PLAYED.items():
        (manifest,) = ENVIRONMENT.glob(
            f"lib/python3*/site-packages/ansible_collections/{name.replace('.', '/')}/MANIFEST.json"
        )
        found = str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
        yield f"{name} {found}" + ("" if found == known else f" (the stand-in was written after {known})")
    show = "from importlib.metadata import version as v; print('ansible', v('ansible'), 'with ansible-core', v('ansible-core'))"
    done = subprocess.run(
        [str(ENVIRONMENT / "bin" / "python"), "-c", show], check=True, stdout=subprocess.PIPE, text=True
    )
    yield done.stdout.strip()


def description(place: Place) -> dict[str, Any]:
    """A Server 2019 whose sites listen for plain HTTP and have no https binding; two certificates fit all names."""
    names = dict.fromkeys(site for site, _host in place.wanted)
    plain = [
        {"protocol": "http", "information": f"*:80:old{number}.example.com", "ssl_flags": None}
        for number in range(len(names))
    ]
    return hosts.host(
        place.slug,
        sites=[hosts.site(number, name, plain[number - 1]) for number, name in enumerate(names, 1)],
        records=[],
        certificates=[
            hosts.certificate(hosts.SHOP, "*.example.com"),
            hosts.certificate(hosts.SHOP_NEW, "*.example.com", end="2031-06-01"),
        ],
        http_ports=[],
    )


def fleet() -> list[dict[str, Any]]:
    """One host for each case, and one for the yardstick."""
    return [*(description(place) for place in PLACES), hosts.many(1, UNIT)]


def _ours(place: Place, thumbprint: str) -> dict[str, Any]:
    certificate = {"certificate": {"thumbprint": thumbprint}}
    return {OURS: {"bindings": [{"site": site, "host": host, **certificate} for site, host in place.wanted]}}


def _webbinding(place: Place, thumbprint: str) -> dict[str, Any]:
    """One binding per call, hence a loop."""
    task = {
        "name": "{{ item.site }}",
        "protocol": "https",
        "ip": "*",
        "port": 443,
        "host_header": "{{ item.host }}",
        "ssl_flags": 1,
        "certificate_hash": thumbprint,
        "certificate_store_name": "my",
    }
    return {WEBBINDING: task, "loop": [{"site": site, "host": host} for site, host in place.wanted]}


def _website(place: Place, thumbprint: str) -> dict[str, Any]:
    """All bindings of a site in one call; a loop only where there are several sites."""
    common = {"ip": "*", "port": 443, "protocol": "https", "use_sni": True, "certificate_hash": thumbprint}
    if place.layout == "one site":
        return {
            WEBSITE: {
                "name": "Site 1",
                "bindings": {"add": [{**common, "hostname": host} for _site, host in place.wanted]},
            }
        }
    task = {"name": "{{ item.site }}", "bindings": {"add": [{**common, "hostname": "{{ item.host }}"}]}}
    return {WEBSITE: task, "loop": [{"site": site, "host": host} for site, host in place.wanted]}


TASKS: dict[str, Callable[[Place, str], dict[str, Any]]] = {OURS: _ours, WEBBINDING: _webbinding, WEBSITE: _website}


def measure(lab: Rig, certificate: str, places: Sequence[Place] = tuple(PLACES)) -> list[Figure]:
    """Every case once, one after the other in one ansible-playbook, each on its own host."""
    unit = {"name": UNIT, "hosts": UNIT, "tasks": [{"name": UNIT, "slim_noop": {}}] * 5}
    thumbprints = {place: lab.thumbprint(place.slug, certificate) for place in places}
    plays = [
        {
            "name": place.slug,
            "hosts": place.slug,
            "tasks": [{"name": "task", **TASKS[place.tool](place, thumbprints[place])}],
        }
        for place in places
    ]
    lab.reset()
    ran = lab.run([unit, *plays, unit])
    costs = lab.costs()
    slim = statistics.median(item.wall for item in ran.of(UNIT))
    walls = {item.play: item.wall for item in ran.of("task")}
    figures = []
    for place in places:
        changed = bool(ran.results["task", place.slug]["changed"])
        stands = standing(lab, place, thumbprints[place])
        figures.append(Figure(place, costs[place.slug], walls[place.slug] / slim, changed, *stands))
    return figures


def standing(lab: Rig, place: Place, thumbprint: str) -> tuple[int, int, int]:
    """How many wanted bindings and records are there, and how much else is there that was not in the beginning."""
    document = read(Running(lab.place).client(place.slug))
    if document["simulated"] is not True:
        raise Broken(f"{place.slug} does not say that it is simulated")
    found = {
        (site["name"], item["information"], item["ssl_flags"])
        for site in document["sites"]
        for item in site["bindings"]
        if item["protocol"] == "https"
    }
    records = {(item["key"], item["thumbprint"], str(item["store"] or "MY").upper()) for item in document["records"]}
    bindings = {(site, f"*:443:{host}", 1) for site, host in place.wanted}
    wanted = {(f"{host}:443", thumbprint, "MY") for _site, host in place.wanted}
    return len(found & bindings), len(records & wanted), len(found - bindings) + len(records - wanted)

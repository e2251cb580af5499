# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# reader on whole hosts: every state folder gives its document back, and the model engine reads the same."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.fakes.example import document, small
from engine.fakes.rows import write_rows
from engine.harness import hosts
from engine.harness.lane import ROOT, Lane
from lab.certificates import Maker
from lab.descriptions import fleet, load
from lab.simhost import SimulatedHost

pytestmark = pytest.mark.mono
Host = Callable[[dict[str, Any]], Path]


def assert_read(lane: Lane, folder: Path, expected: dict[str, Any]) -> None:
    """The reader gives the document back that the folder was written from."""
    asked = expected["reader"]
    answer = lane.document(folder, certificates=asked["certificates"], key_check=asked["key_check"])
    assert hosts.canonical(answer) == hosts.canonical(expected)


@pytest.mark.parametrize("described", [document(), small()], ids=["everything", "nothing"])
def test_a_host_is_read_back(lane: Lane, host: Host, described: dict[str, Any]) -> None:
    described["incomplete"] = []
    for item in described["certificates"]:
        item["store"] = "WebHosting" if item["store"] == "WebHosting" else "MY"
    assert_read(lane, host(described), described)


def test_random_hosts_are_read_back(lane: Lane, host: Host, request: pytest.FixtureRequest) -> None:
    """2,000 hosts; 50,000 with ``--hypothesis-profile=long``."""
    count = 50000 if request.config.getoption("--hypothesis-profile", None) == "long" else 2000
    for seed in range(count):
        described = hosts.document(random.Random(seed))
        try:
            assert_read(lane, host(described), described)
        except AssertionError as fault:
            raise AssertionError(f"random host {seed}: {fault}") from None


#: A host with keys of every kind and everything that others can leave behind.
TRACED = {
    **fleet(1, 5)[0],
    "slug": "traced",
    "certificates": [
        {
            "thumbprint": f"{number:040X}",
            "names": ["shop.example.com"],
            "store": store,
            "key": key,
            "key_detail": {"provider": provider, "provider_type": kind, "key_spec": spec},
            "chain": chain,
        }
        for number, (key, store, chain, (provider, kind, spec)) in enumerate(
            itertools.product(
                ("ok", "unknown", "missing", "user_scope", "denied", "none"),
                ("MY", "WebHosting"),
                (None, {"status": 0x10020, "elements": 1}),
                hosts.PROVIDERS,
            ),
            1,
        )
    ],
    "mappers": [{"site": 1, "thumbprint": f"{1:040X}", "store": "MY"}],
    "managers": [{"kind": kind, "evidence": evidence} for kind, evidence in hosts.MANAGERS],
    "rebind": True,
    "renewals": [{"at": "2026-01-01T00:00:00Z", "old": f"{1:040X}", "new": f"{2:040X}"}],
    "changes": [{"at": "2026-01-02T00:00:00Z", "kind": "created", "endpoint": "0.0.0.0:443"}],
}


def descriptions() -> list[Any]:
    shared, own = ROOT.parent / "shared" / "fixtures" / "hosts", ROOT / "tests" / "lab" / "fixtures"
    folder = shared if shared.is_dir() else own
    return [pytest.param(item, id=item["slug"]) for item in (*load(folder), *fleet(8, 1), TRACED)]


@pytest.fixture(scope="session")
def maker() -> Maker:
    return Maker()


@pytest.mark.parametrize("description", descriptions())
@pytest.mark.parametrize(
    ("which", "key_check"), [("referenced", "open"), ("candidates", "sign"), ("all", "metadata"), ("all", "open")]
)
def test_described_hosts_are_read_like_the_model_engine_reads_them(
    lane: Lane, host: Host, maker: Maker, description: dict[str, Any], which: str, key_check: str
) -> None:
    """The folder knows everything; how much of it is shown is the reader's doing."""
    model = SimulatedHost(description, maker)
    everything = model.read("all", "sign")
    expected = model.read(which, key_check) | {"read_at": everything["read_at"]}
    answer = lane.document(host(everything), certificates=which, key_check=key_check)
    assert hosts.canonical(answer) == hosts.canonical(expected)


def test_both_codes_of_a_short_buffer_are_understood(lane: Lane, host: Host) -> None:
    described = document(incomplete=[])
    folder = host(described)
    for code in ("122", "234", "alternate"):
        path = folder / "http" / "os.txt"
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        write_rows(path, [row for row in rows if row[0] != "short_buffer"] + [["short_buffer", code]])
        assert_read(lane, folder, described)

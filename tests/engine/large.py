# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m engine.large``: many changes in one call of the shipped C# on large simulated hosts. Time, memory, size of the journal.

The C fakes rewrite a file of all records at each change, which takes longer the larger the host is. So the same calls are made once
without the engine, too: what is left is what the engine adds.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from engine.applying import GOOD, IIS, OTHER, edit, edits, step
from engine.fakes import build, state
from engine.fakes.callers import HttpApi
from engine.fakes.example import CNG, binding, certificate, record, small
from engine.harness.journals import PATH
from engine.harness.lane import Lane
from engine.harness.longrun import MEMORY


def host(folder: Path, bindings: int, per_site: int) -> None:
    """So many bindings with a record each, by name, in sites of so many."""
    names = [f"h{number}.example.com" for number in range(bindings)]
    sites: list[dict[str, Any]] = [
        {
            "id": at // per_site + 1,
            "name": f"Site {at // per_site}",
            "state": "started",
            "bindings": [binding(f"*:443:{name}", 1) for name in names[at : at + per_site]],
        }
        for at in range(0, bindings, per_site)
    ]
    described: dict[str, Any] = {
        "iis": IIS,
        "schema_ssl_flags": True,
        "update_exported": True,
        "sites": sites,
        "records": [record(f"{name}:443", "hostnameport") for name in names],
        "certificates": [certificate("good", CNG), certificate("user", CNG)],
    }
    state.write_state(folder, small(**described))


def plan(bindings: int, changes: int, per_site: int) -> list[dict[str, Any]]:
    """Half of the changes give a record another certificate, half of them a binding another flag, spread over all sites."""
    half, apart = changes // 2, bindings // (changes // 2)
    places = [number * apart for number in range(half)]
    records = [
        step("update", ("hostnameport", f"h{at}.example.com:443"), {"thumbprint": GOOD}, {"thumbprint": OTHER})
        for at in places
    ]
    changed = [
        edit(
            at % per_site,
            binding(f"*:443:h{at}.example.com", 1),
            binding(f"*:443:h{at}.example.com", 33),
            f"Site {at // per_site}",
        )
        for at in places
    ]
    return [*records, edits(*changed)]


def bare(folder: Path, bindings: int, changes: int, per_site: int) -> float:
    """Seconds that the fake of http.sys takes for the same calls: three looks and a change for each record."""
    api = HttpApi(build.build() / "libhttpapi.so")
    api.select(folder)
    api.initialize()
    started = time.monotonic()
    for one in plan(bindings, changes, per_site)[:-1]:
        for _look in range(3):  # before the run, before the step, and at the end
            api.answer(5, api.asking(one["family"], one["key"]))
        code = api.change(
            "Update", {**state.RECORD_DEFAULTS, "family": one["family"], "key": one["key"], **one["after"]}
        )
        if code:
            raise RuntimeError(f"http.sys answered {code}")
    api.terminate()
    return time.monotonic() - started


def watch(path: Path, stop: threading.Event, sizes: list[int]) -> None:
    while not stop.wait(0.01):
        if path.exists():
            sizes.append(path.stat().st_size)


def measured(folder: Path, bindings: int, changes: int, per_site: int) -> str:
    """One line of the table."""
    host(folder, bindings, per_site)
    stop, sizes = threading.Event(), [0]
    watcher = threading.Thread(target=watch, args=(folder / PATH, stop, sizes))
    with Lane() as lane:
        lane.apply(folder, [])
        before = lane.peak_megabytes()
        watcher.start()
        started = time.monotonic()
        answer = lane.apply(folder, plan(bindings, changes, per_site))
        seconds = time.monotonic() - started
        stop.set()
        watcher.join()
        peak = lane.peak_megabytes()
    if answer["error"] or answer["applied"] != changes // 2 + 1:
        raise RuntimeError(str(answer["error"]))
    host(folder.parent / "bare", bindings, per_site)
    without = bare(folder.parent / "bare", bindings, changes, per_site)
    return (
        f"{bindings:>8} {changes:>8} {seconds:>8.1f} {without:>8.1f} {before:>6} -> {peak:>3} MB {max(sizes):>9} bytes"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.large", description=__doc__)
    parser.add_argument("--bindings", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--changes", type=int, nargs="+", default=[250, 500])
    parser.add_argument("--per-site", type=int, default=50)
    asked = parser.parse_args()
    print("bindings  changes  seconds     bare         memory         journal")
    for bindings in asked.bindings:
        for changes in asked.changes:
            with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
                print(measured(Path(folder) / "host", bindings, changes, asked.per_site), flush=True)


if __name__ == "__main__":
    main()

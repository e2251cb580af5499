# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on five simulated hosts, told in a terminal: know, plan, refuse, roll out, prove, again, report.

Everything is checked on the way, and the exit status is 0 only when all of it is as expected. The handshakes of the
tables are made here, with Python's own TLS, and not by the collection.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from clients import CLIENTS, Meeting, meet

DEMO = Path(__file__).resolve().parent
ROOT = DEMO.parent.parent
LAB = ROOT / "tests" / "lab" / "lab"
WISHES = "tests/demo/wishes/hosts.yml"
CHANGED = {"web-2008r2": 1, "web-2012r2": 1, "web-2019": 1, "web-2022": 1, "web-2025": 0}
#: A wish that must be refused.
MISTAKE = "@tests/demo/wishes/mistake.yml"


class Unexpected(Exception):
    """Something is not as it has to be; the text says what."""


class Demo:
    """One run: a lab in ``place``, and a directory ``kept`` for what stays behind."""

    def __init__(self, place: Path, kept: Path) -> None:
        self.place, self.kept = place, kept
        self.inventory = place / "inventory.yml"
        self.number = 0

    def heading(self, text: str) -> None:
        self.number += 1
        print(f"\n{_bold(f'{self.number}. {text}')}\n", flush=True)

    def play(self, name: str, *words: str, fails: bool = False) -> Mapping[str, Mapping[str, int]]:
        """Run a playbook of the collection, show what it says, and return its counts by host."""
        command = ["ansible-playbook", f"tlsfleet.iis.{name}", *words]
        print(f"$ {shlex.join(command)}", flush=True)
        stats = self.place / "stats.json"
        values = {
            "ANSIBLE_INVENTORY": f"{self.inventory},{WISHES}",
            "ANSIBLE_CALLBACK_PLUGINS": str(DEMO / "callback"),
            "ANSIBLE_STDOUT_CALLBACK": "story",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "DEMO_STATS": str(stats),
            "DEMO_LAB": str(self.place),
            "DEMO_REPORT": str(self.kept),
        }
        stats.unlink(missing_ok=True)
        status = subprocess.run(command, cwd=ROOT, env={**os.environ, **values}, check=False).returncode
        expect(status != 0 if fails else status == 0, f"{name} ended with status {status}")
        expect(stats.exists(), f"{name} ended before its end")
        counts: dict[str, dict[str, int]] = json.loads(stats.read_text(encoding="utf-8"))
        return counts

    def clients(self) -> list[Meeting]:
        """What each client of the list meets now."""
        hosts = yaml.safe_load(self.inventory.read_text(encoding="utf-8"))["windows"]["hosts"]
        return [meet(client, hosts[client.host]["tlsfleet_connect_to"]) for client in CLIENTS]

    def certificates(self) -> dict[str, str]:
        """Thumbprint in the lab by thumbprint in the host descriptions."""
        by_host = json.loads((self.place / "thumbprints.json").read_text(encoding="utf-8"))
        return {stand_in: made for certificates in by_host.values() for stand_in, made in certificates.items()}

    def tell(self) -> None:
        started = time.monotonic()
        print(f"\n$ export ANSIBLE_INVENTORY={self.inventory},{WISHES}")
        self.heading("Know: which certificate does each client get, and why?")
        self.play("audit")
        before = self.clients()

        self.heading("Plan: the wishes of tests/demo/wishes as a diff. Nothing is changed yet.")
        self.play("rollout", "--tags", "preflight,plan")
        expect(self.clients() == before, "planning changed what clients meet")

        self.heading("Refuse: a certificate for one site that another site would meet, too")
        self.play("rollout", "--limit", "web-2019", "--tags", "plan", "-e", MISTAKE, fails=True)
        expect(self.clients() == before, "the refused plan changed what clients meet")

        self.heading("Roll out: preflight, plan, apply, probe, report")
        self.compare(self.play("rollout", "--tags", "preflight,apply,probe,report"), CHANGED)

        self.heading("Prove: handshakes of Python's own TLS client, before and after")
        self.prove(before, self.clients())

        self.heading("Again: nothing is left to do")
        self.compare(self.play("rollout", "--tags", "preflight,plan,apply,report"), dict.fromkeys(CHANGED, 0))

        self.heading("Report: five rules, as JSON and as a page")
        self.play("compliance")
        states = json.loads((self.kept / "compliance.json").read_text(encoding="utf-8"))["totals"]
        expect(states == {"failed": 0, "unknown": 0, "passed": len(CHANGED)}, f"compliance says {states}")
        seconds = time.monotonic() - started
        print(f"\n{_bold('As expected.')} All of this was simulated; no Windows took part. {seconds:.0f} seconds.")
        print(f"The page: {self.kept / 'compliance.html'}")

    def compare(self, counts: Mapping[str, Mapping[str, int]], wanted: Mapping[str, int]) -> None:
        found = {host: count["changed"] for host, count in counts.items() if host in wanted}
        expect(found == wanted, f"changed are {found}, expected {dict(wanted)}")

    def prove(self, before: list[Meeting], after: list[Meeting]) -> None:
        """Show both sides of every client and hold each against the certificate it has to be."""
        made, wrong = self.certificates(), []
        rows = [("CLIENT OF", "ASKING FOR", "ON", "MET BEFORE", "MEETS NOW", "")]
        for client, old, new in zip(CLIENTS, before, after, strict=True):
            right = old.thumbprint == made[client.before] and new.thumbprint == made[client.after]
            verdict = "right" if right else "WRONG"
            wrong += [] if right else [f"{client.host} {client.name}"]
            shown = "the same" if old == new else new.text
            rows.append((client.host, client.name or "no name", client.address, old.text, shown, verdict))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        expect(not wrong, f"wrong certificates: {', '.join(wrong)}")


def expect(fact: bool, otherwise: str) -> None:
    if not fact:
        raise Unexpected(otherwise)


def _bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text


def lab(*words: str) -> None:
    if subprocess.run([str(LAB), *words], cwd=ROOT, check=False).returncode:
        raise Unexpected(f"lab {words[0]} failed")


def main() -> int:
    parser = argparse.ArgumentParser(description="the main job on five simulated hosts")
    parser.add_argument("--engine", default="model", help="engine of the lab")
    engine = parser.parse_args().engine
    signal.signal(signal.SIGTERM, lambda *_caught: sys.exit(143))
    # The page stays; the lab with its keys and passwords goes.
    kept = Path(tempfile.mkdtemp(prefix="tlsfleet-demo-"))
    place = kept / "lab"
    status = 1
    try:
        lab("start", "--dir", str(place), "--fixtures", str(DEMO / "hosts"), "--engine", engine)
        Demo(place, kept).tell()
        status = 0
    except Unexpected as fault:
        print(f"\nNOT AS EXPECTED: {fault}", file=sys.stderr)
    except KeyboardInterrupt:
        status = 130
    finally:
        subprocess.run([str(LAB), "stop", "--dir", str(place)], cwd=ROOT, check=False)
        shutil.rmtree(place if status == 0 else kept, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())

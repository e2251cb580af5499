# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on five simulated hosts, told in a terminal: know, judge, plan, refuse, roll out, prove, again, judge again.

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
#: How many hosts keep all five rules before and after.
BEFORE, AFTER = {"failed": 4, "unknown": 0, "passed": 1}, {"failed": 0, "unknown": 0, "passed": 5}
#: What a person types to play the same on hosts that do not go with the demo.
BY_HAND = (
    'eval "$(make -s env)"',
    "tests/lab/lab start --dir .lab --fixtures tests/demo/hosts",
    f"export ANSIBLE_INVENTORY=.lab/inventory.yml,{WISHES}",
)
#: A wish that must be refused.
MISTAKE = "@tests/demo/wishes/mistake.yml"


class Unexpected(Exception):
    """Something is not as it has to be; the text says what."""


class Demo:
    """One run: a lab in ``place``, and a directory ``kept`` for what stays behind."""

    def __init__(self, place: Path, kept: Path, engine: str) -> None:
        self.place, self.kept, self.engine = place, kept, engine
        self.inventory = place / "inventory.yml"
        self.number = 0

    def heading(self, text: str) -> None:
        self.number += 1
        print(f"\n{_bold(f'{self.number}. {text}')}\n", flush=True)

    def so(self, text: str) -> None:
        """What the step has shown, after it has been checked."""
        print(f"\n{_bold('=>')} {text}", flush=True)

    def play(
        self, name: str, *words: str, fails: bool = False, report: Path | None = None
    ) -> Mapping[str, Mapping[str, int]]:
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
            "DEMO_REPORT": str(report or self.kept),
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

    def introduce(self) -> None:
        """Who is there, and how to read what follows."""
        print(
            _bold("Five simulated Windows web servers on this machine. No Windows takes part, and no root is needed.")
        )
        print()
        for path in sorted((DEMO / "hosts").glob("*.json")):
            host = json.loads(path.read_text(encoding="utf-8"))
            print(f"  {host['slug']:<12}{host['os']['name']:<24}{host['title']}")
        print(
            "\nansible-playbook, its winrm plugin and the TLS handshakes are real. A record is an entry of http.sys, which decides on"
        )
        print(
            "the certificate. Lines with => say what a step has shown; lines with $ can be typed by hand, after these three,"
        )
        print("which start five such hosts that stay:\n")
        print(*(f"  {line}" for line in BY_HAND), sep="\n")

    def tell(self) -> None:
        started = time.monotonic()
        self.introduce()
        self.heading("Know: which certificate does each client get, and why?")
        print("  (+1: the certificate has one more name;  !! an error, ! a warning)\n", flush=True)
        self.play("audit")
        before = self.clients()
        self.so("Read, and nothing changed. What is shown comes from rules; step 6 holds it against real handshakes.")

        self.heading("Judge: which hosts keep five simple rules?")
        self.judge(self.kept / "before", BEFORE, fails=True)

        self.heading("Plan: what would it take? The wishes stand in tests/demo/wishes.")
        self.play("rollout", "--tags", "preflight,plan")
        expect(self.clients() == before, "planning changed what clients meet")
        self.so("Planned, and nothing changed: every client meets the certificate it met before.")

        self.heading("Refuse: a certificate for one site that would reach the clients of another")
        self.play("rollout", "--limit", "web-2019", "--tags", "plan", "-e", MISTAKE, fails=True)
        expect(self.clients() == before, "the refused plan changed what clients meet")
        self.so("Refused, as it should be: this is the mistake that takes a neighbour's site down. Nothing changed.")

        self.heading("Roll out: preflight, apply, handshakes, report")
        self.compare(self.play("rollout", "--tags", "preflight,apply,probe,report"), CHANGED)
        self.so("Four hosts changed, one call each beside the read; the fifth needed nothing and was left alone.")

        self.heading("Prove: another TLS client (Python's own), before and after")
        self.prove(before, self.clients())
        self.so("Every client meets the certificate that is meant for it.")

        self.heading("Again: is anything left to do?")
        self.compare(self.play("rollout", "--tags", "preflight,plan,apply,report"), dict.fromkeys(CHANGED, 0))
        self.so("Nothing is left, and nothing was touched.")

        self.heading("Judge again")
        self.judge(self.kept / "after", AFTER)
        seconds = time.monotonic() - started
        simulated = f"All of this was simulated (engine {self.engine}); no Windows took part."
        print(f"\n{_bold('As expected.')} {simulated} {seconds:.0f} seconds.")
        print(f"  pages to look at   {self.kept / 'before' / 'compliance.html'}")
        print(f"                     {self.kept / 'after' / 'compliance.html'}")
        print("  to try by hand     the three lines at the beginning, then those with $")

    def judge(self, place: Path, wanted: Mapping[str, int], fails: bool = False) -> None:
        self.play("compliance", fails=fails, report=place)
        states = json.loads((place / "compliance.json").read_text(encoding="utf-8"))["totals"]
        expect(states == wanted, f"compliance says {states}, expected {dict(wanted)}")
        self.so(f"Hosts that keep all rules: {states['passed']} of {sum(wanted.values())}.")

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
    """A command of the lab; what it says is shown only where it fails."""
    command = [str(LAB), *words]
    done = subprocess.run(command, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Unexpected(f"lab {words[0]} failed:\n{done.stdout}")


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
        Demo(place, kept, engine).tell()
        # Exit status 3 of the lab: something leaked.
        lab("stop", "--dir", str(place))
        status = 0
    except Unexpected as fault:
        print(f"\nNOT AS EXPECTED: {fault}", file=sys.stderr)
    except KeyboardInterrupt:
        status = 130
    finally:
        if status:
            quiet = subprocess.DEVNULL
            subprocess.run([str(LAB), "stop", "--dir", str(place)], cwd=ROOT, check=False, stdout=quiet, stderr=quiet)
        shutil.rmtree(place if status == 0 else kept, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab and the real ansible-playbook, as the end-to-end tests use them. Knows nothing about the collection's code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.texts import said

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "tests" / "lab" / "lab"
CALLBACKS = Path(__file__).resolve().parent / "callback"
#: Longer than any playbook of the tests takes, whatever else the machine does.
SECONDS = 240.0


@dataclass(frozen=True)
class Result:
    """One result of one task. ``status``: ok, failed, unreachable, skipped."""

    host: str
    task: str
    status: str
    value: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.value[name]

    @property
    def said(self) -> str:
        """The message, one line per fault."""
        return said(self.value)


@dataclass(frozen=True)
class Played:
    """A finished ansible-playbook. ``output``: what a person would have seen."""

    status: int
    output: str
    results: tuple[Result, ...]

    def of(self, task: str, host: str = "") -> Result:
        """The only result of a task (on a host)."""
        found = [item for item in self.results if item.task == task and host in ("", item.host)]
        assert len(found) == 1, f"{len(found)} results of {task!r} on {host or 'any host'}\n{self.output}"
        return found[0]

    def hosts(self, task: str) -> dict[str, Result]:
        """The results of a task by host."""
        return {item.host: item for item in self.results if item.task == task}


class Fleet:
    """Simulated hosts that run, in ``place``; ``faults`` are planned for them by host (tests/lab/README.md, "Faults")."""

    def __init__(
        self,
        place: Path,
        descriptions: Sequence[Mapping[str, Any]],
        faults: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        engine: str = "model",
        forks: int = 5,
    ) -> None:
        self.place, self.forks = place, forks
        fixtures = place / "fixtures"
        fixtures.mkdir(parents=True)
        for item in descriptions:
            (fixtures / f"{item['slug']}.json").write_text(json.dumps(item), encoding="utf-8")
        listed = [{"host": host, **item} for host, items in (faults or {}).items() for item in items]
        (place / "faults.json").write_text(json.dumps(listed), encoding="utf-8")
        words = ("--fixtures", str(fixtures), "--faults", str(place / "faults.json"), "--engine", engine)
        self._lab("start", *words)
        self._thumbprints = json.loads((place / "thumbprints.json").read_text(encoding="utf-8"))
        self._number = 0

    def stop(self) -> None:
        self._lab("stop")

    def reset(self) -> None:
        """Set all counters to zero."""
        self._lab("reset")

    def fault(self, host: str, name: str, /, **values: Any) -> None:
        """Plan a fault of a host (tests/lab/README.md, "Faults")."""
        self._lab("fault", host, json.dumps({"fault": name, **values}))

    def heal(self) -> None:
        """Take all planned faults away."""
        self._lab("heal")

    def wait(self, host: str, minutes: int) -> None:
        """Let so many minutes pass on a host."""
        self._lab("wait", host, str(minutes))

    def transcript(self, host: str) -> list[dict[str, Any]]:
        """What happened on a host since the lab began."""
        text = (self.place / "transcripts" / f"{host}.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def counters(self, host: str) -> dict[str, Any]:
        """What the host counted since the last reset."""
        found: dict[str, Any] = self.all_counters()[host]
        return found

    def all_counters(self) -> dict[str, Any]:
        """What every host counted since the last reset."""
        self._lab("status")
        counted: dict[str, Any] = json.loads((self.place / "counters.json").read_text(encoding="utf-8"))
        return counted

    def calls(self, host: str) -> int:
        """Module calls since the last reset."""
        return int(self.counters(host)["calls"])

    def thumbprint(self, host: str, named: str) -> str:
        """The thumbprint that a certificate of a description has here."""
        return str(self._thumbprints[host][named.upper()])

    def described(self, host: str, text: str) -> str:
        """The text with the thumbprints that the host's description has in place of those made here."""
        for named, made in self._thumbprints[host].items():
            text = text.replace(made, named)
        return text

    def play(
        self, tasks: Sequence[Mapping[str, Any]], *words: str, hosts: str = "all", play: Mapping[str, Any] | None = None
    ) -> Played:
        """Run tasks as one play."""
        return self.plays([{"hosts": hosts, "gather_facts": False, "tasks": list(tasks), **(play or {})}], *words)

    def plays(self, plays: Sequence[Mapping[str, Any]], *words: str, seconds: float = SECONDS) -> Played:
        """Run plays as one playbook."""
        self._number += 1
        book = self.place / f"play-{self._number}.yml"
        book.write_text(json.dumps(list(plays)), encoding="utf-8")
        return self.playbook(str(book), *words, seconds=seconds)

    def playbook(
        self, book: str, *words: str, env: Mapping[str, str] | None = None, seconds: float = SECONDS
    ) -> Played:
        """Run a playbook with the ansible-playbook of this environment."""
        results = self.place / "results.jsonl"
        results.unlink(missing_ok=True)
        program = Path(os.environ.get("IIS_CORE_BIN", Path(sys.executable).parent)) / "ansible-playbook"
        values = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".env" / "collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "collect",
            "ANSIBLE_INVENTORY": str(self.place / "inventory.yml"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORKS": str(self.forks),
            "E2E_RESULTS": str(results),
            **(env or {}),
        }
        done = subprocess.run(
            [str(program), book, *words],
            cwd=self.place,
            env=values,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
        )
        return Played(done.returncode, done.stdout, tuple(_read(results)))

    def _lab(self, *words: str) -> None:
        command = [str(LAB), words[0], "--dir", str(self.place), *words[1:]]
        done = subprocess.run(
            command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"


def _read(results: Path) -> Iterator[Result]:
    if results.exists():
        for line in results.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            yield Result(item["host"], item["task"], item["status"], item["result"])

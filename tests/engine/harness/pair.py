# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One description, two machines: the lab's model, and a state folder on which the shipped C# applier works.

What the C# has written is shown by its own TLS endpoints: whoever is dialled looks at the state folder as it is at that moment.
"""

from __future__ import annotations

import copy
import shutil
import socket
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from engine.fakes import config, read, state
from engine.fakes.rows import write_rows
from engine.harness.servers import Servers
from engine.harness.servers import record as tls_record
from lab.simhost import SimulatedHost
from laws import strategies
from laws.world import new_host

READ = {"certificates": "referenced", "key_check": "metadata"}
PROBE = {"on_unverified": "fail", "timeout": 20, "retries": 0}
HELLO = b"\x02" + (38).to_bytes(3, "big") + b"\x03\x03" + b"r" * 32 + b"\x00\xc0\x2f\x00"
#: Records in a fixed order, and sites.
State = tuple[list[dict[str, Any]], list[dict[str, Any]]]
RECORDS = Path("http/records.txt")
JOURNAL = Path("programdata/tlsfleet.iis/journal.txt")


class Endpoints:
    """TLS on every address and port of the random hosts, for whatever host is looked at now."""

    def __init__(self, servers: Servers) -> None:
        self.folder: Path | None = None
        self.judge: SimulatedHost | None = None
        self._stamps: list[tuple[int, int, int]] = []
        places = [(address, port) for address in strategies.ADDRESSES for port in strategies.PORTS]
        self.rows = [(*place, "127.0.0.1", servers.add(partial(self._answer, place))) for place in places]

    def look_at(self, folder: Path, judge: SimulatedHost) -> None:
        """From now on the endpoints show what ``judge``'s tables say about the state in ``folder``."""
        self.folder, self.judge, self._stamps = folder, judge, []
        write_rows(folder / "machine" / "dial.txt", self.rows)

    def served(self, address: str, port: int, sni: str | None) -> bytes | None:
        """DER of the certificate, None where the connection is reset."""
        assert self.folder is not None and self.judge is not None
        files = [self.folder / "http" / "records.txt", self.folder / site_file(self.folder)]
        stamps = [(found.st_ino, found.st_mtime_ns, found.st_size) for found in (file.stat() for file in files)]
        if stamps != self._stamps:
            self.judge.adopt(*read.standing(self.folder))
            self._stamps = stamps
        material = self.judge.serve(address, port, sni)
        return None if material is None else material.der

    def _answer(self, place: tuple[str, int], connection: socket.socket) -> None:
        der = self.served(*place, name_in(connection.recv(65536)))
        if der is None:
            return
        listed = len(der).to_bytes(3, "big") + der
        message = (len(listed) + 3).to_bytes(3, "big") + len(listed).to_bytes(3, "big") + listed
        connection.sendall(tls_record(HELLO) + tls_record(b"\x0b" + message))


def name_in(hello: bytes) -> str | None:
    """SNI of a ClientHello as the probe sends it: the first extension, or none."""
    at = 43
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2], "big")
    at += 1 + hello[at] + 2
    if hello[at : at + 2] != b"\x00\x00":
        return None
    length = int.from_bytes(hello[at + 7 : at + 9], "big")
    return hello[at + 9 : at + 9 + length].decode("ascii")


def site_file(folder: Path) -> Path:
    """Where the sites of a state folder stand: on the share, where there is one."""
    return Path("share" if (folder / "share").is_dir() else "config", "applicationHost.config")


class Pair:
    """The same host twice."""

    def __init__(self, endpoints: Endpoints, folder: Path, description: dict[str, Any]) -> None:
        self.folder = folder
        self.model, judge = new_host(description), new_host(description)
        if folder.exists():
            shutil.rmtree(folder)
        # what other programs there are is no business of an applier, and not everything can be written down
        state.write_state(folder, self.model.read("all", "sign") | {"managers": []})
        endpoints.look_at(folder, judge)

    def args(self, steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        named = {"contract": 1, "computer": self.model.name, "probe": PROBE, "read": READ, "shared_configuration": True}
        return copy.deepcopy({**named, "steps": steps, **more})

    def task(self, args: dict[str, Any], **more: Any) -> dict[str, Any]:
        """For the harness: an apply by the C#. ``more``: what else stands in the task."""
        return {"do": "apply", "state": str(self.folder), "args": args, **more}

    def model_state(self) -> State:
        records = [dict(item) for item in self.model.http.records.values()]
        order = sorted(records, key=lambda item: (item["family"], item["key"].lower()))
        return [state.RECORD_DEFAULTS | item for item in order], copy.deepcopy(self.model.iis.sites)

    def state(self) -> State:
        return read.standing(self.folder)

    def put(self, records: list[dict[str, Any]], sites: list[dict[str, Any]]) -> None:
        """Somebody else writes: these records and sites stand in the folder from now on."""
        rows = [[item[name] for name in state.RECORD_NAMES] for item in records]
        fresh = self.folder / "fresh"
        write_rows(fresh, rows)
        fresh.replace(self.folder / RECORDS)
        if sites != self.state()[1]:
            fresh.write_text(config.application_host(sites), encoding="utf-8")
            fresh.replace(self.folder / site_file(self.folder))

    def kept(self) -> dict[Path, bytes]:
        """All that an applier may write, as it stands there."""
        return {file: file.read_bytes() for file in (self.folder / RECORDS, self.folder / site_file(self.folder))}

    def put_back(self, kept: dict[Path, bytes]) -> None:
        """As it was then, and no journal. New files, as who looks at size and time of one may not see that it is another."""
        for file, content in kept.items():
            fresh = self.folder / "fresh"
            fresh.write_bytes(content)
            fresh.replace(file)
        (self.folder / JOURNAL).unlink(missing_ok=True)

    def fault(self, file: str, *rows: Iterable[Any]) -> None:
        """Rows for ``http/faults.txt`` or ``iis/faults.txt``."""
        write_rows(self.folder / file, [tuple(row) for row in rows])

    def between(self) -> list[State]:
        """Every state after a single write, since ``keep_beginning``."""
        now = self.folder / "between"
        found = []
        for step in sorted((self.folder / "trace").iterdir()):
            file = Path("http/records.txt") if step.name.endswith("records") else site_file(now)
            (now / file).write_bytes(step.read_bytes())
            found.append(read.standing(now))
        return found

    def keep_beginning(self) -> None:
        """Keep the state of now, and trace every write from here on."""
        self.beginning = self.state()
        shutil.copytree(self.folder, self.folder / "between", ignore=shutil.ignore_patterns("between"))
        (self.folder / "trace").mkdir()


def errors(answer: dict[str, Any]) -> dict[str, Any]:
    """What both engines have to say alike: all but words for people, the document, and ``changed``: a text in other letters
    is a change for the model.
    """
    names = ("applied", "undone")
    told = {name: answer.get(name) for name in names} | {"failed": bool(answer.get("failed"))}
    told["error"] = without_hint(answer["error"])
    told["undo_errors"] = [without_hint(item) for item in answer.get("undo_errors", [])]
    told["probes"] = answer.get("probes", [])
    return told


def without_hint(error: dict[str, Any] | None) -> dict[str, Any] | None:
    return error and {name: value for name, value in error.items() if name != "hint"}


def place(item: Mapping[str, Any]) -> tuple[str, str]:
    """Which record this is, of a record or a step: family and key. The central store is one, however it is called (F1.05)."""
    family, key = item["family"], item["key"].lower()
    return ("ccs", key.removeprefix("*:")) if family == "hostnameport" and key.startswith("*:") else (family, key)


def folded(state: State) -> State:
    """What two images are compared by (contracts.md section 4): thumbprint, store, AppId and CTL texts without case, no store is MY. The
    central store has one name.
    """
    records, sites = state
    texts = ("thumbprint", "store", "app_id", "ctl_identifier", "ctl_store")
    found = [
        {
            **item,
            **{name: item[name] and item[name].lower() for name in texts},
            "store": (item["store"] or "MY").lower(),
        }
        for item in records
    ]
    for item in found:
        if place(item)[0] == "ccs":
            item["family"], item["key"] = place(item)
    return sorted(found, key=lambda item: (item["family"], item["key"].lower())), sites

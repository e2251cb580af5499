# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated Windows host: a description brought to life. What the wire half of the lab talks to."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable, Iterable
from typing import Any

from .applier import Applier, Died, Observer
from .certificates import Maker, Material
from .contract import BadArgument, check_applier, check_reader, failure, packed
from .extras import optional_keys, users
from .faults import SEEDED, Fault
from .faults import fault as planned
from .faults_model import Planned
from .faults_tls import Front
from .guard import confirmed, deadline, expired, split
from .httpsys import IIS_APP_ID, HttpSys, Spot
from .iis import Iis, as_site
from .recovery import Journal, met
from .stores import Stores
from .words import as_record, known_flags, version

READER, APPLIER, GUARD = (f"tlsfleet.iis.host_{name}" for name in ("reader", "applier", "guard"))
VERSION = "0.1.0-simulated"


#: A module of another engine: answers (arguments, check mode) in the model's place.
Engine = Callable[[dict[str, Any], bool], dict[str, Any]]


class SimulatedHost:
    """State and behaviour. ``faults``: seeded ones by name, or ``fail_call:N`` (the N-th writing call is refused)."""

    def __init__(
        self,
        description: dict[str, Any],
        maker: Maker,
        faults: Iterable[str] = (),
        clock: Callable[[], datetime.datetime] | None = None,
    ) -> None:
        self._ahead = datetime.timedelta()
        self._clock = clock or (lambda: datetime.datetime.now(datetime.timezone.utc))
        self._maker = maker
        self.slug: str = description["slug"]
        self.name = self.slug.upper()
        self._os, self._iis_version = version(description["os"])
        number = (self._os["major"], self._os["minor"])
        self._update_exported = bool(description.get("update_exported", self._os["build"] >= 17763))
        self.addresses = tuple(text.strip("[]").lower() for text in description["local_addresses"])
        self._description = description
        self._stores = Stores(description, maker)
        self.thumbprints = self._stores.thumbprints
        self.http = HttpSys(list(self.addresses), description["ip_listen"], number >= (6, 2), self._stores.lookup)
        sites = [as_site(site, index) for index, site in enumerate(description["sites"], 1)]
        self.iis = Iis(sites, number >= (6, 2))
        for record in description["records"]:
            self.http.load(as_record(record, self._stores.here))
        self.http.known_flags = known_flags(self._os["build"], self.http.records.values())
        central = description.get("central_store", {}) or {}
        self._central = self._central_store(description)
        self.http.files = self._central["files"] if self._central and self._central["enabled"] else []
        self._others = self._other_ports()
        if central.get("on_share") is not None:
            self.http.files = list(central["on_share"])
        self.planned = Planned(self.http, self.iis, self._stores)
        self.front = Front(self.planned.faults, maker)
        self.journal: Journal | None = None
        #: Hears of every single call of an apply that came over the wire.
        self.observer: Observer | None = None
        #: Endpoints (address, port, server name or None) whose certificate the transcript tells after every single call.
        self.watched = [(item["address"], item["port"], item["sni"]) for item in description.get("watch", ())]
        for name in faults:
            self._seed(name)
        self.writes = 0
        #: What another engine has to do at its time; told the host's clock.
        self.alarm: Callable[[datetime.datetime], None] | None = None
        #: Modules that another engine answers; the model answers the others.
        self.engines: dict[str, Engine] = {}

    def _seed(self, name: str) -> None:
        word, colon, number = name.partition(":")
        if word == "fail_call" and colon:
            refusal = {"fault": "refuse", "code": "access_denied", "at_call": int(number), "times": "always"}
            self.plan(planned(refusal, name))
        elif name in SEEDED:
            self.plan(planned({"fault": "seeded", "name": name}, name))
        else:
            raise ValueError(f"there is no fault {name!r}")

    def plan(self, fault: Fault, place: str = "fault") -> None:
        """Let a fault happen from now on. Raises BadFault when it speaks of what this host does not have."""
        self.planned.add(fault, place)

    # -- what clients meet ---------------------------------------------------------------------------------------

    def ports(self) -> set[int]:
        """Ports http.sys listens on now: those of running sites, and those of other programs."""
        return self._others | self.iis.ports()

    @property
    def possible_ports(self) -> set[int]:
        """Every port that the description mentions."""
        stopped = Iis([{**site, "state": "started"} for site in self.iis.sites], True).ports()
        return self.ports() | stopped | {key[2] for key in self.http.records}

    def served(self, address: str, port: int, sni: str | None) -> str | None:
        """What a handshake shows: a thumbprint, ``file:NAME``, or None."""
        return self.shown([(address, port, sni)])[address, port, sni]

    def shown(self, spots: Iterable[Spot]) -> dict[Spot, str | None]:
        """As :meth:`served`, for many endpoints at one moment."""
        ports = self.ports()
        open_to = {spot: spot[1] in ports and self.http.listens_on(spot[0]) for spot in spots}
        return {spot: self.http.select(*spot) if heard else None for spot, heard in open_to.items()}

    def serve(self, address: str, port: int, sni: str | None) -> Material | None:
        """The certificate for a handshake; None: the connection is reset."""
        shown = self.served(address, port, sni)
        if shown is None:
            return None
        if not shown.startswith("file:"):
            return self._stores.material(shown)
        name = shown.removeprefix("file:").removesuffix(".pfx").replace("_.", "*.", 1)
        return self._maker.certificate(f"central store {shown}", (name,), None)

    def _seen(self, address: str, port: int, sni: str | None) -> tuple[str, str | None]:
        """What the applier's own probe meets: the front stands elsewhere, what is cut on the machine itself is cut for it, too."""
        if port not in self.ports() or not self.http.listens_on(address) or self.front.closed_for_host(address, port):
            return ("unreachable", None)
        if not self.front.takes_tls12(address, port):
            return ("tls", None)
        shown = self.http.select(address, port, sni)
        if shown is not None and shown.startswith("file:"):
            material = self.serve(address, port, sni)
            return ("file", material.thumbprint if material else None)
        return ("handshake" if shown else "unreachable", shown)

    # -- the two modules -----------------------------------------------------------------------------------------

    def call(self, module: str, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        """Answer a module call as the module would. KeyError: there is no such module; Died: its process ended."""
        own = {READER: self._call_reader, APPLIER: self._call_applier, GUARD: self._call_guard}
        answer = self.engines.get(module) or own[module]
        self.pass_time(0)
        try:
            self.planned.before_module(module)
            return packed(answer(args, check_mode))
        except BadArgument as fault:
            return failure(fault)

    def _call_reader(self, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        check_reader(args)
        document = self.read(args["certificates"], args["key_check"])
        return {"changed": False, "contract": 1, "document": document}

    def _call_applier(self, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        if check_mode:
            raise BadArgument("check mode", "this module changes the host", "check_mode_refused")
        return self.apply(args, self.observer)

    def _call_guard(self, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        if check_mode:
            raise BadArgument("check mode", "this module changes the host", "check_mode_refused")
        plain, minutes, run = split(args)
        if minutes is not None:
            return self.apply(plain, self.observer, deadline(self._now(), minutes))
        check_applier(plain, self.name)
        said = confirmed(self.journal, str(run))
        self.journal = self.journal if said["error"] else None
        return self._said(False, said, plain["read"])

    def pass_time(self, minutes: int) -> None:
        """Let so many minutes pass on this host: what its guard has to do by then is done."""
        self._ahead += datetime.timedelta(minutes=minutes)
        if self.journal is not None:
            self.journal = expired(self.journal, self._now(), self.http, self.iis)
        if self.alarm is not None:
            self.alarm(self._now())

    def apply(self, args: dict[str, Any], observer: Observer | None = None, guard: str | None = None) -> dict[str, Any]:
        """host_applier. ``observer`` hears of every single call into http.sys and IIS, also of those of an undo. Raises Died.

        ``guard``: when the run is undone unless it is confirmed; None: it needs no confirmation.
        """
        args = check_applier(args, self.name)
        before = (dict(self.http.records), self.iis.sites)
        applier = Applier(self.http, self.iis, self._update_exported, self._seen, observer, self.planned)
        try:
            self.journal, found = met(self.journal, args["steps"], self.http, self.iis)
            if found is None:
                self._refuse_shared(args)
            done = found or applier.run(args["steps"], args["probe"])
        except Died:
            self._keep(args["steps"], applier, guard)
            raise
        finally:
            self.writes += applier.calls
        if guard is not None and not done["error"]:
            done["unconfirmed"] = self._keep(args["steps"], applier, guard)
        return self._said(before != (self.http.records, self.iis.sites), done, args["read"])

    def _keep(self, steps: list[dict[str, Any]], applier: Applier, guard: str | None) -> str:
        """The journal of this run stays. Its name."""
        run = f"simulated-{self.writes + applier.calls}"
        self.journal = Journal(run, self._time(), steps, applier.begun, applier.finished, guard)
        return run

    def _said(self, changed: bool, done: dict[str, Any], read: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "changed": changed,
            "contract": 1,
            **done,
            "document": self.read(read["certificates"], read["key_check"]),
        }
        if done["error"]:
            answer |= {"failed": True, "msg": f"{done['error']['place']}: {done['error']['hint']}"}
        return answer

    def _now(self) -> datetime.datetime:
        return self._clock() + self._ahead

    def _refuse_shared(self, args: dict[str, Any]) -> None:
        """A commit would change other hosts, too. Raises BadArgument unless that is allowed."""
        edited = any(step["op"] == "bindings" for step in args["steps"])
        if edited and self._description.get("shared_configuration") and not args.get("shared_configuration"):
            raise BadArgument("steps", "the IIS configuration is shared with other hosts", "shared_configuration")

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def adopt(self, records: Iterable[dict[str, Any]], sites: list[dict[str, Any]]) -> None:
        """Take over what another engine has written: all records, and all sites with their states."""
        self.http.records.clear()
        for record in records:
            self.http.load(record)
        self.iis.sites = copy.deepcopy(sites)

    def read(self, certificates: str = "candidates", key_check: str = "open") -> dict[str, Any]:
        """The document, version 1."""
        description = self._description
        iis = self._iis_version
        usual = {"address": self.addresses[0], "port": 5985, "tls": False} if self.addresses else None
        connection = description.get("connection", usual)
        return {
            "format": "tlsfleet.iis/document",
            "version": 1,
            "simulated": True,
            "read_at": self._time(),
            "reader": {"version": VERSION, "certificates": certificates, "key_check": key_check},
            "name": self.name,
            "os": dict(self._os),
            "iis": None if iis is None else {"major": iis[0], "minor": iis[1]},
            "addresses": list(self.addresses),
            "ip_listen": [text.strip("[]") for text in description["ip_listen"]],
            "http_ports": sorted(self.ports()),
            "schema_ssl_flags": None if iis is None else self.iis.ssl_flags,
            "update_exported": self._update_exported,
            "shared_configuration": bool(description.get("shared_configuration", False)),
            "sites": [{**site, "bindings": [dict(item) for item in site["bindings"]]} for site in self.iis.sites],
            "records": [dict(self.http.records[key]) for key in sorted(self.http.records)],
            "certificates": self._stores.listing(certificates, key_check, self.http.records.values()),
            "central_store": self._central,
            "url_reservations": list(description.get("url_reservations", [])),
            "users": users(description, self._stores.here),
            "connection": connection,
            "journal": None if self.journal is None else self.journal.view(),
            "incomplete": list(description.get("incomplete", [])),
            **optional_keys(description, self._os["build"], self._stores.here),
        }

    # -- building ------------------------------------------------------------------------------------------------

    def _central_store(self, description: dict[str, Any]) -> dict[str, Any] | None:
        """As described; where a description has a central store record and says nothing, the files its bindings need."""
        if "central_store" in description:
            central = description["central_store"]
            return None if central is None else {"enabled": central["enabled"], "files": central["files"]}
        if not any(key[0] == "ccs" for key in self.http.records):
            return None
        asked = [name for question in description.get("questions", []) for name in question.get("ccs_files", ())]
        hosts = [
            binding["information"].rpartition(":")[2]
            for site in self.iis.sites
            for binding in site["bindings"]
            if binding["protocol"] == "https"
        ]
        return {"enabled": True, "files": sorted(set(asked)) or sorted({f"{host}.pfx" for host in hosts if host})}

    def _other_ports(self) -> set[int]:
        """Ports other programs listen on: as described, else those of records that IIS does not own or no site is shown for."""
        described = self._description.get("http_ports")
        if described is not None:
            return set(described)
        owned = {IIS_APP_ID} if self.iis.sites else set()
        return {key[2] for key, record in self.http.records.items() if record["app_id"] not in owned}

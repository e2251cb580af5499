# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the machine itself: refused calls, a process that dies, a full disk, other people at work on the same host."""

from __future__ import annotations

import copy
from typing import Any

from .applier import Died, Stopped, Trouble
from .contract import BadArgument
from .faults import SEEDED, BadFault, Fault
from .httpsys import HttpSys
from .iis import Iis
from .stores import Stores

DISK_FULL = 112
#: Single calls that can end with a code.
_COMMIT = "CommitChanges"
_SETS = ("HttpSetServiceConfiguration", "HttpUpdateServiceConfiguration")
_POSSIBLE = {
    "key_unusable": _SETS,
    "record_exists": _SETS[:1],
    "record_missing": ("HttpUpdateServiceConfiguration", "HttpDeleteServiceConfiguration"),
    "not_supported_here": _SETS,
    "access_denied": (*_SETS, "HttpDeleteServiceConfiguration", _COMMIT),
    "config_conflict": (_COMMIT,),
    "config_locked": (_COMMIT,),
}


class Planned(Trouble):
    """The planned faults of one machine, asked at every turn. ``faults`` may grow and shrink at any time."""

    def __init__(self, http: HttpSys, iis: Iis, stores: Stores) -> None:
        self._http, self._iis, self._stores = http, iis, stores
        self.faults: list[Fault] = []

    # -- planning ------------------------------------------------------------------------------------------------

    def add(self, fault: Fault, place: str) -> None:
        """From now on. Raises BadFault when it speaks of a site or certificate that is not there."""
        if fault.name == "certificate_removed":
            self._certificate(fault.values["thumbprint"], f"{place}.thumbprint")
        for index, change in enumerate(fault.values.get("do", ())):
            where = f"{place}.do[{index}]"
            if "site" in change and change["site"] not in {site["name"] for site in self._iis.sites}:
                raise BadFault(f"{where}.site: there is no site {change['site']!r}")
            if "thumbprint" in change:
                self._certificate(change["thumbprint"], f"{where}.thumbprint")
        if fault.name == "seeded":
            self._http.faults.add(fault.values["name"])
        self.faults.append(fault)

    def heal(self) -> None:
        """Take all faults away. What they did to the machine stays."""
        self.faults.clear()
        self._http.faults -= set(SEEDED)

    def _certificate(self, thumbprint: str, place: str) -> None:
        if self._stores.material(self._stores.here(thumbprint)) is None:
            raise BadFault(f"{place}: there is no certificate {thumbprint}")

    # -- at work -------------------------------------------------------------------------------------------------

    def before_module(self, module: str) -> None:
        """A module is about to run. Raises BadArgument with the answer of one that may not."""
        name = module.rpartition(".")[2].replace("host_guard", "host_applier")  # which it is, with a guard
        for fault in self._of("access_denied"):
            if fault.values["module"] == name and fault.strikes():
                raise BadArgument("process", "administrator rights are missing on this host", "access_denied")
        for fault in self._of("other_writer", "certificate_removed"):
            if fault.values["before"] == name and fault.values["at_call"] is None and fault.strikes():
                self._carry_out(fault)

    def begin(self) -> None:
        """The applier creates its journal. Raises Stopped."""
        if self.disk_full(0):
            raise _full()

    def disk_full(self, number: int) -> bool:
        """Is the disk full when the journal is written before the ``number``-th call? 0: when it is created."""
        full = [fault for fault in self._of("disk_full") if fault.values["at_call"] == (number or None)]
        struck = [fault.strikes() for fault in full]  # each of them counts
        return any(struck)

    def before(self, number: int, call: str, undoing: bool) -> str | None:
        """Before a single call: the code it is refused with. Raises Stopped and Died."""
        during = "undo" if undoing else "apply"
        for fault in self._at(number, "other_writer", "certificate_removed"):
            if not undoing and fault.values["at_call"] is not None and fault.strikes():
                self._carry_out(fault)
        for fault in self._at(number, "disk_full"):
            if not undoing and fault.values["at_call"] is not None and fault.strikes():
                raise _full()
        self._crash(number, "before", undoing)
        for fault in self._at(number, "refuse"):
            code = str(fault.values["code"])
            if fault.values["during"] == during and call in _POSSIBLE[code] and fault.strikes():
                return code
        return None

    def after(self, number: int, call: str, undoing: bool) -> None:
        """After a call that worked. Raises Died."""
        self._crash(number, "after", undoing)

    def _crash(self, number: int, when: str, undoing: bool) -> None:
        for fault in self._at(number, "crash"):
            if not undoing and fault.values["when"] == when and fault.strikes():
                raise Died

    def _of(self, *names: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.name in names]

    def _at(self, number: int, *names: str) -> list[Fault]:
        return [fault for fault in self._of(*names) if fault.values["at_call"] in (None, number)]

    def _carry_out(self, fault: Fault) -> None:
        if fault.name == "certificate_removed":
            self._stores.remove(self._stores.here(fault.values["thumbprint"]))
        for change in fault.values.get("do", ()):
            self._change(change)

    def _change(self, change: dict[str, Any]) -> None:
        """What somebody else does to the machine: without a look at what is there, as other people are."""
        kind = change["change"]
        if kind == "certificate_remove":
            self._stores.remove(self._stores.here(change["thumbprint"]))
        elif kind == "record_delete":
            self._http.delete(change["family"], change["key"])
        elif kind == "record_set":
            thumbprint = self._stores.here(change["thumbprint"])
            self._http.load({"family": change["family"], "key": change["key"], "thumbprint": thumbprint, "store": "MY"})
        else:
            sites = copy.deepcopy(self._iis.sites)
            bindings = next(site["bindings"] for site in sites if site["name"] == change["site"])
            bindings[:] = [item for item in bindings if item["information"] != change["information"]]
            if kind == "binding_add":
                added = {"information": change["information"], "ssl_flags": change["ssl_flags"]}
                bindings.append({"protocol": "https", **added})
            self._iis.sites = sites


def _full() -> Stopped:
    return Stopped("internal", "journal", "the disk is full; the journal could not be written", "WriteFile", DISK_FULL)

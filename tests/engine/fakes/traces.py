# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The optional keys of a document as what they stand for on a host: events, tasks, folders, registry values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from .rows import Cell, write_rows

DEFAULTS: dict[str, Any] = {"asked": [], "mappers": [], "managers": [], "renewals": [], "changes": []}
#: Windows folder -> folder below the state folder.
PATHS = (
    (r"C:\Windows\System32\Tasks", "tasks"),
    ("%ProgramData%", "programdata"),
    ("%ProgramFiles%", "programfiles"),
)
REBIND = r"tasks/Microsoft/Windows/CertificateServicesClient/IIS-AutoCertRebind"
_TASK = "scheduled task "
_LIFECYCLE = "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"
_CHANGES = {"deleted": 15300, "created": 15301, "updated": 15302}
_EVENT = """\
<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='{provider}'/>\
<EventID Qualifiers='16384'>{number}</EventID><TimeCreated SystemTime='{at}.241910600Z'/></System>{data}</Event>"""


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The optional keys with what a reader tells of a host without any of it."""
    return {
        **DEFAULTS,
        "rebind": None if document["iis"] is None else False,
        **{name: document[name] for name in _names(document)},
    }


def _names(document: dict[str, Any]) -> Iterator[str]:
    return (name for name in (*DEFAULTS, "rebind") if document.get(name) is not None)


def write(folder: Path, document: dict[str, Any]) -> None:
    """Everything but registry values, paths and metabase data. Raises ValueError for evidence that nothing can be made of."""
    (folder / "machine").mkdir(parents=True, exist_ok=True)
    kept = {name: document[name] for name in (*DEFAULTS, "rebind")}
    (folder / "machine" / "traces.json").write_text(json.dumps(kept), encoding="utf-8")
    write_rows(folder / "machine" / "events.txt", events(document))
    for _windows, name in PATHS:
        (folder / name).mkdir()
    for manager in document["managers"]:
        _make(folder, manager["evidence"])
    if document["rebind"] is not None:
        path = folder / REBIND
        path.parent.mkdir(parents=True)
        if document["rebind"]:
            path.write_bytes(task(True).encode("utf-16"))


def read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "machine" / "traces.json").read_text(encoding="utf-8"))
    return found


def write_keys(folder: Path, certificates: Iterable[dict[str, Any]]) -> None:
    """The files of private keys, where Windows keeps them. Raises ValueError for one that lies elsewhere."""
    for file in {item["key"]["file"] for item in certificates if item["key"]} - {None}:
        path = _place(folder, file)
        if path is None:
            raise ValueError(f"certificates: there is no folder for the key file {file!r}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _place(folder: Path, windows_path: str) -> Path | None:
    for windows, name in PATHS:
        if windows_path.startswith(windows):
            return folder / name / windows_path.removeprefix(windows).strip("\\").replace("\\", "/")
    return None


def _make(folder: Path, evidence: str) -> None:
    if evidence.startswith(_TASK):
        (folder / "tasks" / evidence.removeprefix(_TASK)).write_text("<Task/>", encoding="utf-8")
        return
    path = _place(folder, evidence)
    if path is not None:
        path.mkdir(parents=True)
    elif not evidence.startswith("HKLM\\"):
        raise ValueError(f"managers: nothing can be made of the evidence {evidence!r}")


def task(enabled: bool) -> str:
    """A scheduled task as Windows keeps it."""
    word = "true" if enabled else "false"
    return (
        '<?xml version="1.0" encoding="UTF-16"?>\n'
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\n'
        "  <Triggers><EventTrigger><Enabled>true</Enabled></EventTrigger></Triggers>\n"
        f"  <Settings><Enabled>{word}</Enabled><Hidden>false</Hidden></Settings>\n</Task>"
    )


def events(document: dict[str, Any]) -> Iterable[tuple[Cell, ...]]:
    """Log and XML of each event, oldest first."""
    for renewal in document["renewals"]:
        yield _LIFECYCLE, event("Lifecycle", 1001, renewal["at"], replaced(renewal["old"], renewal["new"]))
    for change in reversed(document["changes"]):
        number = _CHANGES[change["kind"]]
        yield "System", event("Microsoft-Windows-HttpEvent", number, change["at"], endpoint(change["endpoint"]))


def event(provider: str, number: int, at: str, data: str) -> str:
    return _EVENT.format(provider=provider, number=number, at=at.removesuffix("Z"), data=data)


def replaced(old: str, new: str) -> str:
    """The data of lifecycle event 1001; thumbprints are in lower case there."""
    details = "".join(
        f"<{name} Thumbprint={quoteattr(value.lower())}><SubjectNames/></{name}>"
        for name, value in (("OldCertificateDetails", old), ("NewCertificateDetails", new))
    )
    return f"<UserData><CertNotificationData Context='Machine'><Action>Renew</Action>{details}</CertNotificationData></UserData>"


def endpoint(name: str) -> str:
    """The data of an event of http.sys."""
    device = "<Data Name='DeviceObject'>\\Device\\Http\\ReqQueue</Data>"
    return f"<EventData>{device}<Data Name='Endpoint'>{escape(name)}</Data><Binary>0000</Binary></EventData>"


def registry(document: dict[str, Any]) -> Iterator[tuple[Cell, ...]]:
    """Rows of registry.txt. Evidence of a switch is ``key, name = value``, that of a service its key."""
    for switch in document["asked"]:
        if not switch["evidence"].startswith("HKLM\\"):  # http.sys itself was asked
            continue
        key, name, value = switch["evidence"].replace(" = ", ", ").split(", ")
        yield key, name, "dword", int(value)
    for manager in document["managers"]:
        if manager["evidence"].startswith("HKLM\\"):
            yield manager["evidence"], "Start", "dword", 2

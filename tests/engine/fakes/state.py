# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a host document (docs/contracts.md, sections 1 to 3) as the state folder of a simulated host (README.md).

Nothing is lost on the way: ``read.read_state`` gives the same document back, and so must a reader that goes through the fakes. A
document that no IIS could be in is refused with ValueError naming the place, since no reader could give it back.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import config, traces
from .rows import Cell, write_rows

MARK = ("tlsfleet.iis/fake-state", "1")
IIS_APP_ID = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
STATES = {"started": 1, "stopped": 3, "unknown": 4}
RECORD_DEFAULTS: dict[str, Any] = {
    "thumbprint": None,
    "store": None,
    "app_id": IIS_APP_ID,
    "flags": 0,
    "check_mode": 0,
    "freshness": 0,
    "timeout": 0,
    "ctl_identifier": None,
    "ctl_store": None,
}
CERTIFICATE_DEFAULTS: dict[str, Any] = {
    "friendly_name": None,
    "archived": False,
    "renewed_by": None,
    "key": None,
    "chain": None,
}
#: How the fakes' table has a key; ``file`` stands at its end.
KEY_NAMES = ("provider", "provider_type", "container", "key_spec", "machine", "system_access", "check", "code")
RECORD_NAMES = ("family", "key", *RECORD_DEFAULTS)
_NEW_IDS = {"hostnameport": (5, 9200), "ccs": (6, 9200), "scopedccs": (11, 18362)}
_CHANGING = (
    "http/records.txt",
    "config/applicationHost.config",
    "share/applicationHost.config",
    "machine/http_ports.txt",
)
#: The reader may not open the key: that says nothing about SYSTEM.
_NOT_FOR_THE_READER = (0x80090010, 0x80070005)
_WINDOWS = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The document with every default written out, and ``simulated`` true, as whatever comes out of a fake says."""
    return {
        **document,
        **traces.complete(document),
        "simulated": True,
        "os": {"revision": None, **document["os"]},
        "sites": [
            {**site, "bindings": [{"ssl_flags": None, **binding} for binding in site["bindings"]]}
            for site in document["sites"]
        ],
        "records": [{**RECORD_DEFAULTS, **record} for record in document["records"]],
        "certificates": [
            {**CERTIFICATE_DEFAULTS, **item, "key": item.get("key") and {"file": None, **item["key"]}}
            for item in document["certificates"]
        ],
        "users": [{"key": None, "thumbprint": None, **user} for user in document["users"]],
    }


def write_state(folder: str | Path, description: dict[str, Any]) -> None:
    """Make ``folder`` the state of the host that the document describes; what was there before must be a state folder, too.

    Raises ValueError for a document that cannot be, and for a folder that holds something else.
    """
    folder = Path(folder)
    document = complete(description)
    _refuse_impossible(document)
    _refuse_odd_keys(document)
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "state.txt").exists():
            raise ValueError(f"{folder} holds something else than the state of a simulated host")
        shutil.rmtree(folder)
    _write_http(folder / "http", document)
    if document["iis"] is not None:
        _write_iis(folder, document)
    _write_certificates(folder / "certs", document["certificates"])
    _write_machine(folder / "machine", document)
    traces.write(folder, document)
    traces.write_keys(folder, document["certificates"])
    write_rows(folder / "state.txt", [MARK])


def rewrite(folder: str | Path, description: dict[str, Any]) -> None:
    """What others may change on a host while somebody is at work on it: records, sites, certificates, listening ports.

    Only files that differ are touched, so that what is loaded already stays good. Raises ValueError as :func:`write_state` does.
    """
    folder = Path(folder)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        write_state(scratch, description)
        for fresh in sorted(Path(scratch).rglob("*")):
            name = fresh.relative_to(scratch)
            if fresh.is_dir() or (str(name) not in _CHANGING and name.parts[0] != "certs"):
                continue
            held = folder / name
            if not held.exists() or held.read_bytes() != fresh.read_bytes():
                held.parent.mkdir(exist_ok=True)
                fresh.replace(held)


def accepted(certificate: dict[str, Any]) -> bool:
    """Would http.sys take a record with this certificate? It wants a key that SYSTEM can use (F4.10, F6.18)."""
    key = certificate["key"]
    return (
        key is not None
        and key["machine"] is not False
        and key["system_access"] != "denied"
        and (key["code"] in (None, 0, *_NOT_FOR_THE_READER))
        and (key["provider_type"] == 0 or key["key_spec"] == 1)
    )


def _refuse_impossible(document: dict[str, Any]) -> None:
    seen: set[tuple[str, object]] = set()
    if document["iis"] is None and document["sites"]:
        raise ValueError("sites: there is no IIS, hence there can be no sites")
    for number, site in enumerate(document["sites"]):
        place = f"sites[{number}]"
        for what in (("id", site["id"]), ("name", site["name"].lower())):
            if what in seen:
                raise ValueError(f"{place}.{what[0]}: {what[1]!r} is there twice")
            seen.add(what)
        bindings = set()
        for index, binding in enumerate(site["bindings"]):
            key = (binding["protocol"].lower(), binding["information"].lower())
            if key in bindings:
                raise ValueError(f"{place}.bindings[{index}]: IIS refuses a site that has the same binding twice")
            if "" in key:
                raise ValueError(f"{place}.bindings[{index}]: protocol and information must not be empty")
            if binding["ssl_flags"] is not None and document["schema_ssl_flags"] is False:
                raise ValueError(f"{place}.bindings[{index}].ssl_flags: the schema of this IIS does not know it")
            bindings.add(key)


def _refuse_odd_keys(document: dict[str, Any]) -> None:
    """The library ends the process over a row it cannot read; better to name the place here."""
    for index, record in enumerate(document["records"]):
        family, key = record["family"], record["key"]
        name, colon, port = key.rpartition(":")
        sound = port.isascii() and port.isdigit() and 0 < int(port) < 65536 and bool(colon) == (family != "ccs")
        if family == "ipport":
            sound = sound and _is_address(name[1:-1], 6) if name[:1] == "[" else sound and _is_address(name, 4)
        if not sound or family not in (*_NEW_IDS, "ipport"):
            raise ValueError(f"records[{index}].key: {key!r} is no key of the family {family!r}")
    for index, address in enumerate(document["ip_listen"]):
        if not (_is_address(address, 4) or _is_address(address, 6)):
            raise ValueError(f"ip_listen[{index}]: {address!r} is no address")


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def _write_http(folder: Path, document: dict[str, Any]) -> None:
    build = document["os"]["build"]
    families = {record["family"] for record in document["records"]}
    facts: list[tuple[Cell, ...]] = [("build", build), ("update", document["update_exported"])]
    early = [number for name, (number, since) in _NEW_IDS.items() if name in families and build < since]
    if early:
        # The first build of an id is not known for sure: a record that is there shows that this Windows takes it.
        known = [number for number, since in _NEW_IDS.values() if build >= since]
        facts.append(("ids", ",".join(str(number) for number in sorted({0, 1, 2, *known, *early}))))
    write_rows(folder / "os.txt", facts)
    write_rows(folder / "records.txt", ([record[name] for name in RECORD_NAMES] for record in document["records"]))
    write_rows(folder / "urlacl.txt", ((prefix, "D:(A;;GX;;;S-1-5-20)") for prefix in document["url_reservations"]))
    write_rows(folder / "listen.txt", ((address,) for address in document["ip_listen"]))


def _write_iis(folder: Path, document: dict[str, Any]) -> None:
    shared = document["shared_configuration"]
    here = folder / "config"
    here.mkdir(parents=True)
    sites = config.application_host(document["sites"], document["mappers"])
    if shared:
        (folder / "share").mkdir()
        _write_text(folder / "share" / "applicationHost.config", sites)
        # Windows keeps the old local file, which nobody reads any more.
        binding = {"protocol": "http", "information": "*:80:", "ssl_flags": None}
        left = [{"id": 1, "name": "left over from before the configuration was shared", "bindings": [binding]}]
        sites = config.application_host(left)
    _write_text(here / "applicationHost.config", sites)
    _write_text(here / "redirection.config", config.redirection(shared))
    if document["schema_ssl_flags"] is not None:
        _write_text(here / "schema" / "IIS_schema.xml", config.schema(document["schema_ssl_flags"]))
    write_rows(folder / "iis" / "sites.txt", ((site["id"], STATES[site["state"]]) for site in document["sites"]))


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def _write_certificates(folder: Path, certificates: list[dict[str, Any]]) -> None:
    rows: list[list[Cell]] = []
    for number, item in enumerate(certificates, 1):
        key = item["key"]
        if key is not None and set(key) != {*KEY_NAMES, "file"}:
            raise ValueError(f"certificates[{number - 1}].key: needs exactly {', '.join(KEY_NAMES)}, file")
        facts = [None] * len(KEY_NAMES) if key is None else [key[name] for name in KEY_NAMES]
        names = (item["friendly_name"], item["archived"], item["renewed_by"])
        link = (key is not None, *facts, accepted(item))
        chain = item["chain"] or {"status": None, "elements": None}
        ends = (chain["status"], chain["elements"], key and key["file"])
        rows.append([item["store"], item["thumbprint"], f"{number}.der", *names, *link, *ends])
    write_rows(folder / "index.txt", rows)
    for number, item in enumerate(certificates, 1):
        try:
            der = base64.b64decode(item["der"], validate=True)
        except binascii.Error:
            raise ValueError(f"certificates[{number - 1}].der: is not base64") from None
        (folder / f"{number}.der").write_bytes(der)


def _write_machine(folder: Path, document: dict[str, Any]) -> None:
    system, iis, reader = document["os"], document["iis"] or {"major": None, "minor": None}, document["reader"]
    host: list[tuple[Cell, ...]] = [("name", document["name"])]
    host += [(f"os_{name}", system[name]) for name in ("name", "major", "minor", "build", "revision")]
    host += [(f"iis_{name}", iis[name]) for name in ("major", "minor")]
    host += [("clock", document["read_at"]), ("shared_configuration", document["shared_configuration"])]
    # Without IIS there is no schema folder that could carry it.
    host += [("schema_ssl_flags", document["schema_ssl_flags"])]
    host += [(f"reader_{name}", reader[name]) for name in ("version", "certificates", "key_check")]
    write_rows(folder / "host.txt", host)
    write_rows(folder / "registry.txt", _registry(document))
    paths = [(r"C:\Windows\System32\inetsrv\config", "config"), (config.SHARE, "share"), *traces.PATHS]
    write_rows(folder / "paths.txt", paths)
    write_rows(folder / "addresses.txt", ((address,) for address in document["addresses"]))
    if document["http_ports"] is not None:
        write_rows(folder / "http_ports.txt", ((port,) for port in document["http_ports"]))
    store = document["central_store"]
    if store is not None:
        names = store["files"]
        rows: list[tuple[Cell, ...]] = [
            ("enabled", store["enabled"]),
            ("files", "unknown" if names is None else "known"),
        ]
        write_rows(folder / "central_store.txt", rows + [("file", name) for name in names or ()])
    names_of_user = ("kind", "key", "thumbprint", "evidence")
    write_rows(folder / "users.txt", ([user[name] for name in names_of_user] for user in document["users"]))
    if document["connection"] is not None:
        write_rows(folder / "connection.txt", [[document["connection"][name] for name in ("address", "port", "tls")]])
    if document["journal"] is not None:
        _write_text(folder / "journal.json", json.dumps(document["journal"]))
    gaps = ([gap[name] for name in ("layer", "code", "message")] for gap in document["incomplete"])
    write_rows(folder / "incomplete.txt", gaps)


def _registry(document: dict[str, Any]) -> Iterable[tuple[Cell, ...]]:
    system = document["os"]
    newer = system["major"] >= 10
    yield (_WINDOWS, "ProductName", "sz", system["name"])
    # Windows 10 and later say 6.3 in the old value for good.
    yield (_WINDOWS, "CurrentVersion", "sz", "6.3" if newer else f"{system['major']}.{system['minor']}")
    yield (_WINDOWS, "CurrentBuildNumber", "sz", system["build"])
    if newer:
        yield (_WINDOWS, "CurrentMajorVersionNumber", "dword", system["major"])
        yield (_WINDOWS, "CurrentMinorVersionNumber", "dword", system["minor"])
    if system["revision"] is not None:
        yield (_WINDOWS, "UBR", "dword", system["revision"])
    yield (r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName", "ComputerName", "sz", document["name"])
    if document["iis"] is not None:
        yield (r"HKLM\SOFTWARE\Microsoft\InetStp", "MajorVersion", "dword", document["iis"]["major"])
        yield (r"HKLM\SOFTWARE\Microsoft\InetStp", "MinorVersion", "dword", document["iis"]["minor"])
    if document["central_store"] is not None:
        key = r"HKLM\SOFTWARE\Microsoft\IIS\CentralCertProvider"
        yield (key, "Enabled", "dword", int(document["central_store"]["enabled"]))
        yield (key, "CertStoreLocation", "sz", r"\\simulated\central")
    yield from traces.registry(document)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a state folder (README.md) back as the host document it stands for: what the fakes have left there, without going through them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from . import state, traces
from .rows import number, read_rows, read_settings, truth

_STATES = {code: name for name, code in state.STATES.items()}
_RECORD_NUMBERS = ("flags", "check_mode", "freshness", "timeout")


def read_state(folder: str | Path) -> dict[str, Any]:
    """The complete document of a state folder that ``state.write_state`` has made and the fakes may have changed."""
    folder = Path(folder)
    host = read_settings(folder / "machine" / "host.txt")
    machine = folder / "machine"
    journal = machine / "journal.json"
    return {
        "format": "tlsfleet.iis/document",
        "version": 1,
        "simulated": True,
        "read_at": host["clock"],
        "reader": {name: host[f"reader_{name}"] for name in ("version", "certificates", "key_check")},
        "name": host["name"],
        "os": {
            "name": host["os_name"],
            **{name: number(host[f"os_{name}"]) for name in ("major", "minor", "build", "revision")},
        },
        "iis": None
        if host["iis_major"] is None
        else {name: number(host[f"iis_{name}"]) for name in ("major", "minor")},
        "addresses": _column(machine / "addresses.txt"),
        "ip_listen": _column(folder / "http" / "listen.txt"),
        "http_ports": _ports(machine / "http_ports.txt"),
        "schema_ssl_flags": _schema(folder, host),
        "update_exported": truth(read_settings(folder / "http" / "os.txt")["update"]),
        "shared_configuration": truth(host["shared_configuration"]),
        "sites": read_sites(folder),
        "records": read_records(folder),
        "certificates": [_certificate(row, folder / "certs") for row in read_rows(folder / "certs" / "index.txt")],
        "central_store": _central_store(machine / "central_store.txt"),
        "url_reservations": _column(folder / "http" / "urlacl.txt"),
        "users": _named(machine / "users.txt", "kind", "key", "thumbprint", "evidence"),
        "connection": _connection(machine / "connection.txt"),
        "journal": json.loads(journal.read_text(encoding="utf-8")) if journal.exists() else None,
        "incomplete": _named(machine / "incomplete.txt", "layer", "code", "message"),
        **traces.read(folder),
    }


def _column(path: Path) -> list[str | None]:
    return [row[0] for row in read_rows(path)]


def _named(path: Path, *names: str) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in read_rows(path)]


def _ports(path: Path) -> list[int | None] | None:
    return [number(text) for text in _column(path)] if path.exists() else None


def _schema(folder: Path, host: dict[str, str | None]) -> bool | None:
    if host["iis_major"] is None:
        return truth(host["schema_ssl_flags"])
    path = folder / "config" / "schema" / "IIS_schema.xml"
    return 'name="sslFlags"' in path.read_text(encoding="utf-8") if path.exists() else None


def standing(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All that an applier writes: records in a fixed order, and sites."""
    return sorted(read_records(folder), key=lambda item: (item["family"], item["key"].lower())), read_sites(folder)


def read_records(folder: Path) -> list[dict[str, Any]]:
    """Only those; a fraction of the whole's time."""
    return [_record(row) for row in read_rows(folder / "http" / "records.txt")]


def read_sites(folder: Path) -> list[dict[str, Any]]:
    """Only those."""
    path = folder / ("share" if (folder / "share").is_dir() else "config") / "applicationHost.config"
    if not path.exists():
        return []
    states = {row[0]: number(row[1]) for row in read_rows(folder / "iis" / "sites.txt")}
    return [
        {
            "id": number(site.get("id")),
            "name": site.get("name"),
            # A site that WAS does not know, or one it answers about with an error.
            "state": _STATES.get(states.get(site.get("id")) or 0, "unknown"),
            "bindings": [
                {
                    "protocol": binding.get("protocol"),
                    "information": binding.get("bindingInformation"),
                    "ssl_flags": number(binding.get("sslFlags")),
                }
                for binding in site.iterfind("bindings/binding")
            ],
        }
        for site in ElementTree.parse(path).getroot().iterfind("system.applicationHost/sites/site")
    ]


def _record(row: list[str | None]) -> dict[str, Any]:
    record: dict[str, Any] = dict(zip(state.RECORD_NAMES, row, strict=True))
    return record | {name: number(record[name]) for name in _RECORD_NUMBERS}


def _certificate(row: list[str | None], folder: Path) -> dict[str, Any]:
    store, thumbprint, file, friendly_name, archived, renewed_by, linked, *facts = row
    *facts, _accepted, status, elements, key_file = facts
    key: dict[str, Any] | None = None
    if truth(linked):
        key = dict(zip(state.KEY_NAMES, facts, strict=True))
        key |= {name: number(key[name]) for name in ("provider_type", "key_spec", "code")}
        key |= {"machine": truth(key["machine"]), "file": key_file}
    return {
        "thumbprint": thumbprint,
        "store": store,
        "der": base64.b64encode((folder / str(file)).read_bytes()).decode("ascii"),
        "friendly_name": friendly_name,
        "archived": truth(archived),
        "renewed_by": renewed_by,
        "key": key,
        "chain": None if status is None else {"status": number(status), "elements": number(elements)},
    }


def _central_store(path: Path) -> dict[str, Any] | None:
    rows = read_rows(path)
    if not rows:
        return None
    known = rows[1] == ["files", "known"]
    return {"enabled": truth(rows[0][1]), "files": [row[1] for row in rows[2:]] if known else None}


def _connection(path: Path) -> dict[str, Any] | None:
    rows = read_rows(path)
    if not rows:
        return None
    address, port, tls = rows[0]
    return {"address": address, "port": number(port), "tls": truth(tls)}

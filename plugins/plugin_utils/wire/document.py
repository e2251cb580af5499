# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document version 1 (docs/contracts.md §1–3) to :class:`Host`. A fault anywhere refuses the document and names every place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..model.host import Binding, Host, Incomplete, Os, OtherUser, Record, RecordValue, Site
from ..model.keys import (
    FAMILIES,
    IIS_APP_ID,
    RecordKey,
    address_key,
    checked_thumbprint,
    record_key,
    store_name,
)
from ..model.problems import Invalid, Problem, ValueInvalid
from .extras import OPTIONAL_KEYS, asked, changes, guard, managers, mappers, renewals
from .fields import Fields, checked_time, is_whole
from .stored import CERTIFICATE_KEYS, certificate

FORMAT, VERSION = "tlsfleet.iis/document", 1
RECORD_VALUE_KEYS = frozenset(
    ["thumbprint", "store", "app_id", "flags", "check_mode", "freshness", "timeout", "ctl_identifier", "ctl_store"]
)
_RECORD_KEYS = RECORD_VALUE_KEYS | {"family", "key"}
_TOP_KEYS = frozenset(
    [
        "format",
        "version",
        "simulated",
        "read_at",
        "reader",
        "name",
        "os",
        "iis",
        "addresses",
        "ip_listen",
        "http_ports",
        "schema_ssl_flags",
        "update_exported",
        "shared_configuration",
        "sites",
        "records",
        "certificates",
        "central_store",
        "url_reservations",
        "users",
        "connection",
        "journal",
        "incomplete",
        *OPTIONAL_KEYS,
    ]
)
USER_KINDS = tuple("winrm rdp sstp rd_gateway adfs wap ssrs sql wmsvc exchange wsus other".split())
_NO_KEY = RecordKey("ccs", "", 1)
_GUID = re.compile(r"\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}\Z", re.IGNORECASE | re.ASCII)


def parse_document(data: Any) -> Host:
    """Build the host a document describes. Raises :class:`Invalid` with all problems, paths beginning with ``document``."""
    problems: list[Problem] = []
    if not isinstance(data, Mapping):
        raise Invalid([Problem("document", "must be an object")])
    if data.get("format") != FORMAT:
        raise Invalid([Problem("document.format", f"must be {FORMAT!r}, is {data.get('format')!r}")])
    if data.get("version") != VERSION or isinstance(data.get("version"), bool):
        raise Invalid(
            [Problem("document.version", f"only version {VERSION} is understood, is {data.get('version')!r}")]
        )
    host = _host(Fields(data, "document", problems, _TOP_KEYS))
    if problems:
        raise Invalid(problems)
    return host


def _host(doc: Fields) -> Host:
    version = Fields(
        doc.data.get("os"), "document.os", doc.problems, frozenset(("name", "major", "minor", "build", "revision"))
    )
    iis = doc.optional_object("iis", frozenset(("major", "minor")))
    store = doc.optional_object("central_store", frozenset(("enabled", "files")))
    connection = doc.optional_object("connection", frozenset(("address", "port", "tls")))
    journal = doc.optional_object("journal")  # what else stands in it is for the host to judge, which undoes that run
    doc.there("iis", "http_ports", "schema_ssl_flags", "update_exported", "central_store", "connection", "journal")
    watch = None if journal is None else guard(journal)
    version.there("revision")
    incomplete = tuple(
        Incomplete(item.words("layer"), item.text("code"), item.text("message"))
        for item in doc.objects("incomplete", frozenset(("layer", "code", "message")))
    )
    if store is not None:
        store.there("files")
    enabled = store is not None and store.truth("enabled")
    files = None if store is None or store.data.get("files") is None else store.texts("files")
    # one that is off serves nothing; of one that could not be read nobody knows
    blind = any(item.layer == "central_store" for item in incomplete)
    _reader(doc)
    return Host(
        name=doc.words("name"),
        os=Os(
            version.text("name"),
            version.number("major", low=0),
            version.number("minor", low=0),
            version.number("build", low=0),
            version.optional_number("revision", low=0),
        ),
        iis=None if iis is None else (iis.number("major", low=0), iis.number("minor", low=0)),
        addresses=tuple(address_key(text) for text in doc.texts("addresses")),
        ip_listen=tuple(address_key(text) for text in doc.texts("ip_listen")),
        http_ports=_ports(doc),
        schema_ssl_flags=doc.optional_truth("schema_ssl_flags"),
        update_exported=doc.optional_truth("update_exported"),
        shared_configuration=doc.truth("shared_configuration"),
        sites=_sites(doc),
        records=_records(doc),
        certificates=tuple(certificate(item) for item in doc.objects("certificates", CERTIFICATE_KEYS)),
        central_store=enabled,
        central_store_files=files if enabled or blind else (),
        url_reservations=doc.texts("url_reservations"),
        users=tuple(_user(user) for user in doc.objects("users", frozenset(("kind", "key", "thumbprint", "evidence")))),
        connection=None
        if connection is None
        else (
            address_key(connection.words("address")),
            connection.number("port", low=1, high=65535),
            connection.truth("tls"),
        ),
        unfinished_run=None if journal is None or (watch and watch.state == "undone") else journal.words("run"),
        guard=watch,
        incomplete=incomplete,
        asked=asked(doc),
        mappers=mappers(doc),
        managers=managers(doc),
        rebind=doc.optional_truth("rebind"),
        renewals=renewals(doc),
        changes=changes(doc),
        simulated=doc.truth("simulated"),
        read_at=doc.checked("read_at", checked_time, ""),
    )


def _ports(doc: Fields) -> frozenset[int] | None:
    ports = doc.data.get("http_ports")
    if ports is None:
        return None
    if not isinstance(ports, list) or not all(is_whole(port) and 0 < port < 65536 for port in ports):
        doc.fault("http_ports", "must be a list of ports (1 to 65535)")
        return None
    if len(set(ports)) < len(ports):
        doc.fault("http_ports", "names a port twice")
    return frozenset(ports)


def _reader(doc: Fields) -> None:
    """What the reader says about itself: nothing here depends on it, but a reader that cannot say it is none of ours."""
    reader = Fields(
        doc.data.get("reader"), "document.reader", doc.problems, frozenset(("version", "certificates", "key_check"))
    )
    reader.words("version")
    reader.choice("certificates", ("referenced", "candidates", "all"))
    reader.choice("key_check", ("metadata", "open", "sign"))


def _app_id(text: str) -> str:
    if not _GUID.match(text):
        raise ValueInvalid(f"must be a GUID in braces, is {text!r}")
    return text.lower()


def _sites(doc: Fields) -> tuple[Site, ...]:
    """IIS keeps no two sites with one name; case does not tell them apart."""
    seen: set[str] = set()
    sites = []
    for item in doc.objects("sites", frozenset(("id", "name", "state", "bindings"))):
        site = _site(item)
        if site.name.lower() in seen:
            item.fault("name", f"is there twice ({site.name})")
        seen.add(site.name.lower())
        sites.append(site)
    return tuple(sites)


def _site(site: Fields) -> Site:
    return Site(
        id=site.number("id", low=0),
        name=site.words("name"),
        state=site.choice("state", ("started", "stopped", "unknown")),
        bindings=tuple(binding_from_wire(item) for item in site.objects("bindings", BINDING_KEYS)),
    )


BINDING_KEYS = frozenset(("protocol", "information", "ssl_flags"))


def binding_from_wire(item: Fields) -> Binding:
    return Binding(
        item.words("protocol"), item.text("information"), item.optional_number("ssl_flags", low=0, high=2**32 - 1)
    )


def _records(doc: Fields) -> tuple[Record, ...]:
    records: dict[RecordKey, RecordValue] = {}
    for item in doc.objects("records", _RECORD_KEYS):
        item.there("thumbprint")
        key, value = record_key_from_wire(item), record_value_from_wire(item)
        # one record of a central store may be listed under both of its names (F1.05)
        if key in records and key != _NO_KEY and not (key.family == "ccs" and value == records[key]):
            item.fault("key", f"is there twice ({key})")
        records[key] = value
    return tuple(Record(key, records[key]) for key in sorted(records))


def record_key_from_wire(item: Fields) -> RecordKey:
    before, family = len(item.problems), item.choice("family", FAMILIES)
    if len(item.problems) > before:
        return _NO_KEY  # what a key of an unknown family should look like nobody knows
    return item.checked("key", lambda text: record_key(family, text), _NO_KEY)


def record_value_from_wire(item: Fields) -> RecordValue:
    thumbprint = None
    if item.data.get("thumbprint") is not None:
        thumbprint = item.checked("thumbprint", checked_thumbprint, "")
    return RecordValue(
        thumbprint=thumbprint,
        store=store_name(item.optional_text("store")),
        app_id=item.checked("app_id", _app_id, IIS_APP_ID, default=IIS_APP_ID),
        flags=item.number("flags", 0, low=0, high=2**32 - 1),
        check_mode=item.number("check_mode", 0, low=0, high=2**32 - 1),
        freshness=item.number("freshness", 0, low=0, high=2**32 - 1),
        timeout=item.number("timeout", 0, low=0, high=2**32 - 1),
        ctl_identifier=item.optional_text("ctl_identifier"),
        ctl_store=item.optional_text("ctl_store"),
    )


def _user(user: Fields) -> OtherUser:
    user.there("key", "thumbprint")
    key = None
    if user.data.get("key") is not None:
        key = user.checked("key", _user_key, _NO_KEY)
    thumbprint = user.optional_checked("thumbprint", checked_thumbprint)
    return OtherUser(user.choice("kind", USER_KINDS), key, thumbprint, user.text("evidence"))


def _user_key(text: str) -> RecordKey:
    family, _space, rest = text.partition(" ")
    return record_key(family, rest)

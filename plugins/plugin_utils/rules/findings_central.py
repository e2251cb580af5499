# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the central certificate store."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.host import CENTRAL_STORE
from .finding import Finding, Kind, Rule
from .resolve import central_file
from .scene import Scene

CENTRAL_STORE_UNAVAILABLE = Kind(
    "central_store_unavailable",
    ("error",),
    "F2.02",
    "A binding takes its certificate from the central store, which is not installed or not enabled on this host.",
    "There is no file to serve: clients fail, or meet the certificate of another record.",
    "Install and enable the feature, or give the binding a certificate of its own.",
)
CENTRAL_FILE_MISSING = Kind(
    "central_file_missing",
    ("error",),
    "F1.16",
    "The central store has no file for the host name of a binding.",
    "Clients of this name fall to a record of lower rank and meet its certificate, or fail. No error is logged.",
    "Put a file with the very name of the host on the share. A name beyond ASCII is written in Unicode, and one file can serve "
    "a whole level of names as _.example.com.pfx.",
)
CENTRAL_STORE_WITHOUT_HOST = Kind(
    "central_store_without_host",
    ("error",),
    "F2.07",
    "A binding that uses the central store has no host name.",
    "The store finds a certificate by name only.",
    "Give the binding a host name, or a certificate of its own.",
)
CENTRAL_FILES_UNKNOWN = Kind(
    "central_files_unknown",
    ("info",),
    "F1.18",
    "Bindings use the central store, but the files on its share could not be listed.",
    "Every prediction for their names assumes that the files are there.",
    "Read the host with an account that may read the share, or look at the endpoints with https_endpoint_info.",
)
SCOPED_CENTRAL_RECORD = Kind(
    "scoped_central_record",
    ("info",),
    "F1.24",
    "There is a central store record for one single name.",
    "No public source says how Windows ranks it, so nothing is predicted for that name, and nothing is changed there.",
    "Look at the endpoint with https_endpoint_info.",
)

KINDS = (
    CENTRAL_STORE_UNAVAILABLE,
    CENTRAL_FILE_MISSING,
    CENTRAL_STORE_WITHOUT_HOST,
    CENTRAL_FILES_UNKNOWN,
    SCOPED_CENTRAL_RECORD,
)


def _bindings(scene: Scene) -> Iterator[Finding]:
    host = scene.host
    users = [item for item in scene.bindings if item.flags & CENTRAL_STORE and item.key is not None]
    blind = "central_store" in host.unread
    for item in users:
        if not item.host:
            evidence = (
                "the binding asks the central store without a host name: the store finds a certificate by name only"
            )
            yield CENTRAL_STORE_WITHOUT_HOST.on(item.subject, evidence)
        elif not host.central_store and not blind:
            evidence = f"the binding takes its certificate from the central store: {scene.able.central_store.reason}"
            yield CENTRAL_STORE_UNAVAILABLE.on(item.subject, evidence)
        elif host.central_store_files is not None and central_file(host, item.host) is None:
            evidence = f"the central store has no file for {item.host}"
            yield CENTRAL_FILE_MISSING.on(item.subject, evidence)
    if users and host.central_store_files is None and (host.central_store or blind):
        evidence = f"the files of the central store could not be listed; {len(users)} bindings use it"
        yield CENTRAL_FILES_UNKNOWN.on("host", evidence)


def _scoped(scene: Scene) -> Iterator[Finding]:
    for record in scene.host.records:
        if record.key.family == "scopedccs":
            evidence = f"record {record.key} is a central store record for one name: nothing is predicted there"
            yield SCOPED_CENTRAL_RECORD.on(record.key, evidence)


RULES: tuple[Rule, ...] = (_bindings, _scoped)

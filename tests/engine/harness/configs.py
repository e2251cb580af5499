# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""applicationHost.config files for tests of the reader, and what of a document these look at."""

from __future__ import annotations

from typing import Any

from engine.fakes.example import binding

IIS = {"iis": {"major": 10, "minor": 0}, "schema_ssl_flags": True}
SITE = '<site name="Shop" id="1"><bindings><binding protocol="https" bindingInformation="*:443:shop" sslFlags="1"/></bindings></site>'
ONE = [{"id": 1, "name": "Shop", "state": "started", "bindings": [binding("*:443:shop", 1)]}]


def whole(sites: str, around: str = "<sites>{}</sites>", head: str = "") -> str:
    return (
        f"{head}<configuration><system.applicationHost>{around.format(sites)}</system.applicationHost></configuration>"
    )


def shown(document: dict[str, Any]) -> list[tuple[str, str, int | None]]:
    return [
        (item["protocol"], item["information"], item["ssl_flags"])
        for site in document["sites"]
        for item in site["bindings"]
    ]


def blind(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(gap["layer"], gap["code"]) for gap in document["incomplete"] if gap["layer"] != "site_states"]

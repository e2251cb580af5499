# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate stores of one simulated machine."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any

from .certificates import Maker, Material
from .words import private_key


class Stores:
    """Every certificate of a description that lies in a store, under a thumbprint of the lab's own."""

    def __init__(self, description: dict[str, Any], maker: Maker) -> None:
        #: Thumbprint in the description, upper case → the one here.
        self.thumbprints: dict[str, str] = {}
        self._entries: dict[tuple[str, str], dict[str, Any]] = {}
        self._materials: dict[str, Material] = {}
        named: dict[str, set[str]] = {}
        for record in description["records"]:
            if record.get("thumbprint"):
                named.setdefault(record["thumbprint"].upper(), set()).add(record.get("store") or "MY")
        listed = {item["thumbprint"].upper(): item for item in description["certificates"]}
        for fixture in named:
            listed.setdefault(fixture, {"thumbprint": fixture, "names": [], "not_after": None, "key": "ok"})
        for fixture, item in listed.items():
            self._add(fixture, item, named, maker)

    def _add(self, fixture: str, item: dict[str, Any], named: dict[str, set[str]], maker: Maker) -> None:
        if item.get("in_store") is False:
            self.thumbprints[fixture] = fixture
            return
        names = [name.encode("idna").decode() if not name.isascii() else name for name in item.get("names", [])]
        material = maker.certificate(fixture, names, item.get("not_after"), item.get("made"))
        self.thumbprints[fixture] = material.thumbprint
        self._materials[material.thumbprint] = material
        stores = {item["store"]} if item.get("store") else named.get(fixture, {"MY"})
        for store in sorted({name.upper() if name.upper() == "MY" else name for name in stores}):
            self._entries[store.upper(), material.thumbprint] = {**item, "store": store, "material": material}

    def here(self, thumbprint: str) -> str:
        """A thumbprint of the description in the lab's terms; one that is the lab's already stays."""
        return self.thumbprints.get(thumbprint.upper(), thumbprint.upper())

    def material(self, thumbprint: str) -> Material | None:
        """What a handshake with this certificate needs."""
        return self._materials.get(thumbprint)

    def lookup(self, thumbprint: str, store: str) -> str:
        """May http.sys use it? ``missing``, ``unusable`` or ``ok``."""
        entry = self._entries.get((store.upper(), thumbprint.upper()))
        if entry is None:
            return "missing"
        detail = entry.get("key_detail") or {}
        # a key of a classic provider has to be for key exchange
        exchange = not detail.get("provider_type") or detail.get("key_spec") == 1
        return "ok" if entry.get("key", "ok") in ("ok", "unknown") and exchange else "unusable"

    def remove(self, thumbprint: str) -> bool:
        """Take a certificate out of every store it is in; False where it was in none."""
        found = [place for place in self._entries if place[1] == thumbprint.upper()]
        for place in found:
            del self._entries[place]
        return bool(found)

    def listing(self, which: str, key_check: str, records: Collection[dict[str, Any]]) -> list[dict[str, Any]]:
        """Certificates as the reader tells them: those that records name, candidates for bindings too, or all."""
        used = {(str(item["store"] or "MY").upper(), item["thumbprint"]) for item in records}
        found = []
        for (store, thumbprint), entry in sorted(self._entries.items()):
            key = private_key(entry, thumbprint, key_check)
            candidate = store in ("MY", "WEBHOSTING") and key is not None
            if which == "all" or (store, thumbprint) in used or (which == "candidates" and candidate):
                renewed = entry.get("renewed_by")
                found.append(
                    {
                        "thumbprint": thumbprint,
                        "store": entry["store"],
                        "der": base64.b64encode(entry["material"].der[: entry.get("cut_der")]).decode(),
                        "friendly_name": entry.get("friendly_name", ""),
                        "archived": bool(entry.get("archived", False)),
                        "renewed_by": self.here(renewed) if renewed else None,
                        "key": key,
                        **({"chain": entry["chain"]} if "chain" in entry else {}),
                    }
                )
        return found

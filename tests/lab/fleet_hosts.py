# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One made-up host while it is put together: sites, records and certificates that fit together."""

from __future__ import annotations

import datetime
import random
from typing import Any

from .fleet import Knobs, Weights
from .words import builds

IIS = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
WINRM = "{afebb9ad-9b97-4a91-9ab5-daf4d59122f6}"
WMSVC = "{00000000-0000-0000-0000-000000000000}"
HKLM = "HKLM\\"
ROOT = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WSMAN\\Listener\\"
#: URL prefixes that every Windows reserves; the last two are for SSTP and BranchCache, whether these are there or not.
RESERVED = [
    "http://+:5985/wsman/",
    "http://+:47001/wsman/",
    "http://+:80/Temporary_Listen_Addresses/",
    "https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/",
    "https://+:443/C574AC30-5794-4AEE-B1BB-6651C5315029/",
]
_IDN = ("bücher", "öl", "кафе", "日本")
_LABELS = (
    "shop api www intranet portal mail files login static admin blog crm erp hr wiki jobs status pay docs news".split()
)


class Draft:
    """A host in the making. ``chance`` decides everything; the same one gives the same host."""

    def __init__(self, number: int, prefix: str, chance: random.Random, today: datetime.date, knobs: Knobs) -> None:
        self.chance, self.today, self.knobs = chance, today, knobs
        self.number = number
        self.slug = f"{prefix}{number:03d}"
        self.domain = f"{self.slug}.example.com"
        self.os = weighted(chance, knobs.windows)
        self.first = f"10.{20 + number // 250}.{number % 250}.5"
        self.addresses = [self.first]
        self.sites: list[dict[str, Any]] = []
        self.records: dict[tuple[str, str], dict[str, Any]] = {}
        self.certificates: list[dict[str, Any]] = []
        self.users: list[dict[str, Any]] = []
        self.reserved = list(RESERVED)
        self.other_ports = {5985, 47001}
        self.more: dict[str, Any] = {}

    # -- chance --------------------------------------------------------------------------------------------------

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    def at_least(self, product: str) -> None:
        """Draw the Windows again until it is this one or a later one."""
        products = list(self.knobs.windows)
        later = {name: weight for name, weight in self.knobs.windows.items() if _index(name) >= _index(product)}
        if products and self.os not in later:
            self.os = weighted(self.chance, later) if later else product

    @property
    def by_name(self) -> bool:
        """Does this Windows know SNI?"""
        return _index(self.os) >= _index("Windows Server 2012")

    # -- parts ---------------------------------------------------------------------------------------------------

    def address(self) -> str:
        """One more IPv4 address of the host."""
        self.addresses.append(self.first.rsplit(".", 1)[0] + f".{5 + len(self.addresses)}")
        return self.addresses[-1]

    def name(self, index: int) -> str:
        """The host name of the site with that number."""
        label = _LABELS[index % len(_LABELS)] + ("" if index < len(_LABELS) else str(index // len(_LABELS)))
        if self.happens(self.knobs.idn):
            label = self.chance.choice(_IDN) + str(index)
        return f"{label}.{self.domain}"

    def certificate(self, *names: str, days: int | None = None, **more: Any) -> str:
        """A certificate in the store, sound unless ``more`` says otherwise; its thumbprint."""
        thumbprint = f"{self.number:032X}{len(self.certificates) + 1:08X}"
        end = self.today + datetime.timedelta(days=self.chance.randint(45, 700) if days is None else days)
        sound = {"not_after": end.isoformat(), "in_store": True, "key": "ok"}
        self.certificates.append({"thumbprint": thumbprint, "names": list(names), **sound, **more})
        return thumbprint

    def own_certificate(self, host: str) -> str:
        """A certificate for a name: its own, or now and then a wildcard."""
        store: dict[str, Any] = {"store": "WebHosting"} if self.by_name and self.happens(self.knobs.web_hosting) else {}
        wildcard = self.happens(self.knobs.wildcard)
        return self.certificate("*." + host.partition(".")[2] if wildcard else host, **store)

    def record(self, family: str, key: str, thumbprint: str | None, app_id: str = IIS, **options: Any) -> None:
        """A record; one that is there already stays."""
        stores = [item.get("store", "MY") for item in self.certificates if item["thumbprint"] == thumbprint]
        store = None if thumbprint is None else (stores or ["MY"])[0]
        image = {"thumbprint": thumbprint, "store": store, "app_id": app_id, "options": options}
        self.records.setdefault((family, key), {"family": family, "key": key, **image})

    def site(self, name: str, *bindings: dict[str, Any], state: str = "Started") -> dict[str, Any]:
        self.sites.append({"id": len(self.sites) + 1, "name": name, "state": state, "bindings": list(bindings)})
        return self.sites[-1]

    def user(self, kind: str, key: str | None, thumbprint: str | None, evidence: str) -> None:
        """Somebody else who uses a record or a certificate, with the sign that tells it."""
        self.users.append({"kind": kind, "key": key, "thumbprint": thumbprint, "evidence": HKLM + evidence})

    def flags(self) -> tuple[int, dict[str, Any]]:
        """High bits of a binding's sslFlags with the options of its record; mostly none."""
        if _index(self.os) < _index("Windows Server 2022") or not self.happens(self.knobs.high_flags):
            return 0, {}
        return self.chance.choice(
            (
                (64, {"disable_legacy_tls": True}),
                (32, {"disable_tls13": True}),
                (96, {"disable_tls13": True, "disable_legacy_tls": True}),
                (4, {"disable_http2": True}),
            )
        )

    def record_options(self) -> dict[str, Any]:
        """Options that somebody once set on the record, and that must survive; mostly none."""
        if not self.happens(self.knobs.options):
            return {}
        one: dict[str, Any] = {"negotiate_client_cert": True}
        return self.chance.choice((one, {**one, "ctl_store": "ClientAuthIssuer"}, {"verify_client_revocation": False}))

    # -- the whole -----------------------------------------------------------------------------------------------

    def described(self, title: str) -> dict[str, Any]:
        build, iis = builds(self.os)
        return {
            "slug": self.slug,
            "title": f"made up by seed: {title}",
            "os": {
                "name": self.os,
                "build": build,
                "iis": iis,
                "language": "de-DE" if self.happens(self.knobs.german) else "en-US",
            },
            "sites": self.sites,
            "records": list(self.records.values()),
            "certificates": self.certificates,
            "ip_listen": [],
            "local_addresses": self.addresses,
            "http_ports": sorted(self.other_ports),
            "url_reservations": self.reserved,
            "users": self.users,
            "central_store": None,
            "update_exported": _index(self.os) >= _index("Windows Server 2019"),
            "questions": [],
            **self.more,
        }


def https(information: str, ssl_flags: int | None) -> dict[str, Any]:
    return {"protocol": "https", "information": information, "ssl_flags": ssl_flags}


def http(host: str, port: int = 80) -> dict[str, Any]:
    return {"protocol": "http", "information": f"*:{port}:{host}", "ssl_flags": None}


def weighted(chance: random.Random, weights: Weights) -> Any:
    return chance.choices(list(weights), list(weights.values()))[0]


def _index(product: str) -> tuple[int, bool]:
    """Windows Server 2012 R2 comes after 2012."""
    words = product.split()
    return int(words[2]), words[-1] == "R2"

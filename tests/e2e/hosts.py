# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of the end-to-end tests, in the words of tests/lab/README.md."""

from __future__ import annotations

from typing import Any

SHOP, SHOP_NEW, API, OLD, BROKEN = (f"{number:040X}" for number in (1, 2, 3, 4, 5))
IIS = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
SSTP = "{ba195980-cd49-458b-9e23-c84ee0adcd75}"


def certificate(thumbprint: str, *names: str, end: str = "2030-06-01", key: str = "ok") -> dict[str, Any]:
    return {"thumbprint": thumbprint, "names": list(names), "not_after": end, "in_store": True, "key": key}


def record(key: str, thumbprint: str, app_id: str = IIS, **options: Any) -> dict[str, Any]:
    family = "ipport" if key[0].isdigit() or key[0] == "[" else "hostnameport"
    return {"family": family, "key": key, "thumbprint": thumbprint, "store": "MY", "app_id": app_id, "options": options}


def https(information: str, ssl_flags: int | None = 1) -> dict[str, Any]:
    return {"protocol": "https", "information": information, "ssl_flags": ssl_flags}


def site(number: int, name: str, *bindings: dict[str, Any], state: str = "Started") -> dict[str, Any]:
    return {"id": number, "name": name, "state": state, "bindings": list(bindings)}


def host(slug: str = "web01", **more: Any) -> dict[str, Any]:
    """A Server 2019 with two sites by name, a ghost on one address, an orphan and somebody else's record."""
    return {
        "slug": slug,
        "os": {"name": "Windows Server 2019", "build": "10.0.17763", "iis": "10.0", "language": "en-US"},
        "sites": [
            site(
                1,
                "Shop",
                {"protocol": "http", "information": "*:80:", "ssl_flags": None},
                https("*:443:shop.example.com"),
            ),
            site(2, "Api", https("*:443:api.example.com")),
        ],
        "records": [
            record("shop.example.com:443", SHOP, negotiate_client_cert=True),
            record("api.example.com:443", API),
            record("gone.example.com:443", OLD),
            record("10.0.0.6:443", OLD),
            record("[::]:4433", OLD, SSTP),
        ],
        "certificates": [
            certificate(SHOP, "shop.example.com"),
            certificate(SHOP_NEW, "shop.example.com", end="2031-06-01"),
            certificate(API, "api.example.com"),
            certificate(OLD, "old.example.com", end="2020-01-01"),
            certificate(BROKEN, "shop.example.com", key="denied"),
        ],
        "ip_listen": [],
        "local_addresses": ["10.0.0.5", "10.0.0.6"],
        "http_ports": [4433],
        **more,
    }


def many(count: int, slug: str = "web01") -> dict[str, Any]:
    """A Server 2019 with ``count`` sites that have no https binding yet, and one certificate for all."""
    sites = [site(number, f"Site {number}") for number in range(1, count + 1)]
    return host(slug, sites=sites, records=[], certificates=[certificate(SHOP, "*.example.com")], http_ports=[])

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random Windows hosts and random requests. Hosts are descriptions (tests/lab/README.md): sound, broken and odd ones.

Everything here is made with a :class:`random.Random`, which costs a tenth of drawing each choice from Hypothesis.
"""

from __future__ import annotations

from random import Random
from typing import Any

from .oddities import odd

ADDRESSES = ("10.0.0.5", "10.0.0.6", "2001:db8::5")
NAMES = ("shop.example.com", "api.example.com", "www.example.org", "a.b.example.com")
PORTS = (443, 8443)
SITES = ("Shop", "Api", "Old Site")
FOREIGN = "{ba195980-cd49-458b-9e23-c84ee0adcd75}"
IIS = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
RANDOM_ID = "{7d1f6a52-0000-4000-8000-00000000beef}"

#: (name, build, IIS, update exported) of every generation that differs in what it can do.
WINDOWS = (
    ("Windows Server 2008 R2", "6.1.7601", "7.5", False),
    ("Windows Server 2012 R2", "6.3.9600", "8.5", False),
    ("Windows Server 2016", "10.0.14393", "10.0", False),
    ("Windows Server 2019", "10.0.17763", "10.0", True),
    ("Windows Server 2025", "10.0.26100", "10.0", True),
)

#: What records say beside their certificate: on every Windows, and where http.sys knows the switches of protocols.
OLD_SETTINGS: tuple[dict[str, Any], ...] = (
    {"negotiate_client_cert": True},
    {"negotiate_client_cert": True, "ds_mapper": True, "ctl_store": "Partners"},
    {"revocation_cached_only": True},
)
NEW_SETTINGS: tuple[dict[str, Any], ...] = (
    {"disable_tls13": True, "disable_legacy_tls": True},
    {"disable_http2": True, "flags": 0x20000},
)
#: What the share of the central store holds: a wildcard and little else, or a file for every name.
FILES = (
    ["shop.example.com.pfx", "_.example.com.pfx"],
    [f"{name}.pfx" for name in NAMES],
)
OPTIONS = (
    "disable_http2",
    "disable_quic",
    "disable_tls13",
    "disable_legacy_tls",
    "disable_ocsp_stapling",
    "negotiate_client_certificate",
    "ds_mapper",
)

#: A fixed pool, so that the lab makes each certificate once: (names, end, key, store).
POOL = (
    (["shop.example.com"], "2027-06-01", "ok", "MY"),
    (["shop.example.com"], "2027-09-01", "ok", "MY"),
    (["api.example.com", "www.example.org"], "2027-08-01", "ok", "WebHosting"),
    (["*.example.com"], "2027-07-01", "ok", "MY"),
    (["shop.example.com", "api.example.com", "www.example.org", "a.b.example.com"], "2027-08-01", "ok", "MY"),
    (["api.example.com"], "2020-01-01", "ok", "MY"),
    (["www.example.org"], "2027-06-01", "denied", "MY"),
    (["a.b.example.com"], "2027-06-01", "missing", "MY"),
)


def thumbprint(index: int) -> str:
    """The description's own name for certificate ``index`` of the pool; the last one beyond is in no store."""
    return f"{0xC0DE0000 + index:040X}"


CERTIFICATES = [
    {"thumbprint": thumbprint(index), "names": names, "not_after": end, "in_store": True, "key": key, "store": store}
    for index, (names, end, key, store) in enumerate(POOL)
]


def records(chance: Random, sni: bool, modern: bool, sites: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records with unique keys; on old Windows only address records. Often those that the bindings need, and a few more."""
    expected = sorted({record for site in sites for binding in site["bindings"] if (record := needed(binding))})
    keys = []
    for port in PORTS:
        addresses = ("0.0.0.0", "[::]", *(f"[{item}]" if ":" in item else item for item in ADDRESSES))
        keys += [("ipport", f"{address}:{port}") for address in addresses]
        if sni:
            keys += [("hostnameport", f"{name}:{port}") for name in (*NAMES, "*.example.com")] + [("ccs", str(port))]
    settings = [{}, {}, {}, *OLD_SETTINGS, *(NEW_SETTINGS if modern else ())]
    others = chance.sample(keys, chance.randint(0, chance.choice((1, 2, 6))))
    chosen = expected if chance.randrange(4) else [key for key in expected if chance.randrange(2)]
    result = []
    for family, key in [*chosen, *(other for other in others if other not in chosen)]:
        # len(POOL): a certificate that is in no store
        index = chance.choice((*range(len(POOL) + 1), 3, 4, 3, 4))
        store = POOL[index][3] if index < len(POOL) else "MY"
        certificate = (
            {"thumbprint": None, "store": None}
            if family == "ccs"
            else {"thumbprint": thumbprint(index), "store": store}
        )
        owner = chance.choice((IIS, IIS, IIS, IIS, IIS, IIS, FOREIGN, RANDOM_ID))
        options = chance.choice(settings) if family != "ccs" else {}
        result.append({"family": family, "key": key, **certificate, "app_id": owner, "options": options})
    return result


def needed(binding: dict[str, Any]) -> tuple[str, str] | None:
    """Family and key of the record an https binding relies on."""
    address, _colon, rest = binding["information"].partition(":")
    if binding["protocol"] != "https" or ":" not in rest:
        return None
    address, port, host = binding["information"].rsplit(":", 2)
    flags = binding["ssl_flags"] or 0
    if flags & 2:
        return ("ccs", port)
    if flags & 1:
        return ("hostnameport", f"{host}:{port}") if host else None
    return ("ipport", f"{'0.0.0.0' if address == '*' else address}:{port}")


def bindings(chance: Random, sni: bool) -> list[dict[str, Any]]:
    """A site's bindings: https of every kind, an http binding now and then."""
    found: dict[str, dict[str, Any]] = {}
    for _number in range(chance.randint(0, 4)):
        address = chance.choice(("*", "*", "10.0.0.5", "[2001:db8::5]", "[::]"))
        host = chance.choice(("", *NAMES))
        flags = chance.choice((0, 0, 1, 1, 1, 2, 3, 97, 33)) if sni else None
        information = f"{address}:{chance.choice(PORTS)}:{host}"
        if flags is not None and flags & 3 and not host:
            flags = 0
        found.setdefault(information, {"protocol": "https", "information": information, "ssl_flags": flags})
    listed = list(found.values())
    if chance.randrange(2):
        listed.insert(0, {"protocol": "http", "information": "*:80:", "ssl_flags": None})
    return listed


def description(chance: Random) -> dict[str, Any]:
    """One host of any Windows, with certificates from the pool, and records and bindings that need not fit together.

    Half of the hosts are odd besides (:mod:`laws.oddities`).
    """
    name, build, iis, update = chance.choice(WINDOWS)
    sni = not build.startswith("6.1")
    sites = [
        {
            "id": number,
            "name": site,
            "state": chance.choice(("Started", "Started", "Stopped")),
            "bindings": bindings(chance, sni),
        }
        for number, site in enumerate(SITES, 1)
    ]
    through = chance.choice((5985, 5985, 5985, 8443))  # where WinRM listens
    made = {
        "slug": "web01",
        "title": "random",
        "os": {"name": name, "build": build, "iis": iis, "language": None},
        "unknown": [],
        "placeholders": [],
        "sites": sites,
        "records": records(chance, sni, update, sites),
        "ip_listen": chance.choice(([], [], [], ["10.0.0.5"])),
        "local_addresses": list(ADDRESSES),
        "certificates": list(CERTIFICATES),
        "update_exported": update,
        "http_ports": [8443] if through == 8443 else chance.choice(([], [8443], [443, 8443])),
        "connection": {"address": "10.0.0.5", "port": through, "tls": through != 5985},
        "central_store": {"enabled": True, "files": list(chance.choice(FILES))}
        if sni and chance.randrange(2)
        else None,
        "questions": [],
    }
    if chance.randrange(2):
        odd(made, chance)
    return made


def request(chance: Random, document: dict[str, Any]) -> dict[str, Any]:
    """Arguments of https_bindings for a host: existing bindings and new ones, all wishes, often allowed, often not."""
    sound = [item["thumbprint"] for item in document["certificates"] if _opens(item["key"])]
    usable = sound * 3 + [item["thumbprint"] for item in document["certificates"]]
    existing = {
        (site["name"], *binding["information"].rsplit(":", 2)): (binding["ssl_flags"] or 0) & 2
        for site in document["sites"]
        for binding in site["bindings"]
        if binding["protocol"] == "https" and binding["information"].count(":") > 1
    }
    chosen: dict[tuple[str, ...], None] = {}
    for _number in range(chance.randint(chance.choice((1, 1, 1, 0)), 4)):
        if existing and chance.randrange(2):
            chosen[chance.choice(list(existing))] = None
        else:
            address = chance.choice(("*", "10.0.0.5", "[2001:db8::5]"))
            chosen[chance.choice(SITES), address, str(chance.choice(PORTS)), chance.choice(("", *NAMES))] = None
    wanted: list[dict[str, Any]] = []
    for site, address, port, host in chosen:
        item: dict[str, Any] = {"site": site, "address": address, "port": int(port), "host": host}
        known = (site, address, port, host) in existing
        if chance.randrange(5) == 0:
            item["state"] = "absent"
        else:
            selecting = ("keep", "auto", "required" if host and document["schema_ssl_flags"] else "never", "never")
            item["sni"] = chance.choice(selecting)
            central = bool(existing.get((site, address, port, host)))
            if host and document["central_store"] and chance.randrange(4) < (3 if central else 1):
                item["central_store"] = central = not central
            certain = item.get("central_store") is False
            if usable and not central and (certain or chance.randint(0, 2 if known else 8)):
                item["certificate"] = _certificate(chance, usable, host)
            free = [other for other in existing if other[0] == site and other not in chosen]
            _rename(chance, item, known, free)
            if "replaces" in item and free:
                existing.pop(free[0])
            if item.get("central_store") and chance.randrange(3):
                item["options"] = {**dict.fromkeys(OPTIONS, False), "ctl_store": ""}
            elif chance.randrange(3) == 0:
                item["options"] = _options(chance, central, document["os"]["build"])
        wanted.append(item)
    asked = ("orphan", "shadowed", "record_missing", "certificate_expired", "shared_with_other_wishes", "key_denied")
    made: dict[str, Any] = {
        "bindings": wanted,
        "remove_others": {
            "scope": chance.choice(("none", "none", "none", "listed_sites" if wanted else "host", "host")),
            "at_most": chance.choice((10, 10, 10, 1)),
            "keep": chance.choice(([], [], ["Api"], ["shop/*:443:*"])),
        },
        "repair": sorted(chance.sample(asked, chance.choice((*[0] * 8, 1, 2)))),
        "allow": {
            "shared_change": chance.choice(([], list(SITES))),
            "gap": chance.randrange(4) > 0,
            "foreign": chance.choice(([], [], ["RRAS/SSTP"], ["0.0.0.0:443", "[::]:443"])),
        },
    }
    made["repair"] = sorted(_by_subject(chance, kind, document) for kind in made["repair"])
    return made


def _by_subject(chance: Random, kind: str, document: dict[str, Any]) -> str:
    """A repair of one finding instead of all of its kind, now and then: of a binding, or of a record for an address."""
    subjects = [f"{site['name']}/{item['information']}" for site in document["sites"] for item in site["bindings"]]
    subjects += [record["key"] for record in document["records"] if record["family"] == "ipport"]
    return kind if not subjects or chance.randrange(3) else f"{kind} {chance.choice(subjects)}"


def _rename(chance: Random, item: dict[str, Any], known: bool, free: list[tuple[str, ...]]) -> None:
    """A new binding as the new name of one that is there; now and then one that both, or neither, are there."""
    if chance.randrange(25) == 0:
        gone = {"address": "*", "port": 443, "host": "gone.example.com"}
        item["replaces"] = gone if not known or not free else _place(free[0])
    elif not known and free and chance.randrange(2):
        item["replaces"] = _place(free[0])
        if chance.randrange(2):
            item.pop("certificate", None)


def _place(identity: tuple[str, ...]) -> dict[str, Any]:
    return {"address": identity[1], "port": int(identity[2]), "host": identity[3]}


def _certificate(chance: Random, usable: list[str], host: str) -> dict[str, Any]:
    """A certificate by its thumbprint, or by a rule that some certificates of the pool fulfil."""
    if chance.randrange(3):
        return {"thumbprint": chance.choice(usable)}
    rule: dict[str, Any] = {"min_days": chance.choice((0, 0, 30, 200, 300))}
    if not host or chance.randrange(5) == 0:
        rule["names"] = chance.sample(NAMES, chance.randint(1, 2))
    if chance.randrange(5) == 0:
        rule["stores"] = [chance.choice(("MY", "webhosting"))]
    return {"select": rule}


def _options(chance: Random, central: bool, build: int) -> dict[str, Any]:
    """Options to set and to clear; where they cannot be had, mostly only to clear."""
    found: dict[str, Any] = {}
    for name in chance.sample(OPTIONS, chance.randint(1, 3)):
        able = not central and (build >= 20348 or name in OPTIONS[5:] or (build >= 17763 and name not in OPTIONS[1:3]))
        found[name] = chance.random() < (0.6 if able else 0.04)
    if chance.randrange(2):
        found["ctl_store"] = "" if central else chance.choice(("", "partners"))
    return found


def _opens(key: dict[str, Any] | None) -> bool:
    return key is not None and key["code"] == 0 and key["system_access"] == "granted"

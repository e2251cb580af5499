# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random Windows hosts and random requests. Hosts are descriptions (tests/lab/README.md): sound, broken and odd ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

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

#: A fixed pool, so that the lab makes each certificate once: (names, end, key, store).
POOL = (
    (["shop.example.com"], "2027-06-01", "ok", "MY"),
    (["shop.example.com"], "2027-09-01", "ok", "MY"),
    (["api.example.com", "www.example.org"], "2027-06-01", "ok", "WebHosting"),
    (["*.example.com"], "2027-06-01", "ok", "MY"),
    (["shop.example.com", "api.example.com", "www.example.org", "a.b.example.com"], "2027-06-01", "ok", "MY"),
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


@st.composite
def records(draw: st.DrawFn, sni: bool, sites: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records with unique keys; on old Windows only address records. Often those that the bindings need, and a few more."""
    expected = sorted({record for site in sites for binding in site["bindings"] if (record := needed(binding))})
    keys: list[tuple[str, str]] = []
    for port in PORTS:
        keys += [("ipport", f"{name}:{port}") for name in ("0.0.0.0", "[::]", "10.0.0.5", "10.0.0.6", "[2001:db8::5]")]
        if sni:
            keys += [("hostnameport", f"{name}:{port}") for name in (*NAMES, "*.example.com")] + [("ccs", str(port))]
    others = draw(st.lists(st.sampled_from(keys), max_size=draw(st.sampled_from((1, 2, 6))), unique=True))
    chosen = expected if draw(st.integers(0, 3)) else [key for key in expected if draw(st.booleans())]
    result = []
    for family, key in [*chosen, *(other for other in others if other not in chosen)]:
        # len(POOL): a certificate that is in no store
        index = draw(st.sampled_from((*range(len(POOL) + 1), 3, 4, 3, 4)))
        store = POOL[index][3] if index < len(POOL) else "MY"
        certificate = (
            {"thumbprint": None, "store": None}
            if family == "ccs"
            else {"thumbprint": thumbprint(index), "store": store}
        )
        owner = draw(st.sampled_from((IIS, IIS, IIS, IIS, IIS, IIS, FOREIGN, RANDOM_ID)))
        options = {"negotiate_client_cert": True} if draw(st.booleans()) and family != "ccs" else {}
        result.append({"family": family, "key": key, **certificate, "app_id": owner, "options": options})
    return result


def needed(binding: dict[str, Any]) -> tuple[str, str] | None:
    """Family and key of the record an https binding relies on."""
    address, port, host = binding["information"].rsplit(":", 2)
    if binding["protocol"] != "https":
        return None
    if (binding["ssl_flags"] or 0) & 2:
        return ("ccs", port)
    if (binding["ssl_flags"] or 0) & 1:
        return ("hostnameport", f"{host}:{port}")
    return ("ipport", f"{'0.0.0.0' if address == '*' else address}:{port}")


@st.composite
def bindings(draw: st.DrawFn, sni: bool) -> list[dict[str, Any]]:
    """A site's bindings: https of every kind, an http binding now and then."""
    found: dict[str, dict[str, Any]] = {}
    for _number in range(draw(st.integers(0, 4))):
        address = draw(st.sampled_from(("*", "*", "10.0.0.5", "[2001:db8::5]", "[::]")))
        host = draw(st.sampled_from(("", *NAMES)))
        flags = draw(st.sampled_from((0, 0, 1, 1, 1, 2, 3, 97, 33))) if sni else None
        information = f"{address}:{draw(st.sampled_from(PORTS))}:{host}"
        if flags is not None and flags & 3 and not host:
            flags = 0
        found.setdefault(information, {"protocol": "https", "information": information, "ssl_flags": flags})
    listed = list(found.values())
    if draw(st.booleans()):
        listed.insert(0, {"protocol": "http", "information": "*:80:", "ssl_flags": None})
    return listed


@st.composite
def descriptions(draw: st.DrawFn) -> dict[str, Any]:
    """One host of any Windows, with certificates from the pool, and records and bindings that need not fit together."""
    name, build, iis, update = draw(st.sampled_from(WINDOWS))
    sni = not build.startswith("6.1")
    sites = [
        {
            "id": number,
            "name": site,
            "state": draw(st.sampled_from(("Started", "Started", "Stopped"))),
            "bindings": draw(bindings(sni)),
        }
        for number, site in enumerate(SITES, 1)
    ]
    listen = draw(st.sampled_from(([], [], [], ["10.0.0.5"])))
    return {
        "slug": "web01",
        "title": "random",
        "os": {"name": name, "build": build, "iis": iis, "language": None},
        "unknown": [],
        "placeholders": [],
        "sites": sites,
        "records": draw(records(sni, sites)),
        "ip_listen": listen,
        "local_addresses": list(ADDRESSES),
        "certificates": CERTIFICATES,
        "update_exported": update,
        "http_ports": draw(st.sampled_from(([], [8443], [443, 8443]))),
        "central_store": {"enabled": True, "files": ["shop.example.com.pfx", "_.example.com.pfx"]}
        if sni and draw(st.booleans())
        else None,
        "questions": [],
    }


@st.composite
def requests(draw: st.DrawFn, document: dict[str, Any], repairs: bool = True) -> dict[str, Any]:
    """Arguments of https_bindings for a host: existing bindings and new ones, all wishes, often allowed, often not."""
    sound = [item["thumbprint"] for item in document["certificates"] if _opens(item["key"])]
    usable = sound * 3 + [item["thumbprint"] for item in document["certificates"]]
    existing = {
        (site["name"], *binding["information"].rsplit(":", 2)): (binding["ssl_flags"] or 0) & 2
        for site in document["sites"]
        for binding in site["bindings"]
        if binding["protocol"] == "https"
    }
    fresh = st.tuples(
        st.sampled_from(SITES),
        st.sampled_from(("*", "10.0.0.5", "[2001:db8::5]")),
        st.sampled_from([str(port) for port in PORTS]),
        st.sampled_from(("", *NAMES)),
    )
    identity = st.one_of(st.sampled_from(list(existing)), fresh) if existing else fresh
    chosen = draw(st.lists(identity, min_size=draw(st.sampled_from((1, 1, 1, 0))), max_size=4, unique=True))
    wanted: list[dict[str, Any]] = []
    for site, address, port, host in chosen:
        item: dict[str, Any] = {"site": site, "address": address, "port": int(port), "host": host}
        known = (site, address, port, host) in existing
        if draw(st.integers(0, 3)) == 0:
            item["state"] = "absent"
        else:
            selecting = ("keep", "auto", "required" if host and document["schema_ssl_flags"] else "never", "never")
            item["sni"] = draw(st.sampled_from(selecting))
            often = 2 if known else 8
            if usable and not existing.get((site, address, port, host)) and draw(st.integers(0, often)):
                item["certificate"] = {"thumbprint": draw(st.sampled_from(usable))}
        wanted.append(item)
    asked = ("orphan", "shadowed", "record_missing", "certificate_expired", "shared_with_other_wishes", "key_denied")
    repair = draw(st.lists(st.sampled_from(asked), max_size=2, unique=True)) if repairs else []
    allowed = draw(st.sampled_from(([], list(SITES))))
    return {
        "bindings": wanted,
        "remove_others": {
            "scope": draw(st.sampled_from(("none", "none", "none", "listed_sites" if wanted else "host", "host"))),
            "at_most": draw(st.sampled_from((10, 10, 10, 1))),
            "keep": draw(st.sampled_from(([], [], ["Api"], ["shop/*:443:*"]))),
        },
        "repair": repair,
        "allow": {"shared_change": allowed, "gap": draw(st.integers(0, 3)) > 0},
    }


def _opens(key: dict[str, Any] | None) -> bool:
    return key is not None and key["code"] == 0 and key["system_access"] == "granted"

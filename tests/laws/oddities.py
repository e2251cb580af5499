# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a host odd, as changes of its document: flaws of certificates, options of records, what no sound host says."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from lab.certificates import Maker
from lab.simhost import SimulatedHost

from .world import NOW

CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
#: One flaw each, as descriptions of certificates have them.
FLAWS: tuple[dict[str, Any], ...] = (
    {"not_after": "2026-11-30"},
    {"made": {"not_before": "2026-12-24"}},
    {"made": {"key_bits": 192}},
    {"made": {"signature": "sha1"}},
    {"made": {"purposes": [CLIENT_AUTH]}},
    {"made": {"self_signed": True}},
    {"cut_der": 120},
    {"archived": True},
    {"renewed_by": "AB" * 20},
    {"chain": {"status": 0x10000, "elements": 1}},
    {"chain": {"status": 0x20, "elements": 3}},
    {"chain": {"status": 0x4, "elements": 3}},
    {"friendly_name": "shop.example.com [Certify] - 01/10/2026 to 30/12/2026"},
    {"not_after": "2020-01-01"},
    {"key": "missing"},
    {"key": "user_scope"},
    {"key": "mismatch"},
    {"key": "denied"},
    {"key_detail": {"provider_type": 12, "key_spec": 2}},
    {"in_store": False},
)
Change = Callable[[dict[str, Any]], None]


@lru_cache(maxsize=1)
def _certificates() -> tuple[list[dict[str, Any]], list[str]]:
    """Certificates as the lab makes them, and the thumbprint of each flaw's; the last thumbprint is a sound one's."""
    usual = {"names": ["*.example.com"], "in_store": True, "key": "ok", "store": "MY", "not_after": "2027-03-01"}
    told = [{"thumbprint": f"{number:040X}", **usual, **flaw} for number, flaw in enumerate((*FLAWS, {}))]
    description = {
        "slug": "flaws",
        "os": {"name": "Windows Server 2022", "build": "10.0.20348", "iis": "10.0"},
        "certificates": told,
        **{key: [] for key in ("sites", "records", "ip_listen", "local_addresses")},
    }
    host = SimulatedHost(description, Maker(seed=3, now=NOW), (), lambda: NOW)
    return host.read("all")["certificates"], [host.thumbprints[item["thumbprint"]] for item in told]


def _flaw(number: int) -> Change:
    """A binding by SNI whose certificate has this flaw, and a sound certificate for it in the store."""

    def change(document: dict[str, Any]) -> None:
        certificates, thumbprints = _certificates()
        chosen = thumbprints[number]
        _binding(f"*:443:flaw{number}.example.com", 1)(document)
        _record("hostnameport", f"flaw{number}.example.com:443", chosen)(document)
        lacking = {chosen, thumbprints[-1]} - {item["thumbprint"] for item in document["certificates"]}
        document["certificates"] += [copy.deepcopy(item) for item in certificates if item["thumbprint"] in lacking]

    return change


def _binding(information: str, flags: int | None) -> Change:
    def change(document: dict[str, Any]) -> None:
        binding = {"protocol": "https", "information": information, "ssl_flags": flags}
        if binding not in document["sites"][0]["bindings"]:
            document["sites"][0]["bindings"].append(binding)

    return change


def _record(family: str, key: str, thumbprint: str | None = None) -> Change:
    def change(document: dict[str, Any]) -> None:
        kept = [record for record in document["records"] if record["key"].lower() != key]
        chosen = thumbprint or document["certificates"][0]["thumbprint"]
        record = {"family": family, "key": key, "thumbprint": None if family == "scopedccs" else chosen}
        document["records"] = [*kept, {**record, "store": None}]

    return change


def _set(**values: Any) -> Change:
    return lambda document: document.update(copy.deepcopy(values))


def _bound(name: str, **values: Any) -> Change:
    """A binding by SNI with a record that has these values."""

    def change(document: dict[str, Any]) -> None:
        _binding(f"*:443:{name}.example.com", 1)(document)
        _record("hostnameport", f"{name}.example.com:443")(document)
        document["records"][-1] |= values

    return change


def _listens_on(ports: list[int]) -> Change:
    def change(document: dict[str, Any]) -> None:
        if document["http_ports"] is not None:
            document["http_ports"] = list(ports)

    return change


def _several(*changes: Change) -> Change:
    def change(document: dict[str, Any]) -> None:
        for each in changes:
            each(document)

    return change


def _other_store(document: dict[str, Any]) -> None:
    """Every certificate that a record names lies elsewhere."""
    for certificate in document["certificates"]:
        certificate["store"] = "WebHosting" if certificate["store"].upper() == "MY" else "MY"


def _unknown_access(document: dict[str, Any]) -> None:
    for certificate in document["certificates"]:
        if certificate["key"] and certificate["key"]["system_access"] == "granted":
            certificate["key"] |= {"system_access": "unknown", "code": 0x80070005}


def _rd_gateway(document: dict[str, Any]) -> None:
    for record in document["records"]:
        key = f"{record['family']} {record['key']}"
        document["users"].append({"kind": "rd_gateway", "key": key, "thumbprint": "AB" * 20, "evidence": "settings"})


def _renewed(document: dict[str, Any]) -> None:
    """The host logged that each record's certificate was renewed by the first one it has."""
    new = document["certificates"][0]["thumbprint"]
    olds = {record["thumbprint"] for record in document["records"]} - {None, new}
    document["renewals"] = [{"at": "2026-11-20T01:00:00Z", "old": old, "new": new} for old in sorted(olds)]


def _two_addresses(document: dict[str, Any]) -> None:
    """One name on two addresses, with two certificates."""
    thumbprints = sorted({item["thumbprint"] for item in document["certificates"]})
    for address, thumbprint in (("10.0.0.5", thumbprints[0]), ("10.0.0.6", thumbprints[-1])):
        _binding(f"{address}:8443:two.example.com", None)(document)
        _record("ipport", f"{address}:8443", thumbprint)(document)


def _one_for_all(document: dict[str, Any]) -> None:
    """Two names on one record without SNI, whose certificate covers both."""
    _flaw(len(FLAWS))(document)
    _record("ipport", "0.0.0.0:8443", _certificates()[1][-1])(document)
    for name in ("one.example.com", "other.example.com"):
        _binding(f"*:8443:{name}", None)(document)


def _incomplete(layer: str) -> Change:
    return _set(incomplete=[{"layer": layer, "code": "access_denied", "message": "an administrator is needed"}])


_OLD = {"name": "Windows Server 2008", "major": 6, "minor": 0, "build": 6003, "revision": None}
_2012 = {"name": "Windows Server 2012 R2", "major": 6, "minor": 3, "build": 9600, "revision": None}
_CENTRAL = "*:443:late.example.com"

ODDITIES: tuple[Change, ...] = (
    *(_flaw(number) for number in range(len(FLAWS))),
    _binding("*:443:", 1),
    _binding("*:443:", 2),
    _binding("*:443:10.0.0.9", 1),
    _binding(_CENTRAL, 7),
    _several(_binding(_CENTRAL, 3), _set(central_store={"enabled": True, "files": []})),
    _several(_binding(_CENTRAL, 3), _set(central_store={"enabled": True, "files": None})),
    _binding("*:443:bits.example.com", 257),
    _binding("10.9.9.9:443:away.example.com", 1),
    _binding("nonsense", None),
    _several(_set(os=_2012), _binding("*:443:*.example.com", 1)),
    _several(_binding("*:443:old.example.com", 1), _set(schema_ssl_flags=False)),
    _several(_binding("*:8443:kind.example.com", 1), _record("ipport", "0.0.0.0:8443")),
    _record("ipport", "127.0.0.1:443"),
    _record("ipport", "10.9.9.9:443"),
    _record("scopedccs", "shop.example.com:443"),
    _bound("tls", flags=0x1440),
    _bound("closed", flags=0x8),
    _bound("bits", flags=0x10000),
    _bound("client", ctl_identifier="Partners"),
    _several(_set(http_ports=None), _record("ipport", "10.0.0.6:8443")),
    _listens_on([80]),
    _listens_on([80, 443, 8443]),
    _set(rebind=True),
    _set(managers=[{"kind": "win_acme", "evidence": "scheduled task"}]),
    _set(mappers=[{"site": 1, "thumbprint": "AB" * 20, "store": "MY"}]),
    _set(asked=[{"what": "flag_4", "present": False, "evidence": "refused"}]),
    _set(shared_configuration=True),
    _set(os=_OLD),
    _set(journal={"run": "r1", "started": "2026-11-24T11:00:00Z", "steps": [], "done": 0}),
    _incomplete("records"),
    _incomplete("certificates"),
    _other_store,
    _unknown_access,
    _rd_gateway,
    _renewed,
    _two_addresses,
    _one_for_all,
)


@st.composite
def odd(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """The document with a few oddities, chosen by one number: that spreads better than drawing each."""
    changed = copy.deepcopy(document)
    chance = random.Random(draw(st.integers(0, 2**62 - 1)))
    for change in chance.sample(ODDITIES, chance.randint(5, 16)):
        change(changed)
    return changed

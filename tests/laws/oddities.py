# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a host odd: changes of its description, and of what a reader could see of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

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
_USUAL = {"names": ["*.example.com"], "in_store": True, "key": "ok", "store": "MY", "not_after": "2027-03-01"}
_SOUND = f"{0xF1A00000 + len(FLAWS):040X}"
_FLAWED = [{"thumbprint": f"{0xF1A00000 + number:040X}", **_USUAL, **flaw} for number, flaw in enumerate((*FLAWS, {}))]
Change = Callable[[dict[str, Any]], None]


def odd(description: dict[str, Any], chance: Random) -> None:
    """Change the description by a few oddities, in place."""
    for change in chance.sample(ODDITIES, chance.randint(1, 12)):
        change(description)


def unread(document: dict[str, Any], chance: Random) -> None:
    """Change what was read in ways that no simulated host shows, in place."""
    for change in chance.sample(UNREAD, chance.randint(1, 2)):
        change(document)


def _flaw(number: int) -> Change:
    """A binding by SNI whose certificate has this flaw, and a sound certificate for it in the store."""

    def change(description: dict[str, Any]) -> None:
        _binding(f"*:443:flaw{number}.example.com", 1)(description)
        _record("hostnameport", f"flaw{number}.example.com:443", _FLAWED[number]["thumbprint"])(description)
        _hold(description, number, len(FLAWS))

    return change


def _hold(description: dict[str, Any], *numbers: int) -> None:
    held = description["certificates"]
    held += [_FLAWED[number] for number in numbers if _FLAWED[number] not in held]


def _sni(description: dict[str, Any]) -> bool:
    return not description["os"]["build"].startswith(("6.0", "6.1"))


def _binding(information: str, flags: int | None) -> Change:
    def change(description: dict[str, Any]) -> None:
        bindings = description["sites"][0]["bindings"]
        known = None if not _sni(description) else flags
        if information not in [item["information"] for item in bindings]:
            bindings.append({"protocol": "https", "information": information, "ssl_flags": known})

    return change


def _record(family: str, key: str, thumbprint: str | None = None, **options: Any) -> Change:
    def change(description: dict[str, Any]) -> None:
        if family != "ipport" and not _sni(description):
            return
        kept = [record for record in description["records"] if record["key"].lower() != key]
        chosen = thumbprint or description["certificates"][0]["thumbprint"]
        record = {"family": family, "key": key, "thumbprint": None if family == "scopedccs" else chosen}
        description["records"] = [*kept, {**record, "store": "MY", "options": options}]

    return change


def _set(**values: Any) -> Change:
    return lambda description: description.update(copy.deepcopy(values))


def _bound(name: str, **options: Any) -> Change:
    """A binding by SNI with a record that has these options."""
    return _several(
        _binding(f"*:443:{name}.example.com", 1), _record("hostnameport", f"{name}.example.com:443", **options)
    )


def _several(*changes: Change) -> Change:
    def change(description: dict[str, Any]) -> None:
        for each in changes:
            each(description)

    return change


def _windows(name: str, build: str, iis: str) -> Change:
    return _set(os={"name": name, "build": build, "iis": iis, "language": None})


def _too_old(description: dict[str, Any]) -> None:
    """Windows Server 2008: no record by name, no attribute for flags."""
    _windows("Windows Server 2008", "6.0.6003", "7.0")(description)
    description["records"] = [item for item in description["records"] if item["family"] == "ipport"]
    for site in description["sites"]:
        site["bindings"] = [{**item, "ssl_flags": None} for item in site["bindings"]]
    description |= {"update_exported": False, "central_store": None}


def _other_store(description: dict[str, Any]) -> None:
    """Every certificate that a record names lies elsewhere."""
    description["certificates"] = [
        {**item, "store": "WebHosting" if item.get("store", "MY").upper() == "MY" else "MY"}
        for item in description["certificates"]
    ]


def _rd_gateway(description: dict[str, Any]) -> None:
    """A program that says of each record that it is its own, and has another certificate in its settings."""
    users = description.setdefault("users", [])
    for record in description["records"]:
        key = f"{record['family']} {record['key']}"
        users.append({"kind": "rd_gateway", "key": key, "thumbprint": "AB" * 20, "evidence": "settings"})


def _renewed(description: dict[str, Any]) -> None:
    """The host logged that each record's certificate was renewed by the first one it has."""
    new = description["certificates"][0]["thumbprint"]
    olds = {record["thumbprint"] for record in description["records"]} - {None, new}
    description["renewals"] = [{"at": "2026-11-20T01:00:00Z", "old": old, "new": new} for old in sorted(olds)]


def _two_addresses(description: dict[str, Any]) -> None:
    """One name on two addresses, with two certificates."""
    for address, number in (("10.0.0.5", 0), ("10.0.0.6", 1)):
        _binding(f"{address}:8443:two.example.com", None)(description)
        _record("ipport", f"{address}:8443", description["certificates"][number]["thumbprint"])(description)


def _one_for_all(description: dict[str, Any]) -> None:
    """Two names on one record without SNI, whose certificate covers both."""
    _hold(description, len(FLAWS))
    _record("ipport", "0.0.0.0:8443", _SOUND)(description)
    for name in ("one.example.com", "other.example.com"):
        _binding(f"*:8443:{name}", None)(description)


def _incomplete(layer: str) -> Change:
    return _set(incomplete=[{"layer": layer, "code": "access_denied", "message": "an administrator is needed"}])


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
    _several(_windows("Windows Server 2012 R2", "6.3.9600", "8.5"), _binding("*:443:*.example.com", 1)),
    _too_old,
    _several(_binding("*:8443:kind.example.com", 1), _record("ipport", "0.0.0.0:8443")),
    _record("ipport", "127.0.0.1:443"),
    _record("ipport", "10.9.9.9:443"),
    _record("scopedccs", "shop.example.com:443"),
    _bound("tls", flags=0x1440),
    _bound("closed", flags=0x8),
    _bound("bits", flags=0x10000),
    _bound("client", ctl_identifier="Partners"),
    _record("ipport", "10.0.0.6:8443"),
    _set(http_ports=[80, 443, 8443]),
    _set(rebind=True),
    _set(managers=[{"kind": "win_acme", "evidence": "scheduled task"}]),
    _set(mappers=[{"site": 1, "thumbprint": "AB" * 20, "store": "MY"}]),
    _set(asked=[{"what": "flag_4", "present": False, "evidence": "refused"}]),
    _set(shared_configuration=True),
    _set(url_reservations=["https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"]),
    _other_store,
    _rd_gateway,
    _renewed,
    _two_addresses,
    _one_for_all,
)


def _unknown_access(document: dict[str, Any]) -> None:
    for certificate in document["certificates"]:
        if certificate["key"] and certificate["key"]["system_access"] == "granted":
            certificate["key"] |= {"system_access": "unknown", "code": 0x80070005}


def _sni_without_schema(document: dict[str, Any]) -> None:
    binding = {"protocol": "https", "information": "*:443:old.example.com", "ssl_flags": 1}
    document["sites"][0]["bindings"].append(binding)
    document["schema_ssl_flags"] = False


_RUN = {"run": "r1", "started": "2026-11-24T11:00:00Z", "steps": [], "done": 0}

UNREAD: tuple[Change, ...] = (
    _incomplete("records"),
    _incomplete("certificates"),
    _set(http_ports=None),
    _set(http_ports=[80]),
    _set(journal=_RUN),
    _set(journal={**_RUN, "guard": {"state": "undone", "at": "2026-11-24T11:30:00Z"}}),
    _sni_without_schema,
    _unknown_access,
)

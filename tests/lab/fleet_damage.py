# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with damaged hosts. Where a damage does not fit a host, the nearest one that does is done to it."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from typing import Any

from .fleet_hosts import IIS, Draft

RANDOM_OWNER = "{7d1f6a52-0000-4000-8000-00000000beef}"
Description = dict[str, Any]


def damaged(description: Description, damage: str, draft: Draft) -> None:
    """Do one damage to a host; its title says which."""
    done = DAMAGES[damage](description, draft)
    if not done:
        damage = "ghost"
        _ghost(description, draft)
    description["title"] += f", damaged: {damage}"


def _ghost(description: Description, draft: Draft) -> bool:
    """A record on an IPv4 address that has none, with whatever certificate comes first."""
    own = [item for item in draft.addresses if "." in item and item != "127.0.0.1"]
    free = [item for item in own if ("ipport", f"{item}:443") not in draft.records]
    address = free[-1] if free else draft.address()
    listed = description["certificates"]
    thumbprint = listed[0]["thumbprint"] if listed else draft.certificate(f"old.{draft.domain}", days=-200)
    draft.record("ipport", f"{address}:443", thumbprint)
    description["records"] = list(draft.records.values())
    return True


def _orphan(description: Description, draft: Draft) -> bool:
    if not draft.by_name or not description["certificates"]:
        return False
    draft.record("hostnameport", f"gone.{draft.domain}:443", description["certificates"][0]["thumbprint"])
    description["records"] = list(draft.records.values())
    return True


def _iis_record(description: Description) -> Description | None:
    """The first record that IIS owns and that names a certificate."""
    owned = [item for item in description["records"] if item["app_id"] == IIS and item["thumbprint"]]
    return owned[0] if owned else None


def _on_certificate(**values: Any) -> Callable[[Description, Draft], bool]:
    """Change the certificate behind the first record of IIS."""

    def change(description: Description, draft: Draft) -> bool:
        record = _iis_record(description)
        for item in description["certificates"]:
            if record is not None and item["thumbprint"] == record["thumbprint"]:
                item.update(copy.deepcopy(values))
                return True
        return False

    return change


def _expired(description: Description, draft: Draft) -> bool:
    end = draft.today - datetime.timedelta(days=draft.chance.randint(1, 300))
    return _on_certificate(not_after=end.isoformat())(description, draft)


def _record_missing(description: Description, draft: Draft) -> bool:
    record = _iis_record(description)
    if record is None or len(description["records"]) < 2:
        return False
    description["records"].remove(record)
    return True


def _twice(description: Description, draft: Draft) -> bool:
    for site in description["sites"]:
        for binding in site["bindings"]:
            if binding["protocol"] == "https":
                old = {"name": f"{site['name']} old", "state": "Stopped", "bindings": [dict(binding)]}
                description["sites"].append({"id": len(description["sites"]) + 1, **old})
                return True
    return False


def _random_owner(description: Description, draft: Draft) -> bool:
    record = _iis_record(description)
    if record is not None:
        record["app_id"] = RANDOM_OWNER
    return record is not None


def _unreadable(description: Description, draft: Draft) -> bool:
    entry = {"layer": "users", "code": "access_denied", "message": "other users of certificates: Access is denied"}
    description["incomplete"] = [entry]
    return True


DAMAGES: dict[str, Callable[[Description, Draft], bool]] = {
    "ghost": _ghost,
    "orphan": _orphan,
    "expired": _expired,
    "key_denied": _on_certificate(key="denied"),
    "key_missing": _on_certificate(key="missing"),
    "key_user_scope": _on_certificate(key="user_scope"),
    "record_missing": _record_missing,
    "certificate_missing": _on_certificate(in_store=False),
    "twice": _twice,
    "random_owner": _random_owner,
    "signature_only": _on_certificate(
        key_detail={"provider": "Microsoft Strong Cryptographic Provider", "provider_type": 1, "key_spec": 2}
    ),
    "unreadable": _unreadable,
}

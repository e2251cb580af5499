# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a document (docs/contracts.md §3): what lies in the stores of a host, and what is known of the keys."""

from __future__ import annotations

from ..model.host import Certificate, PrivateKey
from ..model.keys import checked_thumbprint, store_key
from .certificates import parse_der
from .extras import chain
from .fields import Fields

CERTIFICATE_KEYS = frozenset(["thumbprint", "store", "der", "friendly_name", "archived", "renewed_by", "key", "chain"])
_KEY_KEYS = frozenset(
    ["provider", "provider_type", "container", "key_spec", "machine", "system_access", "check", "code", "file"]
)


def certificate(item: Fields) -> Certificate:
    """One certificate of a document."""
    item.there("key")
    thumbprint = item.checked("thumbprint", checked_thumbprint, "")
    parsed = parse_der(item.text("der"))
    if parsed is None:
        item.fault("der", "is not base64")
    elif parsed[1] is not None and parsed[0] != thumbprint:
        item.fault("der", f"is another certificate than {thumbprint} (its thumbprint is {parsed[0]})")
    key = item.optional_object("key", _KEY_KEYS)
    return Certificate(
        thumbprint=thumbprint,
        store=store_key(item.words("store")),
        facts=parsed[1] if parsed else None,
        key=None if key is None else _private_key(key),
        friendly_name=item.optional_text("friendly_name") or "",
        archived=item.truth("archived", False),
        renewed_by=item.optional_checked("renewed_by", checked_thumbprint),
        chain=chain(item),
    )


def _private_key(key: Fields) -> PrivateKey:
    key.there("machine", "code")
    return PrivateKey(
        provider=key.text("provider"),
        provider_type=key.number("provider_type", low=0),
        container=key.text("container"),
        key_spec=key.number("key_spec", low=0),
        machine=key.optional_truth("machine"),
        system_access=key.choice("system_access", ("granted", "denied", "unknown")),
        check=key.choice("check", ("metadata", "open", "sign")),
        code=key.optional_number("code", low=0, high=2**32 - 1),
        file=key.optional_text("file"),
    )

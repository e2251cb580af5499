# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that clients would refuse: what ``made`` of a description asks for, beside names and dates."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_SHA1 = bytes.fromhex("300906072a8648ce3d0401")


@dataclass(frozen=True)
class Made:
    """``key_bits`` 192 is a curve too small for clients; ``purposes`` are OIDs; ``signature`` is ``sha1`` or nothing."""

    not_before: datetime.datetime | None = None
    key_bits: int = 256
    purposes: tuple[str, ...] = ("1.3.6.1.5.5.7.3.1",)
    signature: str | None = None
    self_signed: bool = False

    @classmethod
    def of(cls, wish: Mapping[str, Any] | None) -> Made:
        """As a description has it; ``not_before`` is an ISO day."""
        data = dict(wish or {})
        if data.get("not_before"):
            day = datetime.datetime.fromisoformat(data["not_before"])
            data["not_before"] = day.replace(tzinfo=datetime.timezone.utc)
        if "purposes" in data:
            data["purposes"] = tuple(data["purposes"])
        return cls(**data)

    def signed(self, der: bytes) -> bytes:
        """The DER as it shall look. A certificate that says SHA-1 has a signature of no use; nobody here checks it."""
        return _says_sha1(der) if self.signature == "sha1" else der


def _says_sha1(der: bytes) -> bytes:
    """Exchange ecdsa-with-SHA256 for ecdsa-with-SHA1 in both places; the three outer lengths have two bytes each."""
    inner_length = int.from_bytes(der[6:8], "big")
    inner, rest = der[8 : 8 + inner_length], der[8 + inner_length :]
    inner, rest = inner.replace(_SHA256, _SHA1, 1), rest.replace(_SHA256, _SHA1, 1)
    body = b"\x30\x82" + len(inner).to_bytes(2, "big") + inner + rest
    return b"\x30\x82" + len(body).to_bytes(2, "big") + body

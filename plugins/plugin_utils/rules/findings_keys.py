# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about private keys: one kind per cause, since each is mended in another way."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, Kind, Rule
from .key_health import key_health
from .scene import Scene, renewal

_FAILS = (
    "Every handshake that the record decides fails (events 36870 and 15021); no other record is tried, though guides say so. "
    "Binding the certificate again fails with error 1312."
)

KEY_MISSING = Kind(
    "key_missing",
    ("error",),
    "F6.07",
    "The private key of a bound certificate is not there: none is linked, or its container does not exist.",
    _FAILS,
    "Import the certificate again with its key, as machine key and persisted; certutil -repairstore links a key that is on the host.",
    remedy="bind",
)
KEY_USER_SCOPE = Kind(
    "key_user_scope",
    ("error",),
    "F6.05",
    "The private key of a bound certificate lies in the profile of a user.",
    f"The classic broken import: it may work until the profile is unloaded. {_FAILS}",
    "Import the certificate again as machine key (MachineKeySet), not by dragging it between stores.",
    remedy="bind",
)
KEY_DENIED = Kind(
    "key_denied",
    ("error",),
    "F6.03",
    "The access list of the private key does not let SYSTEM read it.",
    f"TLS runs as SYSTEM; rights of the application pool do not matter. {_FAILS}",
    "Give SYSTEM and Administrators full control of the key (certlm.msc, Manage Private Keys).",
    remedy="bind",
)
KEY_WRONG_SPEC = Kind(
    "key_wrong_spec",
    ("error",),
    "F6.11",
    "The private key is not marked for key exchange: for signatures only (KeySpec AT_SIGNATURE), or for nothing (KeySpec 0).",
    f"A key of a classic provider has to be marked for key exchange. {_FAILS}",
    "Import the PFX again with certutil -importpfx and AT_KEYEXCHANGE, or into a key storage provider.",
    remedy="bind",
)
KEY_MISMATCH = Kind(
    "key_mismatch",
    ("error",),
    "F6.18",
    "The private key that is linked belongs to another certificate.",
    _FAILS,
    "certutil -repairstore My THUMBPRINT looks for the right key; else import certificate and key again.",
    remedy="bind",
)
KEY_UNVERIFIED = Kind(
    "key_unverified",
    ("info",),
    "F6.08",
    "Whether SYSTEM can use the private key could not be told.",
    "That the reader could or could not open the key says nothing about SYSTEM. Keys in hardware cannot be looked at like others.",
    "Make a handshake (https_endpoint_info); read with key_check: open as local administrator.",
)

KINDS = (KEY_MISSING, KEY_USER_SCOPE, KEY_DENIED, KEY_WRONG_SPEC, KEY_MISMATCH, KEY_UNVERIFIED)

_BY_STATE = {
    "missing": KEY_MISSING,
    "user_scope": KEY_USER_SCOPE,
    "denied": KEY_DENIED,
    "wrong_key_spec": KEY_WRONG_SPEC,
    "mismatch": KEY_MISMATCH,
}


def _keys(scene: Scene) -> Iterator[Finding]:
    for item in scene.served:
        health = key_health(item.certificate)
        named = f"record {item.key}, certificate {item.certificate.thumbprint}: {health.reason}"
        if health.unusable:
            evidence = f"{named}; handshakes fail, no other is tried"
            yield _BY_STATE[health.state].on(item.key, evidence, renewal(scene, item.names))
        elif health.state == "unknown":
            yield KEY_UNVERIFIED.on(item.key, named)


RULES: tuple[Rule, ...] = (_keys,)

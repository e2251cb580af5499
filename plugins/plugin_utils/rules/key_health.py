# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can SYSTEM use the private key (F6)? A verdict from the reader's facts, with the reason in words."""

from __future__ import annotations

from typing import NamedTuple

from ..model.host import Certificate

#: HRESULTs that mean "there is no such key" (A9.32) and "you may not" in the same list.
_MISSING = frozenset((0x80090016, 0x8009000D, 0x80090011, 0x80090019, 0x8009001A, 0x8009200B))
_DENIED = frozenset((0x80090010, 0x80070005))
#: Also the answer where the key is there and may not be opened. The reader looks at the files of keys, and does not give this code then.
_BAD_KEYSET = 0x80090016
_MISMATCH = 0x80090015
AT_KEYEXCHANGE, AT_SIGNATURE = 1, 2

#: States in which http.sys cannot complete a handshake or refuses the record with 1312 (F6.18, F1.32).
UNUSABLE = frozenset(("missing", "user_scope", "denied", "wrong_key_spec", "mismatch"))


class KeyHealth(NamedTuple):
    """``state``: ok, unknown, missing, user_scope, denied, wrong_key_spec, mismatch; ``reason`` says why."""

    state: str
    reason: str

    @property
    def unusable(self) -> bool:
        return self.state in UNUSABLE


def key_health(certificate: Certificate) -> KeyHealth:
    """Judge the key of one certificate. *unknown* is not *ok*: it means that the reader could not tell."""
    key = certificate.key
    if key is None:
        return KeyHealth("missing", "the certificate has no private key")
    if key.machine is False:
        return KeyHealth("user_scope", "the key lies in a user profile, where SYSTEM cannot open it")
    if key.provider_type != 0 and key.key_spec == AT_SIGNATURE:
        return KeyHealth("wrong_key_spec", "the key is for signatures only (AT_SIGNATURE)")
    if key.provider_type != 0 and key.key_spec != AT_KEYEXCHANGE:
        reason = f"KeySpec {key.key_spec} is not key exchange, which a key of a classic provider has to be for (F6.11)"
        return KeyHealth("wrong_key_spec", reason)
    if key.code in _MISSING:
        code = f"(0x{key.code:08X})"
        if key.file:
            return KeyHealth("missing", f"the file {key.file} is there, but no key comes out of it {code}")
        known = key.code != _BAD_KEYSET or key.provider.startswith("Microsoft Software ") or key.provider_type != 0
        other = "" if known else ", or its access list keeps administrators out"
        return KeyHealth("missing", f"the key container {key.container!r} does not exist{other} {code}")
    if key.code == _MISMATCH:
        return KeyHealth("mismatch", "the key belongs to another certificate (0x80090015)")
    if key.system_access == "denied":
        where = f" (file {key.file})" if key.file else ""
        return KeyHealth("denied", f"the access list of the key{where} does not let SYSTEM read it")
    if key.code == 0 and key.system_access == "granted":
        return KeyHealth("ok", "SYSTEM may read the key and it opens")
    if key.code in _DENIED:
        return KeyHealth(
            "unknown", f"the reader may not open the key (0x{key.code:08X}); that says nothing about SYSTEM"
        )
    return KeyHealth("unknown", "the reader could not tell whether SYSTEM may use the key")

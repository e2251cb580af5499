# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canonical forms of addresses, host names, thumbprints and record keys, so that equal things compare equal.

Two grades: ``*_key`` functions are total and used on what a host reports (whatever is there must be shown);
``checked_*`` functions raise :class:`ValueInvalid` and are used on what a user asks for.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple

from .problems import ValueInvalid

ANY_IPV4 = "0.0.0.0"
ANY_IPV6 = "::"
FAMILIES = ("ipport", "hostnameport", "ccs", "scopedccs")
#: Application id that IIS stamps on its records (F3.21). A hint for the owner, never a proof.
IIS_APP_ID = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"

_SHA1 = re.compile(r"[0-9A-F]{40}\Z")
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\Z")


@lru_cache(maxsize=65536)
def address_key(text: str) -> str:
    """Canonical address without brackets; ``*``, empty and ``0.0.0.0`` are one address (F3.05). Total: odd text is lowered."""
    bare = text.strip().strip("[]")
    if bare in ("", "*", "+"):
        return ANY_IPV4
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return bare.lower()


@lru_cache(maxsize=65536)
def checked_address(text: str) -> str:
    """Like :func:`address_key`, for a user's text; raises ValueInvalid for anything that is not an IP address or ``*``."""
    key = address_key(text)
    try:
        ipaddress.ip_address(key)
    except ValueError:
        raise ValueInvalid(f"{text!r} is neither an IP address nor '*'") from None
    return key


def is_address(text: str) -> bool:
    """Is it an IP address? Most names are not, and are told by their last letter."""
    if ":" not in text and not text[-1:].isdigit():
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_ipv6(address: str) -> bool:
    """True for a canonical IPv6 address."""
    return ":" in address


def host_key(text: str) -> str:
    """Comparable host name: lower case, non-ASCII labels as A-labels (F1.21, F3.08). Total: what IDNA refuses is lowered only."""
    lowered = text.strip().lower()
    if lowered.isascii():
        return lowered
    return ".".join(_a_label(label) for label in lowered.split("."))


@lru_cache(maxsize=65536)
def _a_label(label: str) -> str:
    if label.isascii():
        return label
    import idna  # only needed for names outside ASCII; the requirement is declared all the same

    try:
        return idna.encode(label, uts46=True).decode("ascii")
    except idna.IDNAError:
        return label


def shown_host(key: str) -> str:
    """A canonical host name as IIS and http.sys keep it: A-labels in Unicode, which is the form that works there (F3.08)."""
    if "xn--" not in key:
        return key
    import idna

    try:
        return ".".join(idna.decode(label) if label.startswith("xn--") else label for label in key.split("."))
    except idna.IDNAError:
        return key


def checked_host(text: str) -> str:
    """Host name of a request: ``""`` (any), a DNS name, or ``*.`` and a DNS name; underscores are everyday names and pass."""
    key = host_key(text)
    if key == "":
        return ""
    if len(key) > 255:  # HTTP_REQUEST_PROPERTY_SNI_HOST_MAX_LENGTH
        raise ValueInvalid("a host name has at most 255 characters")
    if is_address(key.strip("[]")):
        raise ValueInvalid(f"{text!r} is an IP address; put it into 'address', a host name is a DNS name")
    name = key[2:] if key.startswith("*.") else key
    if "*" in name:
        raise ValueInvalid(f"{text!r}: '*' is allowed only as the whole leftmost label, as in *.example.com")
    if not _NAME.match(name):
        raise ValueInvalid(f"{text!r} is not a host name")
    return key


def checked_thumbprint(text: str) -> str:
    """SHA-1 thumbprint of a request as 40 upper-case hex digits (F4.22)."""
    visible = re.sub(r"[\s:\u200b-\u200f\u202a-\u202e\ufeff]", "", text).upper()
    if not _SHA1.match(visible):
        raise ValueInvalid(f"{text!r} is not a SHA-1 thumbprint (40 hex digits)")
    return visible


def store_key(text: str | None) -> str:
    """Certificate store name for comparison; no name means MY (F4.09, F5.12). Store names compare without case."""
    return (text or "MY").upper()


def store_name(text: str | None) -> str | None:
    """A record's store in the one spelling that compares equal: None for MY, else ``WebHosting`` or the host's own text."""
    key = store_key(text)
    return None if key == "MY" else "WebHosting" if key == "WEBHOSTING" else text


def checked_port(value: int) -> int:
    """TCP port 1 to 65535."""
    if not 1 <= value <= 65535:
        raise ValueInvalid(f"{value} is not a port (1 to 65535)")
    return value


class _Compared(NamedTuple):
    """The parts of a record key that tell it from others, and by which keys are sorted."""

    family: str
    name: str
    port: int


class RecordKey(_Compared):
    """Key of one http.sys certificate record (F1.01): ``name`` is the address (ipport), the host name, or ``""`` (ccs).

    ``shown`` is the name as the host spells it (mixed case, Unicode): never compared, always used when calling the host.
    """

    shown = ""

    def spelled(self, shown: str) -> RecordKey:
        """The same key in another spelling of its name."""
        key = RecordKey(*self)
        key.shown = shown
        return key

    @property
    def text(self) -> str:
        """The key as netsh writes it: ``10.0.0.5:443``, ``[::]:443``, ``shop.example.com:443``, ``443``."""
        if self.family == "ccs":
            return str(self.port)
        return f"{self.shown or bracketed(self.name)}:{self.port}"

    def __str__(self) -> str:
        return self.text if self.family == "ipport" else f"{self.family} {self.text}"


def bracketed(address: str) -> str:
    """An address as it stands before a port: IPv6 in brackets."""
    return f"[{address}]" if is_ipv6(address) else address


def address_text(address: str) -> str:
    """An address as a binding spells it: ``*`` for any, IPv6 in brackets."""
    return "*" if address == ANY_IPV4 else bracketed(address)


def record_key(family: str, text: str) -> RecordKey:
    """Parse a record key as a host reports it. Raises ValueInvalid when family, address, name or port make no sense."""
    if family not in FAMILIES:
        raise ValueInvalid(f"{family!r} is not a record family ({', '.join(FAMILIES)})")
    name, _colon, port_text = text.rpartition(":")
    if not port_text.isascii() or not port_text.isdigit() or not 0 < int(port_text) < 65536:
        raise ValueInvalid(f"{text!r} has no port")
    port = int(port_text)
    if family == "ccs":
        return RecordKey("ccs", "", port)
    if family == "ipport":
        return RecordKey("ipport", checked_address(name), port)
    if not name:
        raise ValueInvalid(f"{text!r} has no host name")
    if family == "hostnameport" and name == "*":
        return RecordKey("ccs", "", port)  # the older spelling of the central store record (F1.05)
    key = RecordKey(family, host_key(name), port)
    return key if key.name == name else key.spelled(name)

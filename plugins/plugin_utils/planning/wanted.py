# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One binding of a request: what is wished for it, and whether the wishes make sense together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from ..model.keys import ANY_IPV4, checked_address, checked_host, checked_port, checked_thumbprint
from ..model.problems import Problem, ValueInvalid
from ..model.visible import visible
from ..rules.options import BY_NAME, NO_OPTIONS, TEXTS, OptionWish
from ..rules.scene import subject_of
from ..rules.select import Selection

#: Site in lower case, address, port, host name.
Identity = tuple[str, str, int, str]
T = TypeVar("T")

#: Wishes that mean nothing for a binding that is to go, by the name of the argument.
_ONLY_PRESENT = ("certificate", "central_store", "options", "replaces")


class WantedBinding(NamedTuple):
    """One binding a user declares. ``path`` is where it stands in the request.

    The certificate is kept where there is neither ``thumbprint`` nor ``selection``; ``central_store`` None is kept, too.
    ``replaces``: (address, port, host) of the binding of the same site that this one is the new name of.
    """

    path: str
    site: str
    address: str
    port: int
    host: str
    present: bool = True
    sni: str = "keep"
    thumbprint: str | None = None
    store: str | None = None
    options: OptionWish = NO_OPTIONS
    central_store: bool | None = None
    replaces: tuple[str, int, str] | None = None
    selection: Selection | None = None

    @property
    def identity(self) -> Identity:
        """Site names compare without case in IIS."""
        return (self.site.lower(), self.address, self.port, self.host)

    @property
    def replaced(self) -> Identity | None:
        """The identity of the binding it is the new name of."""
        return None if self.replaces is None else (self.site.lower(), *self.replaces)

    @property
    def identities(self) -> tuple[Identity, ...]:
        """Every binding that the wish speaks of: itself, and the one it replaces."""
        replaced = self.replaced
        return (self.identity,) if replaced is None else (self.identity, replaced)

    @property
    def subject(self) -> str:
        return subject_of(self.site, self.address, self.port, self.host)

    @property
    def old_subject(self) -> str:
        """The binding it replaces, as findings name it."""
        return subject_of(self.site, *(self.replaces or (self.address, self.port, self.host)))


def identities_of(wanted: Iterable[WantedBinding]) -> frozenset[Identity]:
    """All the bindings that wishes speak of."""
    return frozenset(identity for item in wanted for identity in item.identities)


def parse_wanted(item: Mapping[str, Any], path: str, problems: list[Problem]) -> WantedBinding:
    """One entry of ``bindings`` (shapes are checked already); every fault goes into ``problems``."""
    check = _Checks(path, problems)
    site = str(item.get("site") or "")
    if not site.strip():
        check.refuse("site", "names no site")
    address = check("address", _local, item.get("address") or "*", ANY_IPV4)
    port = check("port", checked_port, 443 if item.get("port") is None else item["port"], 443)
    host = check("host", checked_host, item.get("host") or "", "")
    present, sni = item.get("state", "present") == "present", item.get("sni") or "keep"
    options, central = _options(item.get("options") or {}, check), item.get("central_store")
    if present and sni == "required" and not host:
        check.refuse("sni", "SNI needs a host name to select by; give 'host' or use sni: never")
    if not present:
        given = {**item, "options": None if options.empty else options}
        for name in _ONLY_PRESENT:
            if given.get(name) is not None:
                check.refuse(name, "has no meaning with state: absent")
        if sni != "keep":
            check.refuse("sni", "has no meaning with state: absent")
        return WantedBinding(path, site, address, port, host, present)
    if central:
        _central(item, host, options, check)
    thumbprint, store, selection = _certificate(item.get("certificate"), host, check)
    replaces = _replaces(item.get("replaces"), (address, port, host), check)
    return WantedBinding(
        path, site, address, port, host, present, sni, thumbprint, store, options, central, replaces, selection
    )


def _local(text: str) -> str:
    """An address to bind to. Windows numbers the zones of link-local addresses; a name would be refused on the host."""
    address = checked_address(text)
    zone = address.partition("%")[2]
    if zone and not (zone.isascii() and zone.isdigit()):
        raise ValueInvalid(f"{text!r}: the zone of an address is a number on Windows, as in fe80::1%3")
    return address


class _Checks:
    """Checks values of one binding; what is wrong goes into ``problems`` with its place."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self._path, self._problems = path, problems

    def __call__(self, key: str, check: Callable[[Any], T], value: Any, fallback: T) -> T:
        try:
            return check(value)
        except ValueInvalid as fault:
            self.refuse(key, str(fault))
            return fallback

    @property
    def faults(self) -> int:
        """How many there are so far."""
        return len(self._problems)

    def refuse(self, key: str, message: str) -> None:
        self._problems.append(Problem(f"{self._path}.{key}", message))


def _central(item: Mapping[str, Any], host: str, options: OptionWish, check: _Checks) -> None:
    """What cannot be had together with the central store (F1.18, F2.07, F4.16)."""
    if not host:
        check.refuse("central_store", "needs a host name: the store finds a certificate by name only; give 'host'")
    if item.get("certificate") is not None:
        check.refuse("certificate", "has no meaning with central_store: true, which takes it from a file of that name")
    for name in options.wanted:
        message = "cannot be had with central_store: true: the port's one record takes no options"
        check.refuse(f"options.{name}", message)


def _certificate(
    item: Mapping[str, Any] | None, host: str, check: _Checks
) -> tuple[str | None, str | None, Selection | None]:
    """Thumbprint, store and selection: nothing, a thumbprint, or a rule by which the certificate is chosen."""
    if item is None:
        return None, None, None
    given = [name for name in ("thumbprint", "select") if item.get(name) is not None]
    store = item.get("store") or None
    if len(given) != 1:
        both = "names a certificate and a rule to choose one; give one of them"
        check.refuse("certificate", both if given else "is neither named nor chosen: give 'thumbprint' or 'select'")
        return None, None, None
    if given == ["thumbprint"]:
        thumbprint = check("certificate.thumbprint", checked_thumbprint, str(item["thumbprint"]), None)
        return thumbprint, store, None
    if store is not None:
        check.refuse("certificate.store", "goes with a thumbprint; a rule has its own 'stores'")
    return None, None, _selection(item["select"], host, check)


def _selection(item: Mapping[str, Any], host: str, check: _Checks) -> Selection:
    listed = {name: tuple(item.get(name) or ()) for name in ("names", "issuers", "key_types", "stores")}
    names = tuple(
        check(f"certificate.select.names[{index}]", _name, text, "") for index, text in enumerate(listed["names"])
    )
    for key in ("issuers", "stores"):
        for index, text in enumerate(listed[key]):
            if not str(text).strip():
                check.refuse(f"certificate.select.{key}[{index}]", "is empty")
    for index, kind in enumerate(listed["key_types"]):
        if str(kind).lower() not in ("rsa", "ec"):
            check.refuse(f"certificate.select.key_types[{index}]", f"{kind!r} is no kind of key (rsa, ec)")
    if not names and not host:
        check.refuse("certificate.select.names", "is needed: a binding for any name does not tell which ones to cover")
    days = item.get("min_days") or 0
    if not 0 <= days <= 36500:
        check.refuse("certificate.select.min_days", f"must be 0 to 36500 days, is {days}")
    types = tuple(str(kind).lower() for kind in listed["key_types"])
    return Selection(names or (host,), listed["issuers"], days, types, listed["stores"])


def _name(text: Any) -> str:
    name = checked_host(str(text))
    if not name:
        raise ValueInvalid("is empty")
    return name


def _options(item: Mapping[str, Any], check: _Checks) -> OptionWish:
    if not item:
        return NO_OPTIONS
    flags = tuple((name, bool(item[name])) for name in BY_NAME if item.get(name) is not None)
    texts = {name: _text(item.get(name), name, check) for name in TEXTS}
    return OptionWish(flags, **texts)


def _text(value: Any, name: str, check: _Checks) -> str | None:
    if value is not None and visible(str(value)) != value:
        check.refuse(f"options.{name}", f"{value!r} holds characters that cannot be seen")
    return None if value is None else str(value)


def _replaces(item: Mapping[str, Any] | None, own: tuple[str, int, str], check: _Checks) -> tuple[str, int, str] | None:
    """The replaced binding; what is left out is as in the new one."""
    if item is None:
        return None
    (address, port, host), faults = own, check.faults
    if item.get("address") is not None:
        address = check("replaces.address", _local, item["address"] or "*", address)
    if item.get("port") is not None:
        port = check("replaces.port", checked_port, item["port"], port)
    if item.get("host") is not None:
        host = check("replaces.host", checked_host, item["host"], host)
    if (address, port, host) == own and check.faults == faults:
        check.refuse("replaces", "names the very binding that is to replace it")
    return (address, port, host)

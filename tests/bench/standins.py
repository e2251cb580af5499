# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers in place of two modules of other collections, and of the two that do nothing. **Simulated.**

The modules themselves go over the wire as they are, sent by the real ansible-playbook from the real collections; what arrives is
counted and thrown away, as with every module here. These functions then do to the lab's model what the published source of
the module (community.windows 3.3.0, microsoft.iis 1.3.0) does to Windows in the cases that the bench asks for, and answer what it
answers. Every other case is refused: nothing that was not looked at is played. Written after reading those sources, without using them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.machine import (
    CENTRAL,
    SNI,
    Failure,
    add_binding,
    binding_of,
    certificate_of,
    give_certificate,
    need_certificate,
    set_flags,
    site_of,
)
from lab.simhost import SimulatedHost

WEBBINDING, WEBSITE = "community.windows.win_iis_webbinding", "microsoft.iis.website"
#: Versions of the collections whose source was read for the stand-ins.
PLAYED = {"community.windows": "3.3.0", "microsoft.iis": "1.3.0"}
_WEBBINDING_KEYS = frozenset(
    "name state protocol ip port host_header ssl_flags certificate_hash certificate_store_name".split()
)
_ADD_KEYS = frozenset("ip port hostname protocol use_sni certificate_hash certificate_store_name".split())


def played(work: Callable[[SimulatedHost, dict[str, Any]], dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A handler of the lab around a piece of work: failures as results, check mode refused."""

    def handler(host: SimulatedHost, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        try:
            if check_mode:
                raise Failure("this stand-in does not play check mode")
            return {**work(host, args), "simulated": True}
        except Failure as failure:
            return {"changed": False, "failed": True, "msg": f"simulated: {failure}", "simulated": True}

    return handler


def webbinding(host: SimulatedHost, args: dict[str, Any]) -> dict[str, Any]:
    """One https binding with its certificate: added, brought up to date, or found to match."""
    _only(args, _WEBBINDING_KEYS)
    if args.get("protocol") != "https" or args.get("state", "present") != "present":
        raise Failure("this stand-in plays https bindings that shall be present")
    site, flags = str(args["name"]), int(args.get("ssl_flags", 0))
    thumbprint, store = str(args["certificate_hash"]), str(args.get("certificate_store_name") or "my")
    if flags & CENTRAL:
        raise Failure("this stand-in does not play the central store")
    state = site_of(host, site)["state"]
    need_certificate(host, thumbprint, store)
    information = f"{args.get('ip', '*')}:{args.get('port', 80)}:{args.get('host_header') or ''}"
    found, operation = binding_of(host, site, "https", information), "matched"
    if found is None:
        add_binding(host, site, "https", information, flags)
        give_certificate(host, _there(host, site, information), thumbprint, store)
        operation = "added"
    else:
        if (found["ssl_flags"] or 0) != flags:
            set_flags(host, site, found, flags)
            operation = "updated"
        now = _there(host, site, information)
        if not _same(certificate_of(host, now), (thumbprint, store)):
            give_certificate(host, now, thumbprint, store)
            operation = "updated"
    return {
        "changed": operation != "matched",
        "operation_type": operation,
        "website_state": state.capitalize(),
        "binding_info": _described(host, _there(host, site, information)),
    }


def website(host: SimulatedHost, args: dict[str, Any]) -> dict[str, Any]:
    """A list of https bindings added to one site that is there: new ones one after the other, then those that are there already."""
    _only(args, {"name", "bindings"})
    _only(args["bindings"], {"add"})
    site, wanted = str(args["name"]), list(args["bindings"]["add"])
    if site_of(host, site)["state"] == "stopped":
        raise Failure("this stand-in does not play the start of a site")
    for item in wanted:
        _only(item, _ADD_KEYS)
        if item.get("protocol") != "https" or "certificate_hash" not in item:
            raise Failure("this stand-in plays https bindings with a certificate")
    there = {item["information"].lower() for item in site_of(host, site)["bindings"]}
    new = [item for item in wanted if _text(item).lower() not in there]
    old = [item for item in wanted if _text(item).lower() in there]
    for item in new:
        need_certificate(host, item["certificate_hash"], _store(item))
        add_binding(host, site, "https", _text(item), SNI if item.get("use_sni") else 0)
        give_certificate(host, _there(host, site, _text(item)), item["certificate_hash"], _store(item))
    updated = [_brought_up_to_date(host, site, item) for item in old]
    # What Ansible.Basic adds to every answer.
    return {"changed": bool(new) or any(updated), "invocation": {"module_args": args}}


def _brought_up_to_date(host: SimulatedHost, site: str, item: dict[str, Any]) -> bool:
    """Flags and certificate of a binding that is there. An omitted ``use_sni`` leaves that flag as it is."""
    found = _there(host, site, _text(item))
    need_certificate(host, item["certificate_hash"], _store(item))
    flags = int(found["ssl_flags"] or 0)
    if flags > SNI:
        raise Failure(f"this stand-in does not play flags {flags}")
    wanted = flags & SNI if item.get("use_sni") is None else SNI * bool(item["use_sni"])
    # The certificate is compared with that of the binding as it was first, as the module does.
    before = certificate_of(host, found)
    if wanted != flags:
        set_flags(host, site, found, wanted)
    if _same(before, (item["certificate_hash"], _store(item))):
        return wanted != flags
    give_certificate(host, _there(host, site, _text(item)), item["certificate_hash"], _store(item))
    return True


def nothing(host: SimulatedHost, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """The yardsticks."""
    return {"changed": False}


def _only(args: Mapping[str, Any], known: frozenset[str] | set[str]) -> None:
    for name in args:
        if name not in known:
            raise Failure(f"this stand-in does not play the argument {name}")


def _there(host: SimulatedHost, site: str, information: str) -> dict[str, Any]:
    found = binding_of(host, site, "https", information)
    if found is None:
        raise Failure(f"there is no https binding {information}")
    return found


def _described(host: SimulatedHost, binding: dict[str, Any]) -> dict[str, Any]:
    address, port, name = binding["information"].rsplit(":", 2)
    thumbprint, store = certificate_of(host, binding)
    return {
        "bindingInformation": binding["information"],
        "ip": address,
        "port": int(port),
        "hostheader": name,
        "protocol": binding["protocol"],
        "certificateStoreName": store,
        "certificateHash": thumbprint,
        "sslFlags": int(binding["ssl_flags"] or 0),
    }


def _text(item: Mapping[str, Any]) -> str:
    # An omitted part is empty text, not an asterisk.
    return f"{item.get('ip', '')}:{item.get('port', '')}:{item.get('hostname', '')}"


def _store(item: Mapping[str, Any]) -> str:
    return str(item.get("certificate_store_name") or "my")


def _same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return tuple(text.lower() for text in one) == tuple(text.lower() for text in other)


HANDLERS = {
    WEBBINDING: played(webbinding),
    WEBSITE: played(website),
    # The name without a collection arrives in one of two forms, by version of ansible-core.
    **{f"{prefix}{name}": nothing for prefix in ("", "ansible.legacy.") for name in ("slim_noop", "basic_noop")},
}

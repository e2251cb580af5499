# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-ins of other collections' modules do to a simulated host: the two calls that all of them rest on.

A new binding is one commit of the IIS configuration. Giving it a certificate is a call of its own afterwards, on the
binding, and it is http.sys that keeps the certificate: under the host name where the binding uses SNI, else under the address.
"""

from __future__ import annotations

from typing import Any

from lab.httpsys import EXISTS, OK
from lab.iis import Refused
from lab.simhost import SimulatedHost

SNI, CENTRAL = 1, 2


class Failure(Exception):
    """What the module would fail with, or what this stand-in does not play."""


def site_of(host: SimulatedHost, name: str) -> dict[str, Any]:
    """A site by its name, in any case of its letters. Raises :class:`Failure`."""
    for site in host.iis.sites:
        if str(site["name"]).lower() == name.lower():
            return dict(site)
    raise Failure(f"there is no site {name!r}")


def binding_of(host: SimulatedHost, site: str, protocol: str, information: str) -> dict[str, Any] | None:
    """The binding with this protocol and ``address:port:host`` text, as it is now."""
    for binding in site_of(host, site)["bindings"]:
        if (binding["protocol"], binding["information"].lower()) == (protocol, information.lower()):
            return dict(binding)
    return None


def add_binding(host: SimulatedHost, site: str, protocol: str, information: str, ssl_flags: int) -> None:
    """One commit that adds one binding. Raises :class:`Failure`."""
    after = {"protocol": protocol, "information": information, "ssl_flags": ssl_flags}
    _commit(host, {"site": site_of(host, site)["name"], "position": None, "before": None, "after": after})


def set_flags(host: SimulatedHost, site: str, binding: dict[str, Any], ssl_flags: int) -> None:
    """One commit that changes the flags of one binding. Raises :class:`Failure`."""
    found = site_of(host, site)
    position = found["bindings"].index(binding)
    after = {**binding, "ssl_flags": ssl_flags}
    _commit(host, {"site": found["name"], "position": position, "before": binding, "after": after})


def _commit(host: SimulatedHost, edit: dict[str, Any]) -> None:
    try:
        host.iis.commit([edit])
    except Refused as refusal:
        raise Failure(refusal.message) from None


def record_key(binding: dict[str, Any]) -> tuple[str, str]:
    """Family and key of the http.sys record of a binding without central store."""
    address, port, name = binding["information"].rsplit(":", 2)
    if (binding["ssl_flags"] or 0) & SNI:
        return "hostnameport", f"{name}:{port}"
    return "ipport", f"{'0.0.0.0' if address in ('', '*') else address}:{port}"


def certificate_of(host: SimulatedHost, binding: dict[str, Any]) -> tuple[str, str]:
    """Thumbprint and store that IIS shows for a binding: those of its record, empty where there is none."""
    found = host.http.query(*record_key(binding))
    return ("", "") if found is None else (str(found["thumbprint"] or ""), str(found["store"] or "MY"))


def give_certificate(host: SimulatedHost, binding: dict[str, Any], thumbprint: str, store: str) -> None:
    """Put the certificate into the record of a binding, whatever was there before. Raises :class:`Failure`."""
    family, key = record_key(binding)
    value = {"thumbprint": thumbprint.upper(), "store": store}
    code = host.http.set(family, key, value)
    if code == EXISTS:
        host.http.delete(family, key)
        code = host.http.set(family, key, value)
    if code != OK:
        raise Failure(f"the certificate cannot be set: http.sys says {code}")


def need_certificate(host: SimulatedHost, thumbprint: str, store: str) -> None:
    """Both modules look into the store before they begin. Raises :class:`Failure`."""
    if host.http.lookup(thumbprint, store) == "missing":
        raise Failure(f"there is no certificate {thumbprint} in the store {store}")

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this Windows can do: asked of the host where the reader could ask, from the version table otherwise, and it says which."""

from __future__ import annotations

from typing import NamedTuple

from ..model.host import Host

#: The first Windows (major, minor, build) with something that the ones before lack.
_SERVER_2012 = (6, 2, 9200)
_SERVER_2016 = (10, 0, 14393)
_UPDATE_EXPORT = (10, 0, 16299)  # F2.14: expected on Server 1709 and later
_SERVER_2022 = (10, 0, 20348)
_SERVER_2008_R2_SP1 = (6, 1, 7601)


class Verdict(NamedTuple):
    """``ok`` with its ``source`` and a sentence.

    ``source``: ``schema`` (the IIS schema of the host), ``export`` (httpapi.dll), ``asked`` (another sign on the host), or
    ``table`` (only its version could tell).
    """

    ok: bool
    source: str
    reason: str


class Capabilities(NamedTuple):
    """Verdicts per feature, and how well this Windows is supported."""

    sni: Verdict
    wildcard_host: Verdict
    central_store: Verdict
    update_in_place: Verdict
    http2: Verdict
    http3: Verdict
    tls13: Verdict
    support_tier: str


def capabilities(host: Host) -> Capabilities:
    """Judge one host."""
    return Capabilities(
        sni=_sni(host),
        wildcard_host=asked(host, "wildcard_host")
        or _since(host, _SERVER_2016, "wildcard host names in bindings", "Windows Server 2016"),
        central_store=_central_store(host),
        update_in_place=_update(host),
        http2=asked(host, "http2") or _since(host, _SERVER_2016, "HTTP/2 over TLS", "Windows Server 2016"),
        http3=_http3(host),
        tls13=asked(host, "tls13") or _since(host, _SERVER_2022, "TLS 1.3", "Windows Server 2022"),
        support_tier=support_tier(host),
    )


def support_tier(host: Host) -> str:
    """``supported`` (2016 and later), ``best_effort`` (2008 R2 SP1 to 2012 R2, with WMF 5.1), ``unsupported``."""
    version = _version(host)
    if version >= _SERVER_2016:
        return "supported"
    return "best_effort" if version >= _SERVER_2008_R2_SP1 else "unsupported"


def asked(host: Host, what: str) -> Verdict | None:
    """What the reader asked the host itself for, if it did."""
    for item in host.asked:
        if item.what == what:
            return Verdict(item.present, "asked", f"the host {'has' if item.present else 'lacks'} it: {item.evidence}")
    return None


def _http3(host: Host) -> Verdict:
    verdict = asked(host, "http3")
    if verdict is not None:
        return verdict
    table = _since(host, _SERVER_2022, "HTTP/3", "Windows Server 2022")
    if not table.ok:
        return table
    return table._replace(reason=f"{table.reason}, once the registry value EnableHttp3 is set (F2.08)")


def _version(host: Host) -> tuple[int, int, int]:
    return (host.os.major, host.os.minor, host.os.build)


def named_os(host: Host) -> str:
    """The Windows of a host in a sentence."""
    return f"{host.os.name} ({host.os.major}.{host.os.minor}.{host.os.build})"


def _since(host: Host, first: tuple[int, int, int], what: str, release: str) -> Verdict:
    ok = _version(host) >= first
    return Verdict(ok, "table", f"{named_os(host)} {'has' if ok else 'lacks'} {what} (since {release})")


def _sni(host: Host) -> Verdict:
    if host.iis is None:
        return Verdict(False, "asked", "IIS is not installed")
    refused = asked(host, "records_hostnameport")
    if refused is not None and not refused.ok and host.schema_ssl_flags is not False:
        return refused._replace(reason=f"http.sys of this host knows no records by name: {refused.reason}")
    if host.schema_ssl_flags is not None:
        if host.schema_ssl_flags:
            return Verdict(True, "schema", "the IIS schema of this host knows sslFlags")
        return Verdict(
            False, "schema", f"the IIS schema of {named_os(host)} has no sslFlags: no SNI before IIS 8 (F2.02)"
        )
    return _since(host, _SERVER_2012, "SNI", "Windows Server 2012 / IIS 8")


def _central_store(host: Host) -> Verdict:
    if _version(host) < _SERVER_2012:
        return _since(host, _SERVER_2012, "the central certificate store", "Windows Server 2012 / IIS 8")
    if host.schema_ssl_flags is False:
        return Verdict(False, "schema", "the IIS schema of this host has no sslFlags, by which a binding asks for it")
    if host.central_store:
        return Verdict(True, "asked", "the central certificate store is enabled")
    blind = [item.message for item in host.incomplete if item.layer == "central_store"]
    if blind:
        return Verdict(
            False, "asked", f"whether the central certificate store is enabled could not be read: {blind[0]}"
        )
    return Verdict(False, "asked", "the central certificate store is not installed or not enabled (F2.02)")


def _update(host: Host) -> Verdict:
    if host.update_exported is not None:
        does = "exports" if host.update_exported else "does not export"
        return Verdict(host.update_exported, "export", f"httpapi.dll {does} HttpUpdateServiceConfiguration")
    return _since(host, _UPDATE_EXPORT, "in-place update of records", "Windows Server 1709 / 2019")

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What made-up hosts are there for, and what other programs do beside it. Application ids and places are those of Windows."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from typing import Any

from .fleet import Knobs
from .fleet_damage import damaged
from .fleet_hosts import ROOT, WINRM, WMSVC, Draft, http, https, weighted

ADFS = "{5d89a20c-beab-4389-9447-324788eb944a}"
SSTP = "{ba195980-cd49-458b-9e23-c84ee0adcd75}"
SERVICES = "SYSTEM\\CurrentControlSet\\Services\\"
ALL, ALL6 = "0.0.0.0:443", "[::]:443"


def made(number: int, chance: random.Random, today: datetime.date, knobs: Knobs) -> dict[str, Any]:
    """One whole host."""
    role = weighted(chance, knobs.roles)
    prefix, build = ROLES[role]
    draft = Draft(number, prefix, chance, today, knobs)
    if draft.happens(knobs.second_address):
        draft.address()
    build(draft)
    _neighbours(draft)
    if draft.happens(knobs.ipv6):
        draft.addresses.append(f"2001:db8:{number:x}::5")
    description = draft.described(role)
    if draft.happens(knobs.listen_list):
        description["ip_listen"] = [draft.first]
    if draft.happens(knobs.damaged):
        damaged(description, weighted(chance, knobs.damages), draft)
    return description


def _web(draft: Draft) -> None:
    style = weighted(draft.chance, draft.knobs.styles) if draft.by_name else "shared"
    count = weighted(draft.chance, draft.knobs.sites)
    names = [draft.name(index) for index in range(count)]
    common: list[str] = []
    for index, host in enumerate(names):
        kind = draft.chance.choice(("name", "shared", "address")) if style == "mixed" else style
        if kind == "address" and index >= 3:
            kind = "shared"
        port = 443 if index == 0 or not draft.happens(draft.knobs.other_port) else 8443
        label = host.partition(".")[0]
        if kind == "name":
            flags, options = draft.flags()
            options = {**options, **draft.record_options()}
            binding = https(f"*:{port}:{host}", 1 | flags)
            draft.record("hostnameport", f"{host}:{port}", draft.own_certificate(host), **options)
        elif kind == "address":
            here = draft.address()
            binding = https(f"{here}:{port}:", 0 if draft.by_name else None)
            draft.record("ipport", f"{here}:{port}", draft.own_certificate(host), **draft.record_options())
        else:
            binding = https(f"*:{port}:{host}", 0 if draft.by_name else None)
            if not common:
                common.append(draft.certificate(f"*.{draft.domain}", draft.domain))
            draft.record("ipport", f"0.0.0.0:{port}", common[0])
        plain = [http(host)] if draft.happens(draft.knobs.http_binding) else []
        state = "Stopped" if index and draft.happens(draft.knobs.stopped) else "Started"
        draft.site(label, *plain, binding, state=state)


def _acme(draft: Draft) -> None:
    """Renewed every 60 days of 90; the certificate before is still there and linked to the new one."""
    draft.at_least("Windows Server 2012 R2")
    for index in range(draft.chance.randint(1, 5)):
        host = draft.name(index)
        age = draft.chance.randint(0, 59)
        words = {"store": "WebHosting", "friendly_name": f"[IIS] {draft.slug}, {host} @ {draft.today.year}"}
        now = draft.certificate(host, days=90 - age, **words)
        if age < 55:
            draft.certificate(host, days=30 - age, **words, renewed_by=now)
        draft.record("hostnameport", f"{host}:443", now)
        draft.site(host.partition(".")[0], http(host), https(f"*:443:{host}", 1))


def _farm(draft: Draft) -> None:
    draft.at_least("Windows Server 2012")
    hosts = [draft.name(index) for index in range(draft.chance.randint(3, 15))]
    draft.record("ccs", "443", None)
    for host in hosts:
        draft.site(host.partition(".")[0], https(f"*:443:{host}", 3 if draft.happens(0.9) else 2))
    files = [f"{host}.pfx" for host in hosts if draft.happens(0.7)] + [f"_.{draft.domain}.pfx"]
    draft.more["central_store"] = {"enabled": True, "files": sorted(files)}


def _shared(draft: Draft) -> None:
    draft.at_least("Windows Server 2012")
    _web(draft)
    draft.more["shared_configuration"] = True


def _exchange(draft: Draft) -> None:
    """Front end on every address and on loopback, back end on 444 with its own certificate."""
    draft.at_least("Windows Server 2016")
    front = draft.certificate(f"mail.{draft.domain}", f"autodiscover.{draft.domain}")
    back = draft.certificate(draft.slug, draft.domain, days=1500, friendly_name="Microsoft Exchange")
    draft.site("Default Web Site", http(""), https(":443:", 0), https("127.0.0.1:443:", 0))
    draft.site("Exchange Back End", http("", 81), https("*:444:", 0))
    draft.addresses.append("127.0.0.1")
    for key, thumbprint in ((ALL, front), ("127.0.0.1:443", front), ("0.0.0.0:444", back)):
        draft.record("ipport", key, thumbprint)
    draft.user("exchange", None, None, "SOFTWARE\\Microsoft\\ExchangeServer\\v15\\Setup")


def _wsus(draft: Draft) -> None:
    host = f"update.{draft.domain}"
    thumbprint = draft.certificate(host)
    draft.site("Default Web Site", http(""), https(f"*:443:{host}", 0 if draft.by_name else None))
    draft.record("ipport", ALL, thumbprint)
    draft.site("WSUS Administration", http("", 8530), https(f"*:8531:{host}", 0 if draft.by_name else None))
    draft.record("ipport", "0.0.0.0:8531", thumbprint)
    draft.user("wsus", "ipport 0.0.0.0:8531", None, "SOFTWARE\\Microsoft\\Update Services\\Server\\Setup")


def _adfs(draft: Draft) -> None:
    """No IIS: http.sys itself takes the requests of AD FS."""
    draft.at_least("Windows Server 2012 R2")
    host = f"sts.{draft.domain}"
    thumbprint = draft.certificate(host, f"enterpriseregistration.{draft.domain}")
    draft.record("hostnameport", f"{host}:443", thumbprint, ADFS, ctl_store="AdfsTrustedDevices")
    draft.record("hostnameport", "localhost:443", thumbprint, ADFS, negotiate_client_cert=True)
    draft.record("hostnameport", f"{host}:49443", thumbprint, ADFS, negotiate_client_cert=True)
    draft.other_ports |= {443, 49443}
    draft.reserved += ["https://+:443/adfs/", "https://+:443/FederationMetadata/2007-06/", "https://+:49443/adfs/"]
    draft.user("adfs", None, None, SERVICES + "adfssrv")


def _rd_gateway(draft: Draft) -> None:
    host = f"gateway.{draft.domain}"
    draft.record("ipport", ALL, draft.certificate(host))
    draft.site("Default Web Site", http(""), https("*:443:", 0 if draft.by_name else None))
    draft.reserved.append("https://+:443/remoteDesktopGateway/")
    draft.user("rd_gateway", "ipport 0.0.0.0:443", None, SERVICES + "TSGateway")


def _sstp(draft: Draft) -> None:
    """RRAS took 443 of both families; sites live on it only by name."""
    draft.at_least("Windows Server 2012")
    vpn = draft.certificate(f"vpn.{draft.domain}")
    for key in (ALL, ALL6):
        draft.record("ipport", key, vpn, SSTP)
    draft.other_ports.add(443)
    for index in range(draft.chance.randint(0, 3)):
        host = draft.name(index)
        draft.record("hostnameport", f"{host}:443", draft.own_certificate(host))
        draft.site(host.partition(".")[0], https(f"*:443:{host}", 1))
    draft.user("sstp", f"ipport {ALL}", vpn, SERVICES + "SstpSvc\\Parameters, SHA1CertificateHash")


ROLES: dict[str, tuple[str, Callable[[Draft], None]]] = {
    "web": ("web", _web),
    "acme": ("acme", _acme),
    "farm": ("farm", _farm),
    "shared": ("node", _shared),
    "exchange": ("mail", _exchange),
    "wsus": ("wsus", _wsus),
    "adfs": ("sts", _adfs),
    "rd_gateway": ("gate", _rd_gateway),
    "sstp": ("vpn", _sstp),
}


def _neighbours(draft: Draft) -> None:
    """What stands on many hosts whatever they are there for."""
    knobs = draft.knobs
    machine = ""
    if draft.happens(knobs.winrm_https):
        machine = draft.certificate(f"{draft.slug}.corp.example.com")
        draft.record("ipport", "0.0.0.0:5986", machine, WINRM)
        draft.other_ports.add(5986)
        draft.reserved.append("https://+:5986/wsman/")
        draft.user("winrm", "ipport 0.0.0.0:5986", machine, ROOT + "*+HTTPS")
    if draft.happens(knobs.rdp_certificate):
        machine = machine or draft.certificate(f"{draft.slug}.corp.example.com")
        path = "SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations\\RDP-Tcp, SSLCertificateSHA1Hash"
        draft.user("rdp", None, machine, path)
    if draft.happens(knobs.management_service):
        own = draft.certificate(f"WMSvc-SHA2-{draft.slug}", days=3000, friendly_name="WMSVC-SHA2")
        draft.record("ipport", "0.0.0.0:8172", own, WMSVC)
        draft.other_ports.add(8172)
        draft.reserved.append("https://*:8172/")
        path = "SOFTWARE\\Microsoft\\WebManagement\\Server, SslCertificateHash"
        draft.user("wmsvc", "ipport 0.0.0.0:8172", own, path)
    if draft.happens(knobs.sql):
        machine = machine or draft.certificate(f"{draft.slug}.corp.example.com")
        path = "SOFTWARE\\Microsoft\\Microsoft SQL Server\\MSSQL16.MSSQLSERVER\\MSSQLServer\\SuperSocketNetLib, Certificate"
        draft.user("sql", None, machine, path)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of public sources in tests/lab/fixtures, and the questions their sources answer, each with a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Answer, Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host, Record, RecordValue
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import checked_host, record_key
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan, make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from lab.certificates import Maker
from lab.descriptions import load
from lab.simhost import SimulatedHost

from .certificates import NOW

HOSTS = {item["slug"]: item for item in load(Path(__file__).resolve().parents[1] / "lab" / "fixtures")}
#: Thumbprints of certificates that no host has.
NEW, OTHER = "CD" * 20, "AB" * 20
#: Hosts whose questions about a change are about records of other programs.
SHARED_WITH_OTHERS = frozenset(
    {
        "adfs-three-hostname-records",
        "directaccess-iphttps-keeps-old-certificate",
        "exchange-2019-front-and-back-end",
        "exchange-back-end-certificate-deleted",
        "rd-gateway-and-rras-use-the-iis-443-record",
        "sstp-owns-443-on-both-families",
        "v4-ghost-and-sstp-on-v6",
        "winrm-5986-client-certificates",
    }
)
MAKER = Maker(seed=2, now=NOW)
T = TypeVar("T", bound=Callable[..., Any])


class Asked(NamedTuple):
    """One question of a source: ``name`` is the host, and where in the list of its questions of this kind it stands."""

    name: str
    slug: str
    item: dict[str, Any]

    @property
    def inferred(self) -> bool:
        return bool(self.item["confidence"] == "inferred")


def questions(kind: str) -> list[Asked]:
    """All questions of a kind: ``served_certificate``, ``findings`` or ``safe_change``."""
    found = []
    for slug, host in HOSTS.items():
        items = [item for item in host["questions"] if item["ask"] == kind]
        found += [Asked(f"{slug} {number}", slug, item) for number, item in enumerate(items, 1)]
    return found


class Register:
    """Which test answers which questions about changes to certain hosts; a question that is not there is an error at once."""

    def __init__(self, slugs: Collection[str]) -> None:
        self.open = {item.name for item in questions("safe_change") if item.slug in slugs}
        self._known = frozenset(self.open)

    def __call__(self, slug: str, *numbers: int) -> Callable[[T], T]:
        names = {f"{slug} {number}" for number in numbers or (1,)}
        if not names <= self._known:
            raise LookupError(f"no such questions: {sorted(names - self._known)}")
        self.open -= names
        return lambda test: test


def host(slug: str, **described: Any) -> Host:
    """The host of a source as the core sees it; ``described`` replaces keys of its description."""
    return parse_document(SimulatedHost({**HOSTS[slug], **described}, MAKER).read("all"))


def thumbprint(slug: str, name: str) -> str:
    """A thumbprint of the description in the lab's terms."""
    return SimulatedHost(HOSTS[slug], MAKER).thumbprints[name.upper()]


def planned(of: Host, *bindings: dict[str, Any], **more: Any) -> Plan:
    return make_plan(of, parse_request({"bindings": list(bindings), "allow": {"gap": True}, **more}), NOW)


def refused(of: Host, *bindings: dict[str, Any], **more: Any) -> str:
    with pytest.raises(Invalid) as refusal:
        planned(of, *bindings, **more)
    return str(refusal.value)


def answer(of: Host, address: str, sni: str | None = None, port: int = 443) -> Answer:
    return Resolver(of).answer(Endpoint(address, port, checked_host(sni) if sni else None))


def served(of: Host, address: str, sni: str | None = None, port: int = 443) -> str | None:
    return answer(of, address, sni, port).identity


def with_record(of: Host, family: str, key: str, value: RecordValue | None) -> Host:
    """The host with that record as given; None: without it."""
    place = record_key(family, key)
    others = [item for item in of.records if item.key != place]
    return replace(of, records=tuple(others if value is None else [*others, Record(place, value)]))


def value_of(of: Host, family: str, key: str) -> RecordValue:
    return next(item.value for item in of.records if item.key == record_key(family, key))


def with_certificate(of: Host, new: str, like: str | None = None) -> Host:
    """The host with one more certificate: a copy of the one with the thumbprint ``like`` (else the first) under another."""
    model = next(item for item in of.certificates if like in (None, item.thumbprint))
    return replace(of, certificates=(*of.certificates, replace(model, thumbprint=new)))


def bind(site: str, name: str, chosen: str, **more: Any) -> dict[str, Any]:
    """A wish for a certificate at a binding."""
    return {"site": site, "host": name, "certificate": {"thumbprint": chosen}, **more}


def https(information: str, flags: int = 0) -> dict[str, Any]:
    """A binding of a description."""
    return {"protocol": "https", "information": information, "ssl_flags": flags}


def a_site(name: str, *bindings: dict[str, Any]) -> list[dict[str, Any]]:
    """The sites of a description that has one."""
    return [{"id": 1, "name": name, "state": "Started", "bindings": list(bindings)}]


def kinds(of: Host) -> set[str]:
    return {item.id for item in find(of, NOW)}

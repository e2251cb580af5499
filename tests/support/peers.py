# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regression cases: faults that other tools for IIS certificates had, as their users reported them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan, make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.text import plan_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.planfile import FiledPlan, plan_from_file

from .certificates import NOW
from .documents import document, stored

#: Name of each case, as the second part of a test's name, and what it is about.
CASES = {
    "check_mode_writes_nothing": "check mode with a new thumbprint writes nothing, reports the change and shows the difference",
    "changed_once": "a rotation reports a change once, then none",
    "flags_survive": "sslFlags 5, 9, 97 and 129 survive a rotation; bit 4 is not the central store; clearing an unset bit is nothing",
    "record_options_survive": "CTL store, DS mapper, client certificates and revocation settings survive a rotation",
    "shared_record_stays": "of two sites on one record one goes; record and other site stay",
    "last_user": "with its last user the record of IIS goes, one of a foreign program stays",
    "stray_address_record": "a stray record on an address: the finding names the victims",
    "one_binding_three_spellings": "*:443:, :443: and 0.0.0.0:443: are one binding, [::]:443: is another",
    "ipv6_forms": "IPv6 literals, zones, brackets and compressed forms come back as they went in",
    "sni_without_host": "SNI without a host name is refused before anything is written",
    "empty_matches_only_empty": "an empty host is not every host; * is not every address",
    "versions_are_numbers": "10 is more than 8; builds of IIS 10 are told apart",
    "store_names": "store names compare without case; one thumbprint in two stores is handled",
    "thumbprint_spellings": "thumbprints with spaces, in lower case, with U+200E",
    "failure_midway": "a failure midway leaves the certificate that was there",
    "duplicate_across_sites": "a binding that another site has is refused with both names; stopped sites count",
    "ports_are_separate": "one host on three ports: each by itself",
    "somebody_else_wrote": "somebody else wrote meanwhile: read again, plan again",
    "ten_thousand_bindings": "3,000 sites with 10,000 bindings in a stated time",
    "languages": "the language of Windows does not matter",
    "other_protocols": "net.tcp and net.pipe do not disturb",
    "missing_certificate_is_reported": "a binding whose certificate is missing is reported, not skipped",
    "idn": "Unicode binding, A-label certificate, Unicode file",
    "central_store": "the central store needs a host, has one record and no thumbprint",
    "wildcard_certificate": "*.a.com covers x.a.com, not a.com, not x.y.a.com",
    "which_certificate": "the longest valid one with a usable key; none without key, none expired; a tie is refused",
    "stopped_stays_stopped": "a site that was stopped on purpose stays stopped",
    "winrm_stays": "the WinRM listener is not touched; the connection survives the first SNI binding",
    "exchange_back_end": "port 444 and 127.0.0.1:443 of Exchange are not touched by a rotation of the wildcard record",
    "wrong_or_unreachable": "an unreachable endpoint is unverified; a wrong certificate is undone",
}

SHOP, NEW, API, BOTH, WILD, OTHER = (
    stored("shop.example.com"),
    stored("shop.example.com", 300),
    stored("api.example.com"),
    stored("shop.example.com api.example.com", 250),
    stored("*.a.com"),
    stored("other.example.net"),
)
ALL = (SHOP, NEW, API, BOTH, WILD, OTHER)


def host_of(*certificates: dict[str, Any], **parts: Any) -> Host:
    return parse_document(document(certificates=list(certificates or ALL), **{"http_ports": [80, 443], **parts}))


def plan_of(host: Host, *bindings: dict[str, Any], **rest: Any) -> Plan:
    return make_plan(host, parse_request({"bindings": list(bindings), **rest}), NOW)


def filed(plan: Plan) -> FiledPlan:
    """The plan as it comes back from its file."""
    return plan_from_file(plan_document(plan, "2026-11-24T12:00:00Z"))


def wish(site: str, host: str = "", cert: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    certificate = {"certificate": {"thumbprint": cert["thumbprint"]}} if cert else {}
    return {"site": site, "host": host, **certificate, **more}


def refused(host: Host, *bindings: dict[str, Any], **rest: Any) -> dict[str, str]:
    """What a request is refused for, by place."""
    with pytest.raises(Invalid) as refusal:
        plan_of(host, *bindings, **rest)
    return {problem.path: problem.message for problem in refusal.value.problems}


def records_of(host: Host) -> list[str]:
    return [str(record.key) for record in host.records]

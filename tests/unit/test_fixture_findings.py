# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts of public sources: what is wrong there, statement by statement, as a finding or said where a person looks.

What is said in another way than by a finding is listed, with the reason, in docs/real_hosts.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Host, RecordValue
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import record_key
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.ownership import owners
from support.certificates import NOW
from support.sources import HOSTS, answer, host, questions, served, thumbprint, value_of, with_record

STATEMENTS = {item.slug: item.item["answer"] for item in questions("findings")}


def found(of: Host) -> dict[tuple[str, str], str]:
    """Evidence of findings, by id and subject."""
    return {(item.id, item.subject): item.evidence for item in find(of, NOW)}


def owner(of: Host, family: str, key: str) -> str:
    who = owners(of)(record_key(family, key), value_of(of, family, key))
    return who.name if who else ""


#: By host and number of the statement: the finding that says it, and words of its evidence.
TOLD: dict[tuple[str, int], tuple[str, str, str]] = {
    ("binding-without-record-after-netsh-error", 1): (
        "record_missing",
        "mysite.example.com/*:443:mysite.example.com",
        "record 0.0.0.0:443, which does not exist",
    ),
    ("exchange-back-end-certificate-deleted", 1): ("certificate_missing", "0.0.0.0:444", "not in LocalMachine\\MY"),
    ("fifteen-sites-two-addresses", 1): ("record_missing", "Site 06/172.16.4.20:8182:", "172.16.4.20:8182"),
    ("german-server-single-port", 1): ("used_by_unknown", "0.0.0.0:8091", "no IIS site explains it"),
    ("ghost-address-records-shadow-sni", 1): ("orphan", "192.0.2.10:443", "no binding of any site relies on it"),
    ("ghost-address-records-shadow-sni", 2): ("orphan", "192.0.2.11:443", "no binding of any site relies on it"),
    ("ghost-address-records-shadow-sni", 3): (
        "shadowed",
        "www.example.com/*:443:www.example.com",
        "answers instead of hostnameport www.example.com:443",
    ),
    ("pfx-imported-with-user-scope-key", 1): (
        "record_missing",
        "www.example.com/*:443:www.example.com",
        "does not exist",
    ),
    ("pfx-imported-with-user-scope-key", 2): (
        "record_missing",
        "www.example.com/*:443:www.example.com",
        "the key lies in a user profile",
    ),
    ("renewal-forgot-the-second-address-family", 1): (
        "certificate_missing",
        "192.0.2.120:443",
        "not in LocalMachine\\MY",
    ),
    ("renewal-forgot-the-second-address-family", 2): (
        "address_families_differ",
        "site www.example.com port 443",
        "its bindings for any name",
    ),
    ("same-binding-in-a-stopped-and-a-started-site", 1): ("duplicate_binding", "*:443:example.com", "www.example.com"),
    ("same-binding-in-a-stopped-and-a-started-site", 2): (
        "duplicate_binding",
        "*:443:www.example.com",
        "www.example.com_new",
    ),
    ("same-binding-in-a-stopped-and-a-started-site", 3): (
        "duplicate_binding",
        "*:443:example.com",
        "www.example.com (stopped), www.example.com_new (started)",
    ),
    ("signature-only-key", 1): ("record_missing", "Default Web Site/*:443:", "the key is for signatures only"),
    ("tls13-switched-off-in-the-record-only", 1): ("flags_differ", "Default Web Site/*:443:", "disable_tls13"),
    ("two-sites-share-wildcard-443", 1): ("host_without_sni", "0.0.0.0:443", "share record 0.0.0.0:443"),
    ("two-sites-share-wildcard-443", 2): ("host_without_sni", "0.0.0.0:443", "one certificate for"),
    ("v4-ghost-and-sstp-on-v6", 1): ("orphan", "0.0.0.0:443", "belongs to IIS, but no binding"),
    ("v4-ghost-and-sstp-on-v6", 3): ("address_families_differ", "port 443", "0.0.0.0:443 has certificate"),
}
#: Hosts of which their source says that nothing is wrong.
SOUND = [slug for slug, told in STATEMENTS.items() if not told]


@pytest.mark.parametrize(("slug", "number"), TOLD)
def test_what_the_source_says_is_wrong_is_found(slug: str, number: int) -> None:
    kind, subject, words = TOLD[slug, number]
    assert words in found(host(slug))[kind, subject]


@pytest.mark.parametrize("slug", SOUND)
def test_a_host_that_works_has_nothing_worse_than_information(slug: str) -> None:
    assert {item.severity for item in find(host(slug), NOW) if item.id != "windows_unsupported"} <= {"info"}


def central_store_under_its_older_name() -> None:
    slug = "central-store-star-hostname-record"
    records = [(str(item.key), item.value.thumbprint) for item in host(slug).records]
    assert records == [("ccs 443", None)]
    # what the source leaves open, it assumes to be 2 or 3: then nothing is wrong
    listed = [
        {**site, "bindings": [{**item, "ssl_flags": 3} for item in site["bindings"]]} for site in HOSTS[slug]["sites"]
    ]
    assert {item.severity for item in find(host(slug, sites=listed), NOW)} <= {"info"}


def the_former_certificate_of_ip_https() -> None:
    slug = "directaccess-iphttps-keeps-old-certificate"
    there, old, new = host(slug), *(thumbprint(slug, f"{name:0>40}") for name in ("E01", "E02"))
    assert value_of(there, "ipport", "0.0.0.0:443").thumbprint == old
    assert not found(there)  # what IP-HTTPS wants is not known
    user = {"kind": "other", "key": "ipport 0.0.0.0:443", "thumbprint": f"{'E02':0>40}", "evidence": "its settings"}
    assert f"certificate {new}" in found(host(slug, users=[user]))["other_user_differs", "0.0.0.0:443"]


def ip_https_owns_the_record() -> None:
    assert owner(host("directaccess-iphttps-keeps-old-certificate"), "ipport", "0.0.0.0:443") == "IP-HTTPS or KDC proxy"


def port_443_of_exchange_is_sound() -> None:
    there = host("exchange-back-end-certificate-deleted")
    assert served(there, "192.0.2.40") == value_of(there, "ipport", "0.0.0.0:443").thumbprint
    assert {subject for _kind, subject in found(there)} == {"0.0.0.0:444"}


def without_sni_the_record_for_all_addresses_decides() -> None:
    there = host("fifteen-sites-two-addresses")
    assert ("record_missing", "Site 27/*:443:host4.example.net") in found(there)
    made = with_record(there, "ipport", "0.0.0.0:443", RecordValue("AB" * 20))
    asked = [answer(made, address, name) for address in there.addresses for name in (None, "stranger.example.net")]
    assert {item.rule for item in asked} == {"any_address"}


def the_listen_list_hides_loopback() -> None:
    there = replace(host("listen-list-holds-public-address-only"), http_ports=None)
    told = answer(there, "127.0.0.1")
    assert told.outcome == "not_listening" and "IP listen list" in told.reason
    bound = [{"id": 1, "name": "Web", "state": "Started", "bindings": [_binding("127.0.0.1:443:")]}]
    hidden = found(host("listen-list-holds-public-address-only", sites=bound))
    assert "leaves out 127.0.0.1" in hidden["listen_list_hides_address", "port 443"]


def _binding(information: str) -> dict[str, object]:
    return {"protocol": "https", "information": information, "ssl_flags": 0}


def others_use_the_record_of_iis() -> None:
    slug, key = "rd-gateway-and-rras-use-the-iis-443-record", "ipport 0.0.0.0:443"
    assert not found(host(slug))  # of records alone nobody can tell
    users = [{"kind": "sstp", "key": key, "thumbprint": None, "evidence": "service SstpSvc"}]
    assert "sstp (service SstpSvc)" in found(host(slug, users=users))["foreign_user", "0.0.0.0:443"]


def bits_of_97() -> None:
    there = host("sslflags-97-on-server-2022")
    binding = there.sites[0].bindings[0]
    assert (binding.flags, str(binding.record)) == (97, "hostnameport my.example.com:443")
    assert answer(there, there.addresses[0], "my.example.com").rule == "exact_name"
    differ = [kind for kind, _subject in found(there) if kind == "flags_differ"]
    assert not differ  # the record has the two options that 32 and 64 stand for


def sstp_owns_the_record_for_ipv6() -> None:
    assert owner(host("v4-ghost-and-sstp-on-v6"), "ipport", "[::]:443") == "RRAS/SSTP"


def winrm_does_not_ask_for_client_certificates() -> None:
    assert value_of(host("winrm-5986-client-certificates"), "ipport", "0.0.0.0:5986").flags & 0x2 == 0


def winrm_owns_its_record() -> None:
    assert owner(host("winrm-5986-client-certificates"), "ipport", "0.0.0.0:5986") == "WinRM"


def without_sni_a_host_name_selects_nothing() -> None:
    there = host("wsus-8531-host-header-without-sni")
    asked = [answer(there, there.addresses[0], name, 8531) for name in ("update.example.com", "stranger.example.net")]
    assert {(item.rule, item.served) for item in asked} == {("any_address", asked[0].served)}


#: Statements that no finding says by itself.
OTHERWISE: dict[tuple[str, int], Callable[[], None]] = {
    ("central-store-star-hostname-record", 1): central_store_under_its_older_name,
    ("directaccess-iphttps-keeps-old-certificate", 1): the_former_certificate_of_ip_https,
    ("directaccess-iphttps-keeps-old-certificate", 2): ip_https_owns_the_record,
    ("exchange-back-end-certificate-deleted", 2): port_443_of_exchange_is_sound,
    ("fifteen-sites-two-addresses", 2): without_sni_the_record_for_all_addresses_decides,
    ("listen-list-holds-public-address-only", 1): the_listen_list_hides_loopback,
    ("rd-gateway-and-rras-use-the-iis-443-record", 1): others_use_the_record_of_iis,
    ("sslflags-97-on-server-2022", 1): bits_of_97,
    ("v4-ghost-and-sstp-on-v6", 2): sstp_owns_the_record_for_ipv6,
    ("winrm-5986-client-certificates", 1): winrm_does_not_ask_for_client_certificates,
    ("winrm-5986-client-certificates", 2): winrm_owns_its_record,
    ("wsus-8531-host-header-without-sni", 1): without_sni_a_host_name_selects_nothing,
}


@pytest.mark.parametrize("statement", OTHERWISE, ids=lambda item: f"{item[0]} {item[1]}")
def test_what_no_finding_says_is_said_elsewhere(statement: tuple[str, int]) -> None:
    OTHERWISE[statement]()


@pytest.mark.parametrize(
    ("slug", "family", "key", "who"),
    [
        ("adfs-three-hostname-records", "hostnameport", "sts.example.com:443", "AD FS"),
        ("adfs-three-hostname-records", "hostnameport", "sts.example.com:49443", "AD FS"),
        ("sstp-owns-443-on-both-families", "ipport", "[::]:443", "RRAS/SSTP"),
        ("web-management-service-null-application-id", "ipport", "0.0.0.0:8172", "Web Management Service (null id)"),
    ],
)
def test_what_belongs_to_another_program_on_a_sound_host_is_named(slug: str, family: str, key: str, who: str) -> None:
    assert owner(host(slug), family, key) == who


def test_every_statement_is_looked_at() -> None:
    listed = {(slug, number) for slug, told in STATEMENTS.items() for number in range(1, len(told) + 1)}
    assert set(TOLD) | set(OTHERWISE) == listed and not set(TOLD) & set(OTHERWISE)
    assert len(STATEMENTS) == len(HOSTS) == 26

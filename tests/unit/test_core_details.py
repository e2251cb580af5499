# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Details of resolver, ownership and steps that a mutation run showed no other test would miss (docs/tested.md)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model import steps
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import ANY_OTHER_NAME, Answer, Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import RecordValue
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import record_key
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.assumptions import DEFAULT
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.ownership import Owner, owners
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver, _wildcards, listens_on
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.documents import document, record, site, stored

W, X, SHOP = stored("w.example"), stored("*.x.com"), stored("shop.example")
BROKEN = stored("shop.example", 100, machine=False)
CENTRAL = {"enabled": True, "files": ["a.x.com.pfx", "_.y.com.pfx"]}
CCS = record("443", None)


def answer(parts: dict[str, Any], sni: str | None, address: str = "10.0.0.5", **switches: bool) -> Answer:
    host = parse_document(document(certificates=[W, X, SHOP, BROKEN], **parts))
    return Resolver(host, dataclasses.replace(DEFAULT, **switches)).answer(Endpoint(address, 443, sni))


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"http_ports": [80]}, "nobody listens there, as far as http.sys goes"),
        ({"http_ports": [80], "ip_listen": ["10.0.0.6"]}, "nobody listens there, as far as http.sys goes"),
        ({"http_ports": None, "ip_listen": ["10.0.0.6"]}, "the IP listen list of http.sys leaves this address out"),
        ({"http_ports": [443], "ip_listen": ["10.0.0.6"]}, "the IP listen list of http.sys leaves this address out"),
    ],
)
def test_why_nobody_listens(parts: dict[str, Any], reason: str) -> None:
    found = answer(parts, None)
    assert found.outcome == "not_listening" and found.reason.startswith(reason)
    assert found.assumptions == (("listen_list_decides",) if "list of" in reason else ())


@pytest.mark.parametrize(("unread", "word"), [(False, "the handshake fails"), (True, "not all records could be read")])
def test_no_record_and_no_record_that_is_known_are_two_things(unread: bool, word: str) -> None:
    gap = [{"layer": "records", "code": "access_denied", "message": "no"}] if unread else []
    assert word in answer({"incomplete": gap}, "shop.example").reason


def test_what_a_central_store_without_a_file_leaves_in_its_shadow() -> None:
    records = [CCS, record("[::]:443", W), record("0.0.0.0:443", X)]
    found = answer({"records": records, "central_store": CENTRAL}, "z.com", "2001:db8::5")
    assert (found.rule, [str(key) for key in found.shadowed]) == ("any_ipv6", ["0.0.0.0:443"])
    assert found.assumptions == ("central_store_falls_through",)


@pytest.mark.parametrize(("key", "family"), [("shop.example:443", "hostnameport"), ("10.0.0.5:443", "ipport")])
def test_a_record_that_is_passed_over_names_its_switch(key: str, family: str) -> None:
    records = [record(key, BROKEN), record("0.0.0.0:443", W)]
    kept = answer({"records": records}, "shop.example")
    assert (kept.outcome, str(kept.record).split()[0]) == ("key_unusable", family if family != "ipport" else key)
    assert f"{key}: the key lies in a user profile" in kept.reason
    passed = answer({"records": records}, "shop.example", key_failure_ends_selection=False)
    assert (passed.served, passed.assumptions) == (W["thumbprint"], ("key_failure_ends_selection",))


@pytest.mark.parametrize(
    ("records", "used"),
    [
        ([record("*.x.com:443", X)], ()),
        ([record("*.x.com:443", X), CCS], ("wildcard_name_before_central_store",)),
        ([record("a.x.com:443", X), record("*.x.com:443", X), CCS, record("0.0.0.0:443", W)], ()),
    ],
)
def test_the_rank_of_wildcards_matters_only_beside_a_central_store(records: list[Any], used: tuple[str, ...]) -> None:
    assert answer({"records": records, "central_store": CENTRAL}, "a.x.com").assumptions == used


@pytest.mark.parametrize(("name", "wild"), [("a.x.com", False), ("a.y.com", True), ("365.y.com", True)])
def test_a_file_of_the_very_name_needs_no_wildcard(name: str, wild: bool) -> None:
    used = ("central_store_serves_every_name", *(["central_store_wildcard_files"] if wild else []))
    assert answer({"records": [CCS], "central_store": CENTRAL}, name).assumptions == used


@pytest.mark.parametrize("files", [CENTRAL["files"], None])
def test_any_other_name_never_has_a_file(files: list[str] | None) -> None:
    parts = {"records": [CCS, record("0.0.0.0:443", W)], "central_store": {"enabled": True, "files": files}}
    assert answer(parts, ANY_OTHER_NAME).served == W["thumbprint"]
    assert answer(parts, ANY_OTHER_NAME, central_store_falls_through=False).served == W["thumbprint"]


@pytest.mark.parametrize(
    ("binding", "asked"),
    [
        ("*:443:a.x.com=2", True),
        ("*:443:a.x.com=3", True),
        ("*:443:a.x.com=0", False),
        ("*:443:a.x.com=1", False),
        ("*:443:a.x.com=5", False),
        ("*:443:b.x.com=2", False),
        ("*:443:A.X.com=2", True),
        ("*:444:a.x.com=2", False),
        ("*:442:a.x.com=2", False),
        ("http *:443:a.x.com=2", False),
    ],
)
def test_who_asks_the_central_store_where_not_every_name_does(binding: str, asked: bool) -> None:
    parts = {
        "sites": [site("Shop", binding)],
        "records": [CCS, record("0.0.0.0:443", W)],
        "central_store": CENTRAL,
        "http_ports": [443],
    }
    found = answer(parts, "a.x.com", central_store_serves_every_name=False)
    assert found.identity == ("file:a.x.com.pfx" if asked else W["thumbprint"])


def test_wildcards_of_a_name_the_nearest_first() -> None:
    assert _wildcards("a.b.x.com") == (["*.b.x.com"], ["*.x.com", "*.com", "*.a.b.x.com"])
    assert _wildcards("host") == ([], ["*.host"])
    assert _wildcards("*.b.x.com") == ([], ["*.x.com", "*.com"])


def test_a_record_for_a_wildcard_name_does_not_stand_in_its_own_shadow() -> None:
    found = answer({"records": [record("*.x.com:443", X), record("0.0.0.0:443", W)]}, "*.x.com")
    assert (found.rule, [str(key) for key in found.shadowed]) == ("exact_name", ["0.0.0.0:443"])
    assert found.assumptions == ()


def test_a_scoped_record_alone_leaves_a_name_unpredicted_and_others_without_a_record() -> None:
    parts = {"records": [record("shop.example:443", None) | {"family": "scopedccs"}]}
    assert answer(parts, "shop.example").outcome == "unsupported"
    assert answer(parts, "api.example").outcome == "no_record"


def test_a_certificate_that_was_not_read_is_not_called_missing() -> None:
    held = {"records": [record("0.0.0.0:443", {"thumbprint": "AB" * 20})]}
    gap = [{"layer": "certificates", "code": "access_denied", "message": "no"}]
    assert answer(held, None).outcome == "certificate_missing"
    assert answer({**held, "incomplete": gap}, None).served == "AB" * 20


@pytest.mark.parametrize(
    ("listed", "address", "listens"),
    [
        ([], "10.0.0.5", True),
        (["10.0.0.5"], "10.0.0.5", True),
        (["10.0.0.6"], "10.0.0.5", False),
        (["0.0.0.0"], "10.0.0.5", True),
        (["0.0.0.0"], "2001:db8::5", False),
        (["::"], "2001:db8::5", True),
        (["::"], "10.0.0.5", False),
    ],
)
def test_what_an_ip_listen_list_lets_in(listed: list[str], address: str, listens: bool) -> None:
    assert listens_on(parse_document(document(ip_listen=listed)), address) == listens


def test_names_and_ports_that_records_and_https_bindings_speak_of() -> None:
    sites = [
        site(
            "Shop", "*:443:a.example=1", "*:444:b.example=1", "*:445:", "http *:443:plain.example", "*:443:", "nonsense"
        )
    ]
    records = [record("c.example:443", W), record("d.example:8443", W), record("10.0.0.5:443", W)]
    resolver = Resolver(parse_document(document(sites=sites, records=records, certificates=[W])))
    assert resolver.names(443) == {"a.example", "c.example"}
    assert resolver.names(444) == {"b.example"} and resolver.names(445) == set()
    assert resolver.ports() == {443, 444, 445, 8443}


OWNED = [
    ("https://+:8443/a/", "ipport", "10.0.0.5:8443", True),
    ("https://*:8443/a/", "ipport", "10.0.0.5:8443", True),
    ("https://+:8443/a/", "hostnameport", "shop.example:8443", True),
    ("https://+:9443/a/", "ipport", "10.0.0.5:8443", False),
    ("http://+:8443/a/", "ipport", "10.0.0.5:8443", False),
    ("https://10.0.0.5:8443/a/", "ipport", "10.0.0.5:8443", True),
    ("https://10.0.0.5:8443/a/", "ipport", "10.0.0.4:8443", False),
    ("https://10.0.0.5:8443/a/", "ipport", "10.0.0.6:8443", False),
    ("https://10.0.0.5:8443/a/", "ipport", "0.0.0.0:8443", True),
    ("https://10.0.0.5:8443/a/", "ipport", "[::]:8443", True),
    ("https://[2001:db8::5]:8443/a/", "ipport", "[2001:db8::5]:8443", True),
    ("https://shop.example:8443/a/", "ipport", "10.0.0.5:8443", False),
    ("https://shop.example:8443/a/", "ipport", "0.0.0.0:8443", True),
    ("https://Shop.Example:8443/a/", "hostnameport", "shop.example:8443", True),
    ("https://shop.example:8443/a/", "hostnameport", "api.example:8443", False),
    ("https://api.example:8443/a/", "hostnameport", "shop.example:8443", False),
    ("https://bücher.example:8443/a/", "hostnameport", "xn--bcher-kva.example:8443", True),
    ("https://bücher.example:8443/a/", "scopedccs", "xn--bcher-kva.example:8443", True),
    ("https://shop.example:8443/a/", "ccs", "8443", True),
    ("https://10.0.0.5:8443/a/", "hostnameport", "10.0.0.5.example:8443", False),
]


@pytest.mark.parametrize(("reservation", "family", "key", "concerned"), OWNED)
def test_which_records_a_url_reservation_concerns(reservation: str, family: str, key: str, concerned: bool) -> None:
    host = parse_document(document(url_reservations=[reservation], http_ports=[80]))
    owner = owners(host)(record_key(family, key), RecordValue("AB" * 20))
    assert owner == (Owner("", f"unknown, with the URL reservation {reservation}") if concerned else None)


@pytest.mark.parametrize(
    ("port", "tls", "fixed"), [(5986, True, True), (5986, False, False), (5985, True, False), (5987, True, False)]
)
def test_only_the_listener_in_use_is_fixed(port: int, tls: bool, fixed: bool) -> None:
    host = parse_document(document(connection={"address": "10.0.0.5", "port": port, "tls": tls}, http_ports=[80]))
    owner = owners(host)(record_key("ipport", "0.0.0.0:5986"), RecordValue("AB" * 20))
    assert (owner is not None and owner.fixed) == fixed
    assert owner is None or not owner.allowed(record_key("ipport", "0.0.0.0:5986"), frozenset(("0.0.0.0:5986", "")))


@pytest.mark.parametrize(
    ("names", "allowed"),
    [
        (("sstp",), True),
        (("shop.example:443",), True),
        (("hostnameport shop.example:443",), True),
        (("adfs",), False),
        (("",), False),
        ((), False),
    ],
)
def test_an_owner_is_called_by_its_name_or_by_its_record(names: tuple[str, ...], allowed: bool) -> None:
    key = record_key("hostnameport", "shop.example:443")
    assert Owner("SSTP", "sstp (service)").allowed(key, frozenset(names)) == allowed
    assert not Owner("", "unknown").allowed(key, frozenset(("",)))


@pytest.mark.parametrize(("state", "explains"), [("started", True), ("unknown", True), ("stopped", False)])
def test_a_site_explains_a_port_unless_it_is_stopped(state: str, explains: bool) -> None:
    host = parse_document(document(sites=[site("Shop", "http *:8080:", "*:8443:", "net.tcp 808:*", state=state)]))
    assert host.site_ports == ({8080, 8443} if explains else set())


def test_a_port_that_no_site_explains_belongs_to_somebody() -> None:
    key = record_key("ipport", "10.0.0.5:8443")
    for ports, owned in (([8443], True), ([80], False), (None, False)):
        owner = owners(parse_document(document(http_ports=ports)))(key, RecordValue("AB" * 20))
        assert (owner is not None) == owned
        assert owner is None or "port 8443" in owner.text


@pytest.mark.parametrize(
    ("app_id", "bound", "name"),
    [
        ("{ba195980-cd49-458b-9e23-c84ee0adcd75}", True, "RRAS/SSTP"),
        ("{ba195980-cd49-458b-9e23-c84ee0adcd75}", False, "RRAS/SSTP"),
        ("{7d1f6a52-0000-4000-8000-00000000beef}", True, None),
        ("{7d1f6a52-0000-4000-8000-00000000beef}", False, ""),
        ("{4dc3e181-e14b-4a21-b022-59fc669b0914}", True, None),
        ("{4dc3e181-e14b-4a21-b022-59fc669b0914}", False, None),
    ],
)
def test_an_application_id_counts_where_it_is_known_or_nobody_else_is(
    app_id: str, bound: bool, name: str | None
) -> None:
    sites = [site("Shop", "*:443:shop.example=1" if bound else "http *:80:")]
    host = parse_document(document(sites=sites, http_ports=[443] if bound else [80]))
    key = record_key("hostnameport", "shop.example:443")
    owner = owners(host)(key, RecordValue("AB" * 20, app_id=app_id))
    assert (owner.name if owner else None) == name
    text = f"{name or 'unknown'} by its application id {app_id}" if name is not None else None
    assert (owner.text if owner else None) == text


def test_a_sign_names_its_record_and_no_other() -> None:
    signs = [
        {"kind": "sstp", "key": "ipport 0.0.0.0:443", "thumbprint": None, "evidence": "service"},
        {"kind": "rdp", "key": None, "thumbprint": "AB" * 20, "evidence": "registry"},
    ]
    owner = owners(parse_document(document(users=signs, http_ports=[80])))
    assert owner(record_key("ipport", "0.0.0.0:443"), RecordValue("AB" * 20)) == Owner("sstp", "sstp (service)")
    assert owner(record_key("ipport", "10.0.0.5:443"), RecordValue("AB" * 20)) is None


@pytest.mark.parametrize(
    "part",
    [
        steps.RecordStep("record_set", record_key("ipport", "0.0.0.0:443"), None, RecordValue("AB" * 20), "why"),
        steps.BindingEdit("Shop", 0, None, None),
        steps.BindingsStep((), "why"),
        steps.Expectation("10.0.0.5", 443, None, None),
        steps.ProbeStep((), "why"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_steps_cannot_change_after_they_were_approved(part: Any) -> None:
    for name in {"after", "edits", "expect", "endpoints"} & set(dir(part)):
        with pytest.raises(AttributeError):
            setattr(part, name, None)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS options of a binding: both places are written and compared, everything else is kept, what cannot be is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import RecordStep
from support.documents import SERVER_2012_R2, record, site, stored
from support.peers import BOTH, SHOP, host_of, plan_of, refused, wish

OS_2016 = {"name": "Windows Server 2016", "major": 10, "minor": 0, "build": 14393, "revision": None}
OS_2019 = {"name": "Windows Server 2019", "major": 10, "minor": 0, "build": 17763, "revision": 379}
OS_2022 = {"name": "Windows Server 2022", "major": 10, "minor": 0, "build": 20348, "revision": None}
OS_2025 = {"name": "Windows Server 2025", "major": 10, "minor": 0, "build": 26100, "revision": None}
NAME = "shop.example.com"


def shop(flags: int = 1, record_flags: int = 0, os: dict[str, Any] | None = None, **value: Any) -> Any:
    held = record(f"{NAME}:443", SHOP, flags=record_flags, **value)
    return host_of(os=os or OS_2025, sites=[site("Shop", f"*:443:{NAME}={flags}")], records=[held])


def asked(**options: Any) -> dict[str, Any]:
    return wish("Shop", NAME, options=options)


def flags_of(plan: Any) -> tuple[int, int]:
    return plan.after.sites[0].bindings[0].flags, plan.after.records[0].value.flags


@pytest.mark.parametrize(
    ("name", "binding_bit", "record_bit"),
    [
        ("disable_http2", 4, 0x10),
        ("disable_ocsp_stapling", 8, 0x80),
        ("disable_quic", 16, 0x20),
        ("disable_tls13", 32, 0x40),
        ("disable_legacy_tls", 64, 0x400),
        ("negotiate_client_certificate", 128, 0x2),
        ("ds_mapper", 0, 0x1),
    ],
)
def test_an_option_is_written_in_both_places_and_cleared_in_both(name: str, binding_bit: int, record_bit: int) -> None:
    unknown = 0x20000
    on = plan_of(shop(1 | 0x100, unknown), asked(**{name: True}))
    assert flags_of(on) == (1 | 0x100 | binding_bit, unknown | record_bit)
    assert plan_of(on.after, asked(**{name: True})).empty
    assert plan_of(on.after, asked()).empty
    off = plan_of(on.after, asked(**{name: False}))
    assert flags_of(off) == (0x101, unknown)
    assert plan_of(off.after, asked(**{name: False})).empty


@pytest.mark.parametrize(("flags", "record_flags"), [(5, 0), (1, 0x10)])
def test_an_option_that_is_in_one_place_only_is_put_right_in_the_other(flags: int, record_flags: int) -> None:
    for wanted in (True, False):
        plan = plan_of(shop(flags, record_flags), asked(disable_http2=wanted))
        assert flags_of(plan) == ((5, 0x10) if wanted else (1, 0))


def test_lists_of_trusted_issuers_are_set_compared_without_case_and_removed() -> None:
    host = shop(ctl_identifier="Ours", ctl_store="Partners")
    assert plan_of(host, asked(ctl_store="PARTNERS")).empty
    changed = plan_of(host, asked(ctl_store="Customers")).after.records[0].value
    assert (changed.ctl_identifier, changed.ctl_store) == ("Ours", "Customers")
    removed = plan_of(host, asked(ctl_store="", ctl_identifier="")).after.records[0].value
    assert (removed.ctl_identifier, removed.ctl_store) == (None, None)


@pytest.mark.parametrize(
    ("os", "name", "instead"),
    [
        (SERVER_2012_R2, "disable_http2", "there is no HTTP/2"),
        (OS_2016, "disable_http2", "EnableHttp2Tls"),
        (OS_2016, "disable_ocsp_stapling", "leave the option out"),
        (OS_2019, "disable_quic", "never speaks HTTP/3"),
        (OS_2019, "disable_tls13", "never speaks TLS 1.3"),
        (OS_2019, "disable_legacy_tls", "SCHANNEL"),
    ],
)
def test_an_option_this_windows_does_not_know_is_refused_with_what_leads_there(
    os: dict[str, Any], name: str, instead: str
) -> None:
    message = refused(shop(os=os), asked(**{name: True}))[f"bindings[0].options.{name}"]
    assert "does not know it" in message and instead in message
    assert plan_of(shop(os=os), asked(**{name: False})).empty


def test_what_only_the_record_can_hold_here_goes_there_only() -> None:
    plan = plan_of(shop(os=OS_2022), asked(negotiate_client_certificate=True))
    assert flags_of(plan) == (1, 0x2)
    refusing = host_of(
        os=OS_2022,
        sites=[site("Shop", f"*:443:{NAME}=1")],
        records=[record(f"{NAME}:443", SHOP)],
        asked=[{"what": "flag_4", "present": False, "evidence": "the schema has no such member"}],
    )
    assert flags_of(plan_of(refusing, asked(disable_http2=True))) == (1, 0x10)


def test_a_new_record_has_the_options_its_binding_shows() -> None:
    host = host_of(os=OS_2025, sites=[site("Shop", f"*:443:{NAME}=97")])
    assert flags_of(plan_of(host, wish("Shop", NAME, SHOP))) == (97, 0x440)
    fresh = plan_of(host_of(os=OS_2025, sites=[site("Shop")]), wish("Shop", NAME, SHOP, options={"disable_quic": True}))
    assert flags_of(fresh) == (17, 0x20)


def test_options_go_along_to_another_kind_of_record_under_the_id_of_iis() -> None:
    held = record("0.0.0.0:443", SHOP, flags=0x8412, check_mode=2, app_id="{11111111-2222-4333-8444-555555555555}")
    host = host_of(os=OS_2025, sites=[site("Shop", f"*:443:{NAME}=68")], records=[held])
    value = plan_of(host, wish("Shop", NAME, sni="required")).after.records[0].value
    assert (value.flags, value.check_mode, value.thumbprint) == (0x8412, 2, SHOP["thumbprint"])
    assert value.app_id == "{4dc3e181-e14b-4a21-b022-59fc669b0914}"


def test_a_move_to_a_record_with_other_settings_asks_what_shall_hold() -> None:
    records = [record("0.0.0.0:443", SHOP, flags=0x2, check_mode=1), record(f"{NAME}:443", SHOP, check_mode=1)]
    host = host_of(os=OS_2025, sites=[site("Shop", f"*:443:{NAME}=0")], records=records)
    message = refused(host, wish("Shop", NAME, sni="required"))["bindings[0].options"]
    assert "negotiate_client_certificate" in message and "check_mode" not in message
    kept = plan_of(host, wish("Shop", NAME, sni="required", options={"negotiate_client_certificate": True}))
    assert [(str(item.key), item.value.flags) for item in kept.after.records] == [(f"hostnameport {NAME}:443", 2)]


def test_options_of_a_shared_record_need_the_consent_of_the_others() -> None:
    sites = [site("Shop", f"*:443:{NAME}=0"), site("Api", "*:443:api.example.com=0", number=2)]
    host = host_of(os=OS_2025, sites=sites, records=[record("0.0.0.0:443", BOTH)])
    message = refused(host, asked(disable_legacy_tls=True))["allow.shared_change"]
    assert "disable_legacy_tls" in message and "Api/*:443:api.example.com" in message
    allowed = plan_of(host, asked(disable_legacy_tls=True), allow={"shared_change": ["api"]})
    assert flags_of(allowed) == (64, 0x400) and allowed.after.sites[1] == host.sites[1]
    both = [asked(disable_legacy_tls=True), wish("Api", "api.example.com", options={"disable_legacy_tls": True})]
    assert flags_of(plan_of(host, *both)) == (64, 0x400)
    apart = refused(host, asked(disable_legacy_tls=True), wish("Api", "api.example.com"))
    assert list(apart.values()) == ["bindings[1] wants other options in the same record 0.0.0.0:443"]


def test_a_repair_is_no_consent_to_other_options() -> None:
    """Case 2014503 of the laws: the repair of a shared record spoke of the other site, whose options then changed unasked."""
    old = stored(f"{NAME} api.example.com", -3)
    new = stored(f"{NAME} api.example.com", 300)
    sites = [site("Shop", f"*:443:{NAME}=0"), site("Api", "*:443:api.example.com=0", number=2)]
    host = host_of(old, new, os=OS_2025, sites=sites, records=[record("0.0.0.0:443", old)])
    repair = ["certificate_expired"]
    message = refused(host, asked(ds_mapper=True), repair=repair)["allow.shared_change"]
    assert "ds_mapper" in message and "Api/*:443:api.example.com" in message
    allowed = plan_of(host, asked(ds_mapper=True), repair=repair, allow={"shared_change": ["api"]})
    assert allowed.after.records[0].value.flags == 1


def test_without_update_an_option_is_a_gap_too() -> None:
    host = host_of(
        os=OS_2016,
        update_exported=False,
        sites=[site("Shop", f"*:443:{NAME}=1")],
        records=[record(f"{NAME}:443", SHOP)],
    )
    assert list(refused(host, asked(negotiate_client_certificate=True))) == ["allow.gap"]
    plan = plan_of(host, asked(negotiate_client_certificate=True), allow={"gap": True})
    assert [step.op for step in plan.steps] == ["record_replace", "probe"]


def test_a_record_whose_key_windows_would_refuse_takes_no_options() -> None:
    missing = {"thumbprint": "AB" * 20}
    host = host_of(os=OS_2025, sites=[site("Shop", f"*:443:{NAME}=1")], records=[record(f"{NAME}:443", missing)])
    assert "1312" in refused(host, asked(disable_http2=True))["bindings[0].certificate"]


def test_the_inverse_brings_back_every_bit() -> None:
    plan = plan_of(shop(97, 0x20440), asked(disable_tls13=False, disable_http2=True))
    step = next(item for item in plan.steps if isinstance(item, RecordStep))
    back = step.inverse()
    assert step.after is not None and step.after.flags == 0x20410
    assert back.after is not None and back.after.flags == 0x20440

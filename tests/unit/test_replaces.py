# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A binding under a new name: one edit in its place, certificate and options go along, the old record goes when unused."""

from __future__ import annotations

from typing import Any

from support.documents import SERVER_2008_R2, record, site, stored
from support.peers import API, BOTH, OTHER, SHOP, host_of, plan_of, records_of, refused, wish

OLD, NEW = "shop.example.com", "store.example.com"
WILD = stored("*.example.com")
HELD = record(f"{OLD}:443", WILD, flags=0x412, check_mode=2)


def host(*bindings: str, records: list[Any] | None = None, **more: Any) -> Any:
    everything = (SHOP, API, BOTH, OTHER, WILD)
    held = [HELD] if records is None else records
    return host_of(*everything, sites=[site("Shop", *bindings), site("Api", number=2)], records=held, **more)


def renamed(host_name: str = NEW, **more: Any) -> dict[str, Any]:
    return wish("Shop", host_name, replaces={"host": OLD}, **more)


def informations(plan: Any) -> list[str]:
    return [binding.information for binding in plan.after.sites[0].bindings]


def test_one_edit_in_its_place_with_certificate_and_options() -> None:
    start = host("http *:80:", f"*:443:{OLD}=69", "*:443:last.example.com=1")
    plan = plan_of(start, renamed())
    assert [step.op for step in plan.steps] == ["record_set", "bindings", "record_delete", "probe"]
    assert len(plan.steps[1].edits) == 1  # type: ignore[union-attr]
    assert informations(plan) == ["*:80:", f"*:443:{NEW}", "*:443:last.example.com"]
    assert plan.after.sites[0].bindings[1].flags == 69
    value = plan.after.records[0].value
    assert records_of(plan.after) == [f"hostnameport {NEW}:443"]
    assert (value.thumbprint, value.flags, value.check_mode) == (WILD["thumbprint"], 0x412, 2)
    assert all(item.requested for item in plan.affected)


def test_the_second_run_finds_nothing_to_do_and_still_sees_to_the_rest() -> None:
    plan = plan_of(host(f"*:443:{OLD}=1"), renamed())
    assert plan_of(plan.after, renamed()).empty
    rotated = plan_of(plan.after, renamed(certificate={"thumbprint": BOTH["thumbprint"]}))
    assert [step.op for step in rotated.steps] == ["record_update", "probe"]


def test_address_port_and_name_can_change_together_and_what_is_left_out_is_as_in_the_new_one() -> None:
    start = host(
        f"*:443:{OLD}=1", "*:8443:=0", records=[HELD, record("0.0.0.0:8443", OTHER)], http_ports=[80, 443, 8443]
    )
    moved = wish("Shop", NEW, address="10.0.0.5", port=8443, replaces={"address": "*", "port": 443, "host": OLD})
    plan = plan_of(start, moved, allow={"shared_change": ["Shop"]})
    assert informations(plan) == [f"10.0.0.5:8443:{NEW}", "*:8443:"]
    assert records_of(plan.after) == [f"hostnameport {NEW}:8443", "0.0.0.0:8443"]


def test_the_old_record_stays_where_somebody_else_uses_it() -> None:
    shared = host(f"*:443:{OLD}=1", f"10.0.0.6:443:{OLD}=1")
    plan = plan_of(shared, renamed())
    assert records_of(plan.after) == [f"hostnameport {OLD}:443", f"hostnameport {NEW}:443"]
    same = host(f"*:443:{OLD}=0", "*:443:api.example.com=0", records=[record("0.0.0.0:443", WILD)])
    plan = plan_of(same, renamed())
    assert [step.op for step in plan.steps] == ["bindings"]
    assert records_of(plan.after) == ["0.0.0.0:443"]


def test_both_or_neither_there_is_an_error() -> None:
    both = refused(host(f"*:443:{OLD}=1", f"*:443:{NEW}=1"), renamed())
    assert both == {
        "bindings[0].replaces": f"Shop/*:443:{OLD} and Shop/*:443:{NEW} are both there; remove one of them (state: absent)"
    }
    neither = refused(host("*:443:"), renamed())
    assert "neither" in neither["bindings[0].replaces"]
    other_site = refused(host(f"*:443:{OLD}=1"), {**renamed(), "site": "Api"})
    assert "neither" in other_site["bindings[0].replaces"]


def test_a_name_another_site_has_is_refused_unless_that_site_gives_it_up() -> None:
    sites = [site("Shop", f"*:443:{OLD}=1"), site("Api", f"*:443:{NEW}=1", number=2)]
    start = host_of(WILD, sites=sites, records=[HELD, record(f"{NEW}:443", WILD, flags=0x412, check_mode=2)])
    assert "site 'Api'" in refused(start, renamed())["bindings[0]"]
    given_up = wish("Api", "api.example.com", replaces={"host": NEW})
    plan = plan_of(start, renamed(), given_up)
    assert informations(plan) == [f"*:443:{NEW}"]
    assert plan.after.sites[1].bindings[0].information == "*:443:api.example.com"


def test_a_record_that_is_there_with_another_certificate_has_to_be_told_about() -> None:
    start = host(f"*:443:{OLD}=1", records=[HELD, record(f"{NEW}:443", OTHER, flags=0x412, check_mode=2)])
    message = refused(start, renamed())["bindings[0].certificate"]
    assert OTHER["thumbprint"] in message and WILD["thumbprint"] in message
    plan = plan_of(start, renamed(certificate={"thumbprint": WILD["thumbprint"]}))
    assert [step.op for step in plan.steps] == ["record_update", "bindings", "record_delete", "probe"]


def test_a_binding_with_sni_cannot_become_one_for_any_name_by_keeping_it() -> None:
    start = host(f"*:443:{OLD}=1")
    assert "no name to select by" in refused(start, renamed(""))["bindings[0].sni"]
    plan = plan_of(start, renamed("", sni="never"), allow={"shared_change": ["shop"]})
    assert informations(plan) == ["*:443:"] and records_of(plan.after) == ["0.0.0.0:443"]


def test_central_store_and_name_change_in_one_edit() -> None:
    store = {"enabled": True, "files": ["_.example.com.pfx"]}
    start = host(f"*:443:{OLD}=3", records=[record("443", None)], central_store=store)
    plan = plan_of(start, renamed())
    assert [step.op for step in plan.steps] == ["bindings"] and plan.after.sites[0].bindings[0].flags == 3
    back = plan_of(start, renamed(central_store=False, certificate={"thumbprint": WILD["thumbprint"]}))
    assert records_of(back.after) == [f"hostnameport {NEW}:443"]


def test_old_windows_has_no_flags_to_write() -> None:
    start = host(
        f"*:443:{OLD}",
        records=[record("0.0.0.0:443", WILD)],
        os=SERVER_2008_R2,
        schema_ssl_flags=False,
        update_exported=False,
    )
    plan = plan_of(start, renamed())
    assert plan.after.sites[0].bindings[0].ssl_flags is None and [step.op for step in plan.steps] == ["bindings"]


def test_two_sites_cannot_both_get_the_same_new_binding() -> None:
    start = host(f"*:443:{OLD}=1")
    told = refused(start, renamed(), wish("Api", NEW, WILD))
    assert told == {"bindings[0]": "is wanted by bindings[1] for site 'Api'; two sites cannot both run with it"}


def test_every_spelling_of_the_old_name_goes() -> None:
    plan = plan_of(host(f"*:443:{OLD}=1", f"0.0.0.0:443:{OLD}=1"), renamed())
    assert informations(plan) == [f"*:443:{NEW}"] and records_of(plan.after) == [f"hostnameport {NEW}:443"]
    assert plan_of(plan.after, renamed()).empty


def test_a_binding_that_is_to_be_replaced_is_named_for_remove_others() -> None:
    start = host(f"*:443:{OLD}=1", "*:443:gone.example.com=0", records=[HELD])
    plan = plan_of(start, renamed(), remove_others={"scope": "listed_sites"})
    assert informations(plan) == [f"*:443:{NEW}"]

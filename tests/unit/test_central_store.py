# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""To the central store and back: one record per port, counted by reference, no binding is dropped on the way."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from support.documents import SERVER_2008_R2, SERVER_2012_R2, record, site
from support.peers import API, SHOP, host_of, plan_of, records_of, refused, wish

NAME, OTHER = "shop.example.com", "api.example.com"
STORE = {"enabled": True, "files": [f"{NAME}.pfx", "_.example.com.pfx"]}
SNI = record(f"{NAME}:443", SHOP)


def host(*bindings: str, records: list[Any] | None = None, **more: Any) -> Any:
    return host_of(sites=[site("Shop", *bindings)], records=records or [], **{"central_store": STORE, **more})


def to_store(name: str = NAME, **more: Any) -> dict[str, Any]:
    return wish("Shop", name, central_store=True, **more)


def ops(plan: Any) -> list[str]:
    return [step.op for step in plan.steps]


def test_the_record_comes_first_the_binding_changes_in_place_and_the_old_record_goes_last() -> None:
    start = host("http *:80:", f"*:443:{NAME}=1", records=[SNI])
    plan = plan_of(start, to_store())
    assert ops(plan) == ["record_set", "bindings", "record_delete", "probe"]
    assert [(edit.before is None, edit.after is None) for edit in plan.steps[1].edits] == [(False, False)]  # type: ignore[union-attr]
    assert plan.after.sites[0].bindings[1].flags == 3 and records_of(plan.after) == ["ccs 443"]
    assert plan_of(plan.after, to_store()).empty


def test_a_new_binding_shares_the_record_of_its_port_that_goes_with_the_last_user() -> None:
    one = plan_of(host(), to_store(), to_store(OTHER))
    assert ops(one) == ["record_set", "bindings", "probe"] and records_of(one.after) == ["ccs 443"]
    first = plan_of(one.after, wish("Shop", NAME, state="absent"))
    assert records_of(first.after) == ["ccs 443"]
    last = plan_of(first.after, wish("Shop", OTHER, state="absent"))
    assert ops(last)[:2] == ["bindings", "record_delete"] and records_of(last.after) == []


def test_back_needs_a_certificate_and_the_port_record_goes() -> None:
    start = host(f"*:443:{NAME}=3", records=[record("443", None)])
    message = refused(start, wish("Shop", NAME, central_store=False))
    assert message == {"bindings[0].certificate": f"is needed: record hostnameport {NAME}:443 does not exist yet"}
    plan = plan_of(start, wish("Shop", NAME, SHOP, central_store=False))
    assert ops(plan) == ["record_set", "bindings", "record_delete", "probe"]
    assert records_of(plan.after) == [f"hostnameport {NAME}:443"]
    assert plan.after.sites[0].bindings[0].flags == 1


def test_what_is_left_out_is_kept() -> None:
    start = host(f"*:443:{NAME}=2", records=[record("443", None)])
    assert plan_of(start, wish("Shop", NAME)).empty
    assert "central_store: false" in refused(start, wish("Shop", NAME, SHOP))["bindings[0].certificate"]
    assert (
        "F4.16"
        in refused(start, wish("Shop", NAME, options={"disable_http2": True}))["bindings[0].options.disable_http2"]
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"central_store": None}, "not installed or not enabled"),
        ({"central_store": {"enabled": True, "files": ["_.example.org.pfx"]}}, f"no file for {NAME} ({NAME}.pfx)"),
        (
            {
                "os": SERVER_2008_R2,
                "schema_ssl_flags": False,
                "central_store": None,
            },
            "since Windows Server 2012",
        ),
        (
            {
                "central_store": None,
                "incomplete": [{"layer": "central_store", "code": "access_denied", "message": "the key is locked"}],
            },
            "could not be read: the key is locked",
        ),
    ],
    ids=["off", "no file", "2008 R2", "unread"],
)
def test_where_the_store_cannot_serve_the_switch_is_refused(more: dict[str, Any], words: str) -> None:
    start = host(f"*:443:{NAME}=1", records=[SNI], **more)
    assert words in refused(start, to_store())["bindings[0].central_store"]


def test_options_that_would_be_lost_have_to_be_given_up_by_name() -> None:
    held = record(f"{NAME}:443", SHOP, flags=0x12, ctl_store="Partners")
    start = host(f"*:443:{NAME}=5", records=[held])
    message = refused(start, to_store())["bindings[0].central_store"]
    assert "disable_http2, negotiate_client_certificate, ctl_store" in message
    without = {"disable_http2": False, "negotiate_client_certificate": False, "ctl_store": ""}
    plan = plan_of(start, to_store(options=without))
    assert plan.after.sites[0].bindings[0].flags == 3 and records_of(plan.after) == ["ccs 443"]
    kept = record(f"{NAME}:443", SHOP, check_mode=1, flags=0x8)
    message = refused(host(f"*:443:{NAME}=1", records=[kept]), to_store())["bindings[0].central_store"]
    assert "check_mode, flags" in message


def test_names_that_only_the_store_has_are_affected_and_asked_for() -> None:
    """The record of the port serves every name of the share, also of sites that do not use the store (F1.17)."""
    sites = [site("Shop", f"*:443:{NAME}=1"), site("Api", f"*:443:{OTHER}=0", number=2)]
    start = host_of(sites=sites, records=[SNI, record("0.0.0.0:443", API)], central_store=STORE)
    assert "api" in refused(start, to_store())["allow.shared_change"]
    plan = plan_of(start, to_store(), allow={"shared_change": ["Api"]})
    assert {item.after for item in plan.affected if item.endpoint.sni == OTHER} == {"file:_.example.com.pfx"}


def test_a_wildcard_name_on_server_2012_takes_its_file_without_sni() -> None:
    start = host(os=SERVER_2012_R2, update_exported=False)
    plan = plan_of(start, to_store("*.example.com"))
    assert plan.after.sites[0].bindings[0].flags == 2


def identity(of: Any, name: str) -> str | None:
    return Resolver(of).answer(Endpoint("10.0.0.5", 443, name)).identity


@pytest.mark.parametrize("files", [None, STORE["files"]], ids=["unlisted", "listed"])
def test_no_file_is_named_with_a_star(files: list[str] | None) -> None:
    start = host(records=[record("443", None)], central_store={"enabled": True, "files": files})
    assert identity(start, "*.example.com") == "file:_.example.com.pfx"
    other = host(f"*:443:{NAME}=1", records=[SNI], central_store={"enabled": True, "files": []})
    assert "(_.example.com.pfx)" in refused(other, to_store("*.example.com"))["bindings[0].central_store"]


@pytest.mark.parametrize(
    ("store", "layer", "served"),
    [
        (None, None, SHOP["thumbprint"]),
        ({"enabled": False, "files": None}, None, SHOP["thumbprint"]),
        ({"enabled": False, "files": [f"{NAME}.pfx"]}, None, SHOP["thumbprint"]),
        (None, "central_store", f"file:{NAME}.pfx"),
        ({"enabled": True, "files": None}, "central_store_files", f"file:{NAME}.pfx"),
    ],
    ids=["not installed", "off", "off, with files", "unread", "files unread"],
)
def test_a_store_that_is_off_serves_nothing(store: Any, layer: str | None, served: str) -> None:
    unread = [{"layer": layer, "code": "access_denied", "message": "no"}] if layer else []
    records = [record("443", None), record("0.0.0.0:443", SHOP)]
    assert identity(host(records=records, central_store=store, incomplete=unread), NAME) == served


def test_the_ports_record_may_be_listed_under_both_of_its_names() -> None:
    """Nobody knows whether Windows does that (F1.05); one that says two things is refused, for then there are two."""
    both = [record("443", None), record("*:443", None)]
    assert records_of(host(f"*:443:{NAME}=3", records=both)) == ["ccs 443"]
    with pytest.raises(Invalid, match=r"records\[1\]\.key: is there twice"):
        host(f"*:443:{NAME}=3", records=[both[0], {**both[1], "flags": 1}])

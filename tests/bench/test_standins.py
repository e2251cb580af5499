# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-ins do what they are said to do, and refuse everything else."""

from __future__ import annotations

from typing import Any

import pytest
from bench.standins import HANDLERS, WEBBINDING, WEBSITE
from e2e import hosts
from lab import dispatch
from lab.certificates import Maker
from lab.counters import Counters
from lab.payload import Call
from lab.simhost import SimulatedHost

NAME = "n1.example.com"


@pytest.fixture
def host() -> SimulatedHost:
    """One site without https and one whose two bindings have no SNI; certificates old and new, and one that cannot be used."""
    plain = {"protocol": "http", "information": "*:80:", "ssl_flags": None}
    described = hosts.host(
        sites=[
            hosts.site(1, "Shop", plain),
            hosts.site(2, "Old", hosts.https("*:443:", 0), hosts.https("10.0.0.5:444:", 0)),
        ],
        records=[hosts.record("0.0.0.0:443", hosts.SHOP)],
    )
    return SimulatedHost(described, Maker())


def asked(
    host: SimulatedHost, module: str, names: tuple[str, ...] = (NAME,), named: str = hosts.SHOP, **more: Any
) -> dict[str, Any]:
    """The arguments that give these names of the site Shop a certificate."""
    thumbprint = host.thumbprints[named]
    if module == WEBBINDING:
        (name,) = names
        return {
            "name": "shop",
            "protocol": "https",
            "port": 443,
            "host_header": name,
            "ssl_flags": 1,
            "certificate_hash": thumbprint,
            **more,
        }
    common = {"ip": "*", "port": 443, "protocol": "https", "use_sni": True, "certificate_hash": thumbprint, **more}
    return {"name": "shop", "bindings": {"add": [{**common, "hostname": name} for name in names]}}


def call(host: SimulatedHost, module: str, args: dict[str, Any]) -> dict[str, Any]:
    return HANDLERS[module](host, args, False)


def shown(host: SimulatedHost, name: str = NAME) -> str | None:
    """The description's name of the certificate that a client meets."""
    served = host.served("10.0.0.5", 443, name)
    return next((named for named, thumbprint in host.thumbprints.items() if thumbprint == served), None)


@pytest.mark.parametrize("module", [WEBBINDING, WEBSITE])
def test_a_binding_is_made_once_and_rotated_once(host: SimulatedHost, module: str) -> None:
    for named, changed in ((hosts.SHOP, True), (hosts.SHOP, False), (hosts.SHOP_NEW, True), (hosts.SHOP_NEW, False)):
        answer = call(host, module, asked(host, module, named=named))
        assert (answer["changed"], answer["simulated"]) == (changed, True), answer
        assert shown(host) == named
    (shop,) = (site for site in host.iis.sites if site["name"] == "Shop")
    assert shop["bindings"][1:] == [{"protocol": "https", "information": f"*:443:{NAME}", "ssl_flags": 1}]
    assert len(host.http.records) == 2


def test_one_tells_what_it_did_and_how_the_binding_stands(host: SimulatedHost) -> None:
    made = call(host, WEBBINDING, asked(host, WEBBINDING))
    assert (made["operation_type"], made["website_state"]) == ("added", "Started")
    assert made["binding_info"] == {
        "bindingInformation": f"*:443:{NAME}",
        "ip": "*",
        "port": 443,
        "hostheader": NAME,
        "protocol": "https",
        "certificateStoreName": "my",
        "certificateHash": host.thumbprints[hosts.SHOP],
        "sslFlags": 1,
    }
    again = call(host, WEBBINDING, asked(host, WEBBINDING))
    assert again == {**made, "changed": False, "operation_type": "matched"}


def test_the_other_takes_a_list_and_makes_what_is_missing(host: SimulatedHost) -> None:
    call(host, WEBSITE, asked(host, WEBSITE, ("a.example.com",)))
    args = asked(host, WEBSITE, ("a.example.com", "b.example.com"), hosts.SHOP_NEW)
    assert call(host, WEBSITE, args) == {"changed": True, "invocation": {"module_args": args}, "simulated": True}
    assert [shown(host, f"{name}.example.com") for name in "ab"] == [hosts.SHOP_NEW] * 2


@pytest.mark.parametrize(("flags", "family"), [(1, "hostnameport"), (0, "ipport")])
def test_flags_of_a_binding_that_is_there_are_brought_up_to_date(host: SimulatedHost, flags: int, family: str) -> None:
    call(host, WEBBINDING, asked(host, WEBBINDING, ssl_flags=1 - flags))
    answer = call(host, WEBBINDING, asked(host, WEBBINDING, ssl_flags=flags))
    assert (answer["operation_type"], answer["binding_info"]["sslFlags"]) == ("updated", flags)
    assert any(key[0] == family and key[2] == 443 for key in host.http.records)


def test_an_omitted_use_sni_leaves_the_flag_alone(host: SimulatedHost) -> None:
    call(host, WEBSITE, asked(host, WEBSITE))
    assert call(host, WEBSITE, asked(host, WEBSITE, use_sni=None))["changed"] is False
    assert call(host, WEBSITE, asked(host, WEBSITE, use_sni=False))["changed"] is True
    (shop,) = (site for site in host.iis.sites if site["name"] == "Shop")
    assert shop["bindings"][1]["ssl_flags"] == 0


@pytest.mark.parametrize(
    ("module", "more", "said"),
    [
        (WEBBINDING, {"state": "absent"}, "shall be present"),
        (WEBBINDING, {"protocol": "http"}, "shall be present"),
        (WEBBINDING, {"ssl_flags": 2}, "central store"),
        (WEBBINDING, {"name": "Nowhere"}, "no site 'Nowhere'"),
        (WEBBINDING, {"force": True}, "the argument force"),
        (WEBBINDING, {"certificate_hash": "00" * 20}, "no certificate"),
        (WEBSITE, {"use_ccs": True}, "the argument use_ccs"),
        (WEBSITE, {"protocol": "http"}, "https bindings with a certificate"),
        (WEBSITE, {"certificate_hash": "00" * 20}, "no certificate"),
    ],
)
def test_what_was_not_looked_at_is_not_played(
    host: SimulatedHost, module: str, more: dict[str, Any], said: str
) -> None:
    before = (dict(host.http.records), host.iis.sites)
    answer = call(host, module, asked(host, module, **more))
    assert answer["failed"] is True and answer["changed"] is False
    assert answer["msg"].startswith("simulated: ") and said in answer["msg"]
    assert (host.http.records, host.iis.sites) == before


@pytest.mark.parametrize("module", [WEBBINDING, WEBSITE])
def test_check_mode_is_refused_and_an_unusable_key_fails(host: SimulatedHost, module: str) -> None:
    refused = HANDLERS[module](host, asked(host, module), True)
    assert refused["failed"] is True and "check mode" in refused["msg"] and shown(host) == hosts.SHOP
    failed = call(host, module, asked(host, module, named=hosts.BROKEN))
    assert failed["failed"] is True and "1312" in failed["msg"]


def test_the_lab_asks_them_where_it_was_told_to(host: SimulatedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    asking, counters = Call("module", WEBBINDING, asked(host, WEBBINDING)), Counters()
    assert dispatch.answer(host, counters, asking).code == 1 and counters.unknown == 1
    assert dispatch.further("") == {}
    monkeypatch.setattr(dispatch, "FURTHER", dispatch.further("bench.standins"))
    outcome = dispatch.answer(host, counters, asking)
    assert outcome.code == 0 and b'"operation_type": "added"' in outcome.stdout
    assert (counters.calls, counters.unknown) == (2, 1)

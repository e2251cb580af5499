# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoint classes: every endpoint is in exactly one, and their number grows with records, not with names and addresses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.endpoint import Endpoint, EndpointClass
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.classes import endpoint_classes
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.resolve import Resolver
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.documents import document, record, site, stored

W, S = stored("w.example"), stored("*.example")
#: Two groups of addresses (IPv4, IPv6) and three kinds of clients (no name, a listed name, any other name).
PER_RECORD = 2


def resolver(**parts: Any) -> Resolver:
    return Resolver(parse_document(document(certificates=[W, S], **parts)))


def shown(item: EndpointClass) -> tuple[object, ...]:
    return (item.addresses, item.sni, item.names, str(item.answer.record) if item.answer.record else None)


def test_names_without_a_record_of_their_own_are_listed_with_any_other_name() -> None:
    sites = [site("S", "*:443:a.example", "*:443:b.example", "*:443:c.example=1")]
    found = endpoint_classes(resolver(sites=sites, records=[record("0.0.0.0:443", W), record("c.example:443", S)]))
    both = ("10.0.0.5", "10.0.0.6")
    assert [shown(item) for item in found] == [
        (both, None, (), "0.0.0.0:443"),
        (both, "c.example", (), "hostnameport c.example:443"),
        (both, "*", ("a.example", "b.example"), "0.0.0.0:443"),
    ]


def test_an_exact_address_makes_a_class_of_its_own_with_the_names_bound_to_it() -> None:
    sites = [site("S", "*:443:a.example=1", "10.0.0.5:443:b.example")]
    found = endpoint_classes(resolver(sites=sites, records=[record("10.0.0.5:443", W), record("a.example:443", S)]))
    assert [shown(item) for item in found if item.sni == "*"] == [
        (("10.0.0.5",), "*", ("b.example",), "10.0.0.5:443"),
        (("10.0.0.6",), "*", ("b.example",), None),
    ]


def test_names_of_one_wildcard_record_are_one_class_with_its_name_first() -> None:
    sites = [site("S", "*:443:a.x.com=0", "*:443:b.x.com=0", "*:443:*.x.com=1")]
    found = endpoint_classes(resolver(sites=sites, records=[record("*.x.com:443", S)]))
    assert [(item.sni, item.names, item.answer.rule) for item in found if item.answer.record] == [
        ("*.x.com", (), "exact_name"),
        ("a.x.com", ("b.x.com",), "wildcard_name"),
    ]


def test_names_of_the_central_store_are_one_class_and_have_a_file_each() -> None:
    sites = [site("S", "*:443:a.x.com=3", "*:443:b.x.com=3", "*:443:c.y.com=3")]
    files = {"enabled": True, "files": ["a.x.com.pfx", "b.x.com.pfx"]}
    found = endpoint_classes(resolver(sites=sites, records=[record("443", None)], central_store=files))
    central = [item for item in found if item.answer.outcome == "central_store"]
    assert [(item.sni, item.names, item.answer.file) for item in central] == [("a.x.com", ("b.x.com",), None)]
    assert [item.names for item in found if item.sni == "*"] == [("c.y.com",)]


@pytest.mark.parametrize("flags", [0, 3])
def test_bindings_times_addresses_make_no_classes(flags: int) -> None:
    addresses = [f"10.0.{block}.{number}" for block in range(4) for number in range(1, 250)]
    sites = [site("S", *(f"*:443:n{number}.example={flags}" for number in range(500)))]
    records = [record("0.0.0.0:443", W), record("443", None), record("10.0.0.7:443", S)]
    files = {"enabled": True, "files": [f"n{number}.example.pfx" for number in range(250)]}
    built = resolver(sites=sites, records=records, addresses=addresses, central_store=files)
    found = endpoint_classes(built)
    assert len(found) <= 2 * PER_RECORD * len(records)
    _is_a_partition(built, found, [f"n{number}.example" for number in range(0, 500, 50)], addresses[::97])


def test_ten_thousand_names_with_records_make_about_as_many_classes() -> None:
    names = [f"n{number}.example" for number in range(10_000)]
    sites = [site("S", *(f"*:443:{name}=1" for name in names))]
    records = [{"family": "hostnameport", "key": f"{name}:443", "thumbprint": S["thumbprint"]} for name in names]
    data = document(sites=[], addresses=["10.0.0.5", "10.0.0.6", "2001:db8::5"]) | {"sites": sites, "records": records}
    found = endpoint_classes(Resolver(parse_document({**data, "certificates": [S]})))
    assert len(names) < len(found) <= len(names) + 2 * PER_RECORD


def _is_a_partition(built: Resolver, found: tuple[EndpointClass, ...], names: list[str], addresses: list[str]) -> None:
    """Each endpoint is in one class, and the class says what the endpoint gets."""
    for name in names:
        for address in addresses:
            mine = [item for item in found if address in item.addresses and name in (item.sni, *item.names)]
            mine = mine or [item for item in found if address in item.addresses and item.sni == "*"]
            answer = built.answer(Endpoint(address, 443, name))
            assert len(mine) == 1
            assert (mine[0].answer.outcome, mine[0].answer.record) == (answer.outcome, answer.record)

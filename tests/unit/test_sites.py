# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wish for a site that is not there: the refusal names what was perhaps meant, and is no longer on a host of many sites."""

from __future__ import annotations

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning import sites
from support.documents import site
from support.peers import SHOP, host_of, refused, wish


def told(wanted: str, *names: str) -> str:
    host = host_of(sites=[site(name, number=number) for number, name in enumerate(names, 1)])
    return refused(host, wish(wanted, "shop.example.com", SHOP))["bindings[0].site"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "there is none"),
        (("Shop",), "there are: Shop"),
        (("Api", "Shop"), "there are: Shop, Api"),
        (("Api", "Intranet", "Mail", "Shop", "Web"), "there are: Shop, Api, Intranet, Mail, Web"),
        (("Api", "Intranet", "Mail", "SHOP", "Web", "Wiki"), "nearest: SHOP, and 5 more"),
        (("Api", "Intranet", "Mail", "Sales", "Web", "Wiki"), "there are 6, none of a name like that"),
    ],
)
def test_few_sites_are_all_named_and_of_many_those_of_a_like_name(names: tuple[str, ...], words: str) -> None:
    assert told("Shpo", *names) == f"no site 'Shpo' on WEB01 ({words})"


def test_of_many_like_names_the_five_nearest_are_named() -> None:
    names = [f"Shop{number:03}" for number in range(1, 201)]
    words = told("shop042x", *names)
    assert words.startswith("no site 'shop042x' on WEB01 (nearest: Shop042, Shop142, ")
    assert words.count("Shop") == 5 and words.endswith(", and 195 more)")


def test_a_name_is_found_at_either_end_of_the_alphabet_of_a_large_host() -> None:
    names = ["Aardvark", *(f"Site {number}" for number in range(2000)), "Zoo-Shop"]
    assert "nearest: Zoo-Shop, and 2001 more" in told("Zoo-Shpo", *names)
    assert "nearest: Aardvark, and 2001 more" in told("Aardvrak", *names)


def test_a_name_is_found_although_it_stands_behind_the_wanted_one() -> None:
    names = [f"Shop{number:03}" for number in range(500)]
    assert "nearest: Shop249-test, Shop249" in told("Shop249-tesk", *names, "Shop249-test")


def test_a_fault_on_a_host_of_thousands_of_sites_does_not_cost_a_look_at_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To compare one name with ten thousand takes half a second, and a request may have many faults."""
    compared: list[int] = []
    monkeypatch.setattr(sites, "get_close_matches", lambda name, names, most: compared.append(len(names)) or [])
    host = host_of(sites=[site(f"Site {number}", number=number + 1) for number in range(2000)])
    refused(host, *(wish(f"Site {number}x", f"a{number}.example.com", SHOP) for number in range(50)))
    assert len(compared) == 50 and max(compared) <= 500

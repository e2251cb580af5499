# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of docs/laws.md over random hosts and requests: the core against the lab's own IIS and http.sys.

All laws look at the same cases. For more of them, and for a small case that breaks a law: ``make laws``.
"""

from __future__ import annotations

import re

import pytest
from laws.farms import Farm
from laws.laws import FARM_LAWS, LAWS
from laws.run import Tally, hold
from tools.export import ROOT

EXAMPLES = 500
#: A farm costs several hosts.
FARMS = 100


def test_the_page_says_what_each_law_says() -> None:
    said = re.findall(r"^\| ([\w]+) \| [A-Z]", (ROOT / "docs" / "laws.md").read_text(encoding="utf-8"), re.MULTILINE)
    # L10, about crashes, is held by tests/engine and tests/lab
    assert sorted(said) == sorted({name.partition(" ")[0] for name in LAWS} | {"L10"})


@pytest.fixture(scope="module")
def tally() -> Tally:
    return hold(range(10 * EXAMPLES), EXAMPLES)


@pytest.mark.parametrize("name", LAWS, ids=[f"{name} {law.__name__}" for name, law in LAWS.items()])
def test_law(name: str, tally: Tally) -> None:
    assert name not in tally.broken, tally.broken[name]
    assert tally.held[name] >= EXAMPLES


@pytest.fixture(scope="module")
def farms() -> Tally:
    return hold(range(10 * FARMS), FARMS, FARM_LAWS, Farm)


@pytest.mark.parametrize("name", FARM_LAWS, ids=[f"{name} {law.__name__}" for name, law in FARM_LAWS.items()])
def test_law_of_farms(name: str, farms: Tally) -> None:
    assert name not in farms.broken, farms.broken[name]
    assert farms.held[name] >= FARMS

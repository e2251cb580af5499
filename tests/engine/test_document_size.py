# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many bytes the shipped reader writes per binding with its record, before compression. The budget is 600."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench.wire import DOCUMENT_PER_BINDING, crowded
from engine.harness.lane import Lane
from lab.certificates import Maker
from lab.simhost import SimulatedHost

pytestmark = pytest.mark.mono
FEW, MANY = 500, 1500


def test_a_document_holds_little_per_binding(lane: Lane, host: Callable[[dict[str, Any]], Path]) -> None:
    maker = Maker()
    sizes = []
    for count in (FEW, MANY):
        # The same two certificates in both, so that they do not count.
        document = SimulatedHost(crowded(count), maker).read("all", "open")
        answer = lane.answer(host(document))
        text = gzip.decompress(base64.b64decode(answer["document_gz"]))
        assert text.count(b'"hostnameport"') == count
        sizes.append(len(text))
    more = (sizes[1] - sizes[0]) / (MANY - FEW)
    assert 150 <= more <= DOCUMENT_PER_BINDING

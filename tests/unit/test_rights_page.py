# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about rights has a row for every layer that the reader may call incomplete, and for no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "docsite" / "rst" / "rights.rst"
SOURCES = sorted((ROOT / "plugins" / "module_utils").glob("TlsFleet?*.cs"))
#: Where a layer stands in the C# of the reader.
NAMED = re.compile(r'gaps\.(?:Try|Add)\("(\w+)"|Put\(document, "\w+", "(\w+)"|\{ "layer", "(\w+)" \}')


def test_every_layer_has_its_row() -> None:
    named = {word for path in SOURCES for match in NAMED.findall(path.read_text(encoding="utf-8")) for word in match}
    rows = re.findall(r"^   \* - (``.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {word for row in rows for word in re.findall(r"``(\w+)``", row)} == named - {""}

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways through the fake AHADMIN for its tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .com import Com, Refused

SITES, APPHOST, REDIRECTION = "system.applicationHost/sites", "MACHINE/WEBROOT/APPHOST", "MACHINE/REDIRECTION"
DENIED, INVALID, SHARING, LOCKED, INDEX, EXISTS = 0x80070005, 0x8007000D, 0x80070020, 0x80070021, 0x80070585, 0x800700B7


def file_of(host: Path) -> Path:
    return host / "config" / "applicationHost.config"


def change(host: Path, old: str, new: str) -> None:
    text = file_of(host).read_text(encoding="utf-8")
    assert old in text
    file_of(host).write_text(text.replace(old, new, 1), encoding="utf-8")


def sites(manager: Com) -> Com:
    found = manager("GetAdminSection", SITES, APPHOST)("Collection")
    assert isinstance(found, Com)
    return found


def bindings(manager: Com, site: int = 0) -> Com:
    found = sites(manager)("Item", site)("GetElementByName", "bindings")("Collection")
    assert isinstance(found, Com)
    return found


def value(element: Com, name: str) -> Any:
    return element("GetPropertyByName", name)("Value")


def code_of(call: Any, *arguments: Any) -> int:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.code

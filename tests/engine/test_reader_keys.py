# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# reader on keys that do not open: missing, kept from administrators, or broken; their files tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.fakes.example import CNG, certificate, small
from engine.harness.lane import Lane

pytestmark = pytest.mark.mono
Host = Callable[[dict[str, Any]], Path]
FILE_OF = (
    "6de9cb26d2b98c01ec4e9e8b34824aa2_d2a1b3c4-0000-4000-8000-000000000001"  # of the container iisConfigurationKey
)
CAPI = {**CNG, "provider_type": 24, "key_spec": 1, "container": "iisConfigurationKey"}


@pytest.mark.parametrize(
    ("container", "begin"),
    [  # as Windows' own containers are known to be called
        ("iisConfigurationKey", "6de9cb26d2b98c01ec4e9e8b34824aa2"),
        ("iisWasKey", "76944fb33636aeddb9590521c2e8815a"),
        ("NetFrameworkConfigurationKey", "d6d986f09a1ee04e24c949879fdb506c"),
        ("TSSecKeySet1", "f686aace6942fb7f7ceb231212eef4a4"),
        ("Microsoft Internet Information Server", "c2319c42033a5ca7f44e731bfd3fa2b5"),
        ("MS IIS DCOM Server", "7a436fe806e483969f48a894af2fe9a1"),
    ],
)
def test_files_of_containers_have_the_names_that_windows_gives_them(lane: Lane, container: str, begin: str) -> None:
    assert lane.ask({"do": "keyfile", "container": container}) == begin + "_"


@pytest.mark.parametrize(
    ("key", "file", "opens", "told"),
    [
        (CAPI, None, True, "missing"),
        (CAPI, r"RSA/MachineKeys/c2319c42033a5ca7f44e731bfd3fa2b5_1", False, "missing"),  # of another container
        (CAPI, rf"RSA/MachineKeys/{FILE_OF}", False, "kept from us"),
        (CAPI, rf"RSA/MachineKeys/{FILE_OF}", True, "broken"),
        (CNG, None, True, "missing"),
        (CNG, "Keys/0123", True, "missing"),
        (CNG, "Keys/0123", False, "kept from us"),
        ({**CNG, "provider": "Some Maker's Module"}, "Keys/0123", False, "missing"),
    ],
)
def test_a_key_that_keeps_administrators_out_is_not_called_missing(
    lane: Lane, host: Host, key: dict[str, Any], file: str | None, opens: bool, told: str
) -> None:
    """Windows says 0x80090016 of both (A9.32). A folder stands for a file that may not be opened."""
    folder = host(small(certificates=[certificate("good", {**key, "code": 0x80090016})]))
    if file is not None:
        path = folder / "programdata" / "Microsoft" / "Crypto" / file
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x") if opens else path.mkdir()
    found = lane.document(folder)
    [item] = found["certificates"]
    gaps = [gap for gap in found["incomplete"] if gap["layer"] == "keys"]
    if told == "kept from us":
        assert (item["key"]["check"], item["key"]["code"], item["key"]["system_access"]) == (
            "metadata",
            None,
            "unknown",
        )
        assert [gap["code"] for gap in gaps] == ["access_denied"] and str(file).rpartition("/")[2] in gaps[0]["message"]
        return
    assert (item["key"]["check"], item["key"]["code"], gaps) == ("open", 0x80090016, [])
    assert item["key"].get("file") == (
        rf"%ProgramData%\Microsoft\Crypto\RSA\MachineKeys\{FILE_OF}" if told == "broken" else None
    )

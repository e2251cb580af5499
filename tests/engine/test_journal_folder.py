# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may own the folder of the journal, and who may write there: only administrators and the system, else nothing is written."""

from __future__ import annotations

import pytest
from engine.harness.lane import Lane

pytestmark = pytest.mark.mono
INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"


@pytest.mark.parametrize(
    "sddl",
    [
        "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)",
        "O:SYD:(A;;FA;;;SY)",
        f"O:{INSTALLER}G:BAD:(A;;FA;;;{INSTALLER})(A;;FA;;;BA)",
        "O:BAD:(A;;0x1200A9;;;BU)(A;;FA;;;BA)",  # reading, listing, running
        "O:BAD:(A;OICIIO;0xA0000000;;;WD)(A;;FA;;;BA)",
        "O:BAD:(D;;FA;;;BU)(A;;FA;;;BA)",  # what is taken from somebody harms nobody
    ],
)
def test_a_folder_of_administrators_is_trusted(lane: Lane, sddl: str) -> None:
    assert lane.ask({"do": "untrusted", "sddl": sddl}) is None


@pytest.mark.parametrize(
    ("sddl", "says"),
    [
        ("O:BUD:(A;;FA;;;BA)", "belongs to S-1-5-32-545"),
        ("O:S-1-5-21-1-2-3-1001G:BAD:(A;;FA;;;BA)", "belongs to S-1-5-21-1-2-3-1001"),
        ("D:(A;;FA;;;BA)", "belongs to"),
        ("O:BA", "everybody may write"),
        ("O:BAD:(A;;FA;;;BA)(A;;FA;;;BU)", "S-1-5-32-545 may write"),
        ("O:BAD:(A;;0x2;;;WD)", "S-1-1-0 may write"),  # a file of one's own in it
        ("O:BAD:(A;;0x10000;;;AU)", "S-1-5-11 may write"),  # deleting
        ("O:BAD:(A;;0x40000;;;AU)", "S-1-5-11 may write"),  # changing this list
        ("O:BAD:(A;OICIIO;0x40000000;;;BU)", "S-1-5-32-545 may write"),  # whatever will lie there
        ("O:BAD:(A;;FA;;;S-1-5-80-1-2-3-4-5)", "S-1-5-80-1-2-3-4-5 may write"),  # another service
    ],
)
def test_a_folder_of_others_is_refused(lane: Lane, sddl: str, says: str) -> None:
    assert says in lane.ask({"do": "untrusted", "sddl": sddl})


@pytest.mark.parametrize(
    ("error", "code"),
    [(5, "access_denied"), (1307, "access_denied"), (1314, "access_denied"), (3, "internal"), (112, "internal")],
)
def test_what_windows_says_to_somebody_without_rights_is_told_by_name(lane: Lane, error: int, code: str) -> None:
    told = lane.ask({"do": "refused", "call": "CreateDirectoryW", "error": error})
    assert (told["code"], told["number"], told["call"], told["place"]) == (code, error, "CreateDirectoryW", "journal")

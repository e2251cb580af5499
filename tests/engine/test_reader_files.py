# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# reader on files of IIS that are missing, held by others, written meanwhile or huge."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.fakes.example import small
from engine.harness import journals
from engine.harness.configs import IIS, ONE, SITE, blind, shown, whole
from engine.harness.lane import READ, Lane

pytestmark = pytest.mark.mono
Host = Callable[[dict[str, Any]], Path]


def test_a_journal_that_cannot_be_read_is_no_journal_that_is_not_there(lane: Lane, host: Host) -> None:
    folder = host(small(**IIS))
    path = folder / journals.PATH
    path.parent.mkdir(parents=True)
    path.write_text(journals.line("run", "r1"), encoding="ascii")
    task = {"do": "held", "state": str(folder), "args": READ, "path": str(path), "alone": True}
    assert blind(lane.ask(task)["document"]) == [("journal", "0x80070020")]
    path.unlink()
    assert blind(lane.document(folder)) == []


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("config/applicationHost.config", "sites"),
        ("config/redirection.config", "sites"),
        ("config/schema/IIS_schema.xml", "schema"),
        ("tasks/Microsoft/Windows/CertificateServicesClient/IIS-AutoCertRebind", "rebind"),
    ],
)
def test_a_file_that_others_hold_open(lane: Lane, host: Host, path: str, layer: str) -> None:
    """Mono keeps to the sharing modes of Windows within a process; Windows' own are met in tests/wine."""
    folder = host(small(**IIS, sites=ONE, rebind=True))
    task = {"do": "held", "state": str(folder), "args": READ, "path": str(folder / path)}
    assert lane.ask({**task, "alone": False}) == lane.answer(folder)
    assert blind(lane.ask({**task, "alone": True})["document"]) == [(layer, "0x80070020")]


def test_without_a_redirection_the_own_file_counts(lane: Lane, host: Host) -> None:
    folder = host(small(**IIS, sites=ONE))
    (folder / "config" / "redirection.config").unlink()
    found = lane.document(folder)
    assert (found["sites"], found["shared_configuration"], blind(found)) == (ONE, False, [])


def test_a_missing_file_is_a_gap(lane: Lane, host: Host) -> None:
    folder = host(small(**IIS, sites=ONE))
    (folder / "config" / "applicationHost.config").unlink()
    found = lane.document(folder)
    assert blind(found) == [("sites", "not_found")]


def test_unreadable_redirection_hides_the_sites(lane: Lane, host: Host) -> None:
    folder = host(small(**IIS, sites=ONE))
    (folder / "config" / "redirection.config").write_text("<configuration>", encoding="utf-8")
    found = lane.document(folder)
    assert (found["sites"], blind(found)) == ([], [("sites", "malformed")])


def test_a_file_that_is_written_meanwhile_is_never_mixed(lane: Lane, host: Host) -> None:
    folder = host(small(**IIS, sites=ONE))
    path = folder / "config" / "applicationHost.config"
    versions = [
        whole(
            "".join(
                SITE.replace("Shop", f"v{version}-{number}").replace('id="1"', f'id="{number}"')
                for number in range(300)
            )
        )
        for version in (1, 2)
    ]
    path.write_text(versions[0], encoding="utf-8")
    stop = threading.Event()

    def write() -> None:
        for text in itertools.cycle((versions[1], versions[0])):
            if stop.is_set():
                return
            path.write_text(text[: len(text) // 2], encoding="utf-8")  # what a reader may catch
            time.sleep(0.004)
            path.write_text(text, encoding="utf-8")
            time.sleep(0.03)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _again in range(60):
            found = lane.document(folder)
            names = {site["name"].split("-")[0] for site in found["sites"]}
            if ("sites", "malformed") in blind(found):
                assert found["sites"] == []
            else:
                assert len(names) == 1 and len(found["sites"]) == 300
    finally:
        stop.set()
        writer.join()


def test_a_huge_file_is_read_in_one_pass(lane: Lane, host: Host) -> None:
    folder = host(small(**IIS, sites=ONE))
    filler = '<add name="x" path="*.y" verb="*" modules="z" resourceType="Unspecified" requireAccess="Script"/>' * 1000
    section = f"<system.webServer><handlers>{filler}</handlers></system.webServer>"
    rest = "".join(f'<location path="Shop/{number}">{section}</location>' for number in range(530))
    text = whole(SITE).replace("</configuration>", f"{rest}</configuration>")
    assert len(text) > 50 * 1000 * 1000
    (folder / "config" / "applicationHost.config").write_text(text, encoding="utf-8")
    started = time.monotonic()
    assert shown(lane.document(folder)) == [("https", "*:443:shop", 1)]
    print(f"50 MB in {time.monotonic() - started:.1f} s")
    assert lane.peak_megabytes() < 700  # a reader that held the file as a tree would need more

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# reader: it compiles for every Windows, and gives back the host it is pointed at."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.fakes import build, state
from engine.fakes.example import CNG, certificate, document, record, small
from engine.fakes.rows import write_rows
from engine.harness.lane import LIBRARIES, READ, ROOT, Lane, compile_library, shipped
from engine.harness.lane import build as build_lane
from tools import compact

pytestmark = pytest.mark.mono
Host = Callable[[dict[str, Any]], Path]
REFERENCES = ROOT.parent / "shared" / "refs"
MODULE = ROOT / "plugins" / "modules" / "host_reader.ps1"


# -- compiling ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["net45", "net48"])
def test_it_compiles_against_the_reference_assemblies(name: str, tmp_path: Path) -> None:
    folders = [REFERENCES / name, REFERENCES / "net48"]
    if not folders[0].is_dir():
        pytest.skip(f"the .NET Framework reference assemblies ({name}) are not on this machine")
    found = {path.name: path for folder in reversed(folders) for path in folder.glob("*.dll")}
    options = ("-noconfig", "-nostdlib", *(f"-r:{path}" for path in found.values()))
    assert compile_library(shipped(), tmp_path / "engine.dll", *options) == ""
    uploaded = [compact.FOLDER / f"{part}.cs" for part in compact.PARTS]
    assert compile_library(uploaded, tmp_path / "uploaded.dll", *options) == ""


def test_the_module_does_nothing_but_call_the_engine() -> None:
    lines = MODULE.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == ["[TlsFleet.Reader]::Run($complex_args)"]


def test_every_utility_says_what_the_framework_compiler_lacks() -> None:
    """Windows PowerShell references mscorlib, System and System.Core only; more has to be asked for in the file."""
    for path in shipped():
        text = path.read_text(encoding="utf-8")
        asks = "//AssemblyReference -Name System.Xml.dll -CLR Framework" in text
        assert "using System.Xml;" not in text or asks, path.name
        assert not re.search(r"^using (?!System|Microsoft\.Win32)", text, re.MULTILINE), path.name


def test_what_mono_lets_through_and_windows_would_not() -> None:
    """Two features younger than C# 5 that mcs takes all the same, and two more that no compiler here notices."""
    for path in shipped():
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"\{ get; \}", text):
            kind = re.findall(r"\b(class|struct|interface) \w+", text[: found.start()])[-1]
            assert kind == "interface", f"{path.name}: a property with nothing but get has a body before C# 6"
        assert not re.search(r"\bawait\b|\benum \w+ : System\.", text), path.name
        assert not re.search(r"static \w+ Add\(this ", text), path.name


# -- the answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code", "place"),
    [
        ({"contract": 2}, "contract_mismatch", "contract"),
        ({"contract": None}, "bad_argument", "contract"),
        ({"certificates": "some"}, "bad_argument", "certificates"),
        ({"key_check": None}, "bad_argument", "key_check"),
        ({"more": 1}, "bad_argument", "more"),
        ({"key_check": ["open"]}, "bad_argument", "key_check"),
    ],
)
def test_wrong_arguments_are_refused(lane: Lane, host: Host, args: dict[str, Any], code: str, place: str) -> None:
    answer = lane.answer(host(small()), **args)
    assert answer["failed"] is True
    assert answer["changed"] is False
    assert (answer["error"]["code"], answer["error"]["place"]) == (code, place)
    assert answer["msg"].startswith(place)


def test_ansibles_own_arguments_are_no_fault(lane: Lane, host: Host) -> None:
    answer = lane.answer(host(small()), _ansible_check_mode=True, _ansible_no_log=False)
    assert list(answer) == ["changed", "contract", "document"]


@pytest.mark.parametrize("reservations", [0, 4000])
def test_a_large_document_travels_packed(lane: Lane, host: Host, reservations: int) -> None:
    folder = host(small(url_reservations=[f"https://+:{number}/a/long/prefix/" for number in range(1, reservations)]))
    line = lane.line({"state": str(folder), "args": READ})
    assert ("document_gz" in json.loads(line)) == bool(reservations)
    assert line.isascii() and len(line) < 64 * 1024
    assert len(lane.document(folder)["url_reservations"]) == max(reservations - 1, 0)


def test_json_is_what_python_reads(lane: Lane) -> None:
    chance = random.Random(8)

    def value(depth: int) -> Any:
        kind = chance.randint(0, 7 if depth else 4)
        if kind == 0:
            return chance.choice((None, True, False))
        if kind in (1, 2):
            return chance.choice((0, -1, 2**63 - 1, -(2**63), chance.getrandbits(31)))
        if kind in (3, 4):
            points = (chance.randrange(0x20), chance.randrange(0x80), chance.randrange(0x110000), 0xD834, 0x2028)
            return "".join(chr(point) for point in points[: chance.randint(0, 5)])
        if kind == 5:
            return [value(depth - 1) for _again in range(chance.randint(0, 4))]
        return {f"{value(0)!r}": value(depth - 1) for _again in range(chance.randint(0, 4))}

    for _again in range(1000):
        data = value(4)
        line = lane.line({"do": "json", "value": data})
        assert json.loads(line) == json.loads(json.dumps(data))
        assert line.isascii() and "\n" not in line


# -- http.sys -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "layer", "code", "family"),
    [
        ("query 5 5", "records", "access_denied", "hostnameport"),
        ("query 6 87", "records", "87", "ccs"),
        ("query 1 1450 2", "records", "1450", "ipport"),
        ("query 2 5", "url_reservations", "access_denied", ""),
        ("query 0 31", "ip_listen", "31", ""),
        ("initialize * 5", "records", "access_denied", "all"),
    ],
)
def test_a_layer_that_fails_is_named_and_the_others_are_read(
    lane: Lane, host: Host, fault: str, layer: str, code: str, family: str
) -> None:
    folder = host(document(incomplete=[]))
    write_rows(folder / "http" / "faults.txt", [fault.split()])
    found = lane.document(folder)
    assert [(gap["layer"], gap["code"]) for gap in found["incomplete"]] == [(layer, code)]
    kept = {item["family"] for item in found["records"]}
    assert kept == (set() if family == "all" else {"ipport", "hostnameport", "ccs", "scopedccs"} - {family})
    assert len(found["sites"]) == 3


def test_old_windows_without_named_records_is_complete(lane: Lane, host: Host) -> None:
    old = {"name": "Windows Server 2008 R2", "major": 6, "minor": 1, "build": 7601, "revision": None}
    found = lane.document(host(small(os=old, records=[record("0.0.0.0:443")], certificates=[certificate("good", CNG)])))
    assert [item["key"] for item in found["records"]] == ["0.0.0.0:443"]
    assert found["incomplete"] == []
    assert found["asked"] == [
        {"what": f"records_{family}", "present": False, "evidence": f"HttpQueryServiceConfiguration, id {number}: 87"}
        for family, number in (("hostnameport", 5), ("ccs", 6), ("scopedccs", 11))
    ]


@pytest.mark.parametrize("family", ["1", "5", "6", "11", "2"])
def test_a_family_that_is_not_found_is_empty_and_no_gap(lane: Lane, host: Host, family: str) -> None:
    folder = host(small())
    write_rows(folder / "http" / "faults.txt", [["query", family, "2"]])
    found = lane.document(folder)
    assert (found["records"], found["url_reservations"], found["incomplete"]) == ([], [], [])


def test_a_record_that_is_not_found_among_others_is_a_gap(lane: Lane, host: Host) -> None:
    folder = host(small(records=[record("0.0.0.0:443"), record("0.0.0.0:444")]))
    write_rows(folder / "http" / "faults.txt", [["query", "1", "2", "2"]])
    assert [(gap["layer"], gap["code"]) for gap in lane.document(folder)["incomplete"]] == [("records", "2")]


@pytest.mark.parametrize("answer", ["list", "2"])
def test_both_answers_for_an_empty_listen_list_mean_every_address(lane: Lane, host: Host, answer: str) -> None:
    folder = host(small())
    path = folder / "http" / "os.txt"
    path.write_text(path.read_text(encoding="utf-8") + f"empty_listen\t{answer}\n", encoding="utf-8")
    found = lane.document(folder)
    assert (found["ip_listen"], found["incomplete"]) == ([], [])


@pytest.mark.parametrize(("library", "exported"), [("libhttpapi.so", True), ("libhttpapi_noupdate.so", False)])
def test_the_export_is_looked_up_in_the_library_itself(library: str, exported: bool, tmp_path: Path) -> None:
    folder, native = tmp_path / "assemblies", build.build()
    subprocess.run(["cp", "-r", str(build_lane()), str(folder)], check=True)
    maps = "".join(f'<dllmap dll="{dll}" target="{native / library}"/>' for dll in LIBRARIES)
    (folder / "TlsFleet.dll.config").write_text(f"<configuration>{maps}</configuration>", encoding="utf-8")
    state.write_state(tmp_path / "host", small())
    with Lane(folder, TLSFLEET_FAKE_STATE=str(tmp_path / "host")) as other:
        assert other.ask({"do": "export"}) is exported

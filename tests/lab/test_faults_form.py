# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form in which faults are written: what is taken, and one clear line naming the place for what is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lab.faults import KINDS, BadFault, fault, load

README = Path(__file__).with_name("README.md")


def test_a_file_in_yaml_and_in_json(tmp_path: Path) -> None:
    yaml, plain = tmp_path / "faults.yml", tmp_path / "faults.json"
    yaml.write_text(
        "- host: web-1\n  fault: drop\n  at: receive\n  call: 2\n- {host: '*', fault: tls_versions, maximum: TLS1.2}\n",
        encoding="utf-8",
    )
    plain.write_text('[{"host": "web-1", "fault": "drop", "at": "receive", "call": 2}]', encoding="utf-8")
    first, second = load(yaml, ["web-1"])
    assert first[0] == "web-1" and first[2] == {"fault": "drop", "at": "receive", "call": 2}
    assert second[0] == "*" and second[1] == f"{yaml}: [1]"
    assert load(plain, ["web-1"])[0][2] == first[2]


def test_what_is_left_out_has_its_default() -> None:
    planned = fault({"fault": "drop", "at": "receive"})
    assert planned.view() == {
        "fault": "drop",
        "at": "receive",
        "call": None,
        "carried_out": False,
        "skip": 0,
        "times": 1,
        "fired": 0,
    }
    assert fault("unreachable").values == {}


def test_skip_and_times() -> None:
    planned = fault({"fault": "drop", "at": "receive", "skip": 2, "times": 2})
    assert [planned.strikes() for _turn in range(6)] == [False, False, True, True, False, False]
    forever = fault({"fault": "latency", "seconds": 0.5})
    assert all(forever.strikes() for _turn in range(6))


CHANGE = {"change": "record_delete", "family": "ipport"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (7, "fault: must be a mapping with the key fault, or the name of a fault"),
        ("dropp", "fault.fault: must be one of drop, unavailable"),
        ({"at": "receive"}, "fault.fault: must be one of drop"),
        ({"fault": "drop"}, "fault.at: is missing; drop needs it"),
        (
            {"fault": "drop", "at": "recieve"},
            "fault.at: must be one of create, command, send, receive, signal, delete, not",
        ),
        ({"fault": "drop", "at": "send", "cal": 1}, "fault.cal: is not known to drop; it takes at, call, carried_out"),
        ({"fault": "drop", "at": "send", "call": 0}, "fault.call: must be a whole number from 1, not 0"),
        ({"fault": "drop", "at": "send", "call": True}, "fault.call: must be a whole number from 1, not True"),
        ({"fault": "drop", "at": "send", "times": "often"}, "fault.times: must be a whole number from 1, or always"),
        ({"fault": "drop", "at": "send", "skip": -1}, "fault.skip: must be a whole number from 0, not -1"),
        ({"fault": "drop", "at": "send", "carried_out": "yes"}, "fault.carried_out: must be true or false"),
        ({"fault": "operation_timeout", "at": "create"}, "fault.at: must be one of send, receive, not 'create'"),
        ({"fault": "latency", "seconds": "1"}, "fault.seconds: must be seconds from 0 to 600, not '1'"),
        ({"fault": "reboot", "seconds": 1}, "fault.call: is missing; reboot needs it"),
        ({"fault": "unreachable", "at": "send"}, "fault.at: is not known to unreachable; it takes no keys"),
        ({"fault": "refuse", "code": 1312}, "fault.code: must be one of key_unusable"),
        ({"fault": "refuse", "code": "key_unusable", "during": "now"}, "fault.during: must be one of apply, undo"),
        ({"fault": "crash", "when": "later"}, "fault.when: must be one of before, after, not 'later'"),
        ({"fault": "other_writer", "do": []}, "fault.do: must be a list of changes, not []"),
        ({"fault": "other_writer", "do": [{"change": "x"}]}, "fault.do[0].change must be one of record_set"),
        ({"fault": "other_writer", "do": [CHANGE]}, "fault.do[0] needs exactly family, key beside change"),
        ({"fault": "certificate_removed", "thumbprint": ""}, "fault.thumbprint: must be text, not ''"),
        ({"fault": "endpoint_unreachable", "address": "10.0.0"}, "fault.address: must be an IP address, not '10.0.0'"),
        ({"fault": "endpoint_unreachable", "port": 70000}, "fault.port: must be a port from 1 to 65535, not 70000"),
        ({"fault": "front_certificate", "names": "x"}, "fault.names: must be a list of texts, not 'x'"),
        (
            {"fault": "tls_versions", "maximum": 1.2},
            "fault.maximum: must be one of TLS1.0, TLS1.1, TLS1.2, TLS1.3, not 1.2",
        ),
        (
            {"fault": "tls_versions", "minimum": "TLS1.3", "maximum": "TLS1.2"},
            "fault.minimum: TLS1.3 is above the maximum",
        ),
        ({"fault": "seeded", "name": "x"}, "fault.name: must be one of sni_before_address"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(data: Any, said: str) -> None:
    with pytest.raises(BadFault) as refusal:
        fault(data)
    assert str(refusal.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "must be a list of faults"),
        ("- 1", "[0]: must be a mapping"),
        ("- {fault: unreachable}", "[0].host: there is no host None"),
        (
            "- {host: web-9, fault: unreachable}",
            "[0].host: there is no host 'web-9'; write a name of the inventory, or *",
        ),
        ("- {host: web-1, fault: unreachable}\n- {host: '*', fault: reboot, call: 1}", "[1].seconds: is missing"),
        ("- {host: web-1\n", "while parsing a flow mapping"),
    ],
)
def test_a_file_that_is_wrong_is_named(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "faults.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadFault) as refusal:
        load(path, ["web-1"])
    assert str(refusal.value).startswith(f"{path}: {said}")
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadFault, match="No such file"):
        load(tmp_path / "nowhere", [])


def test_the_readme_has_every_fault_and_every_key() -> None:
    text = README.read_text(encoding="utf-8")
    section = text[text.index("## Faults") : text.index("## Transcripts")]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*)$", section, re.MULTILINE))
    assert set(rows) == set(KINDS)
    everywhere = {"skip", "times"}
    for name, kind in KINDS.items():
        documented = set(re.findall(r"`(\w+)`", rows[name].split("|")[0]))
        assert documented == set(kind.keys) - everywhere, name

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments as Ansible hands them over: converted, defaulted, judged all at once, and made plain."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid, Problem
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell.arguments import secrets_of, validated
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell.plain import plain
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.shell.spec import HTTPS_BINDINGS, Options

LOCK: Options = {
    "door": {"type": "str", "required": True},
    "codes": {
        "type": "list",
        "elements": "dict",
        "options": {"pin": {"type": "str", "no_log": True, "required": True}, "tries": {"type": "int", "default": 3}},
    },
}


def test_values_are_converted_and_defaults_filled_in() -> None:
    args, found = validated(HTTPS_BINDINGS, {"bindings": [{"site": "S", "port": "8443"}], "allow": {"gap": "yes"}})
    assert found is None
    assert args["bindings"] == [
        {
            "site": "S",
            "host": "",
            "address": "*",
            "port": 8443,
            "state": "present",
            "sni": "keep",
            "certificate": None,
            "central_store": None,
            "options": None,
            "replaces": None,
        }
    ]
    assert args["allow"] == {"gap": True, "shared_change": [], "foreign": [], "shared_configuration": False}
    assert args["probe"] == {"on_unverified": "fail", "timeout": 5, "retries": 3}
    assert args["read"] == {"certificates": "candidates", "key_check": "open"} and args["plan"] is None


def test_what_check_makes_of_the_arguments_comes_along() -> None:
    assert validated(LOCK, {"door": "front"}, lambda args: args["door"].upper())[1] == "FRONT"


def _complain(args: Any) -> None:
    raise Invalid([Problem("door", "is locked"), Problem("codes[1].tries", "too many"), Problem("window", "is open")])


def test_faults_of_sense_join_those_of_shape_without_echo() -> None:
    with pytest.raises(Invalid) as refusal:
        validated(LOCK, {"codes": [{"pin": "1"}, {"pin": "2", "tries": "many"}], "bell": 1}, _complain)
    told = {problem.path: problem.message for problem in refusal.value.problems}
    assert told == {
        "bell": "is not known here; known are codes, door",
        "door": "is required",
        "codes[1].tries": "must be a whole number, is 'many'",
        "window": "is open",
    }


def test_faults_stand_in_the_order_of_the_request() -> None:
    args = {
        "door": "front",
        "codes": [{"pin": "1", "tries": "x" if number in (2, 10) else 1} for number in range(11)],
        "bell": 1,
    }
    with pytest.raises(Invalid) as refusal:
        validated(LOCK, args)
    assert [problem.path for problem in refusal.value.problems] == ["bell", "codes[2].tries", "codes[10].tries"]


def test_a_digit_that_is_no_number_is_a_name_like_any_other() -> None:
    with pytest.raises(Invalid) as refusal:
        validated(LOCK, {"door": "front", "²": 1})
    assert [problem.path for problem in refusal.value.problems] == ["²"]


def test_no_secret_is_told() -> None:
    def tell(args: Any) -> None:
        raise Invalid([Problem("door", f"{args['codes'][0]['pin']} does not open it")])

    with pytest.raises(Invalid) as refusal:
        validated(LOCK, {"door": "front", "codes": [{"pin": "hunter2", "tries": "x hunter2"}]}, tell)
    assert "hunter2" not in str(refusal.value) and len(refusal.value.problems) == 2
    assert secrets_of(LOCK, {"codes": [{"pin": "hunter2"}, {"pin": ""}, "x"]}) == {"hunter2"}


@pytest.mark.parametrize("codes", ["1234", 7, [None], [7], [[]]])
def test_a_list_that_is_none_never_crashes(codes: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        validated(LOCK, {"door": "front", "codes": codes})
    assert all(problem.path.startswith("codes") for problem in refusal.value.problems)


class Marked(str):
    """Text with a mark, as every core has its own."""


class Counted(int):
    """The same for numbers."""


def test_plain_goes_all_the_way_down() -> None:
    _exact(plain({Marked("a"): [Marked("b"), Counted(5), {Marked("c"): Marked("d")}]}))
    odd = wrap_var({"a": ["x", {"b": "y"}], "n": 5, "t": True, "none": None, "f": 1.5})
    result = plain(odd)
    assert result == {"a": ["x", {"b": "y"}], "n": 5, "t": True, "none": None, "f": 1.5}
    _exact(result)
    assert plain(("a", datetime.date(2026, 1, 2), b"c")) == ["a", "2026-01-02", "c"]


def _exact(value: Any) -> None:
    assert type(value).__module__ == "builtins"
    for item in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []:
        _exact(item)

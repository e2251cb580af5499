# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed arguments, farms and plan files, given to the real actions: one clear error with its place, no host asked, no file written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.visible import visible
from support.actions import API, SHOP, Simulated, description, own_certificate_wish, run

CHOSEN = {"certificate": {"thumbprint": "AB" * 20}}


def wish(**more: Any) -> dict[str, Any]:
    return {"bindings": [{"site": "Shop", "host": "shop.example.com", **more}]}


def select(**more: Any) -> dict[str, Any]:
    return wish(certificate={"select": more})


#: Place of the fault, words of the message, arguments of https_bindings.
ARGUMENTS: list[tuple[str, str, dict[str, Any]]] = [
    ("bindings[0].options.disable_http2", "true or false", wish(options={"disable_http2": "maybe"})),
    ("bindings[0].options.disable_ssl", "is not known here", wish(options={"disable_ssl": True})),
    ("bindings[0].options", "a mapping", wish(options=["disable_http2"])),
    ("bindings[0].options.ctl_store", "cannot be seen", wish(options={"ctl_store": "Partners\u202e"})),
    ("bindings[0].central_store", "true or false", wish(central_store="sometimes")),
    ("bindings[0].central_store", "needs a host name", {"bindings": [{"site": "Shop", "central_store": True}]}),
    ("bindings[0].certificate", "has no meaning with central_store", wish(central_store=True, **CHOSEN)),
    ("bindings[0].replaces", "a mapping", wish(replaces="old.example.com")),
    ("bindings[0].replaces.site", "is not known here", wish(replaces={"site": "Old"})),
    ("bindings[0].replaces.port", "a whole number", wish(replaces={"port": "https"})),
    ("bindings[0].replaces.port", "70000", wish(replaces={"port": 70000})),
    ("bindings[0].replaces.host", "two words", wish(replaces={"host": "two words"})),
    ("bindings[0].replaces", "the very binding", wish(replaces={"host": "SHOP.example.com"})),
    ("bindings[0].certificate.select", "a mapping", wish(certificate={"select": "newest"})),
    ("bindings[0].certificate.select.subject", "is not known here", select(subject="CN=shop")),
    ("bindings[0].certificate.select.names", "a list", select(names={"a": 1})),
    ("bindings[0].certificate.select.names[1]", "10.0.0.5", select(names=["a.example", "10.0.0.5"])),
    ("bindings[0].certificate.select.min_days", "a whole number", select(min_days="soon")),
    ("bindings[0].certificate.select.min_days", "36500", select(min_days=40000)),
    ("bindings[0].certificate.select.key_types[0]", "rsa, ec", select(key_types=["dsa"])),
    ("bindings[0].certificate.select.issuers[0]", "is empty", select(issuers=[" "])),
    ("bindings[0].certificate.select.stores[0]", "is empty", select(stores=[""])),
    ("bindings[0].certificate.friendly_name", "is not known here", wish(certificate={"friendly_name": "shop"})),
    ("remove_others.scope", "must be one of", {**wish(), "remove_others": {"scope": "everything"}}),
    ("remove_others.scope", "needs 'bindings'", {"repair": [], "remove_others": {"scope": "host"}}),
    ("remove_others.at_most", "0 or more", {**wish(), "remove_others": {"scope": "host", "at_most": -1}}),
    ("remove_others.at_most", "a whole number", {**wish(), "remove_others": {"scope": "host", "at_most": "all"}}),
    ("remove_others.keep[0]", "is empty", {**wish(), "remove_others": {"scope": "host", "keep": [" "]}}),
    ("remove_others", "a mapping", {**wish(), "remove_others": "host"}),
    ("remove_others.sites", "is not known here", {**wish(), "remove_others": {"sites": ["Shop"]}}),
    ("allow.everything", "is not known here", {**wish(), "allow": {"everything": True}}),
    ("allow.gap", "true or false", {**wish(), "allow": {"gap": "perhaps"}}),
    ("allow.foreign", "a list", {**wish(), "allow": {"foreign": {"sstp": True}}}),
    ("allow.shared_configuration", "true or false", {**wish(), "allow": {"shared_configuration": "web01"}}),
    ("allow", "a mapping", {**wish(), "allow": "all"}),
    ("bridge", "is not known here", {**wish(), "bridge": True}),
    ("guard", "a mapping", {**wish(), "guard": 5}),
    ("guard.minutes", "is required", {**wish(), "guard": {}}),
    ("guard.minutes", "a whole number", {**wish(), "guard": {"minutes": "ten"}}),
    ("guard.minutes", "a whole number, is inf", {**wish(), "guard": {"minutes": float("inf")}}),
    ("bindings[0].port", "a whole number, is -inf", wish(port=float("-inf"))),
    ("guard.minutes", "1 to 1440", {**wish(), "guard": {"minutes": 0}}),
    ("guard.minutes", "1 to 1440", {**wish(), "guard": {"minutes": 1441}}),
    ("guard.hours", "is not known here", {**wish(), "guard": {"minutes": 1, "hours": 1}}),
    ("repair[0]", "begins with no finding id (with a repair are: ", {"repair": ["everything"]}),
    ("repair[0]", "begins with no finding id (nearest: orphan", {"repair": ["orphans 10.0.0.5:443"]}),
    ("repair[1]", "begins with no finding id", {"repair": ["orphan", ""]}),
    ("repair", "a list", {"repair": {"orphan": True}}),
    ("plan", "cannot stand beside bindings", {**wish(), "plan": "approved.json"}),
    (
        "plan",
        "cannot stand beside bindings and remove_others",
        {"plan": "x", "bindings": [], "remove_others": {"scope": "host"}},
    ),
]


@pytest.mark.parametrize(
    ("path", "words", "args"), ARGUMENTS, ids=[f"{path} {words}" for path, words, _args in ARGUMENTS]
)
def test_an_argument_that_makes_no_sense_is_refused_before_any_call(
    path: str, words: str, args: dict[str, Any]
) -> None:
    """Without a host behind the action, any call of a module would be an error of its own."""
    one_problem(run("https_bindings", args), path, words)


def one_problem(result: dict[str, Any], path: str, words: str) -> None:
    assert result["failed"] is True and result["changed"] is False
    assert [item["path"] for item in result["problems"]] == [path]
    assert words in result["problems"][0]["message"]
    assert visible(result["msg"].replace("\n", " ")) == result["msg"].replace("\n", " ")


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("path", "words", "allow"),
    [
        ("bindings[0]", 'foreign: ["WinRM"]', {"foreign": ["sstp"], "shared_change": ["Api"]}),
        ("allow.shared_change", '["Api"]', {"shared_change": ["Shop"], "foreign": ["WinRM"]}),
    ],
)
def test_consent_by_a_wrong_name_is_none(path: str, words: str, allow: dict[str, Any], check_mode: bool) -> None:
    owned = {"family": "ipport", "key": "0.0.0.0:443", "thumbprint": SHOP, "store": "MY", "options": {}}
    foreign = path == "bindings[0]"
    there = Simulated(description(records=[{**owned, "app_id": WINRM}] if foreign else [owned]))
    args = wish(certificate={"thumbprint": there.thumbprint(API)}, sni="never")
    refused = run("https_bindings", {**args, "allow": allow}, there, check_mode=check_mode)
    ((told, message),) = [(item["path"], item["message"]) for item in refused["problems"]]
    assert refused["failed"] is True and told == path and words in message
    assert there.names == ["host_reader"] and there.host.writes == 0


WINRM = "{afebb9ad-9b97-4a91-9ab5-daf4d59122f6}"


def farm(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Documents of as many nodes as there are changes."""
    found = []
    for number, change in enumerate(changes, 1):
        node = Simulated(description(slug=f"web0{number}", shared_configuration=True))
        found.append({**node.host.read(), **change})
    return found


@pytest.mark.parametrize(
    ("path", "words", "documents"),
    [
        ("documents", "a list", {"web01": 1}),
        ("documents", "at least two hosts", []),
        ("documents[1]", "must be a mapping", ["web01", "web02"]),
        ("documents[1].os", "must be an object", farm({}, {"os": None})),
        ("documents[0].version", "only version 1", farm({"version": 7}, {})),
        ("documents[0].name", "cannot be the name of a file", farm({"name": "../web01"}, {})),
        ("documents[1]", "is there twice", farm({}, {"name": "WEB01"})),
        ("documents[1]", "does not share", farm({}, {"shared_configuration": False})),
        ("documents[1]", "different sites or bindings", farm({}, {"sites": []})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_farm_is_refused_and_no_plan_is_written(
    path: str, words: str, documents: Any, tmp_path: Path
) -> None:
    args = {**wish(sni="required"), "documents": documents, "dest": str(tmp_path / "farm")}
    result = run("https_bindings_plan", {**args, "allow": {"shared_configuration": True}})
    told = {item["path"]: item["message"] for item in result["problems"]}
    assert words in told[path] and result["failed"] is True
    assert list(tmp_path.iterdir()) == []


def test_a_farm_beside_a_single_host_is_refused(tmp_path: Path) -> None:
    documents = farm({}, {})
    args = {**wish(), "documents": documents, "document": documents[0], "dest": str(tmp_path / "farm")}
    one_problem(run("https_bindings_plan", args), "document", "exactly one of")
    assert list(tmp_path.iterdir()) == []


RECORD = {"op": "record_set", "family": "ipport", "key": "10.0.0.5:443", "before": None}
IMAGE = {"thumbprint": "AB" * 20}
EDIT = {"site": "Shop", "position": 0, "before": None, "after": None}
LOOK = {"address": "10.0.0.5", "port": 443, "sni": None, "expect": None}


def steps(*items: Any) -> dict[str, Any]:
    return {"steps": list(items)}


FILES: list[tuple[str, str, Any]] = [
    ("plan", "is not JSON", "{"),
    ("plan", "is not a plan file", []),
    ("plan", "is not a plan file", {"format": "tlsfleet.iis/document"}),
    ("plan.version", "only version 1", {"version": 2}),
    ("plan.version", "only version 1", {"version": "1"}),
    ("plan.host", "must not be empty", {"host": ""}),
    ("plan.approved_by", "is not a known key", {"approved_by": "me"}),
    ("plan.shared_configuration", "true or false", {"shared_configuration": "yes"}),
    ("plan.steps", "must be a list", {"steps": {"op": "probe"}}),
    ("plan.steps[0]", "must be an object", steps("record_set")),
    ("plan.steps[0].op", "must be one of", steps({"op": "run_command"})),
    ("plan.steps[0].command", "is not a known key", steps({**RECORD, "after": IMAGE, "command": "reg delete"})),
    ("plan.steps[0]", "record_set needs after", steps({**RECORD, "after": None})),
    (
        "plan.steps[1]",
        "record_delete needs before",
        steps({**RECORD, "after": IMAGE}, {**RECORD, "op": "record_delete", "after": IMAGE}),
    ),
    ("plan.steps[0].key", "", steps({**RECORD, "key": "10.0.0.5", "after": IMAGE})),
    ("plan.steps[0].family", "must be one of", steps({**RECORD, "family": "ip", "after": IMAGE})),
    ("plan.steps[0].after.thumbprint", "", steps({**RECORD, "after": {"thumbprint": "AB"}})),
    ("plan.steps[0].after.flags", "", steps({**RECORD, "after": {**IMAGE, "flags": -1}})),
    ("plan.steps[0].after.flag", "is not a known key", steps({**RECORD, "after": {**IMAGE, "flag": 1}})),
    ("plan.steps[0].edits", "", steps({"op": "bindings"})),
    ("plan.steps[0].edits[0]", "needs before, after or both", steps({"op": "bindings", "edits": [EDIT]})),
    ("plan.steps[0].endpoints[0].port", "", steps({"op": "probe", "endpoints": [{**LOOK, "port": 0}]})),
    (
        "plan.steps[0].endpoints[0].expected",
        "is not a known key",
        steps({"op": "probe", "endpoints": [{**LOOK, "expected": "x"}]}),
    ),
]


@pytest.mark.parametrize(
    ("path", "words", "content"), FILES, ids=[f"{path} {words}" for path, words, _content in FILES]
)
def test_a_malformed_plan_file_is_refused_before_any_call(path: str, words: str, content: Any, tmp_path: Path) -> None:
    file = tmp_path / "approved.json"
    sound = {"format": "tlsfleet.iis/plan", "version": 1, "host": "WEB01", "steps": []}
    whole = {**sound, **content} if isinstance(content, dict) else content
    file.write_text(whole if isinstance(whole, str) else json.dumps(whole), encoding="utf-8")
    one_problem(run("https_bindings", {"plan": str(file)}), path, words)


@pytest.mark.parametrize(
    ("path", "words", "change"),
    [
        ("plan.host", "the plan is for WEB99", {"host": "WEB99"}),
        ("plan.steps[0]", "record hostnameport api.example.com:443 was", {"record": "AB" * 20}),
        ("plan.steps[1].edits[0]", "has no binding", {"site": []}),
        ("plan.steps[1].edits[0]", "is not there", {"site": None}),
    ],
    ids=["host", "record", "binding", "site"],
)
def test_an_approved_plan_that_no_longer_fits_is_refused_and_nothing_is_written(
    path: str, words: str, change: dict[str, Any], tmp_path: Path
) -> None:
    there, file = Simulated(description()), tmp_path / "approved.json"
    run("https_bindings_plan", {**own_certificate_wish(there), "document": there.host.read(), "dest": str(file)})
    plan = json.loads(file.read_text())
    plan["host"] = change.get("host", plan["host"])
    if "record" in change:
        plan["steps"][0].update(op="record_update", before={"thumbprint": change["record"]})
    if "site" in change:
        sites = [item for item in there.host.iis.sites if item["name"] != "Api" or change["site"] is not None]
        there.host.iis.sites = [
            {**item, "bindings": change["site"] if item["name"] == "Api" else item["bindings"]} for item in sites
        ]
    file.write_text(json.dumps(plan))
    result = run("https_bindings", {"plan": str(file)}, there)
    one_problem({**result, "changed": False}, path, words)
    assert there.names == ["host_reader"] and there.host.writes == 0


def test_there_are_enough_of_them() -> None:
    assert len(ARGUMENTS) + len(FILES) >= 60
    with_place = {path.split("[")[0].split(".")[0] for path, _words, _given in [*ARGUMENTS, *FILES]}
    assert with_place >= {"bindings", "remove_others", "allow", "guard", "repair", "plan", "bridge"}

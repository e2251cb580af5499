# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged documents: one clear error each, with its place; and odd content that is no damage and must do no harm."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.problems import Invalid
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.visible import visible
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import make_plan
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.request import parse_request
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.explain import explain
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.info import info
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.plan_words import plan_lines
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.render.results import predicted
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import find
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.wire.document import parse_document
from support.certificates import NOW
from support.documents import document, record, site, stored
from support.schema import valid

THUMB = "AB" * 20
CERT = stored("a.example")
SITE = {"id": 1, "name": "S", "state": "started", "bindings": []}
BINDING = {"protocol": "https", "information": "*:443:", "ssl_flags": None}


def binding(**more: Any) -> dict[str, Any]:
    return {"sites": [{**SITE, "bindings": [{**BINDING, **more}]}]}


def held(key: str, family: str = "ipport", **more: Any) -> dict[str, Any]:
    return {"records": [{"family": family, "key": key, "thumbprint": THUMB, **more}]}


def certificate(**more: Any) -> dict[str, Any]:
    return {"certificates": [{**CERT, **more}]}


DAMAGED: list[tuple[str, str, dict[str, Any]]] = [
    ("os", "must be an object, not null", {"os": None}),
    ("os", "must be an object, not a list", {"os": []}),
    ("iis", "must be an object, not text", {"iis": "10.0"}),
    ("iis.minor", "is missing", {"iis": {"major": 10}}),
    ("name", "must not be empty", {"name": ""}),
    ("name", "must be text, not a whole number", {"name": 5}),
    ("read_at", "must be a time like", {"read_at": "yesterday"}),
    ("read_at", "must be a time like", {"read_at": "2026-11-24T12:00:00Z\n"}),
    ("reader", "must be an object, not null", {"reader": None}),
    ("reader.key_check", "must be one of", {"reader": {"version": "1", "certificates": "all", "key_check": "guess"}}),
    ("simulated", "must be true or false, not a whole number", {"simulated": 1}),
    ("addresses", "must be a list, not text", {"addresses": "10.0.0.5"}),
    ("ip_listen[0]", "must be text, not null", {"ip_listen": [None]}),
    ("http_ports", "must be a list of ports", {"http_ports": [443.0]}),
    ("http_ports", "must be a list of ports", {"http_ports": [True]}),
    ("http_ports", "must be a list of ports", {"http_ports": "443"}),
    ("update_exported", "must be true or false, not text", {"update_exported": "yes"}),
    ("shared_configuration", "must be true or false, not null", {"shared_configuration": None}),
    ("sites", "must be a list, not an object", {"sites": {}}),
    ("sites[0]", "must be an object, not null", {"sites": [None]}),
    ("sites[0].name", "is missing", {"sites": [{key: SITE[key] for key in ("id", "state", "bindings")}]}),
    ("sites[0].id", "must be a whole number, not text", {"sites": [{**SITE, "id": "1"}]}),
    ("sites[1].name", "is there twice (s)", {"sites": [SITE, {**SITE, "name": "s", "id": 2}]}),
    ("sites[0].bindings[0].protocol", "must be text", binding(protocol=5)),
    ("sites[0].bindings[0].ssl_flags", "must be between 0 and 4294967295", binding(ssl_flags=2**40)),
    ("sites[0].bindings[0].certificate", "is not a known key", binding(certificate=THUMB)),
    ("records[0].key", "'10.0.0.5:0' has no port", held("10.0.0.5:0")),
    ("records[0].key", "'10.0.0.5:70000' has no port", held("10.0.0.5:70000")),
    ("records[0].key", "'10.0.0.5:443x' has no port", held("10.0.0.5:443x")),
    ("records[0].key", "has no port", held("10.0.0.5:４４３")),
    ("records[0].key", "has no port", held("")),
    ("records[0].key", "is neither an IP address", held("10.0.0.256:443")),
    ("records[0].key", "is neither an IP address", held("shop.example:443")),
    ("records[0].key", "has no host name", held(":443", "hostnameport")),
    ("records[0].thumbprint", "is not a SHA-1 thumbprint", held("0.0.0.0:443", thumbprint="AB" * 32)),
    ("records[0].app_id", "must be text", held("0.0.0.0:443", app_id=5)),
    ("records[0].app_id", "must be a GUID in braces", held("0.0.0.0:443", app_id="mine")),
    ("records[0].flags", "not true or false", held("0.0.0.0:443", flags=True)),
    ("records[0].flags", "must be a whole number, not float", held("0.0.0.0:443", flags=1.5)),
    ("records[0].flags", "does not fit into 64 bits", held("0.0.0.0:443", flags=10**30)),
    ("records[0].check_mode", "must be between", held("0.0.0.0:443", check_mode=-1)),
    (
        "certificates[0].der",
        "is missing",
        {"certificates": [{key: CERT[key] for key in ("thumbprint", "store", "key")}]},
    ),
    ("certificates[0].der", "must be text", certificate(der=5)),
    ("certificates[0].der", "is not base64", certificate(der=CERT["der"] + "=")),
    ("certificates[0].der", "is not base64", certificate(der="ünïcode")),
    ("certificates[0].store", "must be text, not null", certificate(store=None)),
    ("certificates[0].renewed_by", "is not a SHA-1 thumbprint", certificate(renewed_by="xyz")),
    ("certificates[0].archived", "must be true or false", certificate(archived="no")),
    ("certificates[0].chain", "must be an object", certificate(chain=5)),
    ("certificates[0].chain.status", "must be between", certificate(chain={"status": -1, "elements": 1})),
    ("certificates[0].key.machine", "must be true or false", {"certificates": [stored("a.example", machine="yes")]}),
    ("certificates[0].key.system_access", "must be one of", {"certificates": [stored("a.example", system_access="?")]}),
    ("central_store.enabled", "is missing", {"central_store": {"files": []}}),
    ("central_store.files", "must be a list, not text", {"central_store": {"enabled": True, "files": "all"}}),
    ("url_reservations[0]", "must be text", {"url_reservations": [5]}),
    ("users[0].key", "has no port", {"users": [{"kind": "rdp", "key": "ipport", "thumbprint": None, "evidence": "x"}]}),
    ("users[0].kind", "must be one of", {"users": [{"kind": "x", "key": None, "thumbprint": None, "evidence": "x"}]}),
    ("users[0].thumbprint", "SHA-1", {"users": [{"kind": "rdp", "key": None, "thumbprint": "x", "evidence": "x"}]}),
    ("connection.tls", "is missing", {"connection": {"address": "*", "port": 443}}),
    ("journal.run", "is missing", {"journal": {"started": "2026-11-24T12:00:00Z", "steps": [], "done": 0}}),
    ("http_ports", "names a port twice", {"http_ports": [443, 443]}),
    ("addresses[0]", "must not be empty", {"addresses": [""]}),
    ("records[0].family", "must be one of", held("10.0.0.5:443", "ippor")),
    ("records[0].thumbprint", "is missing", {"records": [{"family": "ipport", "key": "10.0.0.5:443"}]}),
    (
        "certificates[0].key",
        "is missing",
        {"certificates": [{key: CERT[key] for key in ("thumbprint", "store", "der")}]},
    ),
    ("incomplete[0].message", "is missing", {"incomplete": [{"layer": "x", "code": "y"}]}),
    ("asked[0].what", "must be one of", {"asked": [{"what": "magic", "present": True, "evidence": "x"}]}),
    ("mappers[0].thumbprint", "SHA-1", {"mappers": [{"site": 1, "thumbprint": "x", "store": "MY"}]}),
    ("managers[0].kind", "is 'mine'", {"managers": [{"kind": "mine", "evidence": "x"}]}),
    ("rebind", "must be true or false", {"rebind": "yes"}),
    ("renewals[0].at", "must be a time", {"renewals": [{"at": "x", "old": THUMB, "new": THUMB}]}),
    ("renewals[0].old", "SHA-1", {"renewals": [{"at": "2026-11-24T12:00:00Z", "old": "y", "new": THUMB}]}),
]


@pytest.mark.parametrize(("path", "words", "change"), DAMAGED, ids=[f"{path} {words}" for path, words, _c in DAMAGED])
def test_damage_is_one_clear_error_with_its_place(path: str, words: str, change: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_document({**document(), **change})
    assert [problem.path for problem in refusal.value.problems] == [f"document.{path}"]
    assert words in refusal.value.problems[0].message
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "key", ["iis", "http_ports", "schema_ssl_flags", "update_exported", "central_store", "connection", "journal"]
)
def test_null_is_an_answer_and_silence_is_none(key: str) -> None:
    parse_document({**document(), key: None})
    with pytest.raises(Invalid, match=rf"document\.{key}: is missing"):
        parse_document({name: value for name, value in document().items() if name != key})


def test_there_are_enough_of_them() -> None:
    assert len(DAMAGED) >= 60


def test_all_damage_of_a_document_is_told_at_once() -> None:
    changes: dict[str, Any] = {"name": "", "http_ports": [0], "rebind": 5, "url_reservations": [1, 2]}
    with pytest.raises(Invalid) as refusal:
        parse_document({**document(), **changes})
    assert len(refusal.value.problems) == 5


@pytest.mark.parametrize("version", [0, 2, -1, "1", 1.5, None, True, 10**40])
def test_an_unknown_version_is_refused_before_anything_else(version: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_document({**document(), "version": version, "sites": "nonsense"})
    assert [problem.path for problem in refusal.value.problems] == ["document.version"]


WHOLE = base64.b64decode(CERT["der"])


# The length of an ECDSA signature differs from run to run, so no length of WHOLE stands in the name of a test.
@pytest.mark.parametrize("length", [0, 1, 2, 4, 10, "half", "all but one"])
def test_a_der_cut_anywhere_is_a_finding_and_no_repair_binds_it(length: int | str) -> None:
    end = {"half": len(WHOLE) // 2, "all but one": len(WHOLE) - 1}.get(str(length), length)
    cut = {**CERT, "der": base64.b64encode(WHOLE[: int(end)]).decode()}
    sites, records = [site("S", "*:443:a.example=1")], [record("a.example:443", CERT)]
    host = parse_document(document(sites=sites, records=records, certificates=[cut], http_ports=[443]))
    found = [item for item in find(host, NOW) if item.id == "certificate_unparsable"]
    assert [item.repair for item in found] == [None]
    assert make_plan(host, parse_request({"repair": ["certificate_unparsable"]}), NOW).empty


@pytest.mark.parametrize("permille", range(0, 1000, 80))
def test_a_changed_byte_is_a_finding_or_another_certificate(permille: int) -> None:
    changed = bytearray(WHOLE)
    changed[len(WHOLE) * permille // 1000] ^= 0xFF
    data = document(certificates=[{**CERT, "der": base64.b64encode(bytes(changed)).decode()}])
    try:
        assert parse_document(data).certificates[0].facts is None
    except Invalid as refusal:
        assert [problem.path for problem in refusal.problems] == ["document.certificates[0].der"]
        assert "is another certificate" in str(refusal)


HOSTILE = (
    "two\nlines",
    "carriage\rreturn",
    "escape \x1b[2J\x1b[31m red",
    "bell\x07 and nul\x00",
    "right\u202eto left",
    "separator\u2028here",
    "{{ lookup('pipe', 'id') }}",
    "'; drop table sites; --",
    "<script>alert(1)</script>",
    "日本語 ß Ж 𝄞",
    "%n%s%x",
    "a" * 5000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=[ascii(text)[:20] for text in HOSTILE])
def test_hostile_text_is_shown_and_does_no_harm(text: str) -> None:
    held_by = {**CERT, "friendly_name": text}
    parts: dict[str, Any] = {
        "name": text,
        "os": {"name": text, "major": 10, "minor": 0, "build": 17763, "revision": None},
        "sites": [site(text, "*:443:a.example=1", "*:443:b.example=1"), site("Other", f"*:443:{text}=1", number=2)],
        "records": [record("a.example:443", CERT, ctl_store=text), record("10.0.0.5:443", CERT, ctl_identifier=text)],
        "certificates": [held_by],
        "users": [{"kind": "other", "key": "ipport 10.0.0.5:443", "thumbprint": None, "evidence": text}],
        "url_reservations": [f"https://{text}:443/"],
        "incomplete": [{"layer": "users", "code": text, "message": text}],
        "managers": [{"kind": "other", "evidence": text}],
    }
    host = parse_document(document(**parts))
    lines = explain(info(host, [], NOW))
    plan = make_plan(host, parse_request({"bindings": [_wish(text)]}), NOW)
    lines += plan_lines(predicted(plan))
    for line in lines:
        assert visible(line) == line and line.isprintable()
    assert predicted(plan)["plan"][-2]["edits"][0]["site"] == text, "the host is called by the very name it has"


def _wish(name: str) -> dict[str, Any]:
    return {"site": name, "host": "new.example", "certificate": {"thumbprint": CERT["thumbprint"]}}


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb", "a\\x0ab"), ("\x1b[0m", "\\x1b[0m"), ("\u202e", "\\u202e"), ("ß 日本", "ß 日本"), ("a\tb", "a\\x09b")],
)
def test_what_moves_the_cursor_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_record_without_a_certificate_is_reported() -> None:
    bare = {"family": "hostnameport", "key": "a.example:443", "thumbprint": None}
    host = parse_document(document(sites=[site("S", "*:443:a.example=1")], records=[bare], http_ports=[443]))
    found = [item.evidence for item in find(host, NOW) if item.id == "certificate_missing"]
    assert found == ["record hostnameport a.example:443 names no certificate; handshakes fail"]


REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("bindings[0].host", {"host": "shop.example."}),
    ("bindings[0].host", {"host": "shop\n.example"}),
    ("bindings[0].host", {"host": "shop\x00.example"}),
    ("bindings[0].host", {"host": "-shop.example"}),
    ("bindings[0].host", {"host": "shop..example"}),
    ("bindings[0].host", {"host": "*"}),
    ("bindings[0].host", {"host": "*shop.example"}),
    ("bindings[0].host", {"host": "☃☃☃.example\u202e"}),
    ("bindings[0].host", {"host": "[2001:db8::5]"}),
    ("bindings[0].host", {"host": "https://shop.example/"}),
    ("bindings[0].host", {"host": "shop.example:443"}),
    ("bindings[0].host", {"host": "{{ shop }}"}),
    ("bindings[0].address", {"address": "10.0.0"}),
    ("bindings[0].address", {"address": "10.0.0.5/24"}),
    ("bindings[0].address", {"address": "2001:db8:::5"}),
    ("bindings[0].address", {"address": "10.0.0.5:443"}),
    ("bindings[0].port", {"port": -443}),
    ("bindings[0].port", {"port": 10**9}),
    ("bindings[0].certificate.thumbprint", {"certificate": {"thumbprint": THUMB[:-1]}}),
    ("bindings[0].certificate.thumbprint", {"certificate": {"thumbprint": THUMB[:-1] + "G"}}),
    ("bindings[0].certificate.thumbprint", {"certificate": {"thumbprint": THUMB[:-1] + "\u0410"}}),
]


@pytest.mark.parametrize(("path", "change"), REQUESTS, ids=[f"{ascii(change)[:40]}" for _path, change in REQUESTS])
def test_a_malformed_wish_is_one_clear_error_with_its_place(path: str, change: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_request({"bindings": [{"site": "S", **change}]})
    assert [problem.path for problem in refusal.value.problems] == [path]
    assert visible(str(refusal.value)) == str(refusal.value)


def test_a_record_without_a_store_name_is_in_my_store() -> None:
    """An empty name is what http.sys may well give: no reason to read nothing of the host."""
    given = document(**held("10.0.0.5:443", store=""))
    assert parse_document(valid(given)).records[0].value.store is None

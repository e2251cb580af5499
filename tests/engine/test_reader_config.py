# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped C# reader on applicationHost.config: odd but legal forms, bad values, broken texts."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.fakes import config
from engine.fakes.example import small
from engine.harness.configs import IIS, ONE, SITE, blind, shown, whole
from engine.harness.lane import Lane

pytestmark = pytest.mark.mono
Host = Callable[[dict[str, Any]], Path]


@pytest.fixture
def read(lane: Lane, host: Host) -> Callable[[str | bytes], dict[str, Any]]:
    """The document of a machine with this applicationHost.config and one running site number 1."""

    def read_it(text: str | bytes) -> dict[str, Any]:
        folder = host(small(**IIS, sites=ONE))
        data = text if isinstance(text, bytes) else text.encode()
        (folder / "config" / "applicationHost.config").write_bytes(data)
        return lane.document(folder)

    return read_it


Read = Callable[[str | bytes], dict[str, Any]]
XML = '<?xml version="1.0" encoding="{}"?>'
UTF16 = whole(SITE, head=XML.format("utf-16"))
LEGAL = {
    "no declaration": whole(SITE),
    "utf-8 with BOM": b"\xef\xbb\xbf" + whole(SITE, head=XML.format("UTF-8")).encode(),
    "utf-16 little endian": b"\xff\xfe" + UTF16.encode("utf-16-le"),
    "utf-16 big endian": b"\xfe\xff" + UTF16.encode("utf-16-be"),
    "latin-1 with a name in it": whole(SITE, head=XML.format("ISO-8859-1") + "<!-- \u00fc -->").encode("latin-1"),
    "CRLF": whole(SITE).replace("><", ">\r\n  <"),
    "location around it": whole(SITE)
    .replace("<system.", '<location path="."><system.')
    .replace("Host></c", "Host></location></c"),
    "a site in a comment": whole(f"<!-- {SITE} -->{SITE}"),
    "neighbours": whole(
        '<siteDefaults><bindings><binding protocol="http" bindingInformation="*:1:"/></bindings></siteDefaults>'
        + SITE.replace("</site>", '<hsts enabled="true"/><vendor:x xmlns:vendor="urn:x"><bindings/></vendor:x></site>')
        + "<applicationDefaults/>"
    ),
    "another sslFlags": whole(SITE).replace(
        "</configuration>",
        '<location path="Shop"><system.webServer><access sslFlags="None"/></system.webServer></location></configuration>',
    ),
    "cleared": whole(
        SITE.replace("<bindings>", '<bindings><binding protocol="http" bindingInformation="*:80:"/><clear/>')
    ),
    "other order and lines": whole(
        SITE.replace('protocol="https" ', "").replace("sslFlags", '\n protocol="https"\n\tsslFlags')
    ),
    "entities": whole(SITE.replace("Shop", "&#83;hop").replace("*:443:shop", "*:443&#58;shop")),
    "attribute names in another case": whole(SITE.replace("sslFlags", "SSLFLAGS").replace("protocol", "Protocol")),
}


@pytest.mark.parametrize("text", LEGAL.values(), ids=LEGAL)
def test_legal_forms_are_understood(read: Read, text: str | bytes) -> None:
    found = read(text)
    assert blind(found) == []
    assert [(site["id"], site["name"]) for site in found["sites"]] == [(1, "Shop")]
    assert shown(found) == [("https", "*:443:shop", 1)]


@pytest.mark.parametrize(
    ("sites", "gaps"),
    [
        (SITE, []),
        (SITE + '<site name="Bare" id="2"/>', [("site_defaults", "not_modelled")]),
        ('<site name="Bare" id="2"/>', []),
    ],
)
def test_default_bindings_are_told_where_they_might_matter(read: Read, sites: str, gaps: list[tuple[str, str]]) -> None:
    default = '<siteDefaults><bindings><binding protocol="http" bindingInformation="*:1:"/></bindings></siteDefaults>'
    found = read(whole(sites + (default if SITE in sites else "<siteDefaults/>")))
    assert blind(found) == gaps
    assert shown(found) == ([("https", "*:443:shop", 1)] if SITE in sites else [])


FORMS = [
    ("https", "*:443:*.contoso.com"), ("http", ":8080:localhost"), ("https", ":443:*"), ("https", "*:443"),
    ("HTTPS", "*:443:HOST.Contoso.COM"), ("https", "[::]:443:"), ("https", "[2001:db8::5]:443:h"), ("ftp", "*:210:x"),
    ("net.tcp", "808:*"), ("net.tcp", "*"), ("net.pipe", "*"), ("net.msmq", "localhost"), ("msmq.formatname", "localhost"),
    ("http", "*:161902:localhost"), ("http", "*:localhost:localhost"), ("http", "1.1.1.1.1:61902:localhost"),
    ("https", "*:443:b\u00fccher.example"), ("https", " *:443:spaces "), ("https", "*:443:a&b\"c"),
]  # fmt: skip
FLAGS = ("0", "1", "2", "3", "33", "65", "97", "4294967295")


def test_texts_are_kept_as_they_stand(read: Read) -> None:
    wanted = [(*form, int(flags)) for form, flags in zip(FORMS, itertools.cycle(FLAGS), strict=False)]
    rows = "".join(
        f"<binding protocol={config.attribute(protocol)} bindingInformation={config.attribute(text)} sslFlags='{flags}'/>"
        for protocol, text, flags in wanted
    )
    found = read(whole(f'<site name="a" id="1"><bindings>{rows}</bindings></site>'))
    assert shown(found) == wanted
    assert blind(found) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('sslFlags="1"', 'sslFlags="NotExist"', "sslFlags is 'NotExist'"),
        ('sslFlags="1"', 'sslFlags=""', "sslFlags is ''"),
        ('sslFlags="1"', 'sslFlags="-1"', "sslFlags is '-1'"),
        ('sslFlags="1"', 'sslFlags="4294967296"', "sslFlags is '4294967296'"),
        (' id="1"', "", "id is ''"),
        (' id="1"', ' id="x"', "id is 'x'"),
        (' name="Shop"', "", "has no name"),
        (' protocol="https"', "", "protocol or bindingInformation is missing"),
        ('bindingInformation="*:443:shop"', 'bindingInformation=""', "protocol or bindingInformation is missing"),
    ],
)
def test_one_bad_value_is_named_with_its_line_and_the_rest_is_shown(read: Read, old: str, new: str, says: str) -> None:
    good = '<site name="Good" id="2"><bindings><binding protocol="http" bindingInformation="*:80:"/></bindings></site>'
    found = read(whole("\n\n" + SITE.replace(old, new) + good))
    assert blind(found) == [("sites", "bad_value")]
    message = found["incomplete"][0]["message"]
    assert says in message and "line 3" in message
    assert ("http", "*:80:", None) in shown(found)
    assert len(found["sites"]) == 2


BROKEN = {
    "empty": (b"", "malformed"),
    "cut": (whole(SITE)[:-40].encode(), "malformed"),
    "cut in a tag": (whole(SITE)[:90].encode(), "malformed"),
    "wrong end": (whole(SITE).replace("</site>", "</sites>").encode(), "malformed"),
    "two roots": ((whole(SITE) * 2).encode(), "malformed"),
    "doctype": (b"<!DOCTYPE configuration [<!ENTITY a 'b'>]>" + whole(SITE).encode(), "malformed"),
    "unknown encoding": (whole(SITE, head=XML.format("x-none")).encode(), "malformed"),
    "no section": (b"<configuration/>", "malformed"),
    "a fragment": (SITE.encode(), "malformed"),
    "below something else": (
        whole(SITE).replace("configuration>", "configuration><other>", 1).replace("</c", "</other></c").encode(),
        "malformed",
    ),
    "sites elsewhere": (b"<configuration><sites>" + SITE.encode() + b"</sites></configuration>", "malformed"),
}


@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_a_gap_and_shows_no_sites(read: Read, data: bytes, code: str) -> None:
    found = read(data)
    assert blind(found) == [("sites", code)]
    assert found["sites"] == []
    assert "applicationHost.config" in found["incomplete"][0]["message"]


def test_a_section_elsewhere_is_followed(lane: Lane, host: Host) -> None:
    folder = host(small(**IIS, sites=ONE))
    here = folder / "config"
    (here / "applicationHost.config").write_text(whole("", '<sites configSource="sites.config"/>'), encoding="utf-8")
    assert blind(lane.document(folder)) == [("sites", "not_found")]
    (here / "sites.config").write_text(f"<sites>{SITE}</sites>", encoding="utf-8")
    found = lane.document(folder)
    assert (shown(found), blind(found)) == ([("https", "*:443:shop", 1)], [])


def test_what_the_iis_6_metabase_left_behind_is_shown(read: Read) -> None:
    kept = "".join(
        f'<key path="LM/W3SVC/{number}"><property id="{prop}" dataType="Binary" value="{value}"/></key>'
        for number, prop, value in (
            (1, 5506, "qqqqqqqqqqqqqqqqqqqqqqqqqqo="),
            (2, 5506, "AB" * 20),
            (3, 5511, "WebHosting"),
            (4, 5506, "?"),
        )
    )
    both = '<property id="5511" dataType="String" value="WebHosting"/><property id="5506" value="{}"/>'.format(
        "AC" * 20
    )
    kept += f'<key path="lm/w3svc/5">{both}</key><key path="LM/W3SVC/Info">{both}</key><key/>'
    found = read(whole(f"<sites>{SITE}</sites><customMetadata>{kept}</customMetadata>", "{}"))
    assert found["mappers"] == [
        {"site": 1, "thumbprint": "AA" * 20, "store": "MY"},
        {"site": 2, "thumbprint": "AB" * 20, "store": "MY"},
        {"site": 5, "thumbprint": "AC" * 20, "store": "WebHosting"},
    ]
    # What is no mapper of a site, or has no thumbprint to show, still uses some certificate.
    assert [(user["kind"], user["thumbprint"]) for user in found["users"]] == [("other", None), ("other", "AC" * 20)]
    assert "LM/W3SVC/4" in found["users"][0]["evidence"]
    assert "LM/W3SVC/Info" in found["users"][1]["evidence"]

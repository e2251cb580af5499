# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For each kind of finding a host that has it: bindings, records, listeners, options, other users, the host itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from .documents import SERVER_2008_R2, document, record, site, stored


class Case(NamedTuple):
    """``parts`` of a document lead to one finding ``id`` on ``subject``; its evidence has ``words``, its repair ``repair``."""

    id: str
    subject: str
    severity: str
    words: str
    repair: str | None
    parts: dict[str, Any]

    @property
    def document(self) -> dict[str, Any]:
        """The whole document."""
        return document(**{"certificates": [SHOP, API], "http_ports": [80, 443], **self.parts})


SHOP, API, BOTH = stored("shop.example"), stored("api.example"), stored("shop.example api.example")
SHOP_RECORD = record("shop.example:443", SHOP)
SNI_SHOP = site("Shop", "*:443:shop.example=1")
SUBJECT = "Shop/*:443:shop.example"
KEY = "hostnameport shop.example:443"
OLD = {"os": SERVER_2008_R2}
OLD_IIS: dict[str, Any] = {**OLD, "iis": {"major": 7, "minor": 5}, "schema_ssl_flags": False, "update_exported": False}
WINDOWS_2012 = {"os": {"name": "Windows Server 2012", "major": 6, "minor": 2, "build": 9200, "revision": None}}
SSTP = "{ba195980-cd49-458b-9e23-c84ee0adcd75}"
RANDOM = "{7d1f6a52-0000-4000-8000-00000000beef}"
SOUND: dict[str, Any] = {"sites": [SNI_SHOP], "records": [SHOP_RECORD]}
CENTRAL = {"enabled": True, "files": ["other.example.pfx"]}
V6 = ["10.0.0.5", "2001:db8::5"]


def shop(**options: Any) -> dict[str, Any]:
    """The sound host, its record with further values."""
    return {"sites": [SNI_SHOP], "records": [{**SHOP_RECORD, **options}]}


def by_flags(bits: int, **options: Any) -> dict[str, Any]:
    """The shop with these sslFlags."""
    return {**shop(**options), "sites": [site("Shop", f"*:443:shop.example={bits}")]}


def asking(host: str, flags: int = 1) -> dict[str, Any]:
    return {"sites": [site("Shop", f"*:443:{host}={flags}")]}


RECORDS = [
    Case("record_missing", SUBJECT, "error", "does not exist", "bind certificate", {"sites": [SNI_SHOP]}),
    Case(
        "family_differs",
        SUBJECT,
        "warning",
        "there is 0.0.0.0:443, on which no binding relies",
        None,
        {"sites": [SNI_SHOP], "records": [record("0.0.0.0:443", SHOP)]},
    ),
    Case(
        "orphan",
        "10.0.0.5:443",
        "warning",
        "no binding of any site",
        "delete the record",
        {"records": [record("10.0.0.5:443", SHOP)], "http_ports": [80]},
    ),
    Case(
        "orphan",
        "10.0.0.5:443",
        "warning",
        "whether anybody listens there could not be read",
        None,
        {"records": [record("10.0.0.5:443", SHOP)], "http_ports": None},
    ),
    Case(
        "shadowed",
        SUBJECT,
        "error",
        "on 10.0.0.5 record 10.0.0.5:443 answers instead",
        "delete record 10.0.0.5:443",
        {"sites": [SNI_SHOP], "records": [SHOP_RECORD, record("10.0.0.5:443", API)]},
    ),
    Case(
        "shadowed",
        SUBJECT,
        "error",
        "it is used by RRAS/SSTP",
        None,
        {"sites": [SNI_SHOP], "records": [SHOP_RECORD, record("10.0.0.5:443", API, app_id=SSTP)]},
    ),
    Case(
        "shadowed",
        "Shop/*:443:shop.example",
        "warning",
        "with the certificate in shop.example.pfx of the central store",
        None,
        {
            "sites": [site("Shop", "*:443:shop.example=0"), site("Api", "*:443:api.example=3", number=2)],
            "records": [record("0.0.0.0:443", SHOP), record("443", None)],
            "central_store": {"enabled": True, "files": ["shop.example.pfx", "api.example.pfx"]},
        },
    ),
    Case(
        "address_families_differ",
        "port 443",
        "warning",
        f"[::]:443 has certificate {API['thumbprint']}, 0.0.0.0:443 has certificate {SHOP['thumbprint']}",
        None,
        {"records": [record("0.0.0.0:443", SHOP), record("[::]:443", API)], "addresses": V6},
    ),
    Case(
        "address_families_differ",
        "site Shop port 443",
        "warning",
        f"any name: 10.0.0.5:443 has certificate {SHOP['thumbprint']}, [2001:db8::5]:443 has certificate {API['thumbprint']}",
        None,
        {
            "sites": [site("Shop", "10.0.0.5:443:", "[2001:db8::5]:443:")],
            "records": [record("10.0.0.5:443", SHOP), record("[2001:db8::5]:443", API)],
            "addresses": V6,
        },
    ),
    Case(
        "several_certificates",
        "shop.example port 443",
        "warning",
        f"10.0.0.5:443 has certificate {SHOP['thumbprint']}, 10.0.0.6:443 has certificate {BOTH['thumbprint']}",
        None,
        {
            "sites": [site("Shop", "10.0.0.5:443:shop.example", "10.0.0.6:443:shop.example")],
            "records": [record("10.0.0.5:443", SHOP), record("10.0.0.6:443", BOTH)],
            "certificates": [SHOP, BOTH],
        },
    ),
    Case(
        "address_not_local",
        "Shop/10.9.9.9:443:shop.example",
        "warning",
        "no address of this host",
        None,
        {"sites": [site("Shop", "10.9.9.9:443:shop.example=1")], "records": [SHOP_RECORD]},
    ),
    Case(
        "address_not_local", "10.9.9.9:443", "info", "does not have", None, {"records": [record("10.9.9.9:443", SHOP)]}
    ),
    Case(
        "loopback_record",
        "127.0.0.1:443",
        "info",
        "on this machine only",
        None,
        {"records": [record("127.0.0.1:443", SHOP)]},
    ),
]

BINDINGS = [
    Case(
        "shared_with_other_wishes",
        "0.0.0.0:443",
        "error",
        "does not cover api.example",
        "turn SNI on for Api/*:443:api.example",
        {
            "sites": [site("Shop", "*:443:shop.example=0"), site("Api", "*:443:api.example=0", number=2)],
            "records": [record("0.0.0.0:443", SHOP)],
        },
    ),
    Case(
        "host_without_sni",
        "0.0.0.0:443",
        "info",
        "one certificate for api.example, shop.example",
        None,
        {
            "sites": [site("Shop", "*:443:shop.example=0"), site("Api", "*:443:api.example=0", number=2)],
            "records": [record("0.0.0.0:443", BOTH)],
            "certificates": [BOTH],
        },
    ),
    Case(
        "duplicate_binding",
        "*:443:shop.example",
        "warning",
        "Copy (stopped), Shop (started)",
        None,
        {
            "sites": [SNI_SHOP, site("Copy", "*:443:shop.example=1", state="stopped", number=2)],
            "records": [SHOP_RECORD],
        },
    ),
    Case(
        "duplicate_binding",
        "*:443:shop.example",
        "error",
        "Copy (started), Shop (started)",
        None,
        {"sites": [SNI_SHOP, site("Copy", ":443:shop.example=1", number=2)], "records": [SHOP_RECORD]},
    ),
    Case(
        "duplicate_binding",
        "Shop/*:443:",
        "warning",
        "3 times: *:443:, :443:, 0.0.0.0:443:",
        None,
        {"sites": [site("Shop", "*:443:", ":443:", "0.0.0.0:443:")], "records": [record("0.0.0.0:443", SHOP)]},
    ),
    Case("sni_unsupported", SUBJECT, "error", "no SNI before IIS 8", None, {**OLD_IIS, "sites": [SNI_SHOP]}),
    Case("sni_without_host", "Shop/*:443:", "error", "without a host name", None, asking("")),
    Case(
        "wildcard_host_unsupported",
        "Shop/*:443:*.example",
        "error",
        "(6.2.9200) lacks wildcard host names",
        None,
        {**WINDOWS_2012, **asking("*.example")},
    ),
    Case("host_name_unusable", "Shop/*:443:10.0.0.5", "warning", "is an address", None, asking("10.0.0.5")),
    Case("host_name_unusable", "Shop/*:443:www.*.example", "warning", "leftmost label", None, asking("www.*.example")),
    Case(
        "host_name_unusable",
        f"Shop/*:443:{'a.' * 150}example",
        "warning",
        "307 characters",
        None,
        asking("a." * 150 + "example"),
    ),
    Case(
        "binding_unreadable",
        "Shop/garbage",
        "warning",
        "reads 'garbage'",
        None,
        {"sites": [site("Shop", "garbage")]},
    ),
]

LISTENING = [
    Case(
        "default_certificate_missing",
        "port 443",
        "info",
        "clients without SNI meet no certificate on 10.0.0.5, 10.0.0.6",
        None,
        SOUND,
    ),
    Case("port_not_listening", "port 443", "warning", "on which Shop should run", None, {**SOUND, "http_ports": [80]}),
    Case(
        "listen_list_hides_address",
        "port 443",
        "warning",
        "leaves out 10.0.0.6: Shop/*:443:shop.example are not met there",
        None,
        {**SOUND, "ip_listen": ["10.0.0.5"]},
    ),
    Case(
        "http_ports_unknown",
        "host",
        "info",
        "10.0.0.5:443",
        None,
        {"records": [record("10.0.0.5:443", SHOP)], "http_ports": None},
    ),
]

OPTIONS = [
    Case("flags_differ", SUBJECT, "warning", "disable_http2, record", None, by_flags(5)),
    Case("flags_differ", SUBJECT, "info", "has disable_legacy_tls, the binding does not", None, shop(flags=0x400)),
    Case("flag_unsupported", SUBJECT, "warning", "lacks disable_quic", None, by_flags(17, flags=0x20)),
    Case("unknown_flag_bits", SUBJECT, "info", "0x100", None, by_flags(257)),
    Case("unknown_flag_bits", KEY, "info", "0x10000", None, shop(flags=0x10000)),
    Case("modern_tls_disabled", KEY, "error", "only TLS 1.1 and older are left", None, shop(flags=0x1000)),
    Case("modern_tls_disabled", KEY, "error", "no version is left", None, shop(flags=0x1400)),
    Case("record_rejects", KEY, "warning", "rejects connections", None, shop(flags=0x8)),
    Case("ctl_without_store", KEY, "warning", "'Partners' and no store", None, shop(ctl_identifier="Partners")),
    Case(
        "central_options_ignored",
        SUBJECT,
        "warning",
        "has disable_http2, which the port's record cannot hold",
        None,
        {**asking("shop.example", 7), "records": [record("443", None)], "central_store": CENTRAL},
    ),
]

CASES = [*RECORDS, *BINDINGS, *LISTENING, *OPTIONS]

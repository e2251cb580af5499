# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Structures and interfaces of the shipped C# lie as the SDK has them."""

from __future__ import annotations

import pytest
from engine.fakes.layout import LAYOUT, LAYOUT_32
from engine.harness.lane import Lane

pytestmark = pytest.mark.mono
#: Structure in C# -> structure of http.h, and C# field -> field there.
STRUCTURES = {
    "HttpVersion": ("HTTPAPI_VERSION", {"Major": "HttpApiMajorVersion", "Minor": "HttpApiMinorVersion"}),
    "SslSet": ("SSL_SET", {"Address": "KeyDesc.pIpPort", "Param": "ParamDesc.SslHashLength"}),
    "SslQuery": ("SSL_QUERY", {"Desc": "QueryDesc", "Address": "KeyDesc.pIpPort", "Token": "dwToken"}),
    "SniKey": ("SSL_SNI_KEY", {"Address": "IpPort", "Host": "Host"}),
    "SniSet": ("SSL_SNI_SET", {"Key": "KeyDesc.IpPort", "Param": "ParamDesc.SslHashLength"}),
    "SniQuery": ("SSL_SNI_QUERY", {"Desc": "QueryDesc", "Key": "KeyDesc.IpPort", "Token": "dwToken"}),
    "CcsSet": ("SSL_CCS_SET", {"Address": "KeyDesc.LocalAddress", "Param": "ParamDesc.SslHashLength"}),
    "CcsQuery": ("SSL_CCS_QUERY", {"Desc": "QueryDesc", "Address": "KeyDesc.LocalAddress", "Token": "dwToken"}),
    "UrlAclSet": ("URLACL_SET", {"Prefix": "pUrlPrefix", "Descriptor": "pStringSecurityDescriptor"}),
    "UrlAclQuery": ("URLACL_QUERY", {"Desc": "QueryDesc", "Prefix": "pUrlPrefix", "Token": "dwToken"}),
    "SslParam": (
        "SSL_PARAM",
        {
            "HashLength": "SslHashLength",
            "Hash": "pSslHash",
            "AppId": "AppId",
            "StoreName": "pSslCertStoreName",
            "CheckMode": "DefaultCertCheckMode",
            "Freshness": "DefaultRevocationFreshnessTime",
            "Timeout": "DefaultRevocationUrlRetrievalTimeout",
            "CtlIdentifier": "pDefaultSslCtlIdentifier",
            "CtlStore": "pDefaultSslCtlStoreName",
            "Flags": "DefaultFlags",
        },
    ),
}
#: Interface -> (id, members in slot order after IUnknown), from the SDK's ahadmin.idl.
INTERFACES = {
    "IAppHostAdminManager": (
        "9be77978-73ed-4a9a-87fd-13f09fec1b13",
        "GetAdminSection GetMetadata SetMetadata GetConfigManager",
    ),
    "IAppHostWritableAdminManager": (
        "fa7660f6-7b3f-4237-a8bf-ed0ad0dcbbd9",
        "GetAdminSection GetMetadata SetMetadata GetConfigManager CommitChanges GetCommitPath SetCommitPath",
    ),
    "IAppHostElement": (
        "64ff8ccc-b287-4dae-b08a-a72cbf45f453",
        "GetName GetCollection GetProperties GetChildElements GetMetadata SetMetadata GetSchema"
        " GetElementByName GetPropertyByName Clear GetMethods",
    ),
    "IAppHostElementCollection": (
        "c8550bff-5281-4b1e-ac34-99b6fa38464d",
        "GetCount GetItem AddElement DeleteElement Clear CreateNewElement GetSchema",
    ),
    "IAppHostProperty": (
        "ed35f7a1-5024-4e7b-a44d-07ddaf4b524d",
        "GetName GetValue SetValue Clear GetStringValue GetException GetMetadata SetMetadata GetSchema",
    ),
}


def test_structures_lie_as_in_the_sdk(lane: Lane) -> None:
    found = lane.ask({"do": "layout"})["structures"]
    for name, (original, fields) in STRUCTURES.items():
        size, offsets = LAYOUT[original]
        assert found[name] == {"size": size, "fields": {mine: offsets[theirs] for mine, theirs in fields.items()}}, name
    assert found["ProvInfo"] == {  # CRYPT_KEY_PROV_INFO, x64
        "size": 48,
        "fields": dict(Container=0, Provider=8, ProviderType=16, Flags=20, ParamCount=24, Params=32, KeySpec=40),
    }


#: Type of a field -> its size and alignment in a 32-bit process. Windows aligns numbers of 64 bits to 8 there, too.
NARROW = {"UInt16": (2, 2), "UInt32": (4, 4), "Int32": (4, 4), "IntPtr": (4, 4), "Int64": (8, 8), "Guid": (16, 4)}


def narrow(members: dict[str, list[list[str]]], name: str) -> tuple[int, int, list[int]]:
    """Size, alignment and offsets of a structure of the engine, laid out in sequence for 32 bits."""
    at, widest, offsets = 0, 1, []
    for _field, kind in members[name]:
        size, alignment = NARROW[kind] if kind in NARROW else narrow(members, kind)[:2]
        at += -at % alignment
        offsets.append(at)
        at, widest = at + size, max(widest, alignment)
    return at + -at % widest, widest, offsets


def test_structures_lie_as_on_32_bit_windows(lane: Lane) -> None:
    """No such process is at hand: reckoned from the types of the fields. The same reckoning for 64 bits gives what the marshaller says."""
    found = lane.ask({"do": "layout"})
    for name, (original, _fields) in STRUCTURES.items():
        size, _alignment, offsets = narrow(found["members"], name)
        assert (size, offsets) == LAYOUT_32[original], name
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(NARROW, "IntPtr", (8, 8))
        for name in STRUCTURES:
            size, _alignment, offsets = narrow(found["members"], name)
            assert {"size": size, "fields": offsets} == {
                "size": found["structures"][name]["size"],
                "fields": list(found["structures"][name]["fields"].values()),
            }


def test_interfaces_have_the_ids_and_the_slot_order_of_the_sdk(lane: Lane) -> None:
    found = lane.ask({"do": "layout"})["interfaces"]
    for name, (number, members) in INTERFACES.items():
        assert found[name] == {"id": number, "slots": members.split()}

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes and offsets of the HTTP Server API's configuration structures, as numbers, and for 64-bit Windows as C
that checks them."""

from __future__ import annotations

_PARAM = {
    "SslHashLength": 0,
    "pSslHash": 8,
    "AppId": 16,
    "pSslCertStoreName": 32,
    "DefaultCertCheckMode": 40,
    "DefaultRevocationFreshnessTime": 44,
    "DefaultRevocationUrlRetrievalTimeout": 48,
    "pDefaultSslCtlIdentifier": 56,
    "pDefaultSslCtlStoreName": 64,
    "DefaultFlags": 72,
}


def _param_at(start: int) -> dict[str, int]:
    return {f"ParamDesc.{name}": start + offset for name, offset in _PARAM.items()}


#: Structure (without HTTP_SERVICE_CONFIG_) -> size in bytes, offset of each field.
LAYOUT: dict[str, tuple[int, dict[str, int]]] = {
    "HTTPAPI_VERSION": (4, {"HttpApiMajorVersion": 0, "HttpApiMinorVersion": 2}),
    "GUID_": (16, {"Data1": 0, "Data2": 4, "Data3": 6, "Data4": 8}),
    # SOCKADDR_STORAGE with SOCKADDR_IN and SOCKADDR_IN6 in it
    "SOCKET_ROOM": (
        128,
        {"family": 0, "v4.port": 2, "v4.address": 4, "v6.port": 2, "v6.flow": 4, "v6.address": 8, "v6.scope": 24},
    ),
    "SSL_PARAM": (80, _PARAM),
    "SSL_KEY": (8, {"pIpPort": 0}),
    "SSL_SNI_KEY": (136, {"IpPort": 0, "Host": 128}),
    "SSL_CCS_KEY": (128, {"LocalAddress": 0}),
    "SSL_SET": (88, {"KeyDesc.pIpPort": 0, **_param_at(8)}),
    "SSL_SNI_SET": (216, {"KeyDesc.IpPort": 0, "KeyDesc.Host": 128, **_param_at(136)}),
    "SSL_CCS_SET": (208, {"KeyDesc.LocalAddress": 0, **_param_at(128)}),
    "SSL_QUERY": (24, {"QueryDesc": 0, "KeyDesc.pIpPort": 8, "dwToken": 16}),
    "SSL_SNI_QUERY": (152, {"QueryDesc": 0, "KeyDesc.IpPort": 8, "KeyDesc.Host": 136, "dwToken": 144}),
    "SSL_CCS_QUERY": (144, {"QueryDesc": 0, "KeyDesc.LocalAddress": 8, "dwToken": 136}),
    "URLACL_SET": (16, {"pUrlPrefix": 0, "pStringSecurityDescriptor": 8}),
    "URLACL_QUERY": (24, {"QueryDesc": 0, "pUrlPrefix": 8, "dwToken": 16}),
    "IP_LISTEN_PARAM": (16, {"AddrLength": 0, "pAddress": 8}),
    "IP_LISTEN_QUERY": (136, {"AddrCount": 0, "AddrList": 8}),
}

#: The same on 32-bit Windows, for a reader there: structure -> size, and offsets of its own fields in their order.
LAYOUT_32: dict[str, tuple[int, list[int]]] = {
    "HTTPAPI_VERSION": (4, [0, 2]),
    "SSL_PARAM": (52, [0, 4, 8, 24, 28, 32, 36, 40, 44, 48]),
    "SSL_SET": (56, [0, 4]),
    "SSL_QUERY": (12, [0, 4, 8]),
    "SSL_SNI_KEY": (136, [0, 128]),
    "SSL_SNI_SET": (192, [0, 136]),
    "SSL_SNI_QUERY": (152, [0, 8, 144]),
    "SSL_CCS_SET": (184, [0, 128]),
    "SSL_CCS_QUERY": (144, [0, 8, 136]),
    "URLACL_SET": (8, [0, 4]),
    "URLACL_QUERY": (12, [0, 4, 8]),
}

#: C source that compiles when, and only when, the fakes' structures lie like that.
ASSERTIONS = '#include "httpapi.h"\n' + "".join(
    f'_Static_assert(sizeof({name}) == {size}, "the size of {name}");\n'
    + "".join(
        f'_Static_assert(offsetof({name}, {field}) == {offset}, "{name}, {field}");\n'
        for field, offset in fields.items()
    )
    for name, (size, fields) in LAYOUT.items()
)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of the actions as values, in the shape of Ansible's argument specs. A test holds them against the docs.

``read`` and ``probe`` are common to all actions, so that ``module_defaults`` of the action group can set them; an action
they mean nothing to takes them and does nothing with them.
"""

from __future__ import annotations

from typing import Any

Options = dict[str, dict[str, Any]]

COMMON: Options = {
    "read": {
        "type": "dict",
        "apply_defaults": True,
        "options": {
            "certificates": {"type": "str", "choices": ["referenced", "candidates", "all"], "default": "candidates"},
            "key_check": {"type": "str", "choices": ["metadata", "open", "sign"], "default": "open"},
        },
    },
    "probe": {
        "type": "dict",
        "apply_defaults": True,
        "options": {
            "on_unverified": {"type": "str", "choices": ["fail", "ignore"], "default": "fail"},
            "timeout": {"type": "int", "default": 5},
            "retries": {"type": "int", "default": 3},
        },
    },
}

_SELECT: Options = {
    "names": {"type": "list", "elements": "str", "default": []},
    "issuers": {"type": "list", "elements": "str", "default": []},
    "min_days": {"type": "int", "default": 0},
    "key_types": {"type": "list", "elements": "str", "choices": ["rsa", "ec"], "default": []},
    "stores": {"type": "list", "elements": "str", "default": []},
}

_TLS_OPTIONS: Options = {
    "disable_http2": {"type": "bool"},
    "disable_quic": {"type": "bool"},
    "disable_tls13": {"type": "bool"},
    "disable_legacy_tls": {"type": "bool"},
    "disable_ocsp_stapling": {"type": "bool"},
    "negotiate_client_certificate": {"type": "bool"},
    "ds_mapper": {"type": "bool"},
    "ctl_identifier": {"type": "str"},
    "ctl_store": {"type": "str"},
}

_WANTED: Options = {
    "bindings": {
        "type": "list",
        "elements": "dict",
        "options": {
            "site": {"type": "str", "required": True},
            "host": {"type": "str", "default": ""},
            "address": {"type": "str", "default": "*"},
            "port": {"type": "int", "default": 443},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "sni": {"type": "str", "choices": ["keep", "auto", "required", "never"], "default": "keep"},
            "certificate": {
                "type": "dict",
                "options": {
                    "thumbprint": {"type": "str"},
                    "store": {"type": "str"},
                    "select": {"type": "dict", "options": _SELECT},
                },
            },
            "central_store": {"type": "bool"},
            "options": {"type": "dict", "options": _TLS_OPTIONS},
            "replaces": {
                "type": "dict",
                "options": {"address": {"type": "str"}, "port": {"type": "int"}, "host": {"type": "str"}},
            },
        },
    },
    "remove_others": {
        "type": "dict",
        "apply_defaults": True,
        "options": {
            "scope": {"type": "str", "choices": ["none", "listed_sites", "host"], "default": "none"},
            "at_most": {"type": "int", "default": 10},
            "keep": {"type": "list", "elements": "str", "default": []},
        },
    },
    "repair": {"type": "list", "elements": "str"},
    "allow": {
        "type": "dict",
        "apply_defaults": True,
        "options": {
            "shared_change": {"type": "list", "elements": "str", "default": []},
            "foreign": {"type": "list", "elements": "str", "default": []},
            "gap": {"type": "bool", "default": False},
            "shared_configuration": {"type": "bool", "default": False},
        },
    },
}

_ENDPOINT: Options = {
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 443},
    "sni": {"type": "str"},
}

_GUARD: Options = {"guard": {"type": "dict", "options": {"minutes": {"type": "int", "required": True}}}}

HTTPS_BINDINGS: Options = {**_WANTED, "plan": {"type": "path"}, **_GUARD, **COMMON}

HTTPS_BINDINGS_PLAN: Options = {
    "document": {"type": "dict"},
    "document_file": {"type": "path"},
    "documents": {"type": "list", "elements": "dict"},
    **_WANTED,
    "dest": {"type": "path"},
    **COMMON,
}

HTTPS_BINDINGS_INFO: Options = {
    "endpoints": {"type": "list", "elements": "dict", "default": [], "options": _ENDPOINT},
    "return_document": {"type": "bool", "default": False},
    **COMMON,
}

HTTPS_BINDINGS_FACTS: Options = {**COMMON}

SNI_ELIGIBILITY_INFO: Options = {
    "bindings": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "address": {"type": "str", "default": "*"},
            "port": {"type": "int", "default": 443},
            "host": {"type": "str", "default": ""},
        },
    },
    **COMMON,
}

HTTPS_ENDPOINT_INFO: Options = {
    "endpoints": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {**_ENDPOINT, "expect": {"type": "str"}},
    },
    "connect_to": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 5},
    "from": {"type": "str", "choices": ["controller"], "default": "controller"},
    **COMMON,
}

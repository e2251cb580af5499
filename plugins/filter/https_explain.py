# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter ``https_explain``: what a host serves and why, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.render.explain import explain
from ..plugin_utils.render.lines import WIDTH, fold, whole

_NEEDED = ("host", "certificates", "endpoint_classes", "findings")


def https_explain(value: Any, width: int = WIDTH) -> list[str]:
    """A result of ``https_bindings_info`` in words; of a failed or unreachable host only why."""
    if not isinstance(value, Mapping):
        raise AnsibleFilterError("https_explain: expects a result of https_bindings_info")
    if value.get("failed") or value.get("unreachable"):
        told = whole(f"could not be read: {value.get('msg') or 'no message'}").splitlines()
        return [part for line in told for part in fold(line, int(width), rest="  ")]
    missing = [name for name in _NEEDED if name not in value]
    if missing:
        raise AnsibleFilterError(f"https_explain: expects a result of https_bindings_info; {missing[0]} is missing")
    return explain(value, int(width))


class FilterModule:
    """The filter, as ansible-core looks for it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"https_explain": https_explain}

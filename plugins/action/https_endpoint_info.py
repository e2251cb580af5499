# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates are really shown: handshakes from the controller. No module call, no connection to the host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plugin_utils.shell import checks, spec
from ..plugin_utils.shell.action import HttpsAction
from ..plugin_utils.shell.observe import observe


class ActionModule(HttpsAction):
    """``tlsfleet.iis.https_endpoint_info``."""

    options = spec.HTTPS_ENDPOINT_INFO
    check = staticmethod(checks.handshakes)

    def work(self, args: Mapping[str, Any], asked: Any) -> dict[str, Any]:
        endpoints, redirects = asked
        return observe(endpoints, redirects, args["timeout"])

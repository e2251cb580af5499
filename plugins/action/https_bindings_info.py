# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host serves, and why. One module call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plugin_utils.model.endpoint import Endpoint
from ..plugin_utils.render.info import info
from ..plugin_utils.shell import checks, spec
from ..plugin_utils.shell.action import HttpsAction


class ActionModule(HttpsAction):
    """``tlsfleet.iis.https_bindings_info``."""

    options = spec.HTTPS_BINDINGS_INFO
    check = staticmethod(checks.asked_endpoints)

    def work(self, args: Mapping[str, Any], asked: tuple[Endpoint, ...]) -> dict[str, Any]:
        host, document = self.remote(args).read()
        found = info(host, asked, self.now())
        return {**found, "document": document} if args["return_document"] else found

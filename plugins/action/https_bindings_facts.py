# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host serves, as a fact that fits into any cache. One module call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plugin_utils.render.facts import NAME, facts
from ..plugin_utils.shell import checks, spec
from ..plugin_utils.shell.action import HttpsAction


class ActionModule(HttpsAction):
    """``tlsfleet.iis.https_bindings_facts``."""

    options = spec.HTTPS_BINDINGS_FACTS
    check = staticmethod(checks.common)

    def work(self, args: Mapping[str, Any], asked: None) -> dict[str, Any]:
        host = self.remote(args).read()[0]
        return {"changed": False, "simulated": host.simulated, "ansible_facts": {NAME: facts(host, self.now())}}

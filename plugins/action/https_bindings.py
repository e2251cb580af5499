# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare HTTPS bindings, repair findings, or apply an approved plan. One module call to read, one to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plugin_utils.planning.request import Request
from ..plugin_utils.shell import checks, spec
from ..plugin_utils.shell.action import HttpsAction
from ..plugin_utils.shell.change import carry_out, planned
from ..plugin_utils.shell.files import read_plan


class ActionModule(HttpsAction):
    """``tlsfleet.iis.https_bindings``."""

    options = spec.HTTPS_BINDINGS
    check = staticmethod(checks.bindings)

    def work(self, args: Mapping[str, Any], asked: Request | None) -> dict[str, Any]:
        wish = asked or read_plan(self.path(args["plan"]))
        remote = self.remote(args)
        host = remote.read()[0] if self.check_mode else remote.ready(args["probe"])
        plan = planned(host, wish, self.now())
        minutes = (args["guard"] or {}).get("minutes")
        return carry_out(remote, plan, args["probe"], self.now(), self.check_mode, minutes)

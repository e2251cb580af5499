# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can this host, and this binding, use SNI, and what else would work? One module call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plugin_utils.render.info import sni_eligibility
from ..plugin_utils.rules.eligibility import Wanted
from ..plugin_utils.shell import checks, spec
from ..plugin_utils.shell.action import HttpsAction


class ActionModule(HttpsAction):
    """``tlsfleet.iis.sni_eligibility_info``."""

    options = spec.SNI_ELIGIBILITY_INFO
    check = staticmethod(checks.wanted)

    def work(self, args: Mapping[str, Any], asked: tuple[Wanted, ...]) -> dict[str, Any]:
        return sni_eligibility(self.remote(args).read()[0], asked, self.now())

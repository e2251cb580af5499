# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan from a saved document, without any connection; the plan file can be approved and applied exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plugin_utils.planning.request import Request
from ..plugin_utils.render.results import predicted
from ..plugin_utils.render.text import plan_document
from ..plugin_utils.shell import checks, spec
from ..plugin_utils.shell.action import HttpsAction
from ..plugin_utils.shell.change import planned
from ..plugin_utils.shell.farm import farm_plans
from ..plugin_utils.shell.files import read_json, write_plan
from ..plugin_utils.wire.document import parse_document
from ..plugin_utils.wire.views import utc


class ActionModule(HttpsAction):
    """``tlsfleet.iis.https_bindings_plan``."""

    options = spec.HTTPS_BINDINGS_PLAN
    check = staticmethod(checks.plan)

    def work(self, args: Mapping[str, Any], asked: Request) -> dict[str, Any]:
        now, name = self.now(), args["document_file"]
        dest = self.path(args["dest"]) if args["dest"] else None
        if args["documents"] is not None:
            return farm_plans(args["documents"], asked, now, dest, self.check_mode)
        document = read_json(self.path(name), "document_file") if name else args["document"]
        plan = planned(parse_document(document), asked, now)
        written = dest is not None and write_plan(dest, plan_document(plan, utc(now)), self.check_mode)
        return {**predicted(plan), "changed": written, "host": plan.host.name, "dest": dest and str(dest)}

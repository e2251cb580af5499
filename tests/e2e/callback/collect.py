# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback for tests: every result of a play as one JSON line in the file that E2E_RESULTS names."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: collect
type: aggregate
short_description: results as JSON lines, for tests
version_added: 0.1.0
author: tlsfleet.iis contributors (@tlsfleet)
description:
  - Appends one line per result of a task to the file that E(E2E_RESULTS) names.
"""


class CallbackModule(CallbackBase):
    """Names as ansible-core calls them."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "collect"

    def _write(self, result: Any, status: str) -> None:
        value = json.loads(json.dumps(result._result, default=str))
        line = {"host": result._host.get_name(), "task": result._task.get_name(), "status": status, "result": value}
        with open(os.environ["E2E_RESULTS"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write(result, "unreachable")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write(result, "skipped")

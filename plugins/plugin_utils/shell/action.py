# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all actions share: arguments judged before anything is called, refusals and host errors as results, the clock."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ..model.host import Host
from ..model.problems import Invalid
from ..render.lines import message
from ..render.results import host_error, refusal
from ..wire.certificates import LACKING
from ..wire.reply import HostError
from .arguments import validated
from .plain import plain
from .remote import Remote
from .spec import Options

_NO_ASYNC = (
    "async is refused: an interrupted change is put right only while the task itself is watching it. "
    "Leave out async and poll; the connection's own timeouts are long enough"
)


class HttpsAction(ActionBase):
    """An action is its spec, the check of its arguments, and :meth:`work`."""

    options: ClassVar[Options]

    @staticmethod
    def check(args: Mapping[str, Any]) -> Any:
        """Do the arguments make sense? What :meth:`work` is to get beside them. Raises Invalid."""
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry. Faults of connections go on to Ansible, which calls the host unreachable or the task failed."""
        if self._task.async_val:
            return {"failed": True, "changed": False, "msg": message(_NO_ASYNC)}
        if LACKING:
            return {"failed": True, "changed": False, "msg": message(LACKING)}
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._vars = task_vars or {}
        try:
            args, asked = validated(self.options, plain(self._task.args), self.check)
            found = self.work(args, asked)
        except Invalid as fault:
            found = refusal(fault.problems, self._host, fault.hint)
        except HostError as fault:
            found = host_error(fault, self._host)
        if self._remote:
            told = [text for text in (self._remote.noticed, self._remote.cleared) if text]
            found = {**found, "warnings": [*told, *found.get("warnings", ())]} if told else found
            found = {**found, "changed": True} if self._remote.cleared else found
        return {**result, **found}

    _remote: Remote | None = None

    @property
    def _host(self) -> Host | None:
        """The host as far as it was read."""
        return self._remote.host if self._remote else None

    def work(self, args: Mapping[str, Any], asked: Any) -> dict[str, Any]:
        """The result for canonical arguments and what ``check`` made of them. Raises Invalid and HostError."""
        raise NotImplementedError

    def remote(self, args: Mapping[str, Any]) -> Remote:
        """The host of this task."""
        self._remote = remote = Remote(self._execute_module, self._vars, args["read"], self._new_connection)
        return remote

    def now(self) -> datetime:
        """The controller's clock, aware UTC. Expiry is judged by it."""
        return datetime.now(timezone.utc)

    def path(self, text: str) -> Path:
        """A path on the controller; relative ones begin at the playbook's directory."""
        return Path(self._loader.path_dwim(text))

    @property
    def check_mode(self) -> bool:
        return bool(self._task.check_mode)

    def _new_connection(self) -> None:
        reset = getattr(self._connection, "reset", None)
        if callable(reset):
            # if even this fails, the call that follows says why
            with suppress(Exception):
                reset()

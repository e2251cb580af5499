# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two module calls: one to read a host, one to change it. A link that breaks during a change is reconciled by reading again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ..model.host import Host
from ..model.problems import Invalid
from ..planning.planner import Plan
from ..planning.reconcile import EVERYTHING, NOTHING, carried_out
from ..wire.document import parse_document
from ..wire.reply import (
    Applied,
    HostError,
    applier_args,
    confirm_args,
    guard_args,
    parse_applier,
    parse_reader,
    reader_args,
)
from .guard import GUARD, engine
from .plain import plain

READER, APPLIER = "tlsfleet.iis.host_reader", "tlsfleet.iis.host_applier"

_STANDING = {
    "nothing": "Read again, the host stands as before: until then no step was carried out, or all were undone",
    "everything": "Read again, every change of the plan stands; whether its handshakes were right is not known",
    "something": "Read again, a part of the plan stands: see after and diff",
}

_NO_ANSWER = (
    "The module did not run to its end on the host. Is it Windows with PowerShell 5.1 or later? More is shown with -vvv"
)
#: Characters of a host's error output that stand in a message.
_SHOWN = 300


@dataclass(frozen=True)
class Outcome:
    """What became of an apply. ``after`` is the host read again; None where that failed, and ``unread`` says why."""

    changed: bool
    error: HostError | None
    undone: str | None
    undo_errors: tuple[str, ...]
    probes: tuple[Mapping[str, Any], ...]
    after: Host | None
    unread: str = ""


class Remote:
    """One host behind ``execute_module`` (Ansible's ``_execute_module``); ``reset`` makes its connection anew."""

    def __init__(
        self,
        execute_module: Callable[..., Any],
        task_vars: Mapping[str, Any],
        read: Mapping[str, Any],
        reset: Callable[[], None],
    ) -> None:
        """``read``: how much is read, ``{certificates, key_check}``."""
        self._execute, self._task_vars, self._read, self._reset = execute_module, task_vars, dict(read), reset
        #: The host as it was read first; None before that.
        self.host: Host | None = None
        #: What was put right on the host before any plan was made, as a sentence.
        self.cleared = ""
        #: What the host has put right by itself since the last task, as a sentence.
        self.noticed = ""

    def read(self) -> tuple[Host, Mapping[str, Any]]:
        """The host and its document. Raises HostError, Invalid for a document with faults, and what Ansible raises itself."""
        with _link("while it was read", "nothing was changed"):
            return self._read_once()

    def _read_once(self) -> tuple[Host, Mapping[str, Any]]:
        answer = self._call(READER, reader_args(**self._read))
        if "contract" not in answer:
            raise HostError(_garbled(answer), "internal", _NO_ANSWER)
        host, document = parse_reader(answer)
        if self.host is None and host.guard is not None and host.guard.state == "undone":
            self.noticed = (
                f"Run {host.guard.run} was not confirmed on {host.name}, and its guard undid it at {host.guard.at}"
            )
        self.host = self.host or host
        return host, document

    def ready(self, probe: Mapping[str, Any]) -> Host:
        """The host, fit to be planned for: what a run that died left behind is undone first, by an applier without steps.

        Raises what :meth:`read` raises, and HostError where that run cannot be undone.
        """
        host = self.read()[0]
        if host.unfinished_run is None:
            return host
        with _link(f"while run {host.unfinished_run} was being undone", "how far that came is not known"):
            applied = parse_applier(self._call(APPLIER, applier_args(host.name, (), probe, self._read)))
        if applied.error is not None:
            raise applied.error
        if applied.changed or host.guard is None:  # else it was confirmed in the meantime
            self.cleared = f"Run {host.unfinished_run} had not finished on {host.name} and was undone first"
        after, unread = _read_along(applied)
        if after is None:
            raise HostError(
                f"{self.cleared or 'An earlier run was waited for'}, but the host could not be read again: {unread}",
                "contract_mismatch",
            )
        self.host = after
        return after

    def apply(self, plan: Plan, probe: Mapping[str, Any], guard_minutes: int | None = None) -> Outcome:
        """Carry out a plan. Called once and never again: what a broken link leaves open is read, not repeated.

        With ``guard_minutes`` the host undoes it by itself after so many, unless a second call confirms that it can still be reached.
        """
        # without consent there is no plan for a host that shares its configuration
        shared = plan.host.shared_configuration
        args = applier_args(plan.host.name, plan.steps, probe, self._read, shared)
        name, asked = APPLIER, args
        if guard_minutes is not None:
            name, asked = GUARD, guard_args(args, guard_minutes, engine())
        try:
            answer = self._call(name, asked)
            if "contract" not in answer:
                raise HostError(_garbled(answer))
            applied = parse_applier(answer)
        except Exception as fault:  # connections raise whatever their library does
            return self._reconciled(plan, fault, guard_minutes)
        if applied.unconfirmed is not None:
            return self._confirmed(plan, applied, confirm_args({**args, "steps": []}, applied.unconfirmed))
        after, unread = _read_along(applied)
        return Outcome(
            applied.changed, applied.error, applied.undone, applied.undo_errors, applied.probes, after, unread
        )

    def _confirmed(self, plan: Plan, applied: Applied, args: dict[str, Any]) -> Outcome:
        """The end of a guarded apply. A confirmation may be repeated: that the run does not wait any more says enough, with what stands."""
        run = applied.unconfirmed
        try:
            try:
                answer = self._call(GUARD, args)
            except Exception:  # the old session may be gone
                self._reset()
                answer = self._call(GUARD, args)
            if "contract" not in answer:
                raise HostError(_garbled(answer))
            confirmed = parse_applier(answer)
        except Exception as fault:  # connections raise whatever their library does
            message = (
                f"The plan was carried out, but the host could not be told to keep it ({_said(fault)}). "
                f"Its guard undoes run {run} unless that arrived"
            )
            return Outcome(True, _lost(message), None, (), applied.probes, None, _said(fault))
        after, unread = _read_along(confirmed)
        standing = None if after is None else carried_out(plan, after)
        error = None if standing == EVERYTHING else confirmed.error
        return Outcome(standing != NOTHING, error, None, (), applied.probes, after, unread)

    def _call(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = plain(self._execute(module_name=name, module_args=args, task_vars=self._task_vars))
        if answer.get("unreachable"):
            raise AnsibleConnectionFailure(str(answer.get("msg") or "the host cannot be reached"))
        return answer

    def _reconciled(self, plan: Plan, fault: Exception, guard_minutes: int | None) -> Outcome:
        lost = f"The host's answer got lost while the plan was carried out ({_said(fault)})"
        try:
            now = self._read_again()
        except Exception as second:  # as above; the first fault must not be lost over it
            unread = _said(second)
            message = (
                f"{lost}. The host could not be read again ({unread}), so it is not known which steps were carried out"
            )
            if guard_minutes is not None:
                message += f". Its guard undoes them {guard_minutes} minutes after they began"
            return Outcome(False, _lost(message), None, (), (), None, unread)
        standing = carried_out(plan, now)
        message = f"{lost}. {_STANDING[standing]}"
        if standing == NOTHING and now.unfinished_run is None:
            message += ". If the module was still starting on the host, it may begin after that"
        if now.guard is not None and now.guard.state == "armed":
            message += (
                f". Nobody confirms run {now.guard.run}: the host undoes it at {now.guard.at}, or the next task does"
            )
        elif now.unfinished_run is not None:
            message += f". Run {now.unfinished_run} has not finished on the host"
        return Outcome(standing != NOTHING, _lost(message), None, (), (), now)

    def _read_again(self) -> Host:
        """A session on the host may have ended with the link; then, and only then, a new one is opened."""
        try:
            return self._read_once()[0]
        except (HostError, Invalid):
            raise
        except Exception:  # the old session is gone
            self._reset()
            return self._read_once()[0]


@contextmanager
def _link(when: str, so: str) -> Iterator[None]:
    """A connection raises whatever its library does; told here as one kind of error. What Ansible raises itself passes."""
    try:
        yield
    except (AnsibleError, HostError, Invalid):
        raise
    except Exception as fault:
        message = f"The link to the host broke {when} ({_said(fault)}); {so}"
        raise HostError(message, "connection_lost", "Run the task again") from fault


def _read_along(applied: Applied) -> tuple[Host | None, str]:
    """The host out of the document that the applier read at its end."""
    if applied.document is None:
        return None, "the host sent no document"
    try:
        return parse_document(applied.document), ""
    except Invalid as refusal:
        return None, str(refusal)


def _garbled(answer: Mapping[str, Any]) -> str:
    """What Ansible made of an answer that is not the module's own, with the beginning of what the host said."""
    message = str(answer.get("msg") or "the host gave no answer").strip()
    said = str(answer.get("module_stderr") or answer.get("module_stdout") or "").strip()
    return f"{message.rstrip('.')}. The host said: {said[:_SHOWN]}" if said else message


def _lost(message: str) -> HostError:
    return HostError(
        message, "connection_lost", "Run the task again: it reads first and does only what is still missing"
    )


def _said(fault: Exception) -> str:
    return " ".join(str(fault).split()).rstrip(".") or type(fault).__name__

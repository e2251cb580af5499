# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters ``https_compliance`` (one host) and ``https_compliance_report`` (a fleet): a thin face of the core's judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.model.problems import Invalid
from ..plugin_utils.render.fleet import STATES, fleet_report, judged, unread
from ..plugin_utils.render.lines import whole
from ..plugin_utils.rules.compliance import RULES, Policy
from ..plugin_utils.wire.document import parse_document


def https_compliance(
    value: Any, min_days: int = 14, rules: Sequence[str] | None = None, now: str | None = None
) -> dict[str, Any]:
    """Judge a document, or a registered result that holds one; a result without one is *unknown* with its message."""
    policy, moment = _policy("https_compliance", min_days, rules), _moment("https_compliance", now)
    if not isinstance(value, Mapping):
        raise AnsibleFilterError("https_compliance: expects a document or a result of https_bindings_info")
    document = value if "format" in value else value.get("document")
    if value.get("failed") or value.get("unreachable") or document is None:
        return unread(_why(value), policy)
    try:
        return judged(parse_document(document), policy, moment)
    except Invalid as fault:
        raise AnsibleFilterError(f"https_compliance: {fault}") from fault


def _why(value: Mapping[str, Any]) -> str:
    message = whole(str(value.get("msg") or "")).strip() or "no document was read"
    return f"unreachable: {message}" if value.get("unreachable") else f"could not be read: {message}"


def https_compliance_report(
    value: Any, min_days: int = 14, rules: Sequence[str] | None = None, now: str | None = None
) -> dict[str, Any]:
    """Join judgements (host name to result of ``https_compliance``) into one report; a host without one is *unknown*."""
    policy, moment = _policy("https_compliance_report", min_days, rules), _moment("https_compliance_report", now)
    if not isinstance(value, Mapping):
        raise AnsibleFilterError("https_compliance_report: expects a mapping of host names to judgements")
    judgements = {}
    for host, judgement in value.items():
        if judgement and (not isinstance(judgement, Mapping) or judgement.get("state") not in STATES):
            raise AnsibleFilterError(f"https_compliance_report: {host} has no result of https_compliance")
        judgements[str(host)] = judgement or unread("not read in this run", policy)
    return fleet_report(judgements, policy, moment)


def _policy(name: str, min_days: int, rules: Sequence[str] | None) -> Policy:
    chosen = tuple(RULES if rules is None else rules)
    wrong = [rule for rule in chosen if rule not in RULES]
    if wrong:
        raise AnsibleFilterError(f"{name}: no rule {', '.join(map(str, wrong))} (there are: {', '.join(RULES)})")
    return Policy(int(min_days), tuple(rule for rule in RULES if rule in chosen))


def _moment(name: str, now: str | None) -> datetime:
    if now is None:
        return datetime.now(timezone.utc)
    try:
        return datetime.strptime(now, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except (TypeError, ValueError):
        raise AnsibleFilterError(f"{name}: now must look like 2026-11-24T13:41:00Z, is {now!r}") from None


class FilterModule:
    """Both filters, as ansible-core looks for them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"https_compliance": https_compliance, "https_compliance_report": https_compliance_report}

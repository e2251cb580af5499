# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role https_rollout: thin faces of ``render.rollout`` and ``render.plan_words``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.planning.request import FINDING_IDS
from ..plugin_utils.render.lines import WIDTH, whole
from ..plugin_utils.render.plan_words import plan_lines
from ..plugin_utils.render.rollout import TIERS, preflight, probe_endpoints, rollout_report, sni_questions

_OF_BINDINGS = ("after", "affected", "findings", "plan", "diff", "changed")


def https_preflight(
    value: Any,
    minimum_tier: str = "best_effort",
    refuse_on: Sequence[str] = (),
    repair: Sequence[str] = (),
    eligibility: Sequence[Mapping[str, Any]] = (),
) -> list[str]:
    """Reasons not to touch a host, from a result of ``https_bindings_info``; none when it is fit."""
    _needs("https_preflight", value, ("host", "findings"), "https_bindings_info")
    if minimum_tier not in TIERS:
        raise AnsibleFilterError(f"https_preflight: minimum_tier must be one of {', '.join(TIERS)}, is {minimum_tier}")
    unknown = [kind for kind in refuse_on if kind not in FINDING_IDS]
    if unknown:
        known = ", ".join(FINDING_IDS)
        raise AnsibleFilterError(
            f"https_preflight: refuse_on: no finding is called {', '.join(unknown)} (there are: {known})"
        )
    return preflight(value, minimum_tier, refuse_on, repair, eligibility)


def https_plan_explain(value: Any, certificates: Sequence[Mapping[str, Any]] = (), width: int = WIDTH) -> list[str]:
    """A result of ``https_bindings`` or ``https_bindings_plan`` in words."""
    _needs("https_plan_explain", value, _OF_BINDINGS, "https_bindings")
    return plan_lines(value, certificates, int(width))


def https_probe_endpoints(
    value: Any, bindings: Sequence[Mapping[str, Any]] = (), addresses: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Endpoints for ``https_endpoint_info`` that prove a result of ``https_bindings``."""
    _needs("https_probe_endpoints", value, ("after", "affected"), "https_bindings")
    return probe_endpoints(value, bindings, addresses)


def https_sni_questions(value: Any) -> list[dict[str, Any]]:
    """The wished bindings that must use SNI, as ``sni_eligibility_info`` takes them."""
    return sni_questions(value or [])


def https_rollout_report(value: Any) -> dict[str, Any]:
    """Join what the phases of the role left on each host (inventory name to outcome) into one report."""
    if not isinstance(value, Mapping):
        raise AnsibleFilterError("https_rollout_report: expects a mapping of host names to outcomes")
    return rollout_report({str(host): outcome or {} for host, outcome in value.items()}, datetime.now(timezone.utc))


def _needs(name: str, value: Any, keys: Sequence[str], module: str) -> None:
    if not isinstance(value, Mapping):
        raise AnsibleFilterError(f"{name}: expects a result of {module}")
    missing = [key for key in keys if key not in value]
    if missing:
        said = f": {whole(str(value['msg']))}" if value.get("msg") else ""
        raise AnsibleFilterError(f"{name}: expects a result of {module}; {missing[0]} is missing{said}")


class FilterModule:
    """The filters, as ansible-core looks for them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "https_plan_explain": https_plan_explain,
            "https_preflight": https_preflight,
            "https_probe_endpoints": https_probe_endpoints,
            "https_rollout_report": https_rollout_report,
            "https_sni_questions": https_sni_questions,
        }

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role https_rollout asks and tells: is a host fit for it, which endpoints prove it, and how did it end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..model.endpoint import ANY_OTHER_NAME
from ..model.keys import ANY_IPV4, ANY_IPV6, address_key, host_key, is_ipv6
from ..wire.views import utc
from .lines import whole

FORMAT, VERSION = "tlsfleet.iis/rollout", 1
#: Worst first; ``pending``: a later batch of the same play will come to the host, or the role never began there.
STATES = ("failed", "pending", "would_change", "changed", "unchanged")
TIERS = ("unsupported", "best_effort", "supported")
#: Stands for all names of a wildcard binding; any name would do.
PROBE_LABEL = "tlsfleet-probe"
_LOOPBACK = ("127.0.0.1", "::1")

Item = Mapping[str, Any]


def preflight(
    info: Item, minimum_tier: str, refuse_on: Iterable[str], repair: Iterable[str], eligibility: Iterable[Item] = ()
) -> list[str]:
    """Why a host is refused before anything is planned, all reasons at once; empty when it is fit.

    ``refuse_on`` are finding ids. A finding that is to be repaired (``repair``: ids, or ids with a subject) does not count.
    ``eligibility`` are the verdicts of ``sni_eligibility_info`` on bindings that must use SNI.
    """
    host, refusals = info["host"], []
    tier = host["support_tier"]
    if TIERS.index(tier) < TIERS.index(minimum_tier):
        refusals.append(f"{host['os']['name']} is {_words(tier)}, at least {_words(minimum_tier)} is asked for")
    unwelcome, mended = set(refuse_on), set(repair)
    for item in info["findings"]:
        if item["id"] in unwelcome and not {item["id"], f"{item['id']} {item['subject']}"} & mended:
            refusals.append(f"{item['id']} {item['subject']}: {item['evidence']}")
    for item in eligibility:
        if not item["eligible"]:
            instead = f". Instead: {'; '.join(item['alternatives'])}" if item["alternatives"] else ""
            refusals.append(f"{item['host'] or 'any name'} must use SNI, but {item['reason']}{instead}")
    return refusals


def sni_questions(wishes: Iterable[Item]) -> list[dict[str, Any]]:
    """The wished bindings that must use SNI, as ``sni_eligibility_info`` takes them."""
    asking = [item for item in wishes if item.get("sni") == "required" and item.get("state") != "absent"]
    return [{key: item[key] for key in ("address", "port", "host") if key in item} for item in asking]


def probe_endpoints(result: Item, wishes: Sequence[Item], addresses: Sequence[str]) -> list[dict[str, Any]]:
    """Endpoints that prove a result of ``https_bindings``, each with what must be seen there (``expect``).

    These are the wished bindings, on every local address they take, with the certificate of their own record: where another
    record answers, the wish is not met. And the endpoints whose certificate this change was predicted to change.
    """
    found: dict[tuple[str, int, str | None], str] = {}
    after, records = result["after"], {}
    for record in after["records"]:
        family = "" if record["family"] == "ipport" else f"{record['family']} "
        records[f"{family}{record['key']}"] = record["thumbprint"] or "file"
    bound = {_identity(item): item for item in after["bindings"]}
    for wish in wishes:
        binding = bound.get(_identity(wish))
        if binding is None or wish.get("state", "present") == "absent" or binding["record"] not in records:
            continue
        expect = records[binding["record"]]
        for address in _local(binding["address"], addresses):
            found[address, binding["port"], _asked_name(binding["host"])] = expect
    for item in result["affected"]:
        name = item["sni"]
        if item["address"] not in _LOOPBACK and name != ANY_OTHER_NAME and not (name or "").startswith("*."):
            found.setdefault((item["address"], item["port"], name), _expectation(item["after"]))
    return [
        {"address": address, "port": port, "sni": name, "expect": expect}
        for (address, port, name), expect in sorted(found.items(), key=lambda entry: (*entry[0][:2], entry[0][2] or ""))
    ]


def _identity(item: Item) -> tuple[str, str, int, str]:
    address = address_key(item.get("address") or "*")
    return (item["site"].lower(), address, int(item.get("port") or 443), host_key(item.get("host") or ""))


def _local(bound: str, addresses: Sequence[str]) -> list[str]:
    """Local addresses on which a client can mean a binding."""
    key = address_key(bound)
    others = [address for address in addresses if address not in _LOOPBACK]
    if key == ANY_IPV4:
        return others
    return [address for address in others if is_ipv6(address)] if key == ANY_IPV6 else [key]


def _asked_name(host: str) -> str | None:
    return f"{PROBE_LABEL}{host[1:]}" if host.startswith("*.") else host_key(host) or None


def _expectation(identity: str | None) -> str:
    if identity is None:
        return "nothing"
    return "file" if identity.startswith("file:") else identity


def rollout_report(outcomes: Mapping[str, Item], now: datetime) -> dict[str, Any]:
    """One report over all hosts of a play, by inventory name. An empty outcome is a host that no task came to an end on."""
    hosts = [{"host": name, **_host(outcome)} for name, outcome in outcomes.items()]
    hosts.sort(key=lambda item: (STATES.index(item["state"]), item["host"]))
    states = [item["state"] for item in hosts]
    return {
        "format": FORMAT,
        "version": VERSION,
        "reported_at": utc(now),
        "simulated": any(item["simulated"] for item in hosts),
        "totals": {state: states.count(state) for state in STATES},
        "hosts": hosts,
    }


def _host(outcome: Item) -> dict[str, Any]:
    """One host: ``outcome`` holds what the phases left (``read``, ``plan``, ``applied``, ``probed``, ``failure``)."""
    read, plan = outcome.get("read") or {}, outcome.get("plan") or {}
    applied, failure = outcome.get("applied") or {}, outcome.get("failure") or {}
    final = applied if "after" in applied else plan
    host, probes = read.get("host") or {}, list((outcome.get("probed") or {}).get("endpoints") or [])
    return {
        "name": host.get("name"),
        "os": (host.get("os") or {}).get("name"),
        "support_tier": host.get("support_tier"),
        "simulated": bool(read.get("simulated") or final.get("simulated")),
        "state": _state(outcome, final),
        "failed_in": failure.get("task"),
        "message": whole(failure["message"]) if failure.get("message") else None,
        "undone": applied.get("undone"),
        "steps": list(final.get("plan") or []),
        "affected": list(final.get("affected") or []),
        "diff": final.get("diff") or {},
        "findings": list(final.get("findings") or []),
        "handshakes": _handshakes(probes),
        "probes": probes,
    }


def _state(outcome: Item, final: Item) -> str:
    if outcome.get("failure"):
        return "failed"
    if "plan" not in final:
        return "pending"
    if not final["plan"]:
        return "unchanged"
    done = "after" in (outcome.get("applied") or {}) and not outcome.get("check_mode")
    return "changed" if done else "would_change"


def _handshakes(probes: Iterable[Item]) -> str:
    """``3 handshakes right, 1 unreachable``; empty without any."""
    verdicts = [item["verdict"] or item["outcome"] for item in probes]
    counted = [f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(sorted(verdicts))]
    return f"handshakes: {', '.join(counted)}" if counted else ""


def _words(tier: str) -> str:
    return tier.replace("_", " ")

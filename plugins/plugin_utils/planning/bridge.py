# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge over a replaced wildcard record: where Windows cannot update a record in place, records for each single address
carry the new certificate while the record for every address is deleted and set again.

Only where no record by name stands on the port: a record for an address outranks those (F1.10), so a bridge would hide them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..model.endpoint import Endpoint
from ..model.host import Host
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey
from ..model.steps import RecordStep
from ..rules.resolve import Resolver
from .predict import after_steps

#: Clients on the machine itself; the reader does not list these addresses.
LOOPBACK = ("127.0.0.1", "::1")


def bridged(host: Host, creates: Sequence[RecordStep], changes: Sequence[RecordStep]) -> list[RecordStep]:
    """The changes, each wildcard record that can be bridged with its bridge around it; ``creates`` are called before them.

    An address needs none where the record does not answer: it has its own, or http.sys does not listen there.
    """
    if not any(_wild(step) for step in changes):
        return list(changes)
    then = Resolver(after_steps(host, creates))
    named = {record.key.port for record in then.host.records if record.key.family != "ipport"}
    result: list[RecordStep] = []
    for step in changes:
        if not _wild(step) or step.key.port in named:
            result.append(step)
            continue
        local = [item for item in dict.fromkeys((*host.addresses, *LOOPBACK)) if _answers(then, step.key, item)]
        result += _around(step, local)
    return result


def covered(steps: Iterable[RecordStep]) -> dict[RecordKey, frozenset[str]]:
    """For each replaced record, the addresses that have a record of their own by then, set by the plan: no gap is met there."""
    standing: dict[int, set[str]] = {}
    found = {}
    for step in steps:
        if step.op == "record_replace":
            found[step.key] = frozenset(standing.get(step.key.port, ()))
        elif step.key.family == "ipport" and step.op == "record_set":
            standing.setdefault(step.key.port, set()).add(step.key.name)
        elif step.key.family == "ipport" and step.op == "record_delete":
            standing.setdefault(step.key.port, set()).discard(step.key.name)
    return found


def _wild(step: RecordStep) -> bool:
    return step.op == "record_replace" and step.key.family == "ipport" and step.key.name in (ANY_IPV4, ANY_IPV6)


def _answers(then: Resolver, key: RecordKey, address: str) -> bool:
    return then.answer(Endpoint(address, key.port, None)).record == key


def _around(step: RecordStep, addresses: Sequence[str]) -> Iterator[RecordStep]:
    keys = [RecordKey("ipport", address, step.key.port) for address in addresses]
    for key in keys:
        why = f"bridge: serves {key.name} while the record for every address is replaced"
        yield RecordStep("record_set", key, None, step.after, why)
    yield step._replace(reason=f"{step.reason}; bridged") if keys else step
    for key in reversed(keys):
        yield RecordStep("record_delete", key, step.after, None, f"bridge: record {step.key} serves {key.name} again")

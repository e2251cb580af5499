# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All endpoints of a host, folded: as many classes as records and rules make, however many names and addresses there are."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.endpoint import ANY_OTHER_NAME, Answer, Endpoint, EndpointClass
from ..model.keys import RecordKey
from .resolve import Resolver, Standing

#: What makes two answers the same one: outcome, record, rule.
_Mark = tuple[str, RecordKey | None, str | None]


def endpoint_classes(resolver: Resolver) -> tuple[EndpointClass, ...]:
    """Per port: clients without SNI, clients with any other name, then the names that get an answer of their own."""
    bound: dict[int, set[str]] = {}
    users: dict[RecordKey, set[str]] = {}
    for site in resolver.host.sites:
        for binding in site.bindings:
            if binding.is_https and binding.parts[2]:
                bound.setdefault(binding.parts[1], set()).add(binding.parts[2])
                if (key := binding.record) is not None:
                    users.setdefault(key, set()).add(binding.parts[2])
    for record in resolver.host.records:
        if record.key.family in ("hostnameport", "scopedccs"):
            bound.setdefault(record.key.port, set()).add(record.key.name)
    return tuple(
        item for port in sorted(resolver.ports()) for item in _port(resolver, port, sorted(bound.get(port, ())), users)
    )


def _port(resolver: Resolver, port: int, names: list[str], users: dict[RecordKey, set[str]]) -> Iterator[EndpointClass]:
    groups = _groups(resolver, port)
    bare = [(group, resolver.answer(Endpoint(group[0], port, None))) for group in groups]
    others = [(group, resolver.answer(Endpoint(group[0], port, ANY_OTHER_NAME))) for group in groups]
    yield from (EndpointClass(addresses, port, None, answer) for addresses, answer in _merged(resolver, bare))
    # where the address alone decides, every name gets the same; elsewhere each is asked
    alike = ("exact_address", "not_listening")
    open_groups = [group for group, answer in others if answer.rule not in alike and answer.outcome not in alike]
    folded: dict[str, list[str]] = {group[0]: [] for group in groups}
    usual = {group[0]: _mark(answer) for group, answer in others}
    own: dict[tuple[tuple[str, ...], _Mark], list[tuple[str, Answer]]] = {}
    for name in names:
        answers = [(group, resolver.answer(Endpoint(group[0], port, name))) for group in open_groups]
        for group, answer in answers:
            if _mark(answer) == usual[group[0]]:
                folded[group[0]].append(name)
        unusual = [(group, answer) for group, answer in answers if _mark(answer) != usual[group[0]]]
        for addresses, answer in _merged(resolver, unusual):
            own.setdefault((addresses, _mark(answer)), []).append((name, answer))
    yield from sorted(
        (_named(addresses, port, members) for (addresses, _answer), members in own.items()),
        key=lambda item: item.sni or "",
    )
    for addresses, answer in _merged(resolver, others):
        here = set(users.get(answer.record, ())) if answer.rule == "exact_address" and answer.record else set()
        for address in addresses:
            here.update(folded.get(address, ()))
        yield EndpointClass(addresses, port, ANY_OTHER_NAME, answer, tuple(sorted(here)))


def _mark(answer: Answer) -> _Mark:
    return (answer.outcome, answer.record, answer.rule)


def _named(addresses: tuple[str, ...], port: int, members: list[tuple[str, Answer]]) -> EndpointClass:
    """One class for all names with one record and rule; a wildcard record's own name leads."""
    names = [name for name, _answer in members]
    answer = members[0][1]
    lead = answer.record.name if answer.record is not None and answer.record.name in names else names[0]
    if len({item.file for _name, item in members}) > 1:
        answer = answer._replace(file=None)
    used = dict.fromkeys(switch for _name, item in members for switch in item.assumptions)
    answer = answer._replace(assumptions=tuple(used))
    return EndpointClass(addresses, port, lead, answer, tuple(name for name in names if name != lead))


def _groups(resolver: Resolver, port: int) -> list[tuple[str, ...]]:
    """Local addresses that no record and no list tells apart on this port."""
    found: dict[Standing, list[str]] = {}
    for address in resolver.host.addresses:
        found.setdefault(resolver.standing(address, port), []).append(address)
    return [tuple(group) for group in found.values()]


def _merged(
    resolver: Resolver, answers: list[tuple[tuple[str, ...], Answer]]
) -> Iterator[tuple[tuple[str, ...], Answer]]:
    """Groups with one answer become one set of addresses, in the order of the host."""
    found: dict[_Mark, tuple[list[str], Answer]] = {}
    for group, answer in answers:
        found.setdefault(_mark(answer), ([], answer))[0].extend(group)
    places = {address: place for place, address in enumerate(resolver.host.addresses)}
    for addresses, answer in found.values():
        yield tuple(sorted(addresses, key=places.__getitem__)), answer

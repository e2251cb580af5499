# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is affected: endpoints whose served certificate differs between two states, and whether the request speaks of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..model.endpoint import ANY_OTHER_NAME, Answer, Endpoint
from ..model.host import Host, binding_record
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, is_ipv6
from ..model.steps import Expectation, RecordStep
from ..rules.names import matches
from ..rules.ownership import Owner, owners
from ..rules.resolve import Resolver
from .bridge import covered

Identity = tuple[str, str, int, str]  # site in lower case, address, port, host


@dataclass(frozen=True, slots=True)
class Affected:
    """One endpoint whose certificate changes (``before``/``after``: thumbprint, ``file:…`` or None), and whose it is.

    ``requested``: the request itself speaks of it. ``gap``: it is without its record for a moment. ``other``: who,
    besides IIS, was served there so far, by ``record``; such a change cannot be allowed by naming sites.
    """

    endpoint: Endpoint
    before: str | None
    after: str | None
    sites: tuple[str, ...]
    requested: bool
    gap: bool
    other: Owner | None = None
    record: RecordKey | None = None


class Impact:
    """Compares two states of one host over the endpoints that the touched records can decide."""

    def __init__(
        self, before: Host, after: Host, requested: frozenset[Identity], deleted: frozenset[RecordKey]
    ) -> None:
        """``requested``: bindings the request speaks of; ``deleted``: records it asks to delete (repairs)."""
        self.before, self.after = Resolver(before), Resolver(after)
        # whether another program goes on listening where no site does any more cannot be known: what it would show counts, too
        self._closing = (before.http_ports or frozenset()) - (after.http_ports or frozenset())
        self._open = Resolver(replace(after, http_ports=before.http_ports)) if self._closing else self.after
        self._requested, self._deleted = requested, deleted
        self._owner = owners(before)
        self._answers: dict[Endpoint, Answer] = {}
        self._users: dict[tuple[int, str], list[Identity]] = {}
        self._by_record: dict[RecordKey, set[Identity]] = {}
        for host in (before, after):
            self._index(host)

    def _index(self, host: Host) -> None:
        for site in host.sites:
            for binding in site.bindings:
                if not binding.is_https:
                    continue
                identity = (site.name.lower(), *binding.parts)
                users = self._users.setdefault((identity[2], identity[3]), [])
                if identity not in users:
                    users.append(identity)
                if (key := binding_record(binding)) is not None:
                    self._by_record.setdefault(key, set()).add(identity)

    def affected(self, steps: list[RecordStep], ports: set[int]) -> Iterator[Affected]:
        """Endpoints that change, or that meet a gap, in a fixed order. ``ports``: touched by binding edits."""
        replaced = covered(steps)
        touched = {step.key for step in steps}
        for endpoint in self.endpoints(touched, ports):
            old, new = self.before.answer(endpoint), self._afterwards(endpoint)
            if endpoint.port in self._closing and old.identity == new.identity:
                new = self._open.answer(endpoint)
            gap = old.record in replaced and endpoint.address not in replaced[old.record]
            if old.identity == new.identity and not gap:
                continue
            named, owners = self._owners(endpoint, (old.record, new.record))
            other = None if named else self._other(old.record)
            # whoever asks to delete a record speaks of every endpoint it decides
            requested = old.record in self._deleted or (owners <= self._requested and not other)
            # a site that asks for the change need not be asked for its consent
            concerned = owners if requested else owners - self._requested
            sites = tuple(sorted({owner[0] for owner in concerned}))
            yield Affected(endpoint, old.identity, new.identity, sites, requested, gap, other, old.record)

    def endpoints(self, touched: set[RecordKey], ports: set[int]) -> Iterator[Endpoint]:
        """Endpoints the touched records or ports can decide: each local address with every name that can matter."""
        addresses = self.after.host.addresses
        wide = {key.port for key in touched if key.family in ("ipport", "ccs") or key.name.startswith("*.")} | ports
        for port in sorted(wide):
            names = {*self.before.names(port), *self.after.names(port)}
            for address in addresses:
                yield Endpoint(address, port, None)
                for name in (*sorted(names), ANY_OTHER_NAME):
                    yield Endpoint(address, port, name)
        for key in sorted(touched):
            if key.port not in wide:
                for address in addresses:
                    yield Endpoint(address, key.port, key.name)

    def expectations(self, affected: Sequence[Affected], touched: set[RecordKey]) -> tuple[Expectation, ...]:
        """Handshakes that prove the change: every changed endpoint, and per touched port the unchanged neighbours."""
        result: dict[Expectation, None] = {}
        chosen = [item.endpoint for item in affected]
        chosen += list(self.endpoints(touched, {key.port for key in touched})) if len(touched) <= 100 else []
        for endpoint in chosen:
            name = endpoint.sni
            if name == ANY_OTHER_NAME or (name or "").startswith("*."):
                continue
            answer = self._afterwards(endpoint)
            if answer.outcome == "unsupported":
                continue  # nothing is predicted there, so nothing can be expected
            if answer.outcome == "not_listening" and self.before.listening(endpoint):
                continue  # no site needs the port any more; whether another program still listens cannot be known
            identity = answer.identity
            expect = "file" if identity is not None and identity.startswith("file:") else identity
            result[Expectation(endpoint.address, endpoint.port, name, expect)] = None
        return tuple(result)

    def _afterwards(self, endpoint: Endpoint) -> Answer:
        """The answer on the host as it will be; each is asked for twice."""
        answer = self._answers.get(endpoint)
        if answer is None:
            answer = self._answers[endpoint] = self.after.answer(endpoint)
        return answer

    def _other(self, key: RecordKey | None) -> Owner | None:
        value = self.before.record(key) if key is not None else None
        return self._owner(key, value) if key is not None and value is not None else None

    def _owners(
        self, endpoint: Endpoint, deciding: tuple[RecordKey | None, RecordKey | None]
    ) -> tuple[bool, frozenset[Identity]]:
        """Bindings an endpoint belongs to: by name, else bindings for any name, else the users of the deciding records.

        The first value tells whether a binding names the endpoint's very name.
        """
        name = endpoint.sni
        if name is not None and name != ANY_OTHER_NAME:
            exact = [one for one in self._users.get((endpoint.port, name), []) if _covers(one[1], endpoint.address)]
            if not exact and "." in name:
                parent = "*." + name.partition(".")[2]
                exact = [
                    one
                    for one in self._users.get((endpoint.port, parent), [])
                    if matches(parent, name) and _covers(one[1], endpoint.address)
                ]
            if exact:
                return True, frozenset(exact)
        anyone = [one for one in self._users.get((endpoint.port, ""), []) if _covers(one[1], endpoint.address)]
        if anyone and name is not None:
            return False, frozenset(anyone)
        users = frozenset(one for key in deciding if key is not None for one in self._by_record.get(key, ()))
        return False, users or frozenset(anyone)


def _covers(bound: str, address: str) -> bool:
    """Does a binding on ``bound`` take connections to a local address (F1.03)?"""
    return bound in (address, ANY_IPV4) or (bound == ANY_IPV6 and is_ipv6(address))

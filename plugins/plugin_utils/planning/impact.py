# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is affected: endpoints whose served certificate differs between two states, and whether the request speaks of them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence, Set
from dataclasses import replace
from typing import NamedTuple

from ..model.endpoint import ANY_OTHER_NAME, Answer, Endpoint
from ..model.host import Host, Site
from ..model.keys import ANY_IPV4, ANY_IPV6, RecordKey, is_ipv6
from ..model.steps import Expectation, RecordStep
from ..rules.names import matches
from ..rules.ownership import Owner, owners
from ..rules.resolve import Resolver, Standing
from .bridge import covered
from .wanted import Identity

_NONE: frozenset[Identity] = frozenset()
_Place = tuple[str, int, str | None]  # address, port, name


class Affected(NamedTuple):
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
        self,
        before: Host,
        after: Host,
        requested: frozenset[Identity] = _NONE,
        deleted: frozenset[RecordKey] = frozenset(),
    ) -> None:
        """``requested``: bindings the request speaks of; ``deleted``: records it asks to delete (repairs)."""
        self.before, self.after = Resolver(before), Resolver(after)
        self._turning = before.known_ports ^ after.known_ports  # ports that open or close
        # whether another program goes on listening where no site does any more cannot be known: what it would show counts, too
        self._closing = before.known_ports - after.known_ports
        self._open = Resolver(replace(after, http_ports=before.http_ports)) if self._closing else self.after
        self._requested, self._deleted = requested, deleted
        self._owner = owners(before)
        self._answers: dict[_Place, tuple[Answer, Answer]] = {}
        self._kin: dict[int, dict[str, str]] = {}
        #: Bindings by address, port and name; by the record they rely on. Of both states.
        self._users: dict[tuple[str, int, str], set[Identity]] = {}
        self._by_record: dict[RecordKey, set[Identity]] = {}
        self._spelled: dict[str, str] = {}  # the names of sites, by their lower case
        known = {id(site) for site in before.sites}
        for site in (*before.sites, *(site for site in after.sites if id(site) not in known)):
            self._index(site)
        self._bound_to = {(address, port) for address, port, _name in self._users}

    def _index(self, site: Site) -> None:
        self._spelled[site.name.lower()] = site.name
        for binding in site.bindings:
            if binding.is_https:
                identity = (site.name.lower(), *binding.parts)
                self._users.setdefault(binding.parts, set()).add(identity)
                if (key := binding.record) is not None:
                    self._by_record.setdefault(key, set()).add(identity)

    def affected(self, steps: list[RecordStep]) -> Iterator[Affected]:
        """Endpoints that change, or that meet a gap, in a fixed order."""
        replaced = covered(steps)
        touched = {step.key for step in steps}
        changes: dict[_Place, Affected] = {}
        for endpoint in self.endpoints(touched, self._turning):
            place = self._place(endpoint)
            if place not in changes:
                changes[place] = self._change(endpoint, replaced)
            met = changes[place]
            gap = bool(replaced) and met.record in replaced and endpoint.address not in replaced[met.record]
            if met.before != met.after or gap:
                yield Affected(endpoint, met.before, met.after, met.sites, met.requested, gap, met.other, met.record)

    def _change(self, endpoint: Endpoint, replaced: Container[RecordKey | None]) -> Affected:
        """What the endpoint meets, gaps aside; whose it is, too, where anything changes or may be missed for a moment."""
        old, new = self._both(endpoint)
        if endpoint.port in self._closing and old.identity == new.identity:
            new = self._open.answer(endpoint)
        before, after = old.identity, new.identity
        if before == after and old.record not in replaced:
            return Affected(endpoint, before, after, (), False, False, None, old.record)
        named, owners = self._owners(endpoint, (old.record, new.record))
        other = None if named else self._other(old.record)
        # whoever asks to delete a record speaks of every endpoint it decides
        requested = old.record in self._deleted or (owners <= self._requested and not other)
        # a site that asks for the change need not be asked for its consent
        concerned = owners if requested else owners - self._requested
        sites = tuple(self._spelled[name] for name in sorted({owner[0] for owner in concerned}))
        return Affected(endpoint, before, after, sites, requested, False, other, old.record)

    def endpoints(self, touched: set[RecordKey], ports: Set[int]) -> Iterator[Endpoint]:
        """Endpoints the touched records or ports can decide: each local address with every name that can matter."""
        addresses = self.after.host.addresses
        wide = {key.port for key in touched if key.family in ("ipport", "ccs") or key.name.startswith("*.")} | ports
        for port in sorted(wide):
            names = (*sorted(self.before.names(port) | self.after.names(port)), ANY_OTHER_NAME)
            for address in addresses:
                yield Endpoint(address, port, None)
                for name in names:
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
            answer = self._both(endpoint)[1]
            if answer.outcome == "unsupported":
                continue  # nothing is predicted there, so nothing can be expected
            if answer.outcome == "not_listening" and self.before.listening(endpoint):
                continue  # no site needs the port any more; whether another program still listens cannot be known
            identity = answer.identity
            expect = "file" if identity is not None and identity.startswith("file:") else identity
            result[Expectation(endpoint.address, endpoint.port, name, expect)] = None
        return tuple(result)

    def _both(self, endpoint: Endpoint) -> tuple[Answer, Answer]:
        """The answers before and after; one look-up for all addresses that nothing tells apart, however many there are."""
        place = self._place(endpoint)
        found = self._answers.get(place)
        if found is None:
            found = self._answers[place] = (self.before.answer(endpoint), self.after.answer(endpoint))
        return found

    def _place(self, endpoint: Endpoint) -> _Place:
        """The first local address that stands as the endpoint's does on its port, before and after; the port; the name."""
        port = endpoint.port
        if port not in self._kin:
            first: dict[tuple[Standing, Standing, str | None], str] = {}
            self._kin[port] = {
                address: first.setdefault(self._standing(address, port), address)
                for address in self.after.host.addresses
            }
        return (self._kin[port][endpoint.address], port, endpoint.sni)

    def _standing(self, address: str, port: int) -> tuple[Standing, Standing, str | None]:
        own = address if (address, port) in self._bound_to else None
        return (self.before.standing(address, port), self.after.standing(address, port), own)

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
            exact = self._bound(endpoint, name)
            if not exact and matches(parent := "*." + name.partition(".")[2], name):
                exact = self._bound(endpoint, parent)
            if exact:
                return True, exact
        anyone = self._bound(endpoint, "")
        if anyone and name is not None:
            return False, anyone
        users = frozenset(one for key in deciding if key is not None for one in self._by_record.get(key, ()))
        return False, users or anyone

    def _bound(self, endpoint: Endpoint, name: str) -> frozenset[Identity]:
        """Bindings for a name that take connections to the endpoint's address (F1.03)."""
        wide = (ANY_IPV4, ANY_IPV6) if is_ipv6(endpoint.address) else (ANY_IPV4,)
        found = [self._users.get((bound, endpoint.port, name)) for bound in (endpoint.address, *wide)]
        return _NONE.union(*[users for users in found if users])

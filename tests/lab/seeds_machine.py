# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults sown into the simulated machine: http.sys, IIS, the applier. test_seeded_faults.py shows that each is noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab import applier, httpsys, iis

Patch = pytest.MonkeyPatch

# -- http.sys ----------------------------------------------------------------------------------------------------

SELECT = httpsys.HttpSys.select


def names_before_addresses(patch: Patch) -> None:
    def select(self: httpsys.HttpSys, address: str, port: int, sni: str | None) -> str | None:
        self.faults.add("sni_before_address")
        return SELECT(self, address, port, sni)

    patch.setattr(httpsys.HttpSys, "select", select)


def wildcards_before_names(patch: Patch) -> None:
    exact, wild = httpsys.HttpSys._exact_name, httpsys.HttpSys._wildcard_name
    patch.setattr(httpsys.HttpSys, "_exact_name", wild)
    patch.setattr(httpsys.HttpSys, "_wildcard_name", exact)


def central_store_before_names(patch: Patch) -> None:
    name, central = httpsys.HttpSys._exact_name, httpsys.HttpSys._central
    patch.setattr(httpsys.HttpSys, "_exact_name", lambda *args: central(*args) or name(*args))
    # a file for every name makes the order visible
    patch.setattr(httpsys.HttpSys, "_central", lambda *args: None)
    patch.setattr(httpsys, "dns_name", lambda text: "shop.x.com" if text == "www.x.com" else text.lower())


def ipv4_fallback_for_everybody(patch: Patch) -> None:
    patch.setattr(
        httpsys.HttpSys, "_any_address", lambda self, here, port, sni: self.records.get(("ipport", "0.0.0.0", port))
    )


def ipv6_fallback_for_everybody(patch: Patch) -> None:
    def any_address(self: httpsys.HttpSys, here: Any, port: int, sni: str | None) -> Any:
        return self.records.get(("ipport", "::", port)) or self.records.get(("ipport", "0.0.0.0", port))

    patch.setattr(httpsys.HttpSys, "_any_address", any_address)


def names_with_case(patch: Patch) -> None:
    patch.setattr(httpsys, "dns_name", lambda text: text)


def wildcards_match_any_depth(patch: Patch) -> None:
    def wildcard(self: httpsys.HttpSys, here: Any, port: int, sni: str | None) -> Any:
        found = (item for key, item in self.records.items() if key[1].startswith("*.") and key[2] == port)
        return next((item for item in found if sni and sni.endswith(item["key"].partition(":")[0][1:])), None)

    patch.setattr(httpsys.HttpSys, "_wildcard_name", wildcard)


def unusable_keys_fall_back(patch: Patch) -> None:
    def select(self: httpsys.HttpSys, address: str, port: int, sni: str | None) -> str | None:
        return SELECT(self, address, port, sni) or SELECT(self, address, port, None)

    patch.setattr(httpsys.HttpSys, "select", select)


def no_fallback_from_an_empty_share(patch: Patch) -> None:
    central = httpsys.HttpSys._central
    patch.setattr(
        httpsys.HttpSys,
        "_central",
        lambda self, here, port, sni: central(self, here, port, sni) or {"thumbprint": None},
    )


def set_overwrites(patch: Patch) -> None:
    patch.setattr(httpsys, "EXISTS", httpsys.OK)


def a_wrong_code(patch: Patch) -> None:
    patch.setattr(httpsys, "NO_LOGON_SESSION", 5)


def update_creates(patch: Patch) -> None:
    patch.setattr(httpsys.HttpSys, "update", httpsys.HttpSys.set)


def nothing_to_delete_is_fine(patch: Patch) -> None:
    delete = httpsys.HttpSys.delete
    patch.setattr(httpsys.HttpSys, "delete", lambda self, family, key: delete(self, family, key) and httpsys.OK)


def seeded(name: str) -> Callable[[Patch], None]:
    def lose(patch: Patch) -> None:
        start = httpsys.HttpSys.__init__

        def init(self: httpsys.HttpSys, *args: Any, **more: Any) -> None:
            start(self, *args, **more)
            self.faults.add(name)

        patch.setattr(httpsys.HttpSys, "__init__", init)

    lose.__name__ = name
    return lose


def listen_list_ignored(patch: Patch) -> None:
    patch.setattr(httpsys.HttpSys, "listens_on", lambda self, address: True)


# -- IIS ---------------------------------------------------------------------------------------------------------


def stopped_sites_listen(patch: Patch) -> None:
    ports = iis.Iis.ports

    def every(self: iis.Iis) -> set[int]:
        running = [{**site, "state": "started"} for site in self.sites]
        other = iis.Iis(running, True)
        return ports(other)

    patch.setattr(iis.Iis, "ports", every)


def half_a_commit(patch: Patch) -> None:
    def commit(self: iis.Iis, edits: list[dict[str, Any]]) -> None:
        for index, edit in enumerate(edits):
            try:
                self.sites = self._tried([edit])[0]
            except iis.Refused as refusal:
                raise iis.Refused(refusal.code, index, refusal.message, refusal.number) from None

    patch.setattr(iis.Iis, "commit", commit)


def duplicates_allowed(patch: Patch) -> None:
    patch.setattr(iis, "_same", lambda one, other: False)


def old_schema_knows_ssl_flags(patch: Patch) -> None:
    start = iis.Iis.__init__
    patch.setattr(iis.Iis, "__init__", lambda self, sites, ssl_flags: start(self, sites, True))


# -- the applier -------------------------------------------------------------------------------------------------


def no_undo(patch: Patch) -> None:
    patch.setattr(applier.Applier, "_undo", lambda self, answer: answer.update(undone="complete"))


def undo_in_the_order_of_the_steps(patch: Patch) -> None:
    patch.setattr(applier, "reversed", list, raising=False)


def undo_forgets_the_place(patch: Patch) -> None:
    patch.setattr(
        applier, "swapped", lambda edit: {**edit, "before": edit["after"], "after": edit["before"], "position": 0}
    )


def before_images_unread(patch: Patch) -> None:
    patch.setattr(applier, "equal", lambda held, expected: True)


def update_where_it_is_not_exported(patch: Patch) -> None:
    start = applier.Applier.__init__

    def init(self: applier.Applier, http_: Any, iis_: Any, exported: bool, *more: Any, **rest: Any) -> None:
        start(self, http_, iis_, True, *more, **rest)

    patch.setattr(applier.Applier, "__init__", init)


def blind_probe(patch: Patch) -> None:
    def probe(self: applier.Applier, endpoints: list[dict[str, Any]], options: Any) -> list[dict[str, Any]]:
        return [{**endpoint, "served": endpoint["expect"], "verdict": "right"} for endpoint in endpoints]

    patch.setattr(applier.Applier, "_probe", probe)


def replace_without_a_gap(patch: Patch) -> None:
    patch.setattr(applier, "Observer", None)
    look = applier.Applier._look

    def quiet(self: applier.Applier, name: str, moment: str) -> None:
        if not moment.startswith("HttpDelete"):
            look(self, name, moment)

    patch.setattr(applier.Applier, "_look", quiet)

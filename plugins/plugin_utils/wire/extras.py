# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The optional keys of a document (docs/contracts.md §1): a reader that does not know them leaves them out."""

from __future__ import annotations

from ..model.host import Chain
from ..model.keys import checked_thumbprint, store_key
from ..model.signs import Asked, Change, Guard, Manager, Mapper, Renewal
from .fields import Fields, checked_time

OPTIONAL_KEYS = ("asked", "mappers", "managers", "rebind", "renewals", "changes")
#: Capabilities a reader may have asked the host for; a flag bit of bindings is ``flag_`` and its value.
ASKED = (
    "wildcard_host",
    "http2",
    "http3",
    "tls13",
    "flag_4",
    "flag_8",
    "flag_16",
    "flag_32",
    "flag_64",
    "flag_128",
    "records_hostnameport",
    "records_ccs",
    "records_scopedccs",
)
CHANGES = ("created", "updated", "deleted")
MANAGERS = ("certify", "win_acme", "simple_acme", "posh_acme", "other")


def asked(doc: Fields) -> tuple[Asked, ...]:
    """``asked[]``: capabilities the host itself was asked for."""
    return tuple(
        Asked(item.choice("what", ASKED), item.truth("present"), item.text("evidence"))
        for item in doc.objects("asked", frozenset(("what", "present", "evidence")), default=True)
    )


def mappers(doc: Fields) -> tuple[Mapper, ...]:
    """``mappers[]``: certificates of IIS 6 compatibility."""
    return tuple(
        Mapper(
            item.number("site", low=0),
            item.checked("thumbprint", checked_thumbprint, ""),
            store_key(item.words("store")),
        )
        for item in doc.objects("mappers", frozenset(("site", "thumbprint", "store")), default=True)
    )


def managers(doc: Fields) -> tuple[Manager, ...]:
    """``managers[]``: certificate managers that are installed."""
    return tuple(
        Manager(item.choice("kind", MANAGERS), item.text("evidence"))
        for item in doc.objects("managers", frozenset(("kind", "evidence")), default=True)
    )


def renewals(doc: Fields) -> tuple[Renewal, ...]:
    """``renewals[]``: what the certificate lifecycle log says, oldest first."""
    return tuple(
        Renewal(
            item.checked("at", checked_time, ""),
            item.checked("old", checked_thumbprint, ""),
            item.checked("new", checked_thumbprint, ""),
        )
        for item in doc.objects("renewals", frozenset(("at", "old", "new")), default=True)
    )


def changes(doc: Fields) -> tuple[Change, ...]:
    """``changes[]``: the newest change of each endpoint that http.sys logged, newest first."""
    return tuple(
        Change(item.checked("at", checked_time, ""), item.choice("kind", CHANGES), item.words("endpoint"))
        for item in doc.objects("changes", frozenset(("at", "kind", "endpoint")), default=True)
    )


def chain(certificate: Fields) -> Chain | None:
    """``chain`` of a certificate; None where the reader did not build it."""
    item = certificate.optional_object("chain", frozenset(("status", "elements")))
    if item is None:
        return None
    return Chain(item.number("status", low=0, high=2**32 - 1), item.number("elements", low=0))


def guard(journal: Fields) -> Guard | None:
    """The guard of the run that the journal is about; None where it has none."""
    found = journal.optional_object("guard", frozenset(("state", "at")))
    if found is None:
        return None
    state = found.choice("state", ("armed", "undone", "failed"))
    return Guard(journal.words("run"), state, found.checked("at", checked_time, ""))

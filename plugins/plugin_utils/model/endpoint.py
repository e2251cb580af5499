# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client meets, and the answer to "which certificate does it get, and why"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .keys import RecordKey, bracketed

#: Stands for every server name that no record and no binding of the port names.
ANY_OTHER_NAME = "*"


class Endpoint(NamedTuple):
    """A local address (canonical), a port and the server name the client sends (None: it sends none)."""

    address: str
    port: int
    sni: str | None

    @property
    def text(self) -> str:
        where = f"{bracketed(self.address)}:{self.port}"
        if self.sni is None:
            return f"{where} without SNI"
        return f"{where} any other name" if self.sni == ANY_OTHER_NAME else f"{where} {self.sni}"


class Answer(NamedTuple):
    """The predicted answer for one endpoint.

    ``outcome``: served, no_record, not_listening, certificate_missing, key_unusable, central_store, unsupported (no
    source says what happens, so nothing is predicted).
    ``rule``: exact_address, exact_name, scoped_central_store, wildcard_name, central_store, any_ipv6, any_address, or None.
    ``shadowed``: records that would have matched too, in rank order. ``assumptions``: switches this answer rests on.
    """

    outcome: str
    served: str | None
    record: RecordKey | None
    rule: str | None
    shadowed: tuple[RecordKey, ...]
    reason: str
    file: str | None = None
    assumptions: tuple[str, ...] = ()

    @property
    def identity(self) -> str | None:
        """What a handshake would show: a thumbprint, ``file:NAME`` (``file:?`` unknown), or None for no handshake."""
        if self.outcome == "served":
            return self.served
        return f"file:{self.file or '?'}" if self.outcome in ("central_store", "unsupported") else None


@dataclass(frozen=True, slots=True)
class EndpointClass:
    """All endpoints with one answer: the addresses share record and rule for this port and name.

    ``names``: further names, beside ``sni``, that get this very answer; each is spoken of by a record or a binding.
    """

    addresses: tuple[str, ...]
    port: int
    sni: str | None
    answer: Answer
    names: tuple[str, ...] = ()

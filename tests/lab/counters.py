# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each simulated host counts, and the caps that stop a controller which asks without end."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Caps:
    """Limits per host since the last reset; ``bytes`` counts uploaded HTTP bodies."""

    requests: int = 20_000
    bytes: int = 2_000_000_000


@dataclass
class Counters:
    """Counts of one host since the last reset.

    ``requests`` and ``bytes``: authenticated WSMan requests and the size of their envelopes, before encryption;
    ``bytes_sent``: the size of the bodies that answered them;
    ``commands``: WinRS commands and PowerShell pipelines that ran; ``calls``: those that were module calls, ``modules``:
    the same by module name, ``become``: those to be run as somebody else, by user; ``unknown``: commands nobody here
    understands; ``faults``: requests answered with a SOAP fault other than an operation timeout; ``refused``: requests with
    wrong or missing credentials, ``handshakes``: those that only served NTLM to settle who is there; both count nowhere
    else. ``shells_opened`` and ``shells_closed``: shells and runspace pools.
    """

    requests: int = 0
    bytes: int = 0
    bytes_sent: int = 0
    commands: int = 0
    calls: int = 0
    modules: dict[str, int] = field(default_factory=dict)
    become: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    faults: int = 0
    refused: int = 0
    handshakes: int = 0
    shells_opened: int = 0
    shells_closed: int = 0

    def request(self, length: int) -> None:
        self.requests += 1
        self.bytes += length

    def call(self, module: str, become: str | None = None) -> None:
        self.calls += 1
        self.modules[module] = self.modules.get(module, 0) + 1
        if become is not None:
            self.become[become] = self.become.get(become, 0) + 1

    def refuse(self) -> None:
        self.refused += 1

    def exhausted(self, caps: Caps) -> str | None:
        """Which cap is exceeded, in words, or None."""
        if self.requests > caps.requests:
            return f"more than {caps.requests} requests"
        if self.bytes > caps.bytes:
            return f"more than {caps.bytes} bytes"
        return None

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the core says that something it was given cannot be used: all faults at once, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .visible import visible


@dataclass(frozen=True)
class Problem:
    """One fault. ``path`` names the place as the user wrote it, e.g. ``bindings[3].host``."""

    path: str
    message: str

    def __str__(self) -> str:
        return visible(f"{self.path}: {self.message}" if self.path else self.message)


class Invalid(Exception):
    """Input that cannot be used. Carries every problem found, by place: ``bindings[9]`` before ``bindings[10]``.

    ``hint``: what to do about all of them, empty where they say that themselves.
    """

    def __init__(self, problems: Iterable[Problem], hint: str = "") -> None:
        self.hint = hint
        self.problems = tuple(sorted(problems, key=lambda problem: _natural(problem.path)))
        super().__init__("; ".join(str(problem) for problem in self.problems))


def _natural(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path)]


class ValueInvalid(ValueError):
    """One value is unusable. The caller knows its place and turns this into a :class:`Problem`."""

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text files of a state folder (README.md): rows of columns separated by tabs, with escapes and a sign for null."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_PLAIN = {"t": "\t", "n": "\n", "r": "\r"}

Cell = str | int | bool | None


def cell(value: Cell) -> str:
    """One column. Raises ValueError for text that no C string can hold."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if "\0" in text:
        raise ValueError(f"{text!r}: a state folder cannot hold a NUL character")
    return text.translate(_ESCAPES)


def plain(column: str) -> str | None:
    """What :func:`cell` wrote, as text again."""
    if column == NULL:
        return None
    letters = iter(column)
    return "".join(_escaped(next(letters, "\\")) if letter == "\\" else letter for letter in letters)


def _escaped(letter: str) -> str:
    return _PLAIN.get(letter, letter)


def write_rows(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """Write a table; its folder is made when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(cell(value) for value in row) + "\n" for row in rows]
    path.write_bytes("".join(lines).encode("utf-8", "surrogatepass"))


def read_rows(path: Path) -> list[list[str | None]]:
    """All rows of a table; none when the file is missing."""
    if not path.exists():
        return []
    text = path.read_bytes().decode("utf-8", "surrogatepass")
    return [[plain(column) for column in line.split("\t")] for line in text.removesuffix("\n").split("\n") if text]


def read_settings(path: Path) -> dict[str, str | None]:
    """A table of names and values."""
    return {row[0]: row[1] for row in read_rows(path) if row[0] is not None}


def truth(column: str | None) -> bool | None:
    return None if column is None else column == "yes"


def number(column: str | None) -> int | None:
    return None if column is None else int(column, 0)

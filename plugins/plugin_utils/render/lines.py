# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text in lines that fit a terminal, whatever names a host gives to its things."""

from __future__ import annotations

from textwrap import wrap

from ..model.visible import visible

#: So many characters of a line are shown nearly everywhere without being broken by the terminal.
WIDTH = 100
#: Stands for a space at which no line may end.
GLUE = "\N{NO-BREAK SPACE}"
#: What Ansible puts before the first line of a message that ends a task, and before each of its lines in YAML.
_LEAD, _INDENT = " " * len("[ERROR]: Task failed: Action failed: "), 8
#: A narrower text than this nobody can read.
_LEAST = 40


def fold(text: str, width: int = WIDTH, first: str = "", rest: str = "") -> list[str]:
    """Lines of at most ``width`` characters: ``first`` before the first one, ``rest`` before those that follow.

    Lines end between words; only a word that is longer than a line is broken.
    """
    shown, width = visible(text), max(width, _LEAST)
    if shown and len(first) + len(shown) <= width and shown == shown.rstrip():
        lines = [first + shown]  # most texts fit, and need not be taken apart
    else:
        lines = wrap(shown, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return [line.replace(GLUE, " ") for line in lines]


def message(text: str) -> str:
    """A message that ends a task, in lines that fit a terminal where Ansible shows it; what follows a broken line is indented."""
    folded: list[str] = []
    for line in text.split("\n"):
        lead = "" if folded else _LEAD
        folded += fold(line, WIDTH - _INDENT, lead, "    ") or [lead]
        folded[0] = folded[0].removeprefix(_LEAD)
    return "\n".join(folded)


def whole(text: str) -> str:
    """A message without the breaks that :func:`message` made: one line per fault, for data and for other widths."""
    return text.replace("\n    ", " ")

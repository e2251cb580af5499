# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page of findings, made from the registry. ``python -m support.findings_page`` (in tests) writes it anew."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.finding import Kind
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.rules.findings import KINDS, REPAIRABLE, THEMES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst" / "findings.rst"
_REMEDIES = {
    "bind": "binds the certificate that the finding names",
    "delete": "deletes the record that the finding names",
    "split": "turns SNI on for the names that are left out",
}
_HEAD = """..
  Copyright: (c) 2026, tlsfleet.iis contributors
  GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later
  This page is made from the rules: cd tests; python -m support.findings_page

.. _ansible_collections.tlsfleet.iis.docsite.findings:

All findings
============

A finding is something that is wrong on a host, or that is good to know before changing it. It has an id, a severity, a subject, the
evidence in words, the number of the :ref:`fact <ansible_collections.tlsfleet.iis.docsite.facts>` it rests on, and a repair where one is
safe. An *error* means that clients fail or meet a wrong certificate, a *warning* that they may, or will; *info* is for reading.

There are {count} kinds. For {repairable} of them the option ``repair`` of ``tlsfleet.iis.https_bindings`` can plan a repair; it does so
only for findings that show one. Name the id for all findings of a kind, or the id and the subject for one. A finding without a
safe repair is refused where it was named with its subject, and noted otherwise.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD.format(count=len(KINDS), repairable=len(REPAIRABLE))]
    for title, theme in THEMES.items():
        parts.append(f"{title}\n{'-' * len(title)}\n")
        parts += [_section(kind) for kind in theme.KINDS]
    return "\n".join(parts)


def _section(kind: Kind) -> str:
    severities = " or ".join(kind.severities)
    remedy = f"``repair: [{kind.id}]`` {_REMEDIES[kind.remedy]}." if kind.remedy else "There is no automatic repair."
    return (
        f"{kind.id}\n{'~' * len(kind.id)}\n\n"
        f"*Severity:* {severities}. *Fact:* {kind.fact}.\n\n"
        f"{_escaped(kind.means)}\n\n"
        f"*Why it matters:* {_escaped(kind.why)}\n\n"
        f"*What to do:* {_escaped(kind.mend)} {remedy}\n"
    )


def _escaped(text: str) -> str:
    """Words of the registry are plain text; in reStructuredText a backslash, a star and a final underscore mean something."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("_.", "\\_.")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

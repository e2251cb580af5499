# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the host as a whole: what could not be read, what stands in the way of changes."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.signs import Guard
from .finding import Finding, Kind, Rule
from .scene import Scene

LAYER_UNREADABLE = Kind(
    "layer_unreadable",
    ("warning", "error"),
    "F4.08",
    "A part of the host could not be read.",
    "What seems to be missing there is only unknown. Without sites or records nothing is planned at all.",
    "Read with an account that is a local administrator; the evidence says what Windows answered.",
)
UNFINISHED_RUN = Kind(
    "unfinished_run",
    ("error",),
    "F4.06",
    "An earlier change of this host did not come to its end.",
    "Half of it may have been done. New plans are refused until it is settled.",
    "Run the same task again; it finishes or undoes what was begun.",
)
GUARD_UNDID = Kind(
    "guard_undid",
    ("warning",),
    "F4.06",
    "A change was undone on the host because nobody had confirmed it in time.",
    "The host stands as before that change. The link was lost after it, or the controller died; the change itself may be the reason.",
    "Find out why nobody confirmed it, then run the same task again.",
)
SHARED_CONFIGURATION = Kind(
    "shared_configuration",
    ("info",),
    "F3.13",
    "IIS takes its configuration from a share that other hosts use as well.",
    "Bindings change on all of them at once; records, certificates and keys belong to each host.",
    "Bring records and certificates to all hosts first, and change the bindings once.",
)
WINDOWS_UNSUPPORTED = Kind(
    "windows_unsupported",
    ("warning",),
    "F2.01",
    "This Windows is older than 2008 R2 SP1.",
    "Nothing here was made for it.",
    "Upgrade the host.",
)

KINDS = (LAYER_UNREADABLE, UNFINISHED_RUN, GUARD_UNDID, SHARED_CONFIGURATION, WINDOWS_UNSUPPORTED)


def _guarded(guard: Guard | None) -> str:
    if guard is None:
        return ""
    if guard.state == "armed":
        return f"; its guard undoes it at {guard.at}"
    # it has changed nothing, or all but some records: only the applier that meets the journal next looks at that
    return f"; its guard could not undo all of it at {guard.at}, the next task says why"


def _host(scene: Scene) -> Iterator[Finding]:
    host = scene.host
    for item in host.incomplete:
        severity = "error" if item.layer in ("records", "sites") else "warning"
        yield LAYER_UNREADABLE.on(
            f"layer {item.layer}", f"{item.layer} could not be read: {item.message}", severity=severity
        )
    if host.unfinished_run is not None:
        yield UNFINISHED_RUN.on("host", f"run {host.unfinished_run} did not finish{_guarded(host.guard)}")
    elif host.guard is not None:
        yield GUARD_UNDID.on("host", f"run {host.guard.run} was undone by its guard at {host.guard.at}")
    if host.shared_configuration:
        yield SHARED_CONFIGURATION.on("host", "applicationHost.config comes from a share")
    if scene.able.support_tier == "unsupported":
        yield WINDOWS_UNSUPPORTED.on(
            "host", f"{host.os.name} ({host.os.major}.{host.os.minor}.{host.os.build}) is not supported"
        )


RULES: tuple[Rule, ...] = (_host,)

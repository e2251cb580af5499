# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host of the fleet in test_faults.py meets which fault; the name of the host says it in short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.connection import winrm
from e2e import hosts
from e2e.stories import NAME, NEW_NAME

KEY, NEW_KEY = f"{NAME}:443", f"{NEW_NAME}:443"


def planned(fault: str, /, **values: Any) -> dict[str, Any]:
    return {"fault": fault, **values}


CUT = ("drop", "unavailable", "soap_fault")
#: Does the winrm plugin of this ansible-core open a new shell when a quota is met? Older ones fail.
ANEW = "803381A6" in Path(winrm.__file__).read_text(encoding="utf-8")


def _written(key: str) -> dict[str, Any]:
    return {"change": "record_set", "family": "hostnameport", "key": key, "thumbprint": hosts.API}


FAULTS: dict[str, list[dict[str, Any]]] = {
    **{f"{name.replace('_', '-')}-create": [planned(name, at="create")] for name in CUT},
    **{f"{name.replace('_', '-')}-delete": [planned(name, at="delete")] for name in CUT},
    **{
        f"{name.replace('_', '-')}-{at}-{call}": [planned(name, at=at, call=call)]
        for name in CUT
        for at in ("command", "send", "receive", "signal")
        for call in (1, 2)
    },
    "sent-but-no-answer": [planned("drop", at="send", call=2, carried_out=True), planned("drop", at="receive", call=2)],
    "late-receive": [planned("operation_timeout", at="receive", call=2, times=2)],
    "late-send": [planned("operation_timeout", at="send", call=2)],
    "lost-send": [planned("operation_timeout", at="send", call=2, carried_out=False)],
    "quota-1": [planned("quota", call=1)],
    "quota-2": [planned("quota", call=2)],
    "slow": [planned("latency", seconds=0.3)],
    "unreachable": [planned("unreachable")],
    "reboot-quick": [planned("reboot", call=2, seconds=0)],
    "reboot-long": [planned("reboot", call=2, seconds=600)],
    "crash-before": [planned("crash", when="before")],
    "crash-after": [planned("crash", when="after")],
    "new-crash": [planned("crash", at_call=1)],
    "refused-1312": [planned("refuse", code="key_unusable")],
    "refused-5": [planned("refuse", code="access_denied")],
    "refused-2": [planned("refuse", code="record_missing")],
    "new-conflict": [planned("refuse", code="config_conflict")],
    "new-locked": [planned("refuse", code="config_locked")],
    "new-denied": [planned("refuse", code="access_denied", at_call=2)],
    "new-undo-fails": [
        planned("refuse", code="config_conflict"),
        planned("refuse", code="access_denied", during="undo"),
    ],
    "new-disk-at-once": [planned("disk_full")],
    "new-disk-later": [planned("disk_full", at_call=2)],
    "no-rights-to-read": [planned("access_denied", module="host_reader")],
    "no-rights-to-change": [planned("access_denied", module="host_applier")],
    "written-meanwhile": [planned("other_writer", do=[_written(KEY)])],
    "new-taken": [planned("other_writer", do=[_written(NEW_KEY)], at_call=1)],
    "new-removed-site-binding": [
        planned(
            "other_writer", do=[{"change": "binding_remove", "site": "Api", "information": "*:443:api.example.com"}]
        )
    ],
    "certificate-gone": [planned("certificate_removed", thumbprint=hosts.SHOP_NEW)],
    "closed-endpoint": [planned("endpoint_unreachable", address="10.0.0.5")],
    "closed-for-controller": [planned("endpoint_unreachable", address="10.0.0.5", seen_by="controller")],
    "load-balancer": [planned("front_certificate", address="10.0.0.5")],
    "only-tls13": [planned("tls_versions", minimum="TLS1.3")],
    "only-tls12": [planned("tls_versions", minimum="TLS1.2", maximum="TLS1.2")],
    "new-lost-record": [planned("seeded", name="lost_record")],
    "swapped": [planned("seeded", name="swapped_certificate")],
}
#: The same over PowerShell remoting, where some of it ends differently.
PSRP = {
    "psrp-create": [planned("drop", at="create")],
    "psrp-command": [planned("drop", at="command", call=2)],
    "psrp-send": [planned("drop", at="send", call=2)],
    "psrp-receive": [planned("drop", at="receive", call=2)],
    "psrp-late-receive": [planned("operation_timeout", at="receive", call=2, times=2)],
    "psrp-quota": [planned("quota", call=2)],
    "psrp-delete": [planned("drop", at="delete")],
    "psrp-crash": [planned("crash")],
    "psrp-late-send": [planned("operation_timeout", at="send", call=2)],
    "psrp-signal": [planned("drop", at="signal", call=1)],
    # The first answer that this plugin fetches is that of the runspace pool, before any command.
    "psrp-late-opening": [planned("operation_timeout", at="receive")],
    "psrp-cut-opening": [planned("drop", at="receive")],
    **{f"psrp-soap-fault-{at}": [planned("soap_fault", at=at)] for at in ("create", "delete")},
    **{f"psrp-soap-fault-{at}": [planned("soap_fault", at=at, call=2)] for at in ("command", "send", "receive")},
}
FAULTS |= PSRP
#: Lost before the change arrived, and after it was made. The first call's Signal goes out when the second begins.
PSRP_BEFORE = (
    "psrp-command",
    "psrp-soap-fault-command",
    "psrp-send",
    "psrp-soap-fault-send",
    "psrp-quota",
    "psrp-signal",
)
PSRP_AFTER = ("psrp-receive", "psrp-soap-fault-receive", "psrp-late-send")
#: These get no shell. A pool of runspaces is created and then fetched: what is late there is not waited for.
UNREACHABLE = (
    *(f"{name.replace('_', '-')}-create" for name in CUT),
    "unreachable",
    *("psrp-create", "psrp-soap-fault-create", "psrp-late-opening", "psrp-cut-opening"),
)
#: After these the same wish cannot stand: a host that stays down, a certificate that is gone, a binding that is gone.
NEVER = {"reboot-long", "certificate-gone", "new-removed-site-binding"}
#: These need no second run.
ONCE = {
    "late-receive",
    "late-send",
    *(("quota-1", "quota-2") if ANEW else ()),
    "slow",
    "closed-for-controller",
    "load-balancer",
    "only-tls12",
    *(f"{name.replace('_', '-')}-delete" for name in CUT),
    "psrp-late-receive",
    "psrp-delete",
    "psrp-soap-fault-delete",
}

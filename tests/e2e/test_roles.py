# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and demo as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from e2e import hosts
from e2e.conftest import Start
from e2e.fleet import ROOT
from engine.harness.lane import missing


def test_the_compliance_role_judges_and_reports(start: Start, tmp_path: Path) -> None:
    clean = hosts.host(
        "web02",
        sites=[hosts.site(1, "Shop", hosts.https("*:443:shop.example.com"))],
        records=[hosts.record("shop.example.com:443", hosts.SHOP)],
        http_ports=[],
    )
    fleet = start(hosts.host(), clean)
    extra = json.dumps({"https_compliance_report_dir": str(tmp_path / "report"), "https_compliance_fail_on": "failed"})
    played = fleet.playbook("tlsfleet.iis.compliance", "-e", extra)
    assert played.status == 2 and "web01 is failed" in played.output and "web02 is failed" not in played.output
    report = json.loads((tmp_path / "report" / "compliance.json").read_text())
    assert report["simulated"] is True and report["totals"] == {"failed": 1, "unknown": 0, "passed": 1}
    assert [item["host"] for item in report["hosts"]] == ["web01", "web02"]
    page = (tmp_path / "report" / "compliance.html").read_text()
    assert "Simulated" in page and "web01" in page
    assert fleet.calls("web01") == 1


def test_a_host_that_cannot_be_reached_is_unknown_and_not_passed(start: Start, tmp_path: Path) -> None:
    fleet = start(hosts.host())
    extra = json.dumps({"https_compliance_report_dir": str(tmp_path / "report"), "ansible_password": "wrong"})
    fleet.playbook("tlsfleet.iis.compliance", "-e", extra)
    report = json.loads((tmp_path / "report" / "compliance.json").read_text())
    assert report["totals"] == {"failed": 0, "unknown": 1, "passed": 0}


def test_the_demo_ends_as_it_should() -> None:
    """It checks itself: refusals, handshakes by another client, a second run without a change.

    With the C# that ships where Mono is there; with the lab's model it is a gate of ``make check``.
    """
    engine = "model" if missing() else "mono"
    values = {
        **os.environ,
        "ENGINE": engine,
        "PATH": f"{os.environ.get('IIS_CORE_BIN', '')}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        [str(ROOT / "tests" / "demo" / "run")], check=False, env=values, text=True, capture_output=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"simulated (engine {engine}); no Windows took part" in done.stdout
    assert "As expected. All of this was simulated" in done.stdout

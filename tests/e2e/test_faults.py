# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way or on the host, through the real ansible-playbook: what stands there, the verdict, the message.

Each test plans one fault in the lab, changes the certificate of a binding, and looks at the host behind the back of the
collection: by a handshake of its own and by the lab's transcript.
"""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from e2e import hosts
from e2e.fleet import Fleet, Played, Result

MODULE, HOST, NAME = "tlsfleet.iis.https_bindings", "web01", "shop.example.com"
READ, CHANGE = "tlsfleet.iis.host_reader", "tlsfleet.iis.host_applier"
CUT = ("drop", "unavailable", "soap_fault")


class Scene:
    """One host, and the wish that exchanges the certificate of its shop for the other one."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.certificates = [fleet.thumbprint(HOST, item) for item in (hosts.SHOP, hosts.SHOP_NEW)]
        self.before = self.served()
        (self.other,) = (item for item in self.certificates if item != self.before)
        fleet.reset()

    def served(self, address: str = "10.0.0.5", name: str = NAME) -> str:
        """What a client meets, by Python's own TLS."""
        entries = yaml.safe_load((self.fleet.place / "inventory.yml").read_text(encoding="utf-8"))["windows"]["hosts"]
        (entry,) = (item for item in entries[HOST]["tlsfleet_connect_to"] if item.startswith(f"{address}:443:"))
        loopback, port = entry.split(":")[2:]
        context = ssl.create_default_context(cafile=self.fleet.place / "ca.pem")
        context.check_hostname = False
        with (
            socket.create_connection((loopback, int(port)), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            return hashlib.sha1(secure.getpeercert(True) or b"").hexdigest().upper()

    def fault(self, name: str, **values: Any) -> None:
        self.fleet.fault(HOST, name, **values)

    def play(self, *words: str, task: dict[str, Any] | None = None, **more: Any) -> Played:
        wish = {"site": "Shop", "host": NAME, "certificate": {"thumbprint": self.other}, **more}
        return self.fleet.play([{"name": "declare", MODULE: {"bindings": [wish]}, **(task or {})}], *words)

    def change(self, *words: str, **more: Any) -> Result:
        return self.play(*words, **more).of("declare")

    def again(self) -> None:
        """The next run finds its way: afterwards the wish stands, and nothing is left to do."""
        self.fleet.heal()
        self.change()
        assert self.served() == self.other
        assert self.change()["changed"] is False

    @property
    def calls(self) -> list[str]:
        """Module calls since the scene began, in order."""
        return [item["module"] for item in self.fleet.transcript(HOST) if item["kind"] == "call"][self.seen :]

    seen = 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path_factory.mktemp("faults") / "lab", [hosts.host()])
    yield fleet
    fleet.stop()


@pytest.fixture
def scene(running: Fleet) -> Iterator[Scene]:
    """The host as the last test left it: which of the two certificates is served does not matter."""
    one = Scene(running)
    one.seen = len(one.calls)
    yield one
    running.heal()


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A host of its own, for tests after which it is not the same any more."""
    fleet = Fleet(tmp_path_factory.mktemp("faults") / "lab", [hosts.host()])
    yield Scene(fleet)
    fleet.stop()


# -- the link ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CUT)
def test_a_host_that_opens_no_shell_is_unreachable(name: str, scene: Scene) -> None:
    scene.fault(name, at="create")
    result = scene.change()
    assert result.status == "unreachable" and scene.calls == [] and scene.served() == scene.before
    scene.again()


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize(("at", "calls"), [("command", []), ("send", []), ("receive", [READ]), ("signal", [READ])])
def test_a_link_cut_while_the_host_is_read(name: str, at: str, calls: list[str], scene: Scene) -> None:
    scene.fault(name, at=at, call=1)
    result = scene.change()
    assert result.status == "failed" and result["changed"] is False and result["msg"]
    assert scene.calls == calls and scene.served() == scene.before
    scene.again()


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("at", ["command", "send"])
def test_a_link_cut_before_the_change_arrived(name: str, at: str, scene: Scene) -> None:
    scene.fault(name, at=at, call=2)
    result = scene.change("--diff")
    assert result.status == "failed" and result["changed"] is False and result["error"]["code"] == "connection_lost"
    assert "the host stands as before" in result["msg"] and "Run the task again" in result["msg"]
    assert result["after"] == result["before"]
    assert scene.calls == [READ, READ] and scene.served() == scene.before
    scene.again()


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("at", ["receive", "signal"])
def test_a_link_cut_in_the_middle_of_a_change(name: str, at: str, scene: Scene) -> None:
    scene.fault(name, at=at, call=2)
    result = scene.change("--diff")
    assert result.status == "failed" and result["changed"] is True and result["error"]["code"] == "connection_lost"
    assert "every change of the plan stands" in result["msg"] and "Run the task again" in result["msg"]
    records = {item["key"]: item["thumbprint"] for item in result["after"]["records"]}
    assert records[f"{NAME}:443"] == scene.other == scene.served()
    assert scene.calls == [READ, CHANGE, READ]  # the budget: three, and never a second apply
    scene.again()


def test_the_last_input_that_arrived_although_its_answer_did_not(scene: Scene) -> None:
    scene.fault("drop", at="send", call=2, carried_out=True)
    result = scene.change()
    assert result.status == "failed" and result["changed"] is True and result["error"]["code"] == "connection_lost"
    assert scene.calls == [READ, CHANGE, READ] and scene.served() == scene.other
    scene.again()


@pytest.mark.parametrize("name", CUT)
def test_a_shell_that_cannot_be_closed_changes_nothing(name: str, scene: Scene) -> None:
    scene.fault(name, at="delete")
    result = scene.change()
    assert result.status == "ok" and result["changed"] is True and scene.served() == scene.other
    assert scene.calls == [READ, CHANGE]


@pytest.mark.parametrize(("at", "times"), [("receive", 2), ("send", 1)])
def test_an_operation_out_of_time_is_waited_for(at: str, times: int, scene: Scene) -> None:
    scene.fault("operation_timeout", at=at, call=2, times=times)
    result = scene.change()
    assert result.status == "ok" and result["changed"] is True and scene.served() == scene.other
    assert scene.calls == [READ, CHANGE]


def test_input_that_got_lost_ends_with_the_time_of_the_task(scene: Scene) -> None:
    scene.fault("operation_timeout", at="send", call=2, carried_out=False)
    result = scene.change(task={"timeout": 6})
    assert result.status == "failed" and "timeout" in result["msg"].lower() or "timed out" in result["msg"].lower()
    assert scene.calls == [READ] and scene.served() == scene.before
    scene.again()


@pytest.mark.parametrize("call", [1, 2])
def test_a_quota_is_met_with_a_new_shell(call: int, scene: Scene) -> None:
    scene.fault("quota", call=call)
    result = scene.change()
    assert result.status == "ok" and result["changed"] is True and scene.served() == scene.other
    assert scene.calls == [READ, CHANGE] and scene.fleet.counters(HOST)["shells_opened"] == 2


def test_a_slow_host(scene: Scene) -> None:
    scene.fault("latency", seconds=0.3)
    result = scene.change()
    assert result.status == "ok" and scene.calls == [READ, CHANGE] and scene.served() == scene.other


def test_an_unreachable_host(scene: Scene) -> None:
    scene.fault("unreachable")
    result = scene.change()
    assert result.status == "unreachable" and "refused" in result["msg"] and scene.calls == []
    scene.again()


def test_a_quick_reboot_between_reading_and_changing(scene: Scene) -> None:
    scene.fault("reboot", call=2, seconds=0)
    result = scene.change()
    assert result.status == "failed" and result["error"]["code"] == "connection_lost" and result["changed"] is False
    assert "the host stands as before" in result["msg"] and result["after"] == result["before"]
    assert scene.calls == [READ, READ] and scene.served() == scene.before
    scene.again()


def test_a_long_reboot_claims_nothing(fresh: Scene) -> None:
    fresh.fault("reboot", call=2, seconds=60)
    result = fresh.change()
    assert result.status == "failed" and result["error"]["code"] == "connection_lost"
    assert "it is not known which steps were carried out" in result["msg"]
    assert result["after"] is None and result["diff"] is None and result["findings"] is None
    assert fresh.calls == [READ]


# -- the machine -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_applier_that_dies(when: str, scene: Scene) -> None:
    scene.fault("crash", when=when)
    result = scene.change()
    standing = "every change of the plan stands" if when == "after" else "the host stands as before"
    assert result.status == "failed" and result["error"]["code"] == "connection_lost" and standing in result["msg"]
    assert "has not finished on the host" in result["msg"] and result["changed"] is (when == "after")
    assert scene.calls == [READ, CHANGE, READ]
    assert scene.served() == (scene.other if when == "after" else scene.before)
    dry = scene.change("--check")
    assert dry.status == "failed" and "did not finish" in dry["msg"]
    played = scene.play()
    assert played.of("declare").status == "ok" and played.of("declare")["changed"] is True
    assert "had not finished on WEB01 and was undone first" in played.output
    assert scene.calls[4:] == [READ, CHANGE, CHANGE] and scene.served() == scene.other


@pytest.mark.parametrize(("code", "number"), [("key_unusable", 1312), ("access_denied", 5), ("record_missing", 2)])
def test_a_refused_call(code: str, number: int, scene: Scene) -> None:
    scene.fault("refuse", code=code)
    result = scene.change()
    error = result["error"]
    assert result.status == "failed" and result["changed"] is False and result["undone"] is None
    assert (error["code"], error["number"], error["call"]) == (code, number, "HttpUpdateServiceConfiguration")
    assert f"{NAME}:443" in error["place"] and f"{NAME}:443" in result["msg"]
    assert result["after"] == result["before"] and scene.served() == scene.before and scene.calls == [READ, CHANGE]
    scene.again()


def second_site(scene: Scene) -> dict[str, Any]:
    """A wish for one more binding: a record, a commit, a probe."""
    return {"site": "Api", "host": "new.example.com", "certificate": {"thumbprint": scene.other}}


@pytest.mark.parametrize(
    ("code", "number"), [("config_conflict", 0x80071A90), ("config_locked", 0x80070020), ("access_denied", 0x80070005)]
)
def test_a_refused_commit_is_undone(code: str, number: int, scene: Scene) -> None:
    scene.fault("refuse", code=code, at_call=2)
    result = scene.change(**second_site(scene))
    error = result["error"]
    assert result.status == "failed" and (error["code"], error["number"]) == (code, number)
    assert error["call"] == "CommitChanges" and error["step"] == 1
    assert result["undone"] == "complete" and result["changed"] is False and result["after"] == result["before"]
    assert "undone" in result["msg"] and scene.calls == [READ, CHANGE]
    assert scene.fleet.transcript(HOST)[-1]["calls"] == [
        "HttpSetServiceConfiguration hostnameport new.example.com:443",
        "HttpDeleteServiceConfiguration hostnameport new.example.com:443",
    ]


def test_an_undo_that_fails_says_what_stands(fresh: Scene) -> None:
    fresh.fault("refuse", code="config_conflict", at_call=2)
    fresh.fault("refuse", code="access_denied", during="undo")
    result = fresh.change(**second_site(fresh))
    assert result.status == "failed" and result["undone"] == "partial" and result["changed"] is True
    assert "new.example.com:443" in {item["key"] for item in result["after"]["records"]}
    assert "Not undone" in result["msg"] and "new.example.com:443" in result["msg"]


@pytest.mark.parametrize("at_call", [None, 2])
def test_a_full_disk_at_the_journal(at_call: int | None, scene: Scene) -> None:
    scene.fault("disk_full", at_call=at_call)
    result = scene.change(**second_site(scene))
    assert result.status == "failed" and result["error"]["place"] == "journal" and result["error"]["number"] == 112
    assert "disk is full" in result["msg"] and result["changed"] is False and result["after"] == result["before"]
    assert result["undone"] == (None if at_call is None else "complete")


@pytest.mark.parametrize(("module", "calls"), [("host_reader", [READ]), ("host_applier", [READ, CHANGE])])
def test_missing_rights(module: str, calls: list[str], scene: Scene) -> None:
    scene.fault("access_denied", module=module)
    result = scene.change()
    assert result.status == "failed" and result["error"]["code"] == "access_denied" and result["changed"] is False
    assert "administrator rights" in result["msg"] and scene.calls == calls and scene.served() == scene.before


# -- other people ------------------------------------------------------------------------------------------------


def test_another_writer_changed_the_record_meanwhile(scene: Scene) -> None:
    foreign = scene.fleet.thumbprint(HOST, hosts.API)
    key = f"{NAME}:443"
    written = {"change": "record_set", "family": "hostnameport", "key": key, "thumbprint": foreign}
    scene.fault("other_writer", do=[written])
    result = scene.change()
    assert result.status == "failed" and result["error"]["code"] == "changed_meanwhile" and result["undone"] is None
    assert key in result["msg"] and scene.before in result["msg"] and foreign in result["msg"]
    assert scene.served() == foreign  # nothing was overwritten
    assert {item["key"]: item["thumbprint"] for item in result["after"]["records"]}[key] == foreign
    scene.again()


def test_another_writer_removed_the_binding_in_the_middle(fresh: Scene) -> None:
    removed = {"change": "binding_remove", "site": "Api", "information": "*:443:api.example.com"}
    fresh.fault("other_writer", do=[removed], at_call=2)
    wish = {**second_site(fresh), "host": "api.example.com", "state": "absent"}
    wish.pop("certificate")
    played = fresh.fleet.play([{"name": "declare", MODULE: {"bindings": [wish]}}])
    result = played.of("declare")
    # the binding goes first, with the first call; what the other one took away then was gone already
    assert result.status == "ok" and result["changed"] is True
    assert "api.example.com" not in {item["host"] for item in result["after"]["bindings"]}


def test_another_writer_took_the_place_of_a_new_record(fresh: Scene) -> None:
    foreign = fresh.fleet.thumbprint(HOST, hosts.API)
    taken = {"change": "record_set", "family": "hostnameport", "key": "new.example.com:443", "thumbprint": foreign}
    fresh.fault("other_writer", do=[taken], at_call=1)
    result = fresh.change(**second_site(fresh))
    assert result.status == "failed" and (result["error"]["code"], result["error"]["number"]) == ("record_exists", 183)
    assert result["undone"] is None
    assert {item["key"]: item["thumbprint"] for item in result["after"]["records"]}["new.example.com:443"] == foreign
    assert [item["host"] for item in result["after"]["bindings"]] == [NAME, "api.example.com"]


def test_a_certificate_removed_between_planning_and_changing(fresh: Scene) -> None:
    fresh.fault("certificate_removed", thumbprint=fresh.other)
    result = fresh.change()
    assert result.status == "failed" and (result["error"]["code"], result["error"]["number"]) == ("key_unusable", 1312)
    assert fresh.served() == fresh.before and result["changed"] is False
    again = fresh.change()
    assert again.status == "failed" and fresh.other in again["msg"] and "problems" in again.value
    assert fresh.calls == [READ, CHANGE, READ]


# -- endpoints ---------------------------------------------------------------------------------------------------


def look(scene: Scene, *endpoints: dict[str, Any]) -> list[dict[str, Any]]:
    task = {"endpoints": list(endpoints), "connect_to": "{{ tlsfleet_connect_to }}"}
    played = scene.fleet.play([{"name": "see", "tlsfleet.iis.https_endpoint_info": task}])
    found: list[dict[str, Any]] = played.of("see")["endpoints"]
    return found


HERE = {"address": "10.0.0.5", "sni": NAME}


def test_an_endpoint_that_nobody_reaches_is_not_taken_for_right(scene: Scene) -> None:
    scene.fault("endpoint_unreachable", address="10.0.0.5")
    result = scene.change()
    assert result.status == "failed" and result["error"]["code"] == "probe_unverified"
    assert result["undone"] == "complete" and result["changed"] is False
    assert {item["verdict"] for item in result["probes"] if item["address"] == "10.0.0.5"} == {"unreachable"}
    assert "10.0.0.5:443" in result["msg"]
    (seen,) = look(scene, HERE)
    assert seen["served"] is None and seen["outcome"] != "served"
    scene.again()


def test_an_endpoint_that_only_the_controller_cannot_reach(scene: Scene) -> None:
    scene.fault("endpoint_unreachable", address="10.0.0.5", seen_by="controller")
    assert scene.change().status == "ok"
    assert look(scene, HERE)[0]["served"] is None
    scene.fleet.heal()
    assert scene.served() == scene.other


def test_a_load_balancer_with_a_certificate_of_its_own(scene: Scene) -> None:
    scene.fault("front_certificate", address="10.0.0.5")
    result = scene.change()
    assert result.status == "ok" and {item["verdict"] for item in result["probes"]} == {"right"}
    (seen,) = look(scene, HERE)
    assert seen["served"] not in (None, *scene.certificates) and seen["served"] == scene.served()
    scene.fleet.heal()
    assert look(scene, HERE)[0]["served"] == scene.other


def test_an_endpoint_without_tls_1_2(scene: Scene) -> None:
    scene.fault("tls_versions", minimum="TLS1.3")
    result = scene.change()
    assert result.status == "failed" and result["error"]["code"] == "probe_unverified"
    assert {item["verdict"] for item in result["probes"] if item["expect"]} == {"tls_unsupported_here"}
    assert result["undone"] == "complete" and scene.served() == scene.before
    assert look(scene, HERE)[0]["served"] == scene.before  # the controller speaks TLS 1.3
    wanted = {"bindings": [{"site": "Shop", "host": NAME, "certificate": {"thumbprint": scene.other}}]}
    accepted = scene.fleet.play([{"name": "declare", MODULE: {**wanted, "probe": {"on_unverified": "ignore"}}}])
    assert accepted.of("declare").status == "ok" and scene.served() == scene.other


@pytest.mark.parametrize("maximum", ["TLS1.2", "TLS1.3"])
def test_an_endpoint_with_tls_1_2(maximum: str, scene: Scene) -> None:
    scene.fault("tls_versions", minimum="TLS1.2", maximum=maximum)
    assert scene.change().status == "ok" and look(scene, HERE)[0]["served"] == scene.other


# -- the simulation itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lost_record", "swapped_certificate"])
def test_a_machine_that_does_not_do_what_it_says_is_found_out(name: str, fresh: Scene) -> None:
    fresh.fault("seeded", name=name)
    result = fresh.change(**second_site(fresh))
    assert result.status == "failed" and result["error"]["code"] in ("probe_wrong", "probe_unverified")
    assert json.dumps(result["probes"]).count('"wrong"') >= 1

# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Details of order, inverse and prediction that a mutation run showed no other test would miss (docs/tested.md)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.host import Binding, Host, RecordValue
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.keys import record_key
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.model.steps import BindingEdit, BindingsStep, RecordStep
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.impact import Impact
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.planner import Plan, _rank
from ansible_collections.tlsfleet.iis.plugins.plugin_utils.planning.predict import after_steps
from support.documents import record, site, stored
from support.peers import API, BOTH, NEW, OTHER, SHOP, host_of, plan_of, records_of, refused, wish

WILD = stored("*.example.com")
SSTP = "{ba195980-cd49-458b-9e23-c84ee0adcd75}"
#: One record of each kind, the one that outranks all others first (F1.10).
RANKED = ["10.0.0.5:443", "shop.example.com:443", "*.example.com:443", "443", "[::]:443", "0.0.0.0:443"]
BINDINGS = (
    "*:443:",
    "[::]:443:",
    "*:443:ccs.example.com=3",
    "*:443:*.example.com=1",
    "*:443:shop.example.com=1",
    "10.0.0.5:443:",
)
CERTIFICATES = (SHOP, NEW, API, OTHER, WILD)


def calls(plan: Plan) -> list[str]:
    """The records written, and where the commit of the bindings stands."""
    return [
        f"{step.op.removeprefix('record_')} {step.key.text}" if isinstance(step, RecordStep) else step.op
        for step in plan.steps
        if step.op != "probe"
    ]


def absent(host: str = "", **more: Any) -> dict[str, Any]:
    return wish("Shop", host, state="absent", **more)


def test_each_kind_of_record_has_a_rank_of_its_own() -> None:
    """As the resolver ranks them; where two shared one, the alphabet would decide which is written first."""
    keys = [record_key("ccs" if key == "443" else record(key, None)["family"], key) for key in RANKED]
    assert [_rank(key)[0] for key in keys] == list(range(6))
    # how Windows ranks a central store for one name no source says (F1.24); it is taken for a name
    assert _rank(record_key("scopedccs", "shop.example.com:443"))[0] == 1


def test_new_records_come_by_rank_and_go_in_reverse() -> None:
    records = [record(key, None if key == "443" else SHOP) for key in RANKED]
    central = {"enabled": True, "files": None}
    host = host_of(*CERTIFICATES, sites=[site("Shop", *BINDINGS)], records=records, central_store=central)
    gone = plan_of(host, remove_others={"scope": "host"})
    assert calls(gone) == ["bindings", *(f"delete {key}" for key in reversed(RANKED))]
    back = plan_of(
        gone.after,
        wish("Shop", "", SHOP, sni="never"),
        wish("Shop", "", SHOP, sni="never", address="::"),
        wish("Shop", "ccs.example.com", central_store=True),
        wish("Shop", "*.example.com", WILD, sni="required"),
        wish("Shop", "shop.example.com", SHOP, sni="required"),
        wish("Shop", "", SHOP, sni="never", address="10.0.0.5"),
        allow={"shared_change": ["Shop"]},
    )
    assert calls(back) == [*(f"set {key}" for key in RANKED), "bindings"]


def test_changed_records_come_by_rank_after_new_ones() -> None:
    sites = [site("Shop", "*:443:", "10.0.0.5:443:")]
    host = host_of(sites=sites, records=[record("0.0.0.0:443", OTHER), record("10.0.0.5:443", OTHER)])
    new = wish("Shop", "api.example.com", API, sni="required")
    plan = plan_of(host, new, wish("Shop", "", SHOP), wish("Shop", "", SHOP, address="10.0.0.5"))
    expected = ["set api.example.com:443", "update 10.0.0.5:443", "update 0.0.0.0:443", "bindings"]
    assert calls(plan) == expected


@pytest.mark.parametrize("kept", ["in use", "of others", "not there"])
def test_a_record_that_stays_keeps_no_other_from_going(kept: str) -> None:
    """The records of three bindings are released, the first cannot be deleted: the others can."""
    bindings = ["*:443:", "10.0.0.5:443:", "*:443:shop.example.com=1"]
    if kept == "in use":
        bindings += ["*:443:api.example.com"]
    records = [record("10.0.0.5:443", SHOP), record("shop.example.com:443", SHOP)]
    if kept != "not there":
        records.append(record("0.0.0.0:443", SHOP, **({"app_id": SSTP} if kept == "of others" else {})))
    host = host_of(sites=[site("Shop", *bindings)], records=records)
    allow = {"shared_change": ["Shop"], "foreign": ["0.0.0.0:443"]}
    plan = plan_of(host, absent(), absent(address="10.0.0.5"), absent("shop.example.com"), allow=allow)
    assert calls(plan) == ["bindings", "delete shop.example.com:443", "delete 10.0.0.5:443"]
    assert records_of(plan.after) == ([] if kept == "not there" else ["0.0.0.0:443"])
    assert any("stays: it is used by" in note for note in plan.notes) == (kept == "of others")


def test_a_record_that_a_binding_takes_over_is_not_deleted() -> None:
    """Released by one wish, wanted by another: it is changed, never deleted."""
    host = host_of(sites=[site("Shop", "*:443:shop.example.com")], records=[record("0.0.0.0:443", SHOP)])
    plan = plan_of(host, absent("shop.example.com"), wish("Shop", "", NEW, sni="never"))
    assert calls(plan) == ["update 0.0.0.0:443", "bindings"]


def commit_of(plan: Plan) -> BindingsStep:
    (commit,) = [step for step in plan.steps if isinstance(step, BindingsStep)]
    return commit


def spelled(edit: BindingEdit) -> tuple[str, int | None, str, str]:
    before, after = (item.information if item else "" for item in (edit.before, edit.after))
    return (edit.site, edit.position, before, after)


def test_the_commit_changes_in_place_removes_from_the_end_and_adds_at_the_end() -> None:
    names = ["shop.example.com", "a.example.com", "b.example.com", "c.example.com"]
    shop = site("Shop", *(f"*:443:{name}=1" for name in names), "net.tcp 808:*")
    other = site("Api", "*:443:d.example.com=1", number=2)
    records = [record(f"{name}:443", SHOP) for name in [*names, "d.example.com"]]
    host = host_of(*CERTIFICATES, sites=[shop, other], records=records)
    plan = plan_of(
        host,
        absent("a.example.com"),
        absent("c.example.com"),
        wish("Shop", "shop.example.com", SHOP, sni="never"),
        wish("Shop", "e.example.com", WILD, sni="required"),
        wish("Shop", "f.example.com", WILD, sni="required"),
        wish("Api", "d.example.com", state="absent"),
        wish("Api", "api.example.com", API, sni="required"),
    )
    assert [spelled(edit) for edit in commit_of(plan).edits] == [
        ("Shop", 0, "*:443:shop.example.com", "*:443:shop.example.com"),
        ("Shop", 3, "*:443:c.example.com", ""),
        ("Shop", 1, "*:443:a.example.com", ""),
        ("Shop", 3, "", "*:443:e.example.com"),
        ("Shop", 4, "", "*:443:f.example.com"),
        ("Api", 0, "*:443:d.example.com", ""),
        ("Api", 0, "", "*:443:api.example.com"),
    ]
    assert commit_of(plan).reason == "one commit: add 3, change 1, remove 3"
    after = [binding.information for binding in plan.after.sites[0].bindings]
    assert after == [
        "*:443:shop.example.com",
        "*:443:b.example.com",
        "808:*",
        "*:443:e.example.com",
        "*:443:f.example.com",
    ]
    back = [inverse for step in reversed(plan.steps) if (inverse := step.inverse()) is not None]
    assert after_steps(plan.after, back) == host


@pytest.mark.parametrize(
    ("request_of", "reason"),
    [
        (wish("Shop", "api.example.com", API, sni="required"), "one commit: add 1"),
        (wish("Shop", "shop.example.com", SHOP, sni="never"), "one commit: change 1"),
        (absent("shop.example.com"), "one commit: remove 1"),
    ],
)
def test_the_reason_of_a_commit_counts_what_it_holds(request_of: dict[str, Any], reason: str) -> None:
    host = host_of(sites=[site("Shop", "*:443:shop.example.com=1")], records=[record("shop.example.com:443", SHOP)])
    assert commit_of(plan_of(host, request_of)).reason == reason


def changed(host: Host, *edits: BindingEdit) -> Host:
    return after_steps(host, [BindingsStep(edits, "test")])


def test_only_http_bindings_of_sites_that_run_open_a_port() -> None:
    """Ports that nobody explains belong to others and stay; a binding that cannot be read opens none."""
    shop = site("Shop", "http *:80:", "ftp *:21:", "http nonsense")
    parked = site("Parked", "*:7443:", number=2, state="stopped")
    new = BindingEdit("Shop", None, None, Binding("https", "*:8443:"))
    gone = BindingEdit("Shop", 0, Binding("http", "*:80:"), None)
    host = host_of(sites=[shop, parked], http_ports=[80, 5986])
    assert changed(host, new).http_ports == {80, 5986, 8443}
    assert changed(host, gone).http_ports == {5986}
    assert changed(host_of(sites=[shop], http_ports=None), new).http_ports is None
    # a port on which its site does not listen so far, and which it gives up
    assert changed(host_of(sites=[shop, parked], http_ports=[5986]), gone).http_ports == {5986}
    assert [item.information for item in changed(host, new).sites[0].bindings][-1] == "*:8443:"


def test_records_stand_in_the_order_of_their_keys_whatever_order_they_were_set_in() -> None:
    host = host_of(records=[record("10.0.0.5:443", SHOP), record("0.0.0.0:443", SHOP)])
    value = RecordValue(API["thumbprint"])
    first, second = record_key("hostnameport", "b.example:443"), record_key("hostnameport", "a.example:443")
    sets = [RecordStep("record_set", key, None, value, "test") for key in (first, second)]
    then = after_steps(host, sets)
    assert records_of(then) == [
        "hostnameport a.example:443",
        "hostnameport b.example:443",
        "0.0.0.0:443",
        "10.0.0.5:443",
    ]
    assert after_steps(then, [step.inverse() for step in reversed(sets)]) == after_steps(host, ())


def test_an_opened_and_a_closed_port_are_looked_at() -> None:
    records = [record(f"0.0.0.0:{port}", SHOP) for port in (80, 443, 8443, 9443)]
    before, after, unknown = (
        host_of(SHOP, records=records, http_ports=ports) for ports in ([80, 443], [443, 8443, 9443], None)
    )
    assert {item.endpoint.port for item in Impact(before, after).affected([])} == {80, 8443, 9443}
    assert not list(Impact(unknown, unknown).affected([]))


@pytest.mark.parametrize("allowed", [False, True])
def test_a_shared_configuration_needs_consent(allowed: bool) -> None:
    host = host_of(sites=[site("Shop")], shared_configuration=True)
    new = wish("Shop", "shop.example.com", SHOP)
    if allowed:
        assert not plan_of(host, new, allow={"shared_configuration": True}).empty
    else:
        assert "allow.shared_configuration" in refused(host, new)


def test_what_has_no_safe_repair_is_refused_where_it_was_asked_for_by_subject_and_else_noted() -> None:
    host = host_of(sites=[site("Shop", "*:443:nobody.example.org=1")])
    subject = "record_missing Shop/*:443:nobody.example.org"
    message = refused(host, repair=["orphan", subject])["repair[1]"]
    assert message.startswith(f"{subject} has no safe repair")
    plan = plan_of(host, repair=["record_missing"])
    assert plan.empty and [note.startswith(f"{subject} has no safe repair") for note in plan.notes] == [True]


def test_what_has_no_safe_repair_does_not_vanish_with_a_port_on_which_somebody_else_may_listen() -> None:
    """Found by law L1 (50207471): the port was expected to close, another program kept it open, and the next run was refused."""
    host = host_of(
        sites=[
            site("Shop", "*:443:shop.example.com=1", state="stopped"),
            site("Old", "10.0.0.5:443:", state="stopped", number=2),
            site("Api", "*:443:api.example.com=1", number=3),
        ],
        records=[
            record("10.0.0.5:443", OTHER),
            record("shop.example.com:443", SHOP),
            record("api.example.com:443", API),
        ],
        http_ports=[443],
    )
    gone, allow = wish("Api", "api.example.com", state="absent"), {"shared_change": ["Shop", "Old"]}
    subject = "shadowed Shop/*:443:shop.example.com"
    assert plan_of(host, gone, allow=allow).after.http_ports == frozenset()
    assert refused(host, gone, repair=[subject], allow=allow)["repair[0]"].startswith(f"{subject} has no safe repair")
    assert not plan_of(host, gone, repair=["shadowed"], allow=allow).empty


def test_what_only_the_plan_itself_breaks_is_refused_too_where_its_repair_was_asked_for_by_subject() -> None:
    """The finding is not there before. Noted only, it would be refused by the next run, which has the same request (law L1)."""
    host = host_of(
        sites=[site("Shop", "*:443:shop.example.com=1"), site("Api", number=2)],
        records=[record("shop.example.com:443", SHOP)],
    )
    new = wish("Api", "", API, address="10.0.0.5", sni="never")
    rest: dict[str, Any] = {"allow": {"shared_change": ["Shop"]}}
    subject = "shadowed Shop/*:443:shop.example.com"
    assert refused(host, new, repair=[subject], **rest)["repair[0]"].startswith(f"{subject} has no safe repair")
    assert any(
        note.startswith(f"{subject} has no safe") for note in plan_of(host, new, repair=["shadowed"], **rest).notes
    )
    assert refused(plan_of(host, new, **rest).after, new, repair=[subject], **rest).keys() == {"repair[0]"}


def test_what_the_request_puts_right_by_itself_needs_no_safe_repair() -> None:
    host = host_of(sites=[site("Shop", "*:443:nobody.example.org=1")])
    repair = ["record_missing Shop/*:443:nobody.example.org"]
    plan = plan_of(host, wish("Shop", "nobody.example.org", SHOP), repair=repair)
    assert [step.op for step in plan.steps] == ["record_set", "probe"] and not plan.notes


def test_whom_the_same_request_repairs_need_not_be_asked_for_consent() -> None:
    """The repair speaks of the other site; looked for only after the wishes, it would come too late."""
    sites = [site("Shop", "*:443:shop.example.com=0"), site("Api", "*:443:api.example.com=0", number=2)]
    late = stored("shop.example.com api.example.com", -1)
    host = host_of(late, BOTH, sites=sites, records=[record("0.0.0.0:443", late)])
    new = wish("Shop", "shop.example.com", BOTH)
    assert refused(host, new).keys() == {"allow.shared_change"}
    assert calls(plan_of(host, new, repair=["certificate_expired"])) == ["update 0.0.0.0:443"]


def test_what_a_wish_breaks_is_repaired_by_the_same_plan() -> None:
    """The record's new certificate does not cover the other site's name: that is to be seen only in what the wish leads to."""
    sites = [site("Shop", "*:443:shop.example.com=0"), site("Api", "*:443:api.example.com=0", number=2)]
    host = host_of(sites=sites, records=[record("0.0.0.0:443", BOTH)])
    rest: dict[str, Any] = {"repair": ["shared_with_other_wishes"], "allow": {"shared_change": ["Api"]}}
    plan = plan_of(host, wish("Shop", "shop.example.com", SHOP), **rest)
    assert records_of(plan.after) == ["hostnameport api.example.com:443", "0.0.0.0:443"]
    assert plan_of(plan.after, wish("Shop", "shop.example.com", SHOP), **rest).empty


def test_a_plan_cannot_change_after_it_was_made() -> None:
    parameters: Any = vars(Plan)["__dataclass_params__"]
    assert parameters.frozen

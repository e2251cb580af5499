# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way or on the host, through the real ansible-playbook: what stands there, the verdict, the message.

Every host of one fleet meets a fault of its own (stories.py). What stands on a host is looked up behind the back of the
collection: by a handshake of Python's own and in the lab's transcript.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from e2e.faults import ANEW, FAULTS, KEY, NEVER, NEW_KEY, ONCE, PSRP_AFTER, PSRP_BEFORE, UNREACHABLE
from e2e.stories import CHANGE, LOST, LOST_SECONDS, NAME, NEW_NAME, READ, Stories, failed, untouched
from lab.faults import KINDS

UPDATE, SET, COMMIT = "HttpUpdateServiceConfiguration", "HttpSetServiceConfiguration", "CommitChanges"


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    told = Stories(tmp_path_factory.mktemp("faults") / "lab", FAULTS, ["reboot-long"])
    yield told
    told.fleet.stop()


def test_every_fault_of_the_lab_has_a_story() -> None:
    assert {item["fault"] for planned in FAULTS.values() for item in planned} == set(KINDS)


def test_every_fault_on_the_wire_struck(stories: Stories) -> None:
    for slug, planned in FAULTS.items():
        meant = {item["fault"] for item in planned if KINDS[item["fault"]].room == "wire"} - {"latency"}
        assert {entry["fault"] for entry in stories.told[slug].transcript if entry["kind"] == "fault"} == meant, slug


@pytest.mark.parametrize("slug", sorted(set(FAULTS) - NEVER))
def test_the_next_runs_reach_what_was_wished_and_then_rest(slug: str, stories: Stories) -> None:
    story = stories.told[slug]
    assert story.second is not None and story.third is not None
    assert story.second.status == story.third.status == "ok", story.second.value
    assert story.third["changed"] is False and len(story.calls_then) <= 4
    name = NEW_NAME if slug.startswith("new-") else NAME
    assert stories.served(slug, name) == story.other
    if slug in ONCE:
        assert story.first.status == "ok" and story.first["changed"] is True and story.second["changed"] is False
        assert story.calls == [READ, CHANGE]


# -- the link ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", UNREACHABLE)
def test_a_host_that_opens_no_shell_is_unreachable(slug: str, stories: Stories) -> None:
    story = stories.told[slug]
    assert story.first.status == "unreachable" and story.calls == [] and story.served == story.shop
    assert ("runspace" in story.first.said or "via PSRP" in story.first.said) is slug.startswith("psrp-")
    assert story.counters["shells_opened"] == (1 if "opening" in slug else 0)


@pytest.mark.parametrize("name", ["drop", "unavailable", "soap-fault"])
@pytest.mark.parametrize(("at", "calls"), [("command", []), ("send", []), ("receive", [READ]), ("signal", [READ])])
def test_a_link_cut_while_the_host_is_read(name: str, at: str, calls: list[str], stories: Stories) -> None:
    story = stories.told[f"{name}-{at}-1"]
    assert story.first.status == "failed" and story.first.value.get("changed", False) is False
    assert story.calls == calls and story.served == story.shop
    if at == "send":
        assert "send_input failed" in story.first.said  # Ansible's own words, which say enough
    else:
        assert story.first["error"]["code"] == "connection_lost" and "nothing was changed" in story.first.said


@pytest.mark.parametrize("name", ["drop", "unavailable", "soap-fault"])
@pytest.mark.parametrize("at", ["command", "send"])
def test_a_link_cut_before_the_change_arrived(name: str, at: str, stories: Stories) -> None:
    story = stories.told[f"{name}-{at}-2"]
    message = failed(story, "connection_lost", [READ, READ]).said
    assert "the host stands as before" in message and "Run the task again" in message and "\n" not in message
    untouched(story)


@pytest.mark.parametrize(
    "slug",
    [
        *(f"{name}-{at}-2" for name in ("drop", "unavailable", "soap-fault") for at in ("receive", "signal")),
        "sent-but-no-answer",
    ],
)
def test_a_link_cut_in_the_middle_of_a_change(slug: str, stories: Stories) -> None:
    story = stories.told[slug]
    # the budget: three calls, and never a second apply
    result = failed(story, "connection_lost", [READ, CHANGE, READ])
    assert result["changed"] is True and story.record == story.served == story.other
    assert "every change of the plan stands" in result.said and "Run the task again" in result.said
    assert story.second is not None and story.second["changed"] is False


def test_an_operation_out_of_time_is_waited_for(stories: Stories) -> None:
    for slug in ("late-receive", "late-send"):
        assert stories.told[slug].served == stories.told[slug].other


def test_input_that_got_lost_ends_with_the_time_of_the_task(stories: Stories) -> None:
    story = stories.told[LOST]
    assert story.first.status == "failed" and str(LOST_SECONDS) in story.first.said
    assert story.calls == [READ] and story.served == story.shop


def test_a_quota_is_met_with_a_new_shell(stories: Stories) -> None:
    if not ANEW:
        assert "nothing was changed" in failed(stories.told["quota-1"], "connection_lost", []).said
        assert "the host stands as before" in failed(stories.told["quota-2"], "connection_lost", [READ, READ]).said
        return
    for slug in ("quota-1", "quota-2"):
        assert stories.told[slug].served == stories.told[slug].other
        assert stories.told[slug].counters["shells_opened"] == stories.told[slug].counters["shells_closed"] == 2


def test_a_quick_reboot_between_reading_and_changing(stories: Stories) -> None:
    story = stories.told["reboot-quick"]
    assert "the host stands as before" in failed(story, "connection_lost", [READ, READ]).said
    untouched(story)


def test_a_long_reboot_claims_nothing(stories: Stories) -> None:
    story = stories.told["reboot-long"]
    result = failed(story, "connection_lost", [READ])
    assert "could not be read again" in result.said and "not known which steps were carried out" in result.said
    assert not any(result.value.get(name) for name in ("after", "diff", "findings"))
    assert story.served is None and story.seen is None


def test_the_same_over_powershell_remoting(stories: Stories) -> None:
    told = stories.told
    for story in (told[slug] for slug in PSRP_BEFORE):
        assert "the host stands as before" in failed(story, "connection_lost", [READ, READ]).said, story.slug
        untouched(story)
    for slug in PSRP_AFTER:
        result = failed(told[slug], "connection_lost", [READ, CHANGE, READ])
        assert result["changed"] is True and told[slug].record == told[slug].served == told[slug].other
        assert "every change of the plan stands" in result.said, slug
    assert "has not finished on the host" in failed(told["psrp-crash"], "connection_lost", [READ, CHANGE, READ]).said


# -- the machine -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "standing", "served"),
    [
        ("crash-before", "the host stands as before", "shop"),
        ("crash-after", "every change of the plan stands", "other"),
        ("new-crash", "a part of the plan stands", "shop"),
    ],
)
def test_an_applier_that_dies_and_the_run_after_it(slug: str, standing: str, served: str, stories: Stories) -> None:
    story = stories.told[slug]
    result = failed(story, "connection_lost", [READ, CHANGE, READ])
    assert standing in result.said and "has not finished on the host" in result.said
    assert result["changed"] is (slug != "crash-before") and story.served == getattr(story, served)
    assert story.dry is not None and story.dry.status == "failed" and "did not finish" in story.dry.said
    assert story.second is not None and story.second["changed"] is True
    assert story.calls_then == [READ, CHANGE, CHANGE] and story.second["before"] == story.first["before"]
    said = f"had not finished on {slug.upper()} and was undone first"
    assert said in story.second["warnings"][0] and said in " ".join(stories.output.split())


@pytest.mark.parametrize(
    ("slug", "code", "number"),
    [("refused-1312", "key_unusable", 1312), ("refused-5", "access_denied", 5), ("refused-2", "record_missing", 2)],
)
def test_a_refused_call(slug: str, code: str, number: int, stories: Stories) -> None:
    result = failed(stories.told[slug], code, [READ, CHANGE])
    assert (result["error"]["number"], result["error"]["call"], result["error"]["step"]) == (number, UPDATE, 0)
    assert KEY in result["error"]["place"] and KEY in result.said and result["undone"] is None
    untouched(stories.told[slug])


@pytest.mark.parametrize(
    ("slug", "code", "number"),
    [
        ("new-conflict", "config_conflict", 0x80071A90),
        ("new-locked", "config_locked", 0x80070020),
        ("new-denied", "access_denied", 0x80070005),
    ],
)
def test_a_refused_commit_is_undone(slug: str, code: str, number: int, stories: Stories) -> None:
    story = stories.told[slug]
    result = failed(story, code, [READ, CHANGE])
    assert (result["error"]["number"], result["error"]["call"], result["error"]["step"]) == (number, COMMIT, 1)
    assert result["undone"] == "complete" and "undone" in result.said
    untouched(story)
    last = [entry for entry in story.transcript if entry["kind"] == "call"][-1]
    assert last["calls"] == [f"{SET} hostnameport {NEW_KEY}", f"HttpDeleteServiceConfiguration hostnameport {NEW_KEY}"]


def test_an_undo_that_fails_says_what_stands(stories: Stories) -> None:
    result = failed(stories.told["new-undo-fails"], "config_conflict", [READ, CHANGE])
    assert result["undone"] == "partial" and result["changed"] is True
    assert NEW_KEY in {item["key"] for item in result["after"]["records"]}
    assert "Not undone" in result.said and NEW_KEY in result.said


@pytest.mark.parametrize(("slug", "undone"), [("new-disk-at-once", None), ("new-disk-later", "complete")])
def test_a_full_disk_at_the_journal(slug: str, undone: str | None, stories: Stories) -> None:
    result = failed(stories.told[slug], "internal", [READ, CHANGE])
    assert (result["error"]["place"], result["error"]["number"]) == ("journal", 112)
    assert "disk is full" in result.said and result["undone"] == undone
    untouched(stories.told[slug])


@pytest.mark.parametrize(("slug", "calls"), [("no-rights-to-read", [READ]), ("no-rights-to-change", [READ, CHANGE])])
def test_missing_rights(slug: str, calls: list[str], stories: Stories) -> None:
    story = stories.told[slug]
    result = failed(story, "access_denied", calls)
    assert "administrator rights" in result.said and result["changed"] is False and story.served == story.shop


# -- other people ------------------------------------------------------------------------------------------------


def test_another_writer_changed_the_record_meanwhile(stories: Stories) -> None:
    story = stories.told["written-meanwhile"]
    result = failed(story, "changed_meanwhile", [READ, CHANGE])
    assert result["undone"] is None and KEY in result.said
    assert story.shop in result.said and story.api in result.said
    assert story.record == story.served == story.api  # nothing was overwritten


def test_another_writer_took_the_place_of_a_new_record(stories: Stories) -> None:
    story = stories.told["new-taken"]
    result = failed(story, "record_exists", [READ, CHANGE])
    assert result["error"]["number"] == 183 and result["undone"] is None
    records = {item["key"]: item["thumbprint"] for item in result["after"]["records"]}
    assert records[NEW_KEY] == story.api and len(result["after"]["bindings"]) == len(result["before"]["bindings"])


def test_another_writer_changed_the_binding_list_meanwhile(stories: Stories) -> None:
    story = stories.told["new-removed-site-binding"]
    result = failed(story, "changed_meanwhile", [READ, CHANGE])
    assert result["undone"] == "complete" and result["error"]["call"] == COMMIT
    assert [item["host"] for item in result["after"]["bindings"]] == [NAME]
    assert NEW_KEY not in {item["key"] for item in result["after"]["records"]}


def test_a_certificate_removed_between_planning_and_changing(stories: Stories) -> None:
    story = stories.told["certificate-gone"]
    result = failed(story, "key_unusable", [READ, CHANGE])
    assert result["error"]["number"] == 1312
    untouched(story)
    assert story.second is not None and story.second.status == "failed" and story.calls_then == [READ]
    assert story.other in story.second.said and story.second["problems"]


# -- endpoints ---------------------------------------------------------------------------------------------------


def test_an_endpoint_that_nobody_reaches_is_not_taken_for_right(stories: Stories) -> None:
    story = stories.told["closed-endpoint"]
    result = failed(story, "probe_unverified", [READ, CHANGE])
    assert result["undone"] == "complete" and "10.0.0.5:443" in result.said and story.seen is None
    verdicts = {item["verdict"] for item in result["probes"] if item["address"] == "10.0.0.5" and item["expect"]}
    assert verdicts == {"unreachable"}
    untouched(story)


def test_an_endpoint_that_only_the_controller_cannot_reach(stories: Stories) -> None:
    story = stories.told["closed-for-controller"]
    assert story.first.status == "ok" and story.record == story.other and story.seen is None


def test_a_load_balancer_with_a_certificate_of_its_own(stories: Stories) -> None:
    story = stories.told["load-balancer"]
    assert {item["verdict"] for item in story.first["probes"]} == {"right"} and story.record == story.other
    assert story.seen == story.served and story.seen not in (None, story.shop, story.other, story.api)


def test_an_endpoint_without_tls_1_2_can_only_be_seen_by_the_controller(stories: Stories) -> None:
    story = stories.told["only-tls13"]
    result = failed(story, "probe_unverified", [READ, CHANGE])
    assert {item["verdict"] for item in result["probes"]} == {"tls_unsupported_here"} and result["undone"] == "complete"
    untouched(story)
    assert story.seen == story.shop
    assert stories.told["only-tls12"].seen == stories.told["only-tls12"].other


# -- the simulation itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "code", "verdict"),
    [("new-lost-record", "probe_unverified", "unreachable"), ("swapped", "probe_wrong", "wrong")],
)
def test_a_machine_that_does_not_do_what_it_says_is_found_out(
    slug: str, code: str, verdict: str, stories: Stories
) -> None:
    result = failed(stories.told[slug], code, [READ, CHANGE])
    assert verdict in {item["verdict"] for item in result["probes"]} and result["undone"] is not None

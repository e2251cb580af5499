# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard over random plans: not confirmed, confirmed, died, or somebody else has written since."""

from __future__ import annotations

import base64
import gzip
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from engine.cases import Case
from engine.crashes import Bench, Doomed, but_for, is_open, named, point
from engine.harness import journals
from engine.harness.dying import Forked
from engine.harness.lane import READ, missing
from engine.harness.longrun import MEMORY
from engine.harness.pair import folded
from engine.harness.servers import Servers
from engine.meddling import Meddling
from hypothesis import settings
from lab.contract import BadArgument

pytestmark = [pytest.mark.mono, pytest.mark.skipif(bool(missing()), reason=missing() or "there")]
CASES = 40 if settings().derandomize else 4000
SOURCE = base64.b64encode(gzip.compress(b"class A {}")).decode()


class Guarded(Doomed):
    """A plan with a guard, on its host as it is before."""

    def __init__(self, bench: Bench, case: Case, chance: Random) -> None:
        super().__init__(bench, case, chance, looks=False)
        self.folder = self.pair.folder

    def task(self, **more: Any) -> dict[str, Any]:
        """The run. ``more``: as for an apply."""
        args = self.pair.args(self.steps, guard={"minutes": 10, "engine": [SOURCE]})
        return {**self.pair.task(args, **more), "do": "guard"}

    def confirm(self, run: str) -> dict[str, Any]:
        return self.engine.ask({**self.pair.task(self.pair.args([], confirm=run)), "do": "guard"})

    def expire(self, run: str) -> str:
        """The time has come: what the guard says."""
        said: Any = self.engine.ask({"do": "expire", "state": str(self.folder), "run": run})
        return str(said)

    def seen(self) -> Any:
        """``journal`` of the document."""
        answer = self.engine.ask({"do": "read", "state": str(self.folder), "args": READ})
        return answer["document"]["journal"] if "document" in answer else None

    def left(self) -> set[str]:
        """What lies about of guards and journals."""
        found = [*(self.folder / journals.PATH).parent.glob("*"), *(self.folder / "scheduled").glob("*")]
        return {path.name.partition("-")[0] for path in found}


def finished(plan: Guarded) -> str | None:
    """The run, carried out; its name where somebody has to confirm it. One that fails is back as before, and needs no guard."""
    plan.pair.put_back(plan.kept)
    answer = plan.engine.ask(plan.task())
    if answer["error"]:
        lost = {error["place"].lower() for error in answer["undo_errors"]}
        assert lost <= plan.dead_keys and "unconfirmed" not in answer
        assert but_for(plan.pair.state(), lost) == but_for(plan.before, lost) and not plan.left()
        return None
    assert folded(plan.pair.state()) == folded(plan.after) and plan.left() == {"journal.txt", "undo"}
    run: str = answer["unconfirmed"]
    return run


def confirmed(plan: Guarded, run: str) -> str:
    after = plan.pair.state()
    answer = plan.confirm(run)
    assert (answer["error"], answer["changed"]) == (None, False)
    assert plan.expire(run) == "nothing to do"
    assert plan.pair.state() == after and not plan.left()
    return "confirmed"


def expired(plan: Guarded, run: str, dead: bool = False) -> str:
    """Nobody confirms, and perhaps somebody else writes meanwhile."""
    was = plan.pair.state()
    other = Meddling(plan.pair, plan.chance, plan.steps)
    found = plan.pair.state()
    said, now = plan.expire(run), plan.pair.state()
    assert plan.left() == {"journal.txt"}
    late = plan.confirm(run)
    assert late["error"]["code"] == "guard_expired" and plan.pair.state() == now
    story = f"{'died' if dead else 'expired'}, {other.kind}"
    if said.startswith("journal_conflict: "):
        assert other.kind in ("touched record", "touched site") and now == found, (
            plan.number,
            plan.steps,
            said,
            other.kind,
        )
        assert plan.seen()["guard"]["state"] == "failed"
        return f"{story}, conflict"
    lost = said == "undone but for records that could not be put back"
    assert said == "undone, since nobody had confirmed it" or (lost and plan.dead_keys), said
    dead_keys = plan.dead_keys - ({named(other.record)} if other.record else set())
    wanted, found = (but_for(one, dead_keys if lost else set()) for one in (plan.before, now))
    assert other.kept_over(wanted, found)
    assert not other.overran(was, plan.before)
    assert plan.seen()["guard"]["state"] == ("failed" if lost else "undone")
    return story


def died(plan: Guarded) -> str:
    """Somewhere, before the guard was there, or after."""
    here = point(plan.chance, plan.pair.model.writes, len(plan.steps))
    plan.pair.put_back(plan.kept)
    if not plan.engine.killed(plan.task(crash=here)):
        run = plan.seen()
        return "not reached" if run is None else expired(plan, run["run"])
    journal = plan.seen()
    if journal is None or "guard" not in journal:
        assert plan.pair.state() in (plan.before, plan.after) or is_open(plan.folder)
        return "died without a guard"
    assert journal["guard"]["state"] == "armed"
    return expired(plan, journal["run"], dead=True)


def test_guards_of_random_plans() -> None:
    counted: Counter[str] = Counter()
    with Forked() as engine, Servers() as servers, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        for number in range(CASES):
            try:
                plan = Guarded(Bench(engine, servers, Path(folder) / "host"), Case(number), Random(number))
            except (ValueError, BadArgument):
                continue  # no state folder can hold such a host, or these are no steps
            for way in (confirmed, expired, expired):
                run = finished(plan)
                counted["failed by itself" if run is None else way(plan, run)] += 1
            counted[died(plan)] += 1
    for outcome in (
        "confirmed",
        "failed by itself",
        "expired, nothing",
        "expired, touched record, conflict",
        "died, nothing",
    ):
        assert counted[outcome] >= CASES // 40, counted

"""A server that is killed at any point of what people do on the way to production.

Afterwards all is as before or as asked for; asked again, it is done once, and the trail says so
once.
"""

# ruff: noqa: F811 - a fixture is an argument of what uses it
from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_dataops.domain.staff import Person
from airflow_dataops.errors import DataOpsError
from tests.web.dying import deaths, in_child
from tests.web.promotions import promoted, promoted_installation  # noqa: F401 - fixtures
from tests.web.test_approvals import careful, merge, waiting  # noqa: F401 - a fixture
from tests.web.test_schedules import PROFIT, enable, street  # noqa: F401 - a fixture

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
POINTS = 20


class Deed:
    """What a person asks for: its route is called as the server calls it, in this process.

    Args:
        by: who asks.
        kitchen: whose trail has it.
        action: as the trail calls it.
        state: address of what it changes, and the part of the answer that does.
        ask: the route, with what it is asked for.
    """

    def __init__(self, site, *, by, kitchen, action, state, ask):
        self.site, self.by, self.ask = site, by, ask
        self.kitchen, self.action, self.state = kitchen, action, state
        site.engine.dispose()
        self.tables = Path(site.engine.url.database)
        shutil.copy(self.tables, self.tables.with_suffix(".before"))

    def do(self):
        from airflow_dataops.web.visit import Visit

        installation = self.site.installation()
        visit = Visit(
            person=Person(name=self.by), installation=installation,
            now=datetime.now(tz=UTC), source="test",
        )  # fmt: skip
        self.ask(visit)

    def begin_anew(self):
        self.site.engine.dispose()
        for beside in self.tables.parent.glob(f"{self.tables.name}-*"):
            beside.unlink()
        shutil.copy(self.tables.with_suffix(".before"), self.tables)

    def seen(self):
        path, part = self.state
        found = self.site.ask("GET", path, by=self.by)
        assert found.status_code == 200, found.text
        return [one[part] for one in found.json()] if part else found.json()["assignee"]

    def told(self):
        entries = self.site.ask("GET", f"/kitchens/{self.kitchen}/history", by=self.by).json()
        return sum(entry["action"] == self.action for entry in entries)


def of_schedule(site, verb):
    from airflow_dataops.web.api import schedules
    from airflow_dataops.web.schemas import DisableSchedule, EnableSchedule

    body, route = {
        "enable": (EnableSchedule(reason="DATA-117"), schedules.enable_schedule),
        "disable": (DisableSchedule(reason="holidays"), schedules.disable_schedule),
    }[verb]
    if verb == "disable":
        assert enable(site).status_code == 200
    return Deed(
        site, by="eric", kitchen="demo_production", action=f"{verb} schedule",
        state=("/kitchens/demo_production/schedules", "state"),
        ask=lambda visit: route(visit, "demo_production", "profit", body),
    )  # fmt: skip


def of_work(site, to):
    from airflow_dataops.web.api import works
    from airflow_dataops.web.schemas import PutHandOff

    return Deed(
        site, by="padma", kitchen="dev_kitchen", action="hand off",
        state=("/kitchens/dev_kitchen/work", None),
        ask=lambda visit: works.hand_off(visit, "dev_kitchen", PutHandOff(to=to)),
    )  # fmt: skip


DEEDS = {
    "enable": lambda site: of_schedule(site, "enable"),
    "disable": lambda site: of_schedule(site, "disable"),
    "hand off to one of the staff": lambda site: of_work(site, "carl"),
    "hand off to one who joins": lambda site: of_work(site, "nora"),
}


@pytest.mark.parametrize("name", DEEDS)
def test_killed_at_any_point_it_is_done_once_or_not_at_all(name, street, tmp_path):
    check(DEEDS[name](street), tmp_path / "calls")


def test_an_approval_is_given_once_or_waits(careful, tmp_path):
    from airflow_dataops.web.api import approvals
    from airflow_dataops.web.schemas import AnswerApproval

    merge(careful, status=409)
    [one] = waiting(careful)
    body = AnswerApproval(approve=True, reason="seen with finance")
    deed = Deed(
        careful, by="nora", kitchen="demo_production", action="approve",
        state=("/approvals", "id"),
        ask=lambda visit: approvals.answer_approval(visit, one["id"], body),
    )  # fmt: skip
    check(deed, tmp_path / "calls")
    assert merge(careful)["state"] == "done"


def check(deed, counted):
    before, told = deed.seen(), deed.told()
    assert in_child(deed.site, deed.do) == 0
    after = deed.seen()
    assert after != before
    for _ in deaths(deed, POINTS, counted):
        assert deed.seen() in (before, after)
        try:
            deed.do()
        except DataOpsError:
            # Whoever died had done it: nothing is left to do.
            assert deed.seen() == after
        assert (deed.seen(), deed.told()) == (after, told + 1)

"""A week of production by a clock of its own: what runs by itself between merge and Monday."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pendulum
import pytest
from airflow.serialization.decoders import decode_timetable
from airflow.timetables import trigger
from airflow.timetables.base import DataInterval, TimeRestriction
from sqlalchemy import text

from airflow_dataops.domain.schedule import ScheduleState
from airflow_dataops.domain.staff import Person
from airflow_dataops.services import scheduling
from airflow_dataops.timetables import in_airflow
from tests.contracts.test_schedules import PRODUCTION, add_tags
from tests.installation import environment

pytestmark = pytest.mark.airflow
CHICAGO = "America/Chicago"
DAG = "demo_production.profit"
MONDAYS = f"inert schedule: 0 6 * * 1 {CHICAGO}"
DAILY = f"changed schedule: 0 6 * * * {CHICAGO}"
ERIC = Person(name="eric")
LISTS_ERIC = environment(
    "production", base="demo_production", branch="main", schedules_enabled_by=("eric",)
)
FREE = TimeRestriction(earliest=None, latest=None, catchup=False)


class Production:
    """The kitchen of production, with people and a scheduler that look at one clock.

    Like Airflow's, the scheduler works out the next run when the code was read, and after a run.
    """

    def __init__(self, engine, registry, monkeypatch):
        from airflow_dataops.registry.approvals import ApprovalTable
        from airflow_dataops.registry.schedules import ScheduleTable

        self.engine, self.registry = engine, registry
        self.schedules = ScheduleTable(engine, bundle_name="kitchens_{}".format)
        self.approvals = ApprovalTable(engine)
        self.now, self.runs, self.next_run, self.paused = None, [], None, False
        monkeypatch.setattr(trigger, "utcnow", lambda: pendulum.instance(self.now))

    def read_code(self):
        """What the dag-processor does: only what is enabled as the code says it has a timetable."""
        found = self.schedules.of([PRODUCTION])[PRODUCTION.id]
        [one] = found or [None]
        self.next_run = None
        if one is not None and one.state is ScheduleState.ENABLED:
            last = DataInterval.exact(pendulum.instance(self.runs[-1])) if self.runs else None
            timetable = decode_timetable(in_airflow(one.enabled))
            info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=FREE)
            self.next_run = info.run_after

    def minute(self, now, deeds):
        self.now = now
        for deed in deeds:
            deed()
            self.read_code()
        if not self.paused and self.next_run is not None and self.next_run <= now:
            self.runs.append(self.next_run)
            self.read_code()

    def merge(self, tag=MONDAYS):
        with self.engine.begin() as connection:
            connection.execute(text("delete from dag_tag"))
        add_tags(self.engine, DAG, tag)

    def asked(self, by=ERIC):
        return scheduling.ScheduleRequest(
            kitchen=PRODUCTION,
            pipeline="profit",
            by=by,
            now=self.now,
            source="test",
            request_id=str(self.now),
        )

    def enable(self):
        scheduling.enable(
            self.asked(),
            LISTS_ERIC,
            expected=None,
            schedules=self.schedules,
            registry=self.registry,
            approvals=self.approvals,
        )

    def switch(self, *, paused):
        self.paused = paused


@pytest.fixture
def production(tables, engine, monkeypatch):
    tables.add(PRODUCTION)
    return Production(engine, tables.kitchens, monkeypatch)


@pytest.mark.parametrize(
    ("thursday", "monday_in_utc"),
    [
        # Chicago's clocks go forward on Sunday, March 8th, and back on November 1st.
        (datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 9, 11, tzinfo=UTC)),
        (datetime(2026, 10, 29, tzinfo=UTC), datetime(2026, 11, 2, 12, tzinfo=UTC)),
        (datetime(2026, 6, 4, tzinfo=UTC), datetime(2026, 6, 8, 11, tzinfo=UTC)),
    ],
)
def test_nothing_runs_between_merge_and_enabling_and_monday_runs_once(
    production, thursday, monday_in_utc
):
    def at(day, hour, deed):
        return {thursday + timedelta(days=day, hours=hour): [deed]}

    diary = {
        **at(0, 15, production.merge),
        # Somebody plays with Airflow's own switch: that enables nothing.
        **at(0, 16, lambda: production.switch(paused=True)),
        **at(0, 17, lambda: production.switch(paused=False)),
        **at(2, 16, production.enable),
        # On Tuesday a merge brings another schedule, which is inert until it is enabled.
        **at(5, 15, lambda: production.merge(DAILY)),
    }
    before_enabling = []
    for minute in range(8 * 24 * 60):
        now = thursday + timedelta(minutes=minute)
        production.minute(now, diary.get(now, []))
        if now < thursday + timedelta(days=2, hours=16):
            before_enabling = list(production.runs)
    assert before_enabling == []
    assert production.runs == [monday_in_utc]

"""An installation that looks lived in: pipelines, runs, schedules and alerts in its tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from airflow_dataops.domain.events import AlertState, Event, EventKind
from airflow_dataops.registry.event_rows import message_row
from airflow_dataops.registry.models import ScheduleRow
from airflow_dataops.registry.result_models import ResultRow
from tests.registry import kitchen_rows
from tests.registry.airflow_rows import add_dag

PAGES = "/dataops/pages"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PIPELINES = ("forecast", "profitability", "segment_report")
SCHEDULES = {
    "profitability": "0 6 * * 1 America/Chicago",
    "forecast": "30 6 * * 1 America/Chicago",
}
STATES = ("success", "success", "failed", "success", "success", "success", "running")
_COMMIT = "5f0c1d9b7e6a4f3c2b1a0d9e8f7c6b5a4d3e2f1c"


def live_in(site):
    """Fill the retail installation with what a few weeks leave behind."""
    from airflow_dataops import bootstrap

    registry = bootstrap.kitchen_registry()
    kitchens = {kitchen.name: kitchen for kitchen in registry.kitchens()}
    environments = {kitchen.environment for kitchen in kitchens.values()}
    for environment in environments:
        ids = [one.id for one in kitchens.values() if one.environment == environment]
        kitchen_rows.record(
            site.engine,
            f"version-of-{environment}",
            bundle=f"kitchens-{environment}",
            environment=environment,
            commits=dict.fromkeys(ids, _COMMIT),
        )
    for name, kitchen in kitchens.items():
        bundle, version = f"kitchens-{kitchen.environment}", f"version-of-{kitchen.environment}"
        for pipeline in PIPELINES:
            dag_id = f"{name}.{pipeline}"
            add_dag(site.engine, dag_id, bundle=bundle, version=version)
            add_tag(site.engine, dag_id, SCHEDULES.get(pipeline), state="inert schedule: ")
            if pipeline != "segment_report":
                seed = len(name) + len(pipeline)
                add_runs(site.engine, dag_id, STATES, seed=seed, version=version)
    with site.engine.begin() as connection:
        connection.execute(text("update dag set is_paused = false"))
    enable(site.engine, kitchens["demo_production"], "profitability", by="eric")
    enable(site.engine, kitchens["demo_production"], "forecast", by="eric", cron="0 5 * * 1")
    add_alert(site.engine, kitchens["dev_kitchen"])
    add_results(site.engine, kitchens["demo_dev"], weeks=range(30, 12, -1))
    add_results(site.engine, kitchens["dev_kitchen"], weeks=range(12, 0, -1), outside=3)


def add_tag(engine, dag_id, schedule, *, state):
    from airflow.models.dag import DagTag

    if schedule is None:
        return
    with Session(engine) as session, session.begin():
        session.merge(DagTag(name=f"{state}{schedule}", dag_id=dag_id))


def add_runs(engine, dag_id, states, *, seed=0, version=None):
    from airflow.models.dagrun import DagRun

    rows = []
    for week, state in enumerate(states):
        at = NOW - timedelta(days=7 * (len(states) - week), minutes=seed)
        rows.append({
            "dag_id": dag_id,
            "run_id": f"scheduled__{at:%Y-%m-%dT%H:%M:%S}",
            "run_type": "scheduled",
            "run_after": at,
            "start_date": at,
            "state": state,
            "bundle_version": version,
            "log_template_id": 1,
        })  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(DagRun.__table__), rows)


def enable(engine, kitchen, pipeline, *, by, cron=None):
    schedule, _, timezone = SCHEDULES[pipeline].rpartition(" ")
    with Session(engine) as session, session.begin():
        session.merge(
            ScheduleRow(
                kitchen_id=kitchen.id,
                pipeline=pipeline,
                cron=cron or schedule,
                timezone=timezone,
                enabled_by=by,
                enabled_at=NOW - timedelta(days=20),
            )
        )


def add_alert(engine, kitchen, note="households.csv has not arrived"):
    event = Event(
        key=str(uuid4()),
        kind=EventKind.NOTE,
        at=NOW - timedelta(hours=3),
        environment=kitchen.environment,
        kitchen_id=kitchen.id,
        kitchen=kitchen.name,
        text=note,
    )
    row = message_row(event)
    row.state, row.channel = AlertState.SENT, "#kitchen-dev"
    with Session(engine) as session, session.begin():
        session.add(row)


def add_results(engine, kitchen, *, weeks, outside=None):
    """A test's results, one a week; in one of the weeks far too few rows came."""
    with Session(engine) as session, session.begin():
        for week in weeks:
            measured = 12_000.0 if week == outside else 41_000.0 + (week * 7919 % 900)
            holds = week != outside
            session.add(
                ResultRow(
                    kitchen_id=kitchen.id,
                    pipeline="profitability",
                    stage="collect",
                    test="rows of transactions",
                    run_id=f"scheduled__{week}",
                    map_index=-1,
                    task_id="collect.data_tests",
                    try_number=1,
                    at=NOW - timedelta(days=7 * week),
                    recorded_at=NOW - timedelta(days=7 * week),
                    outcome="pass" if holds else "fail",
                    holds=holds,
                    measured=measured,
                    low=40_100.0,
                    high=42_700.0,
                    detail="" if holds else "12000 is below the lower limit 40100",
                    rule="" if holds else "nelson_1",
                    model="",
                    baseline="30 runs",
                    numbers=[measured],
                    is_latest=week == weeks[-1],
                )
            )


def staff_retail(site):
    """The base kitchens, one of a developer's, and a private one below it."""
    site.create("demo_production", None, by="eric")
    site.put("chris", "cook", in_="demo_production", by="eric")
    site.create("demo_dev", "demo_production", by="chris")
    for who, role in {"padma": "cook", "role:analysts": "guest"}.items():
        site.put(who, role, in_="demo_dev", by="chris")
    weeks = (datetime.now(tz=UTC) + timedelta(days=40)).isoformat()
    site.create("dev_kitchen", "demo_dev", by="padma", ticket="DATA-117", ends_at=weeks)
    for who, role in {"carl": "cook", "gus": "guest"}.items():
        site.put(who, role, in_="dev_kitchen", by="padma")
    soon = (datetime.now(tz=UTC) + timedelta(days=2)).isoformat()
    site.create("padma_forecast", "dev_kitchen", by="padma", shared=False, ends_at=soon)


_PIPELINE = '''"""What each household brings in."""

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

from airflow_dataops import pipeline, stage, table

sales = table("warehouse", "sales")


@pipeline(schedule="{schedule}")
def profitability():
    with stage("collect") as collect:
        SQLExecuteQueryOperator(task_id="sales", conn_id="warehouse", sql="{sql}")
        collect.test(sales.row_count().between({low}, 50_000){more})
'''
_TESTED = ', sales.not_null("household_id")'


def _code(*, schedule="0 6 * * 1", sql="select 1", low=40_000, more=_TESTED):
    return _PIPELINE.format(schedule=schedule, sql=sql, low=low, more=more)


def work_in(site):
    """Work that is on its way: up from dev_kitchen, and in conflict below it."""
    origin, file = site.origins["retail"], "pipelines/profitability/pipeline.py"

    def push(branch, text, **files):
        tip = origin.bare("rev-parse", f"refs/heads/{branch}")
        origin._git("-C", origin.work, "fetch", "--quiet", origin.path, branch)
        return origin.commit({file: text, **files}, branch=branch, source=tip)

    base = push("demo_dev", _code())
    for branch in ("dev_kitchen", "padma_forecast"):
        origin.bare("update-ref", f"refs/heads/{branch}", base)
    news = {"pipelines/churn/pipeline.py": _code().replace("profitability", "churn")}
    push("dev_kitchen", _code(schedule="0 5 * * 1", sql="select 2", low=100, more=""), **news)
    push("padma_forecast", _code(sql="select 3"))

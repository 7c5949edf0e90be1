"""The rows of hundreds of kitchens, written as the product and Airflow write them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PIPELINES, RUNS = 20, 10
# Of each run of most kitchens; one kitchen has as many as a page can come to show.
TESTS, MANY_TESTS, KITCHEN_OF_MANY = 1, 10, 3
KITCHEN_PAGES = (
    "/kitchens/kitchen_3",
    "/kitchens/kitchen_3/tests",
    "/kitchens/kitchen_3/tests/chart?pipeline=pipeline_1&stage=load&test=test_1",
    "/kitchens/kitchen_3/staff",
    "/kitchens/kitchen_3/delete",
    "/operations/00000000-0000-0000-0000-000000000003",
)
_ENVIRONMENT, _BUNDLE, _PERSON = "development", "kitchens-development", "padma"
_SECRET = "a-secret-of-this-benchmark-" * 4
_NOW = datetime.now(tz=UTC)
_TAG = "inert schedule: 0 6 * * 1 America/Chicago"


def settings(file: Path) -> dict[str, str]:
    """Airflow's settings of an installation with one environment."""
    vault = {"kind": "hashicorp", "url": "http://127.0.0.1:9", "mount": _ENVIRONMENT,
             "role_id_env": "NO_ROLE", "secret_id_env": "NO_SECRET"}  # fmt: skip
    environment = {"vault": vault, "base_kitchen": {"name": "kitchen_0", "branch": "main"},
                   "owner": _PERSON, "tools": {"redshift": {"schema_per_kitchen": True}},
                   "schedules_enabled_by": [_PERSON]}  # fmt: skip
    project = {"repository": "nowhere.git", "environments": {_ENVIRONMENT: environment}}
    file.write_text(json.dumps({"projects": {"retail": project}}))  # JSON is YAML
    bundle = {"name": _BUNDLE, "classpath": "airflow_dataops.bundles.kitchens.KitchenBundle",
              "kwargs": {"environment": _ENVIRONMENT}}  # fmt: skip
    return {
        "API_AUTH__JWT_SECRET": _SECRET,
        "DATAOPS__TOKEN_KEY": _SECRET,
        "DATAOPS__ENVIRONMENTS_FILE": str(file),
        "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
    }


def token() -> str:
    """What Airflow's login gives."""
    import jwt

    now = int(time.time())
    claims = {"sub": _PERSON, "role": "admin", "teams": [], "jti": uuid4().hex,
              "aud": "apache-airflow", "nbf": now, "iat": now, "exp": now + 36000}  # fmt: skip
    return jwt.encode(claims, _SECRET, "HS512")


def fill(engine: Any, numbers: Sequence[int]) -> None:
    """Add the kitchens of these numbers, with all that belongs to them."""
    from airflow.models.dag import DagModel, DagTag
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from sqlalchemy import insert, text
    from sqlalchemy.orm import Session

    from airflow_dataops.registry import models
    from airflow_dataops.registry.result_models import ResultRow

    with Session(engine) as session, session.begin():
        session.merge(DagBundleModel(name=_BUNDLE))
    dags = [_dag(f"kitchen_{n}.pipeline_{p}") for n in numbers for p in range(PIPELINES)]
    with engine.begin() as connection:
        for model, rows in (
            (models.KitchenRow, [_kitchen(n) for n in numbers]),
            (models.MemberRow, [row for n in numbers for row in _members(n)]),
            (models.OperationRow, [_operation(n) for n in numbers]),
            (models.StepRow, [row for n in numbers for row in _steps(n)]),
            (models.AuditRow, [row for n in numbers for row in _audit(n)]),
            (models.ScheduleRow, [_schedule(n) for n in numbers]),
            (DagModel, dags),
            (DagTag, [{"dag_id": dag["dag_id"], "name": _TAG} for dag in dags]),
            (DagRun, [run for dag in dags for run in _runs(dag["dag_id"])]),
            (ResultRow, [row for n in numbers for row in _results(n)]),
        ):
            connection.execute(insert(model.__table__), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze"))


def _id(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


def _kitchen(number: int) -> dict[str, Any]:
    parent = None if number == 0 else _id((number - 1) // 5)
    return {
        "id": _id(number), "name": f"kitchen_{number}", "project": "retail",
        "environment": _ENVIRONMENT, "branch": f"kitchen_{number}", "parent_id": parent,
        "created_at": _NOW, "created_by": _PERSON, "state": "ready", "pinned": False,
        "shared": number % 3 != 0, "ticket": f"DATA-{number}", "ends_at": _NOW + timedelta(days=40),
    }  # fmt: skip


def _members(number: int) -> Iterator[dict[str, Any]]:
    for who, role in ((_PERSON, "head"), ("carl", "cook"), ("role:analysts", "guest")):
        yield {"kitchen_id": _id(number), "who": who, "role": role, "since": _NOW,
               "added_by": _PERSON}  # fmt: skip


def _operation(number: int) -> dict[str, Any]:
    return {"id": _id(number), "kitchen_id": _id(number), "kind": "create", "by": _PERSON,
            "began_at": _NOW, "attempt": 1, "attempt_began_at": _NOW, "progress": "done",
            "ended_at": _NOW}  # fmt: skip


def _steps(number: int) -> Iterator[dict[str, Any]]:
    for position, kind in enumerate(("branch", "access", "secrets", "database_role", "schema")):
        yield {"operation_id": _id(number), "position": position, "kind": kind,
               "what": f"kitchen_{number}", "progress": "done", "detail": "made",
               "began_at": _NOW, "ended_at": _NOW}  # fmt: skip


def _audit(number: int) -> Iterator[dict[str, Any]]:
    for action in ("begin to create", "created", *["staff"] * 8):
        yield {"at": _NOW, "by": _PERSON, "source": "api 127.0.0.1", "action": action,
               "project": "retail", "environment": _ENVIRONMENT, "kitchen_id": _id(number),
               "kitchen": f"kitchen_{number}", "details": {"who": "carl"}}  # fmt: skip


def _schedule(number: int) -> dict[str, Any]:
    return {"kitchen_id": _id(number), "pipeline": "pipeline_0", "cron": "0 6 * * 1",
            "timezone": "America/Chicago", "enabled_by": _PERSON, "enabled_at": _NOW}  # fmt: skip


def _dag(dag_id: str) -> dict[str, Any]:
    return {"dag_id": dag_id, "bundle_name": _BUNDLE, "is_stale": False, "is_paused": False,
            "last_parsed_time": _NOW, "fileloc": "kitchen.py", "relative_fileloc": "kitchen.py",
            "dag_display_name": dag_id, "max_active_tasks": 16, "max_active_runs": 16,
            "max_consecutive_failed_dag_runs": 0, "has_task_concurrency_limits": False,
            "timetable_summary": "None", "owners": "airflow"}  # fmt: skip


def _runs(dag_id: str) -> Iterator[dict[str, Any]]:
    for week in range(RUNS):
        at = _NOW - timedelta(days=7 * week)
        yield {"dag_id": dag_id, "run_id": f"scheduled__{at:%Y-%m-%d}", "run_type": "scheduled",
               "run_after": at, "logical_date": at, "start_date": at, "end_date": at,
               "state": "success", "log_template_id": 1}  # fmt: skip


def _results(number: int) -> Iterator[dict[str, Any]]:
    tests = MANY_TESTS if number == KITCHEN_OF_MANY else TESTS
    for place in range(PIPELINES * RUNS * tests):
        (week, pipeline), test = divmod(place // tests, PIPELINES), place % tests
        at = _NOW - timedelta(days=7 * week)
        yield {"kitchen_id": _id(number), "pipeline": f"pipeline_{pipeline}", "stage": "load",
               "test": f"test_{test}", "run_id": f"scheduled__{at:%Y-%m-%d}", "map_index": -1,
               "task_id": "load.data_tests", "try_number": 1, "at": at, "recorded_at": at,
               "outcome": "warn" if test == 1 else "pass", "holds": True,
               "measured": 41_000.0 + week,
               "low": 40_000.0, "high": 43_000.0, "detail": "as expected", "rule": "limits",
               "model": "level", "baseline": "10 runs", "numbers": [41_000.0 + week],
               "is_latest": week == 0}  # fmt: skip

"""Names at hand in every templated field of a kitchen's pipelines.

``CurrentKitchen``, ``kitchen`` and ``tools`` are the same in every run and are macros of the DAG.
``run_date`` and ``try_name`` belong to the run, which macros do not see, so a Jinja extension
resolves them from the template's own context.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk import Param
from jinja2.ext import Extension
from jinja2.runtime import Context
from jinja2.utils import missing

if TYPE_CHECKING:
    from datetime import datetime

    from jinja2 import Environment

    from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse

RUN_DATE = "run_date"
TRY_NAME = "try_name"
EXTENSION = "airflow_dataops.dag_factory.templates.RunDateExtension"


def kitchen_macros(kitchen: KitchenAtParse) -> dict[str, object]:
    """What a kitchen's templates can name besides Airflow's own."""
    return {"CurrentKitchen": kitchen, "kitchen": kitchen, "tools": kitchen.tools}


def run_date_parameter() -> Param:
    """The parameter with which a person names the day that a run is about."""
    return Param(
        None,
        type=["null", "string"],
        format="date",
        description="The day the run is about, YYYY-MM-DD; empty: the day it was due",
    )


def run_date(context: Any) -> str:
    """The day that a run is about, ``YYYY-MM-DD`` in the pipeline's timezone.

    In this order: the run's parameter ``run_date``, its logical date, the moment it was due.
    """
    if asked := context["params"].get(RUN_DATE):
        return str(asked)
    run = context["dag_run"]
    moment: datetime = run.logical_date or run.run_after
    zone = ZoneInfo(str(context["dag"].timezone))
    return moment.astimezone(zone).date().isoformat()


def try_name(context: Any) -> str:
    """A name that no other try of any task has, such as ``dev_kitchen.profit.score-1a2b3c4d-2``.

    What outlives a killed task, a container above all, gets a name of its own with it. Docker
    and most others take letters, digits, dots, hyphens and underscores.
    """
    ti = context["ti"]
    which = f"{ti.dag_id} {ti.run_id} {ti.task_id} {ti.map_index}"
    told_apart = hashlib.sha256(which.encode()).hexdigest()[:8]
    return f"{ti.dag_id}.{ti.task_id}"[:200] + f"-{told_apart}-{ti.try_number}"


class RunContext(Context):
    """A template context in which ``run_date`` and ``try_name`` can be named like variables."""

    def resolve_or_missing(self, key: str) -> Any:
        """The value of a name; computes ours from the run."""
        found = super().resolve_or_missing(key)
        if found is missing and key in _COMPUTED:
            return _COMPUTED[key](self)
        return found


_COMPUTED = {RUN_DATE: run_date, TRY_NAME: try_name}


class RunDateExtension(Extension):
    """Makes an environment's templates know ``run_date`` and ``try_name``."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.context_class = RunContext

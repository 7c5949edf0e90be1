"""Names at hand in every templated field of a kitchen's pipelines.

``CurrentKitchen``, ``kitchen`` and ``tools`` are the same in every run and are macros of the DAG.
``run_date`` belongs to the run, which macros do not see, so a Jinja extension resolves it from
the template's own context.
"""

from __future__ import annotations

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


class RunDateContext(Context):
    """A template context in which ``run_date`` can be named like a variable."""

    def resolve_or_missing(self, key: str) -> Any:
        """The value of a name; computes ``run_date`` from the run."""
        found = super().resolve_or_missing(key)
        if key == RUN_DATE and found is missing:
            return run_date(self)
        return found


class RunDateExtension(Extension):
    """Makes an environment's templates know ``run_date``."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.context_class = RunDateContext

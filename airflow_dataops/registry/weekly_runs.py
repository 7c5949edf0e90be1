"""How many runs of kitchens' pipelines began in a time, and what they came to."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import column, func, select, table

from airflow_dataops.domain import names
from airflow_dataops.registry.standings import dag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

_run = table("dag_run", column("dag_id"), column("state"), column("run_after", UtcDateTime))


def run_counts(
    connection: Connection,
    is_theirs: ColumnElement[bool],
    ids: Mapping[str, str],
    *,
    since: datetime,
    until: datetime,
) -> dict[str, dict[str, Counter[str]]]:
    """Runs by state, by pipeline, by kitchen id.

    Args:
        connection: to Airflow's metadata database.
        is_theirs: whether a row of ``dag`` is one of the kitchens'.
        ids: ids of the kitchens, by name.
        since: runs that were due from then on.
        until: and before then.
    """
    query = (
        select(dag.c.dag_id, _run.c.state, func.count().label("number"))
        .select_from(dag.join(_run, _run.c.dag_id == dag.c.dag_id))
        .where(is_theirs, _run.c.run_after >= since, _run.c.run_after < until)
        .group_by(dag.c.dag_id, _run.c.state)
    )
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in connection.execute(query):
        kitchen = names.kitchen_of_dag(row.dag_id)
        if kitchen is not None and kitchen in ids:
            pipeline = row.dag_id.removeprefix(names.dag_id(kitchen, ""))
            found[ids[kitchen]][pipeline][row.state] += row.number
    return found

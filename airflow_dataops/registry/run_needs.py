"""Which of a kitchen's DAGs wait for which others, from what Airflow has stored of them."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import LargeBinary, Text, cast, column, func, select, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Engine

_stored = table(
    "serialized_dag",
    column("dag_id"),
    column("data"),
    column("data_compressed", LargeBinary),
    column("created_at", UtcDateTime),
)
_makes = table("task_outlet_asset_reference", column("asset_id"), column("dag_id"))
_reads = (
    table("task_inlet_asset_reference", column("asset_id"), column("dag_id")),
    table("dag_schedule_asset_reference", column("asset_id"), column("dag_id")),
)
_DEPENDENCIES = "dag_dependencies"


class RunNeedsTable:
    """Implements ``RunNeeds`` on Airflow's metadata database."""

    def __init__(self, engine: Engine) -> None:
        """Read Airflow's metadata database."""
        self._engine = engine

    def of(self, dag_ids: Iterable[str]) -> dict[str, set[str]]:
        """For each DAG, those of the others that it waits for."""
        wanted = set(dag_ids)
        needs: dict[str, set[str]] = {dag_id: set() for dag_id in wanted}
        with self._engine.connect() as connection:
            pairs = [*_by_assets(connection, wanted), *_as_declared(connection, wanted)]
        for waits, first in pairs:
            if waits in wanted and first in wanted and waits != first:
                needs[waits].add(first)
        return needs


def _by_assets(connection: Connection, wanted: set[str]) -> Iterator[tuple[str, str]]:
    """Whoever reads an asset waits for whoever makes it."""
    makers: dict[int, set[str]] = defaultdict(set)
    for asset, dag_id in connection.execute(select(_makes).where(_makes.c.dag_id.in_(wanted))):
        makers[asset].add(dag_id)
    for reads in _reads:
        for asset, dag_id in connection.execute(select(reads).where(reads.c.dag_id.in_(wanted))):
            yield from ((dag_id, maker) for maker in makers[asset])


def _as_declared(connection: Connection, wanted: set[str]) -> Iterator[tuple[str, str]]:
    """A sensor waits for another DAG's run; one that is triggered comes after its trigger."""
    newest = (
        select(_stored.c.dag_id, func.max(_stored.c.created_at).label("at"))
        .where(_stored.c.dag_id.in_(wanted))
        .group_by(_stored.c.dag_id)
        .subquery()
    )
    query = select(
        _stored.c.dag_id, cast(_stored.c.data, Text).label("data"), _stored.c.data_compressed
    ).join(newest, (newest.c.dag_id == _stored.c.dag_id) & (newest.c.at == _stored.c.created_at))
    for row in connection.execute(query):
        text = zlib.decompress(row.data_compressed) if row.data_compressed else row.data
        for one in _dependencies(text):
            if one.get("dependency_type") == "sensor":
                yield row.dag_id, str(one.get("source"))
            elif one.get("dependency_type") == "trigger":
                yield str(one.get("target")), row.dag_id


def _dependencies(text: str | bytes | None) -> list[dict[str, Any]]:
    if not text:
        return []
    found = json.loads(text).get("dag", {}).get(_DEPENDENCIES) or []
    return [one for one in found if isinstance(one, dict)]

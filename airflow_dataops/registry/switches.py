"""Who used Airflow's own pause switch, by Airflow's own record of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import column, select, table

from airflow_dataops.domain import names
from airflow_dataops.domain.switch import Switch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Engine

    from airflow_dataops.domain.kitchen import Kitchen

_BY_REQUEST = "patch_dag"
_BY_COMMAND = {"cli_dag_pause": True, "cli_dag_unpause": False}
_MOST = 1000
_log = table(
    "log",
    *(column(name) for name in ("id", "dag_id", "event", "owner", "extra")),
    column("dttm", UtcDateTime),
)


class AirflowSwitches:
    """Implements ``Switches`` on Airflow's metadata database."""

    def __init__(self, engine: Engine) -> None:
        """Read Airflow's metadata database."""
        self._engine = engine

    def of(self, kitchens: Iterable[Kitchen], *, since: datetime) -> list[Switch]:
        """Uses of the switch on pipelines of some living kitchens, the oldest first."""
        by_name = {kitchen.name: kitchen for kitchen in kitchens}
        query = (
            select(_log)
            .where(_log.c.event.in_([_BY_REQUEST, *_BY_COMMAND]), _log.c.dttm >= since)
            .order_by(_log.c.dttm, _log.c.id)
            .limit(_MOST)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        found = []
        for row in rows:
            kitchen = by_name.get(names.kitchen_of_dag(row.dag_id or "") or "")
            is_paused = _is_paused(row.event, row.extra)
            # Another kitchen may have had the name before.
            if kitchen is None or is_paused is None or row.dttm < kitchen.created_at:
                continue
            switch = Switch(
                number=row.id,
                kitchen=kitchen,
                pipeline=row.dag_id.partition(".")[2],
                by=row.owner or "somebody",
                at=row.dttm,
                is_paused=is_paused,
            )
            found.append(switch)
        return found


def _is_paused(event: str, extra: str | None) -> bool | None:
    """What the switch was set to; None where something else was changed."""
    if event in _BY_COMMAND:
        return _BY_COMMAND[event]
    try:
        asked = json.loads(extra or "{}")
    except ValueError:
        return None
    found = asked.get("is_paused") if isinstance(asked, dict) else None
    return found if isinstance(found, bool) else None

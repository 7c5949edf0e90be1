"""How many runs of a kitchen's DAG may be under way at a time: what its environment allows.

The scheduler looks at every run that is under way in each of its rounds, production's between the
others: runs wait for each other there, whatever pools and queues their tasks are in. Runs above the
limit wait where they cost nothing. Set in the dag-processor's manager, which runs nobody's code.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.errors import DataOpsError

if TYPE_CHECKING:
    from airflow.dag_processing.processor import DagFileParsingResult

log = logging.getLogger(__name__)
_KEY = "max_active_runs"


def limit(result: DagFileParsingResult, relative_fileloc: str | None, *, environment: str) -> None:
    """Let no DAG of a kitchen's file have more; one that asks for fewer has fewer.

    The platform's own, which make kitchens, are not limited.
    """
    from airflow_dataops import config

    if Path(relative_fileloc or "").parts[:1] == (names.PLATFORM,):
        return
    try:
        most = config.environments().environment(environment).max_active_runs
    except DataOpsError as error:
        log.error("active runs in %s are not limited: %s", environment, error)  # noqa: TRY400 - no bug
        return
    if most is None:
        return
    for dag in result.serialized_dags:
        asked = dag.data["dag"].get(_KEY)
        if not isinstance(asked, int) or asked > most:
            dag.data["dag"][_KEY] = most

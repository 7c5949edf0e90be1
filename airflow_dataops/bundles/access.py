"""Who sees a kitchen's DAGs in Airflow: what the registry says, never what a file says.

Runs where the guard runs, in the dag-processor's manager. What it sets is what Airflow then
writes into FAB's tables, each time the file is parsed, whether or not the DAG changed.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.errors import DataOpsError, KitchenNotFound

if TYPE_CHECKING:
    from airflow.dag_processing.processor import DagFileParsingResult

log = logging.getLogger(__name__)


def set_access(
    result: DagFileParsingResult, relative_fileloc: str | None, *, environment: str
) -> None:
    """Let the DAGs of a kitchen's file be seen by its staff, and by nobody that a file names.

    The DAGs of a kitchen that is being deleted are dropped: Airflow would give rights on them
    back that were just taken away.
    """
    from airflow_dataops import access

    kitchen, *_ = Path(relative_fileloc or "").parts or ("",)
    try:
        control = access.dag_access_control(kitchen, environment=environment)
    except KitchenNotFound as error:
        log.info("the DAGs of %s are left out: %s", relative_fileloc, error)
        result.serialized_dags = []
        return
    except DataOpsError as error:
        # Airflow leaves rights as they are where a DAG says nothing.
        log.error("rights on the DAGs of %s stay as they are: %s", relative_fileloc, error)  # noqa: TRY400 - no bug
        control = None
    for dag in result.serialized_dags:
        if control is None:
            dag.data["dag"].pop("access_control", None)
        else:
            dag.data["dag"]["access_control"] = _serialized(control)


def _serialized(control: dict[str, dict[str, set[str]]]) -> dict[str, object]:
    """As Airflow writes it into a serialized DAG."""
    return _of_type(
        "dict",
        {
            role: _of_type(
                "dict", {what: _of_type("set", sorted(do)) for what, do in granted.items()}
            )
            for role, granted in control.items()
        },
    )


def _of_type(name: str, content: object) -> dict[str, object]:
    return {"__type": name, "__var": content}

"""What a file may ask of the dag-processor's manager while it is parsed."""

from __future__ import annotations

import pytest
from airflow.sdk.execution_time import comms

from airflow_dataops.bundles import parse_requests

pytestmark = pytest.mark.airflow
XCOM = {"run_id": "r", "task_id": "t", "key": "k"}


@pytest.mark.parametrize(
    "request_of_file",
    [
        comms.GetConnection(conn_id="redshift"),
        comms.GetVariable(key="threshold"),
        comms.GetVariableKeys(),
        comms.PutVariable(key="threshold", value="1", description=None),
        comms.DeleteVariable(key="threshold"),
    ],
    ids=lambda request: type(request).__name__,
)
def test_a_file_that_is_parsed_is_refused_what_belongs_to_no_dag(request_of_file):
    reason = parse_requests.objection(request_of_file, "dev_kitchen")
    assert reason.endswith("is refused while a file is parsed; ask for it in a task")


def test_a_file_that_is_parsed_is_refused_other_kitchens_results():
    foreign = comms.GetXCom(dag_id="demo_production.profit", **XCOM)
    assert parse_requests.objection(foreign, "dev_kitchen") == (
        "GetXCom is refused: demo_production.profit is not a pipeline of kitchen dev_kitchen"
    )


def test_a_callback_may_read_its_own_kitchens_results():
    own = comms.GetXCom(dag_id="dev_kitchen.profit", **XCOM)
    assert parse_requests.objection(own, "dev_kitchen") is None


def test_everything_that_a_file_can_ask_names_a_dag_or_is_refused():
    """A message that a newer Airflow brings is refused until somebody has looked at it."""
    from typing import get_args

    from airflow.dag_processing import processor

    kinds = {kind.__name__: kind for kind in get_args(get_args(processor.ToManager)[0])}
    passing = {
        name
        for name, kind in kinds.items()
        if parse_requests.objection(kind.model_construct(dag_id="other.x"), "dev_kitchen") is None
    }
    assert passing == {"DagFileParsingResult", "MaskSecret"}

"""Two DAGs as they were written for plain Airflow: one starts the other and reads what it made."""

import json
from pathlib import Path

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, Asset, Param, dag, task

numbers = Asset("numbers", uri="s3://acme/numbers")


@dag(schedule="@daily", tags=["adopted"])
def make_numbers():
    @task(outlets=[numbers])
    def make(outlet_events=None, dag=None):
        outlet_events[numbers].extra = {"made": 3}
        return dag.dag_id

    make()


make_numbers()

with DAG("report_numbers", schedule=[numbers], params={"report": Param("", type="string")}):
    start = TriggerDagRunOperator(
        task_id="start",
        trigger_dag_id="make_numbers",
        trigger_run_id="for_{{ run_id }}",
        logical_date="{{ logical_date }}",
        wait_for_completion=True,
        poke_interval=1,
    )
    wait = ExternalTaskSensor(
        task_id="wait",
        external_dag_id="make_numbers",
        external_task_id="make",
        poke_interval=1,
        timeout=60,
    )

    @task(inlets=[numbers])
    def report(ti=None, run_id=None, params=None, inlet_events=None):
        made = ti.xcom_pull(dag_id="make_numbers", task_ids="make", run_id=f"for_{run_id}")
        events = [event.extra for event in inlet_events[numbers]]
        Path(params["report"]).write_text(json.dumps({"xcom": made, "events": events}))

    start >> wait >> report()

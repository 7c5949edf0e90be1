"""Which DAGs wait for which, read from what Airflow itself has stored of them."""

from __future__ import annotations

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, Asset
from sqlalchemy import text
from sqlalchemy.orm import Session

from airflow_dataops.registry.run_needs import RunNeedsTable

pytestmark = pytest.mark.airflow
SALES = Asset("sales")


def store(engine, dag_id, *operators, schedule=None):
    """Write a DAG as the dag-processor does."""
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG

    with DAG(dag_id, schedule=schedule) as dag:
        for make, options in operators:
            make(**options)
    data = LazyDeserializedDAG(data=DagSerialization.to_dict(dag))
    with Session(engine) as session, session.begin():
        session.merge(DagBundleModel(name="b"))
        session.flush()
        SerializedDAG.bulk_write_to_db("b", "v1", [data], session=session)
        SerializedDagModel.write_dag(data, "b", "v1", session=session)


def task(task_id="work", **options):
    return EmptyOperator, {"task_id": task_id, **options}


def sensor(dag_id):
    return ExternalTaskSensor, {"task_id": f"wait_{dag_id[-1]}", "external_dag_id": dag_id}


def trigger(dag_id):
    return TriggerDagRunOperator, {"task_id": "trigger", "trigger_dag_id": dag_id}


def needs(engine, *dag_ids):
    return RunNeedsTable(engine).of(dag_ids)


def test_who_reads_an_asset_waits_for_who_makes_it(airflow_engine):
    store(airflow_engine, "k.make", task(outlets=[SALES]))
    store(airflow_engine, "k.read", task(inlets=[SALES]))
    store(airflow_engine, "k.scheduled", task(), schedule=[SALES])
    found = needs(airflow_engine, "k.make", "k.read", "k.scheduled")
    assert found == {"k.make": set(), "k.read": {"k.make"}, "k.scheduled": {"k.make"}}


def test_a_sensor_waits_and_who_is_triggered_comes_after(airflow_engine):
    store(airflow_engine, "k.a", trigger("k.c"))
    store(airflow_engine, "k.b", sensor("k.a"))
    store(airflow_engine, "k.c", task())
    found = needs(airflow_engine, "k.a", "k.b", "k.c")
    assert found == {"k.a": set(), "k.b": {"k.a"}, "k.c": {"k.a"}}


def test_others_dags_oneself_and_what_is_not_there_are_no_needs(airflow_engine):
    store(airflow_engine, "other.make", task(outlets=[SALES]))
    store(airflow_engine, "k.own", task(outlets=[SALES], inlets=[SALES]), sensor("k.own"))
    assert needs(airflow_engine, "k.own", "k.nowhere") == {"k.own": set(), "k.nowhere": set()}


def test_the_last_version_of_a_dag_decides(airflow_engine):
    store(airflow_engine, "k.a", task())
    store(airflow_engine, "k.b", sensor("k.a"))
    store(airflow_engine, "k.b", task())
    assert needs(airflow_engine, "k.a", "k.b") == {"k.a": set(), "k.b": set()}


def test_what_airflow_has_compressed_is_read_too(airflow_engine, monkeypatch):
    from airflow.models import serialized_dag

    monkeypatch.setattr(serialized_dag, "_COMPRESS_SERIALIZED_DAGS", True)
    store(airflow_engine, "k.a", task())
    store(airflow_engine, "k.b", sensor("k.a"))
    with airflow_engine.connect() as connection:
        stored = connection.execute(
            text("select count(*) from serialized_dag where data_compressed is not null")
        )
        assert stored.scalar() == 2
    assert needs(airflow_engine, "k.a", "k.b")["k.b"] == {"k.a"}

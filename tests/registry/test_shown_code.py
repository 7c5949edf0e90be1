"""Which commit Airflow shows of a kitchen, on Airflow's own tables."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from airflow_dataops.registry.kitchens import KitchenTable
from airflow_dataops.registry.shown_code import ShownCodeTable
from tests.registry.airflow_rows import add_dag
from tests.registry.kitchen_rows import NOON, add_kitchen, record

pytestmark = pytest.mark.airflow
BUNDLE = "kitchens-development"


@pytest.fixture
def kitchen_id(airflow_engine):
    return add_kitchen(airflow_engine, "padma")


def minutes(number):
    return NOON + timedelta(minutes=number)


def shows(engine, kitchen_id, version, commit, *, at):
    commits = {kitchen_id: commit}
    record(
        engine, version, bundle=BUNDLE, environment="development", commits=commits, now=minutes(at)
    )


def code_of(engine, name="padma"):
    def bundle_name(environment):
        return f"kitchens-{environment}"

    kitchen = KitchenTable(engine, bundle_name=bundle_name).kitchen(name)
    return ShownCodeTable(engine, bundle_name=bundle_name).of(kitchen)


@pytest.mark.usefixtures("kitchen_id")
def test_a_kitchen_that_nothing_was_read_of_shows_nothing(airflow_engine):
    code = code_of(airflow_engine)
    assert (code.commit, code.pipelines, code.error) == (None, (), None)


def test_each_pipeline_says_which_commit_a_run_would_have(airflow_engine, kitchen_id):
    shows(airflow_engine, kitchen_id, "v1", "a" * 40, at=0)
    shows(airflow_engine, kitchen_id, "v2", "b" * 40, at=1)
    add_dag(airflow_engine, "padma.sales", bundle=BUNDLE, version="v1")
    add_dag(airflow_engine, "padma.stock", bundle=BUNDLE, version="v2")
    add_dag(airflow_engine, "padma.unversioned", bundle=BUNDLE, version=None)
    add_dag(airflow_engine, "padma.gone", bundle=BUNDLE, version="v1", is_stale=True)
    add_dag(airflow_engine, "padmaXsales", bundle=BUNDLE, version="v1")
    code = code_of(airflow_engine)
    assert code.commit == "b" * 40
    assert [(shown.name, shown.commit) for shown in code.pipelines] == [
        ("sales", "a" * 40),
        ("stock", "b" * 40),
        ("unversioned", None),
    ]


def test_a_version_that_another_kitchen_made_shows_the_same_commit(airflow_engine, kitchen_id):
    shows(airflow_engine, kitchen_id, "v1", "a" * 40, at=0)
    shows(airflow_engine, kitchen_id, "v2", "a" * 40, at=1)
    add_dag(airflow_engine, "padma.sales", bundle=BUNDLE, version="v2")
    assert code_of(airflow_engine).pipelines[0].commit == "a" * 40
    with airflow_engine.connect() as connection:
        assert connection.scalar(text("select count(*) from dataops_kitchen_commit")) == 1


def test_a_branch_that_was_set_back_is_at_its_old_commit_again(airflow_engine, kitchen_id):
    for at, commit in enumerate("aba"):
        shows(airflow_engine, kitchen_id, f"v{at}", commit * 40, at=at)
    add_dag(airflow_engine, "padma.sales", bundle=BUNDLE, version="v2")
    code = code_of(airflow_engine)
    assert (code.commit, code.pipelines[0].commit) == ("a" * 40, "a" * 40)
    shows(airflow_engine, kitchen_id, "v2", "a" * 40, at=3)
    assert code_of(airflow_engine) == code


@pytest.mark.usefixtures("kitchen_id")
def test_what_could_not_be_read_is_told_in_airflows_words(airflow_engine):
    with airflow_engine.begin() as connection:
        connection.execute(
            text(
                "insert into import_error (timestamp, filename, bundle_name, stacktrace) values "
                "(:at, 'padma/dataops_kitchen.py', :bundle, 'no such column')"
            ),
            {"at": NOON, "bundle": BUNDLE},
        )
    code = code_of(airflow_engine)
    assert (code.error, code.error_at) == ("no such column", NOON)

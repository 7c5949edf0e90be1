"""``airflow dataops environment check --platform``: are the declared pools Airflow's?"""

from __future__ import annotations

import pytest
from sqlalchemy.orm import scoped_session, sessionmaker

from airflow_dataops.cli import checks
from airflow_dataops.cli.checks import Finding
from tests.test_policies import FILE

pytestmark = pytest.mark.airflow


@pytest.fixture
def pools(airflow_engine, tmp_path, monkeypatch):
    """The pools of this process's Airflow, with an environments file that names some."""
    from airflow import settings
    from airflow.models.pool import Pool

    shared = scoped_session(sessionmaker(airflow_engine))
    monkeypatch.setattr(settings, "Session", shared)
    file = tmp_path / "environments.yaml"
    file.write_text(FILE)
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", str(file))

    def add(name):
        with shared.begin():
            shared.add(Pool(pool=name, slots=4, description="", include_deferred=False))

    yield add
    shared.remove()


def found():
    return checks._finding("pools", checks._pools)


def test_a_pool_that_airflow_lacks_is_named_with_the_command_that_makes_it(pools):
    pools("production")
    assert found() == Finding(
        subject="pools",
        is_in_order=False,
        detail="Airflow has no pool production_warehouse, so tasks would wait for ever; run "
        "`airflow pools set production_warehouse 16 ''`",
    )
    pools("production_warehouse")
    assert found().detail == "default_pool, production, production_warehouse"

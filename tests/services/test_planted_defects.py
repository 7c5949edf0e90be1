"""Each ready-made kind of data test finds what is wrong, and nothing where nothing is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from airflow_dataops.adapters.sql_warehouse import SqlWarehouse
from airflow_dataops.domain.data_assets import table
from airflow_dataops.domain.judging import Point
from airflow_dataops.services.data_testing import Places, run_tests
from tests.services.planted_defects import KINDS

pytestmark = pytest.mark.service
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def planted(embedded_stack):
    where = embedded_stack.addresses
    development = where.environments["development"]
    login = {
        "host": where.postgres_host,
        "port": where.postgres_port,
        "dbname": development.warehouse_database,
        "user": development.warehouse_login,
        "password": development.warehouse_password,
        "options": "-c search_path=planted_defects",
    }
    warehouse = SqlWarehouse(login)
    warehouse.create_schema("planted_defects")
    with psycopg.connect(**login, autocommit=True) as connection:
        yield warehouse, connection
    warehouse.drop_schema("planted_defects")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_planted_defect_is_found_and_sound_data_pass(planted, kind):
    warehouse, connection = planted
    sets = {f"good_{n}": rows for n, rows in enumerate(kind.good)}
    sets |= {f"bad_{n}": rows for n, rows in enumerate(kind.bad)}
    connection.execute("drop schema planted_defects cascade; create schema planted_defects")
    if kind.other:
        plant(connection, "t_other", *kind.other)
    for name, rows in sets.items():
        plant(connection, name, kind.columns, rows)
    history = [
        Point(at=NOW - timedelta(days=len(kind.history) - n), numbers=numbers)
        for n, numbers in enumerate(kind.history)
    ]
    places = Places(
        warehouse_for=lambda _: warehouse,
        file_store_for=lambda _: None,
        history_of=lambda _: history,
    )
    verdicts = run_tests([kind.make(table("redshift", name)) for name in sets], places)
    told = {name: (str(v.outcome), v.detail) for name, v in zip(sets, verdicts, strict=True)}
    wrong = {
        name: said
        for name, said in told.items()
        if said[0] != ("pass" if name.startswith("good") else "fail")
    }
    assert not wrong


def plant(connection, name, columns, rows):
    connection.execute(f"create table {name} ({columns})")
    if rows.startswith("alter: "):
        connection.execute(f"alter table {name} {rows.removeprefix('alter: ')}")
    else:
        casts = ", ".join(f"c{n}::{c.split()[-1]}" for n, c in enumerate(columns.split(", ")))
        names = ", ".join(f"c{n}" for n in range(len(columns.split(", "))))
        connection.execute(f"insert into {name} select {casts} from ({rows}) as q ({names})")  # noqa: S608 - its own words

"""What a service may rely on about schemas, whoever keeps them."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest

from airflow_dataops.adapters.sql_warehouse import SqlWarehouse
from tests.fakes import FakeWarehouse


class Fake:
    def __init__(self):
        self.warehouse = FakeWarehouse()

    def add_table(self, schema):
        self.warehouse.schemas[schema].add("t")

    def has_schema(self, name):
        return name in self.warehouse.schemas


class Real:
    def __init__(self, login):
        self.warehouse = SqlWarehouse(login)
        self._login = login

    def add_table(self, schema):
        self._ask(f'create table "{schema}".t as select 1 as one')

    def has_schema(self, name):
        return bool(self._ask("select 1 from pg_namespace where nspname = %s", name))

    def _ask(self, statement, *values):
        with psycopg.connect(**self._login) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(params=["fake", pytest.param("sql", marks=pytest.mark.service)])
def place(request):
    if request.param == "fake":
        return Fake()
    return Real(request.getfixturevalue("login"))


@pytest.fixture
def schema(place):
    """A name that no schema has; a schema that gets it is gone after the test."""
    name = f"k{uuid4().hex[:10]}"
    yield name
    place.warehouse.drop_schema(name)


def test_creating_a_schema_twice_is_no_error_and_keeps_its_tables(place, schema):
    place.warehouse.create_schema(schema)
    place.add_table(schema)
    place.warehouse.create_schema(schema)
    assert place.warehouse.holds_tables(schema)


def test_dropping_a_schema_twice_is_no_error_and_takes_its_tables(place, schema):
    place.warehouse.create_schema(schema)
    place.add_table(schema)
    for _ in range(2):
        place.warehouse.drop_schema(schema)
    assert not place.has_schema(schema)


def test_an_empty_schema_and_a_missing_one_hold_no_tables(place, schema):
    assert not place.warehouse.holds_tables(schema)
    place.warehouse.create_schema(schema)
    assert place.has_schema(schema)
    assert not place.warehouse.holds_tables(schema)

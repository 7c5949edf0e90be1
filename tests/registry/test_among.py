"""A text is compared with many values in one parameter, on each kind of database."""

from __future__ import annotations

import pytest
from sqlalchemy import column, select, union_all

pytestmark = pytest.mark.airflow
ODD = ["plain", "it's", 'a "quoted" one', "a,b", "{c}", "100%", "back\\slash", "küche", "null", ""]


@pytest.fixture
def found(engine):
    from sqlalchemy import literal

    from airflow_dataops.registry.among import among

    # Beside them one that nobody asks for, and nothing at all.
    texts = [select(literal(text).label("text")) for text in [*ODD, "another"]]
    there = union_all(*texts, select(literal(None).label("text"))).subquery()

    def ask(values):
        with engine.connect() as connection:
            return set(connection.scalars(select(there.c.text).where(among(there.c.text, values))))

    return ask


@pytest.mark.parametrize("values", [ODD, ODD[:1], []])
def test_those_that_are_asked_for_are_found_and_no_other(found, values):
    assert found(values) == set(values)


def test_hundreds_of_values_are_one_parameter(engine):
    from airflow_dataops.registry.among import among

    query = select(column("text")).where(among(column("text"), map(str, range(500))))
    assert len(query.compile(engine).params) == 1

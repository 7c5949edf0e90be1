"""Where a tool is, by either form of its secret."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.tool_address import ToolAddress, address_of

WAREHOUSE = ToolAddress(conn_type="postgres", host="db.example.com", port=5432, database="retail")


@pytest.mark.parametrize(
    "fields",
    [
        {
            "conn_type": "postgres",
            "host": "db.example.com",
            "port": "5432",
            "schema": "retail",
            "login": "etl",
            "password": "hunter2",
        },
        {"conn_uri": "postgresql://etl:hunter2@db.example.com:5432/retail?sslmode=require"},
        {"conn_uri": "postgres://etl:hunter2@db.example.com:5432/retail"},
    ],
)
def test_the_address_is_found_in_both_forms_and_nothing_else(fields):
    assert address_of(fields) == WAREHOUSE
    assert "hunter2" not in repr(address_of(fields))


def test_what_a_secret_does_not_say_is_unknown():
    assert address_of({"password": "hunter2"}) == ToolAddress(
        conn_type="", host=None, port=None, database=None
    )
    assert address_of({"conn_uri": "sftp://host"}) == ToolAddress(
        conn_type="sftp", host="host", port=None, database=None
    )

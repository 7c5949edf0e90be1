"""A warehouse and an object store of the embedded stack, as a kitchen's task sees them."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import boto3
import psycopg
import pytest
from botocore.config import Config

from airflow_dataops.adapters.object_store import S3ObjectStore
from airflow_dataops.adapters.sql_warehouse import SqlWarehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_dataops.demo.stack import EmbeddedStack

Login = dict[str, str | int]


@pytest.fixture
def login(embedded_stack: EmbeddedStack) -> Iterator[Login]:
    """Connection parameters whose search path is a new schema, dropped after the test."""
    where = embedded_stack.addresses
    development = where.environments["development"]
    schema = f"kitchen_{uuid.uuid4().hex[:8]}"
    login: Login = {
        "host": where.postgres_host,
        "port": where.postgres_port,
        "dbname": development.warehouse_database,
        "user": development.warehouse_login,
        "password": development.warehouse_password,
        "options": f"-c search_path={schema}",
    }
    warehouse = SqlWarehouse(login)
    warehouse.create_schema(schema)
    yield login
    warehouse.drop_schema(schema)


@pytest.fixture
def warehouse(login: Login) -> SqlWarehouse:
    return SqlWarehouse(login)


@pytest.fixture
def database(login: Login) -> Iterator[psycopg.Connection]:
    """A connection of the test's own, to look at what the warehouse did."""
    with psycopg.connect(**login, autocommit=True) as connection:
        yield connection


@pytest.fixture
def s3(embedded_stack: EmbeddedStack):
    """A boto3 client for development's bucket."""
    where = embedded_stack.addresses
    key = where.environments["development"].s3_key
    client = boto3.client(
        "s3",
        endpoint_url=where.s3_url,
        region_name=where.s3_region,
        aws_access_key_id=key.access_key,
        aws_secret_access_key=key.secret_key,
        config=Config(retries={"max_attempts": 1}),
    )
    yield client
    client.close()


@pytest.fixture
def bucket(embedded_stack: EmbeddedStack) -> str:
    return embedded_stack.addresses.environments["development"].bucket


@pytest.fixture
def object_store(s3) -> S3ObjectStore:
    return S3ObjectStore(s3)


@pytest.fixture
def tools_as_connections(
    embedded_stack: EmbeddedStack, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow connections ``redshift``, ``s3`` and ``sftp`` to the same places."""
    where = embedded_stack.addresses
    key = where.environments["development"].s3_key
    connections = {
        "REDSHIFT": {
            "conn_type": "postgres",
            "host": login["host"],
            "port": login["port"],
            "schema": login["dbname"],
            "login": login["user"],
            "password": login["password"],
            "extra": {"options": login["options"]},
        },
        "S3": {
            "conn_type": "aws",
            "login": key.access_key,
            "password": key.secret_key,
            "extra": {"endpoint_url": where.s3_url, "region_name": where.s3_region},
        },
        "SFTP": {
            "conn_type": "sftp",
            "host": where.sftp_host,
            "port": where.sftp_port,
            "login": where.environments["development"].sftp_login,
            "password": where.environments["development"].sftp_password,
            "extra": {"no_host_key_check": False, "host_key": where.sftp_host_key},
        },
    }
    for name, fields in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(fields))

"""The tools of a task, with the credential of the task that asks.

What an environment's tool is, a warehouse or a store, and of which kind, its connection says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from airflow_dataops.data_ports import QueriedWarehouse
from airflow_dataops.domain.connection_types import REDSHIFT_TYPES
from airflow_dataops.domain.file_formats import FileFormat
from airflow_dataops.domain.measured import Measured
from airflow_dataops.errors import DataOpsError, OutsideSystemError
from airflow_dataops.ports import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from airflow_dataops.data_ports import (
        CopyingWarehouse,
        FileStore,
        PendingTables,
        TableWriter,
        Validator,
    )
    from airflow_dataops.domain.data_tests import Measure


class TaskWarehouse(Warehouse, QueriedWarehouse, Protocol):
    """A warehouse that measures, loads and answers queries."""


def is_redshift(tool: str) -> bool:
    """Whether a tool is a Redshift warehouse, by its connection's type."""
    from airflow.sdk import BaseHook

    return BaseHook.get_connection(tool).conn_type in REDSHIFT_TYPES


def pending_tables(tool: str) -> PendingTables:
    """The tables behind a tool that stages have not published yet.

    Raises:
        ConfigurationError: the tool's connection is of a type that is no warehouse.
    """
    from airflow_dataops.adapters.sql_warehouse import (
        postgres_pending_tables,
        redshift_pending_tables,
    )

    if is_redshift(tool):
        return redshift_pending_tables(_redshift(tool), tool=tool)
    return postgres_pending_tables(_login(tool), tool=tool)


def warehouse(tool: str) -> TaskWarehouse:
    """The warehouse behind a tool.

    Raises:
        ConfigurationError: the tool's connection is of a type that is no warehouse.
    """
    return _warehouse(tool, is_pending=False)


def pending_warehouse(tool: str) -> TaskWarehouse:
    """The warehouse behind a tool, its pending tables in the place of the published ones.

    Raises:
        ConfigurationError: the tool's connection is of a type that is no warehouse.
    """
    return _warehouse(tool, is_pending=True)


def copying_warehouse(tool: str, *, source: str) -> CopyingWarehouse:
    """The Redshift warehouse behind a tool, with the key of an object store to fetch files from.

    Args:
        tool: of the warehouse.
        source: connection id of the object store.

    Raises:
        ConfigurationError: the object store's connection has no key to lend.
    """
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_dataops.adapters.sql_warehouse.copying import RedshiftLoads, S3Access
    from airflow_dataops.adapters.sql_warehouse.redshift import RedshiftSessions

    hook = S3Hook(aws_conn_id=source)
    key = hook.get_credentials(region_name=hook.region_name)
    access = S3Access(
        access_key=key.access_key,
        secret_key=key.secret_key,
        token=key.token or "",
        region=hook.region_name or "",
    )
    return RedshiftLoads(RedshiftSessions(_redshift(tool)), access)


def validator(tool: str, *, is_pending: bool = False) -> Validator:
    """What judges expectations that SQL does not say, in the warehouse behind a tool.

    Raises:
        ConfigurationError: the tool's connection is of a type that it cannot read.
    """
    from sqlalchemy import URL

    from airflow_dataops.adapters.great_expectations import GreatExpectations
    from airflow_dataops.adapters.sql_warehouse import SqlWarehouse

    login = _login(tool)
    host, port, user, password, database = (
        login.pop(name, None) for name in ("host", "port", "user", "password", "dbname")
    )
    url = URL.create(
        "postgresql+psycopg2",
        username=_text(user),
        password=_text(password),
        host=_text(host),
        port=None if port is None else int(port),
        database=_text(database),
        query={name: str(value) for name, value in login.items()},
    )
    warehouse = SqlWarehouse(_login(tool), is_pending=is_pending)
    return GreatExpectations(url.render_as_string(hide_password=False), warehouse.schema_of)


def file_store(tool: str) -> FileStore:
    """The object store or file server behind a tool, as its connection's type says."""
    from airflow.sdk import BaseHook

    if BaseHook.get_connection(tool).conn_type in {"sftp", "ssh"}:
        from airflow.providers.sftp.hooks.sftp import SFTPHook

        from airflow_dataops.adapters.file_server import SftpFiles

        return SftpFiles(SFTPHook(ssh_conn_id=tool))
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_dataops.adapters.object_store import S3ObjectStore, client_of

    return S3ObjectStore(client_of(S3Hook(aws_conn_id=tool)))


def measures_of_files(
    wanted: Sequence[Measure], file_store_for: Callable[[str], FileStore]
) -> list[Measured]:
    """What measures find in files, fetched to this worker for as long as it takes.

    One that cannot be fetched is an error of its own measures alone.
    """
    from airflow_dataops import config
    from airflow_dataops.adapters.sql_warehouse import file_tables
    from airflow_dataops.services.fetching import fetched

    with fetched(wanted, file_store_for) as (places, errors):
        here = [measure for measure in wanted if measure not in errors]
        seconds = config.data_test_seconds()
        try:
            found = file_tables.measures(here, places, seconds=seconds) if here else []
        except DataOpsError as error:
            told = OutsideSystemError(str(error))
            found = [Measured(error=told)] * len(here)
    answers = {**errors, **dict(zip(here, found, strict=True))}
    return [answers[measure] for measure in wanted]


def table_writer(written: FileFormat) -> TableWriter:
    """What writes rows in a format."""
    from airflow_dataops.adapters.table_files import delimited, parquet, xlsx

    return {
        FileFormat.CSV: delimited.write,
        FileFormat.PARQUET: parquet.write,
        FileFormat.XLSX: xlsx.write,
    }[written]


def read_parquet(file: BinaryIO) -> Iterator[bytes]:
    """A Parquet file's rows as CSV.

    Raises:
        BadDataFile: it is no Parquet file, or a column holds lists or the like.
        ConfigurationError: this worker has no library for it.
    """
    from airflow_dataops.adapters.table_files import parquet

    return parquet.csv_chunks(file)


def count_parquet_rows(file: BinaryIO) -> int:
    """Number of rows of a Parquet file; raises what ``read_parquet`` does."""
    from airflow_dataops.adapters.table_files import parquet

    return parquet.row_count(file)


def _warehouse(tool: str, *, is_pending: bool) -> TaskWarehouse:
    if is_redshift(tool):
        from airflow_dataops.adapters.sql_warehouse.redshift import (
            RedshiftSessions,
            RedshiftWarehouse,
        )

        return RedshiftWarehouse(RedshiftSessions(_redshift(tool), is_pending=is_pending))
    from airflow_dataops import config
    from airflow_dataops.adapters.sql_warehouse import SqlWarehouse

    seconds = config.data_test_seconds()
    return SqlWarehouse(_login(tool), is_pending=is_pending, test_seconds=seconds)


def _login(tool: str) -> dict[str, str | int]:
    from airflow.sdk import BaseHook

    from airflow_dataops.adapters.database_login import database_login

    return database_login(tool, BaseHook.get_connection(tool))


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _redshift(tool: str) -> Callable[[], Any]:
    """Opens connections of Redshift's driver, as its hook does: keys, IAM roles, serverless."""

    def connect() -> Any:
        from airflow_dataops.adapters.kitchen_redshift import KitchenRedshiftHook

        return KitchenRedshiftHook(redshift_conn_id=tool).get_conn()

    return connect

"""The tools of a task, with the credential of the task that asks.

What an environment's tool is, a warehouse or a store, and of which kind, its connection says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.file_formats import FileFormat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from airflow_dataops.data_ports import FileStore, PendingTables, QueriedWarehouse, TableWriter
    from airflow_dataops.ports import Warehouse


def pending_tables(tool: str) -> PendingTables:
    """The tables behind a tool that stages have not published yet.

    Raises:
        ConfigurationError: the tool's connection is of a type that is no warehouse.
    """
    from airflow.sdk import BaseHook

    from airflow_dataops.adapters.database_login import database_login
    from airflow_dataops.adapters.sql_warehouse.pending import SqlPendingTables

    return SqlPendingTables(database_login(tool, BaseHook.get_connection(tool)), tool=tool)


def pending_warehouse(tool: str) -> Warehouse:
    """The warehouse behind a tool, its pending tables in the place of the published ones.

    Raises:
        ConfigurationError: the tool's connection is of a type that is no warehouse.
    """
    from airflow.sdk import BaseHook

    from airflow_dataops.adapters.database_login import database_login
    from airflow_dataops.adapters.sql_warehouse import SqlWarehouse

    return SqlWarehouse(database_login(tool, BaseHook.get_connection(tool)), is_pending=True)


def queried_warehouse(tool: str) -> QueriedWarehouse:
    """The warehouse behind a tool, to be asked for rows.

    Raises:
        ConfigurationError: the tool's connection is of a type that is no warehouse.
    """
    from airflow.sdk import BaseHook

    from airflow_dataops.adapters.database_login import database_login
    from airflow_dataops.adapters.sql_warehouse import SqlWarehouse

    return SqlWarehouse(database_login(tool, BaseHook.get_connection(tool)))


def file_store(tool: str) -> FileStore:
    """The object store or file server behind a tool, as its connection's type says."""
    from airflow.sdk import BaseHook

    if BaseHook.get_connection(tool).conn_type in {"sftp", "ssh"}:
        from airflow.providers.sftp.hooks.sftp import SFTPHook

        from airflow_dataops.adapters.file_server import SftpFiles

        return SftpFiles(SFTPHook(ssh_conn_id=tool))
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_dataops.adapters.object_store import S3ObjectStore

    return S3ObjectStore(S3Hook(aws_conn_id=tool).get_conn())


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

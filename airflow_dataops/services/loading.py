"""Files into tables: a file replaces its slice of a table, or nothing changes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.csv_records import read_header
from airflow_dataops.domain.file_formats import FileFormat, format_of
from airflow_dataops.errors import BadDataFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_dataops.data_ports import CopyingWarehouse, FileStore, ParquetReader
    from airflow_dataops.domain.data_assets import File, Table
    from airflow_dataops.ports import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFiles:
    """Where files are, and what reads those that are no CSV.

    Attributes:
        read_parquet: gives a Parquet file's rows as CSV; None where nothing does.
    """

    store: FileStore
    read_parquet: ParquetReader | None = None


def load(
    source: File,
    target: Table,
    *,
    files: DataFiles,
    warehouse: Warehouse,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
) -> int:
    """Replace a table's slice by a CSV or Parquet file; the same again gives the same table.

    Args:
        source: with its templates rendered, as the target.
        target: without a slice (``where``) all of it is replaced.
        files: where the source is.
        warehouse: the one that holds the target.
        columns: SQL type of each column, to create the table where it is missing.
        constants: columns that the file lacks, with the value that each row gets.

    Returns:
        Number of rows loaded.
    """
    with _chunks(source, files) as chunks:
        return warehouse.load_csv(
            chunks, table=target.name, where=target.where, columns=columns, constants=constants
        )


def copy(
    source: File,
    target: Table,
    *,
    files: DataFiles,
    warehouse: CopyingWarehouse,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
) -> int:
    """``load`` for a warehouse that fetches the file itself; its header is all that is read here.

    Raises:
        BadDataFile: the file lies in no bucket, or does not fit the table.
    """
    if not source.bucket:
        message = f"{source.key}: Redshift loads from S3 alone; put the file there first"
        raise BadDataFile(message)
    with _chunks(source, files) as chunks:
        names = read_header(chunks).columns
    return warehouse.copy(
        source,
        target,
        names=names,
        kind=format_of(source.key),
        columns=columns,
        constants=constants or {},
    )


@contextmanager
def _chunks(source: File, files: DataFiles) -> Iterator[Iterator[bytes]]:
    kind, store, read_parquet = format_of(source.key), files.store, files.read_parquet
    if kind is FileFormat.XLSX or (kind is FileFormat.PARQUET and read_parquet is None):
        message = f"{source.key}: files of format {kind} are not loaded; load .csv or .parquet"
        raise BadDataFile(message)
    if kind is FileFormat.PARQUET and read_parquet is not None:
        with store.opened(bucket=source.bucket, key=source.key) as file:
            yield read_parquet(file)
    else:
        with store.chunks(bucket=source.bucket, key=source.key) as chunks:
            yield chunks

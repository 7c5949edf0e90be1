"""Files into tables: a file replaces its slice of a table, or nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.domain.data_assets import File, Table
    from airflow_dataops.ports import ObjectStore, Warehouse


def load(
    source: File,
    target: Table,
    *,
    object_store: ObjectStore,
    warehouse: Warehouse,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
) -> int:
    """Replace a table's slice by a CSV file; the same again gives the same table.

    Args:
        source: with its templates rendered, as the target.
        target: without a slice (``where``) all of it is replaced.
        object_store: the one that holds the source.
        warehouse: the one that holds the target.
        columns: SQL type of each column, to create the table where it is missing.
        constants: columns that the file lacks, with the value that each row gets.

    Returns:
        Number of rows loaded.
    """
    with object_store.chunks(bucket=source.bucket, key=source.key) as chunks:
        return warehouse.load_csv(
            chunks, table=target.name, where=target.where, columns=columns, constants=constants
        )

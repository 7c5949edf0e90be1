"""A query's result into a file: whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_dataops.data_ports import FileStore, QueriedWarehouse, TableWriter
    from airflow_dataops.domain.data_assets import File


def extract(
    sql: str,
    target: File,
    *,
    warehouse: QueriedWarehouse,
    store: FileStore,
    write: TableWriter,
    writer: str,
) -> int:
    """Write what a query finds into a file, streaming; the same again gives the same file.

    Args:
        sql: one select, with its templates rendered.
        target: with its templates rendered.
        warehouse: the one that is asked.
        store: the one that holds the target.
        write: writes rows in the target's format and gives their number.
        writer: who writes, as ``FileStore.written`` wants it.

    Returns:
        Number of rows written.
    """
    with (
        warehouse.rows(sql) as rows,
        store.written(bucket=target.bucket, key=target.key, writer=writer) as file,
    ):
        return write(rows, file)

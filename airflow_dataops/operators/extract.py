"""Write a query's result into a file for people and tools outside."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_dataops.operators.rendering import RendersDomainObjects

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_dataops.domain.data_assets import File


class ExtractOperator(RendersDomainObjects):
    """Write what a query finds as CSV, Parquet or Excel file, to an object store or over SFTP.

    Rows stream: memory stays flat. The file appears as a whole when all is written; killed
    half-way, whatever was there before is still there.

    Args:
        sql: one select, or the name of a file that holds it.
        conn_id: connection id of the warehouse.
        target: ``file("s3", key=…)`` or ``file("sftp", path=…)``; the end of its name says the
            format: ``.csv``, ``.parquet`` or ``.xlsx``.
    """

    template_fields = ("sql", "target")
    template_ext = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql"}
    ui_color = "#e8dff2"

    def __init__(self, *, sql: str, conn_id: str, target: File, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.conn_id = conn_id
        self.target = target

    def execute(self, context: Context) -> int:
        """Write the file; the number of rows becomes the task's XCom."""
        from airflow_dataops import task_tools
        from airflow_dataops.domain.file_formats import written_format
        from airflow_dataops.services import extracting

        rows = extracting.extract(
            self.sql,
            self.target,
            write=task_tools.table_writer(written_format(self.target.key)),
            warehouse=task_tools.warehouse(self.conn_id),
            store=task_tools.file_store(self.target.tool),
            writer=_writer(context),
        )
        self.log.info("wrote %d rows to %s of %s", rows, self.target.key, self.target.tool)
        return rows


def _writer(context: Context) -> str:
    """Who writes: the same for every try of a task, and the number of the try."""
    ti = context["ti"]
    who = "\0".join((ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index)))
    return f"{hashlib.sha256(who.encode()).hexdigest()[:12]}-{ti.try_number}"

"""Load a file of an object store or file server into a table of a warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_dataops.operators.rendering import RendersDomainObjects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from airflow_dataops.domain.data_assets import File, Table


class FileToTableOperator(RendersDomainObjects):
    """Replace a table's slice by a CSV or Parquet file, in one transaction.

    PostgreSQL gets the file as a stream through the worker: memory stays flat, no temporary file
    is written. Redshift fetches it from S3 (COPY). Killed half-way nothing has changed, and
    running it again gives the same table.

    Args:
        source: the file; the first line of a CSV file names the columns. A name that ends in
            ``.parquet`` means Parquet.
        target: the table; its ``where`` is the slice that is replaced, without one the whole
            table is. Rows that lie outside of the slice are refused.
        columns: SQL type of each column, to create the table where it is missing.
        constants: columns that the file lacks, with the value that each row gets, such as
            ``{"loaded_for": "{{ run_date }}"}``.
    """

    template_fields = ("source", "target", "columns", "constants")
    template_fields_renderers: ClassVar[dict[str, str]] = {"columns": "json", "constants": "json"}
    ui_color = "#d7e8f2"

    def __init__(
        self,
        *,
        source: File,
        target: Table,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.target = target
        self.columns = columns
        self.constants = constants

    def execute(self, context: Context) -> int:
        """Load the file; the number of rows loaded becomes the task's XCom."""
        from airflow_dataops import task_tools
        from airflow_dataops.services import loading

        files = loading.DataFiles(
            store=task_tools.file_store(self.source.tool), read_parquet=task_tools.read_parquet
        )
        about = {"columns": self.columns, "constants": self.constants}
        if task_tools.is_redshift(self.target.tool):
            copying = task_tools.copying_warehouse(self.target.tool, source=self.source.tool)
            loaded = loading.copy(self.source, self.target, files=files, warehouse=copying, **about)
        else:
            warehouse = task_tools.warehouse(self.target.tool)
            loaded = loading.load(
                self.source, self.target, files=files, warehouse=warehouse, **about
            )
        self.log.info(
            "loaded %d rows from %s of %s into %s of %s",
            loaded, self.source.key, self.source.tool, self.target.name, self.target.tool,
        )  # fmt: skip
        return loaded

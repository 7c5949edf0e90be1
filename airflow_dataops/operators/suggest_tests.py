"""Look at a table as the kitchen's own task, and log a file with the tests that it speaks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_dataops.operators.rendering import RendersDomainObjects

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_dataops.domain.data_assets import Table


class SuggestTestsOperator(RendersDomainObjects):
    """Write suggested tests of a table to the log, where people get no login of their own.

    Args:
        table: to look at.
        pipeline: name of the pipeline that the file declares.
        written: ``yaml`` or ``python``.
    """

    template_fields = ("table",)
    ui_color = "#e3f1dc"

    def __init__(
        self, *, table: Table, pipeline: str, written: str = "yaml", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.pipeline = pipeline
        self.written = written

    def execute(self, context: Context) -> None:
        """Look, and log the file.

        Raises:
            OutsideSystemError: there is no such table, it has no rows, or the warehouse refuses.
        """
        from airflow_dataops import task_tools
        from airflow_dataops.domain import suggestions
        from airflow_dataops.services import data_testing
        from airflow_dataops.specs.suggested_file import suggested_file

        warehouse = task_tools.warehouse(self.table.tool)
        profile = data_testing.profile(self.table, warehouse, now=datetime.now(tz=UTC))
        made = suggestions.suggest(profile)
        text = suggested_file(profile, made, pipeline=self.pipeline, written=self.written)
        self.log.info("%d tests are suggested for %s:\n%s", len(made), self.table.name, text)

"""Run the data tests of a stage, and stop the line where they fail."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from airflow_dataops.domain.data_tests import (
    Outcome,
    Verdict,
    may_differ_when_tried_again,
    number,
    stops_the_line,
)
from airflow_dataops.errors import DataTestsFailed, PendingTableLost
from airflow_dataops.operators.rendering import RendersDomainObjects
from airflow_dataops.operators.telling import (
    count_outcomes,
    history_of_stage,
    keep_results,
    tell_people,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from airflow_dataops.data_ports import Validator
    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import DataTest
    from airflow_dataops.ports import Warehouse


class DataTestsOperator(RendersDomainObjects):
    """Run data tests; a failed one fails the task.

    Data that broke a rule breaks it again: such a task is not retried. Where nothing but errors
    (a warehouse that does not answer) stops the line, the task's own retries apply.

    Args:
        tests: what must hold; all are run, whatever the first ones say.
        stage: the stage whose pending tables are tested; None where nothing is pending.
        publishes: what that stage publishes when its tests have passed.
    """

    template_fields = ("tests", "publishes")
    ui_color = "#e3f1dc"

    def __init__(
        self,
        *,
        tests: Sequence[DataTest],
        stage: str | None = None,
        publishes: Sequence[Table] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tests = tests
        self.stage = stage
        self.publishes = publishes
        self._asked: list[Warehouse] = []
        self._said: tuple[tuple[DataTest, Verdict], ...] = ()

    def execute(self, context: Context) -> None:
        """Run the tests and write each verdict to the task's log.

        Raises:
            AirflowFailException: a test failed.
            DataTestsFailed: tests could not be measured, and none failed.
        """
        from airflow_dataops import task_tools
        from airflow_dataops.services import data_testing

        places = data_testing.Places(
            warehouse_for=self._remembered(self._warehouses(context)),
            file_store_for=task_tools.file_store,
            count_parquet_rows=task_tools.count_parquet_rows,
            measures_of_files=task_tools.measures_of_files,
            validator_for=self._validators(),
            history_of=history_of_stage(),
            at=_moment(context),
        )
        verdicts = data_testing.run_tests(self.tests, places)
        for verdict, line in zip(verdicts, verdict_lines(verdicts), strict=True):
            if verdict.outcome in {Outcome.FAIL, Outcome.ERROR}:
                self.log.error(line)
            elif verdict.outcome is Outcome.WARN:
                self.log.warning(line)
            else:
                self.log.info(line)
        count_outcomes(verdicts, dag_id=self.dag_id, task_id=self.task_id)
        self._said = tuple(zip(self.tests, verdicts, strict=True))
        if verdicts:
            keep_results(verdicts)
        tell_people(verdicts)
        _stop_where_needed(verdicts)

    def on_kill(self) -> None:
        """Have the warehouses end what is measured at this moment."""
        for warehouse in self._asked:
            warehouse.cancel()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What the tests said of their tables and files, where OpenLineage's provider asks."""
        from airflow_dataops.operators.lineage import lineage_of

        return lineage_of(self._said)

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> Any:
        """The same of tests that stop the line."""
        from airflow_dataops.operators.lineage import lineage_of

        return lineage_of(self._said)

    def _remembered(self, warehouse_for: Callable[[str], Warehouse]) -> Callable[[str], Warehouse]:
        def remembered(tool: str) -> Warehouse:
            warehouse = warehouse_for(tool)
            self._asked.append(warehouse)
            return warehouse

        return remembered

    def _validators(self) -> Callable[[str], Validator]:
        from airflow_dataops import task_tools

        pending = {table.tool for table in self.publishes} if self.stage else set()
        return cache(lambda tool: task_tools.validator(tool, is_pending=tool in pending))

    def _warehouses(self, context: Context) -> Callable[[str], Warehouse]:
        """Where tables are read: what is pending, in a stage that publishes."""
        from airflow_dataops import task_tools

        if self.stage is None or not self.publishes:
            return task_tools.warehouse
        from airflow_dataops.operators.publishing import stage_run
        from airflow_dataops.services import publishing

        by = stage_run(context, self.stage)
        try:
            publishing.check(self.publishes, by, pending_for=task_tools.pending_tables)
        except PendingTableLost as error:
            raise AirflowFailException(str(error)) from error
        pending = {table.tool for table in self.publishes}
        return lambda tool: (
            task_tools.pending_warehouse(tool) if tool in pending else task_tools.warehouse(tool)
        )


def _moment(context: Context) -> datetime | None:
    """The moment that the run is about."""
    run = context.get("dag_run")
    return None if run is None else run.logical_date or run.run_after


def verdict_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One aligned line per verdict: outcome, test, measured number, and what was allowed."""
    outcomes = [str(verdict.outcome) for verdict in verdicts]
    measured = ["-" if v.measured is None else number(v.measured) for v in verdicts]
    widths = [
        max((len(text) for text in column), default=0)
        for column in (outcomes, [verdict.test for verdict in verdicts], measured)
    ]
    return [
        f"{outcome:<{widths[0]}}  {verdict.test:<{widths[1]}}"
        f"  measured {value:>{widths[2]}}  {verdict.with_sample}"
        for outcome, value, verdict in zip(outcomes, measured, verdicts, strict=True)
    ]


def _stop_where_needed(verdicts: Sequence[Verdict]) -> None:
    stopping = stops_the_line(verdicts)
    if not stopping:
        return
    listed = "; ".join(f"{verdict.test} ({verdict.outcome})" for verdict in stopping)
    failed = DataTestsFailed(
        f"{len(stopping)} of {len(verdicts)} data tests stop the line: {listed}"
    )
    if may_differ_when_tried_again(verdicts):
        raise failed
    raise AirflowFailException(str(failed)) from failed

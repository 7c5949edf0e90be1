"""What a stage that publishes has besides its tasks: a beginning, an audit, and the publication.

``file_tests >> prepare >> to_publish[the stage's tasks] >> data_tests >> publish``
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import TaskGroup
from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_dataops.domain import names
from airflow_dataops.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import DataTest

FILE_TESTS_TASK = "file_tests"
PREPARE_TASK = "prepare"
PUBLISH_TASK = "publish"


def published_tables(publish: Table | Sequence[Table] | None, stage: str) -> tuple[Table, ...]:
    """The tables that a stage publishes.

    Raises:
        PipelineError: something else than tables, or one table twice.
    """
    if publish is None:
        return ()
    from airflow_dataops.domain.data_assets import Table

    given: tuple[object, ...] = (publish,) if isinstance(publish, Table) else tuple(publish)
    tables: list[Table] = []
    for table in given:
        if not isinstance(table, Table):
            message = f"stage {stage!r} publishes {table!s}; give tables: publish=table(…)"
            raise PipelineError(message)
        if any((table.tool, table.name) == (known.tool, known.name) for known in tables):
            message = f"stage {stage!r} publishes {table.name} of {table.tool} twice"
            raise PipelineError(message)
        tables.append(table)
    return tuple(tables)


class Publication:
    """The tasks around those of a stage that publishes; made inside of the stage's group.

    Args:
        stage: its name.
        tables: what it publishes.
    """

    def __init__(self, stage: str, tables: tuple[Table, ...]) -> None:
        self._stage = stage
        self._tables = tables
        self.group = TaskGroup(
            group_id=names.TO_PUBLISH, tooltip="What these tasks write is published if it passes"
        )

    def complete(self, tests: Sequence[DataTest], *, tests_task: str) -> None:
        """Add the tests and the publication around the group of the stage's tasks.

        Raises:
            PipelineError: a table would be published without any test of it.
        """
        from airflow_dataops.domain.data_assets import Table
        from airflow_dataops.operators.data_tests import DataTestsOperator
        from airflow_dataops.operators.publishing import (
            PrepareTablesOperator,
            PublishTablesOperator,
        )

        self._check_each_is_tested(tests)
        self._resume_before_each_try()
        prepare = PrepareTablesOperator(
            task_id=PREPARE_TASK, tables=self._tables, stage=self._stage
        )
        of_files = [test for test in tests if not isinstance(test.asset, Table)]
        if of_files:
            first = DataTestsOperator(task_id=FILE_TESTS_TASK, tests=of_files)
            first >> prepare
        audit = DataTestsOperator(
            task_id=tests_task,
            tests=[test for test in tests if isinstance(test.asset, Table)],
            stage=self._stage,
            publishes=self._tables,
        )
        publish = PublishTablesOperator(
            task_id=PUBLISH_TASK,
            tables=self._tables,
            stage=self._stage,
            may_be_empty=sorted(_may_be_empty(self._tables, tests)),
        )
        prepare >> self.group >> audit >> publish

    def _check_each_is_tested(self, tests: Sequence[DataTest]) -> None:
        from airflow_dataops.domain.data_assets import Table

        assets = [test.asset for test in tests]
        tested = {(asset.tool, asset.name) for asset in assets if isinstance(asset, Table)}
        for table in self._tables:
            if (table.tool, table.name) not in tested:
                message = (
                    f"stage {self._stage!r} publishes {table.name} without any test of it; add"
                    f" one, for example {table.name}.row_count().between(1, 1000)"
                )
                raise PipelineError(message)

    def _resume_before_each_try(self) -> None:
        from airflow_dataops.operators.publishing import ResumesTables

        for task in self.group:
            if isinstance(task, MappedOperator):
                then = task.partial_kwargs.get("pre_execute")
                hook = ResumesTables(self._tables, self._stage, then)
                task.partial_kwargs["pre_execute"] = hook
            else:
                # As if the author had given it: the constructor's argument is kept under this
                # name, and cannot be given any more.
                then = task._pre_execute_hook  # noqa: SLF001
                task._pre_execute_hook = ResumesTables(  # noqa: SLF001
                    self._tables, self._stage, then
                )


def _may_be_empty(tables: Sequence[Table], tests: Sequence[DataTest]) -> set[str]:
    """Tables whose tests allow them no row."""
    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_test_rules import Between

    allowed = {
        (test.asset.tool, test.asset.name)
        for test in tests
        if isinstance(test.asset, Table)
        and isinstance(test.rule, Between)
        and test.measures[0].aggregate == "count"
        and test.measures[0].counted is None
        and (test.rule.low is None or test.rule.low <= 0)
    }
    return {table.name for table in tables if (table.tool, table.name) in allowed}

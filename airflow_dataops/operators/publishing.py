"""Begin a stage's pending tables, keep them for its tasks, and publish them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException

from airflow_dataops.domain.publishing import StageRun
from airflow_dataops.errors import NothingToPublish, PendingTableLost
from airflow_dataops.operators.rendering import RendersDomainObjects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.sdk import Context

    from airflow_dataops.domain.data_assets import Table

_POKE_SECONDS = 15
_LONGEST_WAIT_SECONDS = 6 * 3600


class PrepareTablesOperator(RendersDomainObjects, BaseSensorOperator):
    """Begin empty pending tables; waits, without a worker, while another run has them.

    Args:
        tables: what the stage publishes.
        stage: its name.
    """

    template_fields = ("tables",)
    ui_color = "#f4ecd8"

    def __init__(self, *, tables: Sequence[Table], stage: str, **kwargs: Any) -> None:
        waiting = {
            "mode": "reschedule",
            "poke_interval": _POKE_SECONDS,
            "timeout": _LONGEST_WAIT_SECONDS,
        }
        super().__init__(**{**waiting, **kwargs})
        self.tables = tables
        self.stage = stage

    def poke(self, context: Context) -> bool:
        """Whether the tables are this run's now."""
        from airflow_dataops import task_tools
        from airflow_dataops.services import publishing

        holder = publishing.begin(
            self.tables,
            stage_run(context, self.stage),
            pending_for=task_tools.pending_tables,
            is_over=lambda other: _is_over(context, other),
        )
        if holder is not None:
            self.log.info("waiting for %s, which writes the same tables", holder)
        return holder is None


class PublishTablesOperator(RendersDomainObjects):
    """Put what a stage wrote, and its tests have passed, in the place of what was published.

    All tables of one database in one transaction. Tried again after it was killed, it finds out
    whether that transaction had ended.

    Args:
        tables: what the stage publishes; the ``where`` of each is the slice that is replaced.
        stage: its name.
        may_be_empty: names of tables whose tests say that they may have no row.
    """

    template_fields = ("tables",)
    ui_color = "#d7e8f2"

    def __init__(
        self,
        *,
        tables: Sequence[Table],
        stage: str,
        may_be_empty: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tables = tables
        self.stage = stage
        self.may_be_empty = may_be_empty

    def execute(self, context: Context) -> dict[str, int]:
        """Publish; the number of rows of each table becomes the task's XCom.

        Raises:
            AirflowFailException: trying again would not help.
        """
        from airflow_dataops import task_tools
        from airflow_dataops.services import publishing

        try:
            published = publishing.publish(
                self.tables,
                stage_run(context, self.stage),
                pending_for=task_tools.pending_tables,
                may_be_empty=self.may_be_empty,
            )
        except (NothingToPublish, PendingTableLost) as error:
            raise AirflowFailException(str(error)) from error
        for name, rows in published.items():
            self.log.info("published %d rows of %s", rows, name)
        return published


class ResumesTables:
    """Called before each try of a task that writes pending tables.

    Args:
        tables: what the stage publishes.
        stage: its name.
        then: what the task's author wants called before the task.
    """

    def __init__(
        self, tables: Sequence[Table], stage: str, then: Callable[[Context], None] | None
    ) -> None:
        self._tables = tables
        self._stage = stage
        self._then = then

    def __call__(self, context: Context) -> None:
        """Have the pending tables in place.

        Raises:
            AirflowFailException: they are not this run's any more.
        """
        from airflow_dataops import task_tools
        from airflow_dataops.services import publishing

        try:
            publishing.resume(
                [_rendered(table, context) for table in self._tables],
                stage_run(context, self._stage),
                pending_for=task_tools.pending_tables,
            )
        except PendingTableLost as error:
            raise AirflowFailException(str(error)) from error
        if self._then is not None:
            self._then(context)


def stage_run(context: Context, stage: str) -> StageRun:
    """The stage of the run that a task belongs to."""
    run = context["dag_run"]
    return StageRun(dag_id=run.dag_id, run_id=run.run_id, stage=stage)


def _is_over(context: Context, other: StageRun) -> bool:
    # Counted, not asked for its state: a run that was deleted is over, too.
    going_on = context["ti"].get_dr_count(
        other.dag_id, run_ids=[other.run_id], states=["queued", "running"]
    )
    return bool(going_on == 0)


def _rendered(table: Table, context: Context) -> Table:
    task = context["task"]
    env = task.get_template_env()
    return table.rendered(lambda text: str(task.render_template(text, context, env)))

"""Write, audit, publish: begin pending tables, keep them in place, publish what passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.publishing import by_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from airflow_dataops.data_ports import PendingTables
    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.publishing import StageRun

    PendingFor = Callable[[str], PendingTables]


def begin(
    tables: Sequence[Table],
    by: StageRun,
    *,
    pending_for: PendingFor,
    is_over: Callable[[StageRun], bool],
) -> StageRun | None:
    """Claim empty pending tables for a stage of a run.

    Args:
        tables: with their templates rendered.
        by: the stage that will write them.
        pending_for: the pending tables behind a connection id.
        is_over: whether another stage's run has ended.

    Returns:
        None, or whose run to wait for; what was claimed by then is claimed again next time.
    """
    for tool, of_tool in by_tool(tables).items():
        holder = pending_for(tool).begin(of_tool, by, is_over=is_over)
        if holder is not None:
            return holder
    return None


def resume(tables: Sequence[Table], by: StageRun, *, pending_for: PendingFor) -> None:
    """Have a stage's pending tables in place before one of its tasks runs, again or first."""
    for tool, of_tool in by_tool(tables).items():
        pending_for(tool).resume(of_tool, by)


def check(tables: Sequence[Table], by: StageRun, *, pending_for: PendingFor) -> None:
    """Make sure that a stage's tests read what its tasks wrote."""
    for tool, of_tool in by_tool(tables).items():
        pending_for(tool).check(of_tool, by)


def publish(
    tables: Sequence[Table],
    by: StageRun,
    *,
    pending_for: PendingFor,
    may_be_empty: Collection[str],
) -> dict[str, int]:
    """Publish a stage's tables; those of one database together.

    Args:
        tables: with their templates rendered.
        by: the stage that wrote them.
        pending_for: the pending tables behind a connection id.
        may_be_empty: names of tables that may be published without a row.

    Returns:
        Rows published of each table.
    """
    published: dict[str, int] = {}
    for tool, of_tool in by_tool(tables).items():
        rows = pending_for(tool).publish(of_tool, by, may_be_empty=may_be_empty)
        published |= {table.name: count for table, count in zip(of_tool, rows, strict=True)}
    return published

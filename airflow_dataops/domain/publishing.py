"""Write, audit, publish: what a stage writes is seen when its tests have passed, not before.

A stage that publishes a table works on a pending one of the same name in the kitchen's pending
schema. The pending table is one run's at a time: who may write there is a claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.data_assets import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """A stage of one run: who writes a pending table."""

    dag_id: str
    run_id: str
    stage: str

    def __str__(self) -> str:
        return f"stage {self.stage} of {self.dag_id}, run {self.run_id}"


def by_tool(tables: Sequence[Table]) -> dict[str, list[Table]]:
    """The tables of each tool, tools in the order of their first table."""
    tools: dict[str, list[Table]] = {}
    for table in tables:
        tools.setdefault(table.tool, []).append(table)
    return tools

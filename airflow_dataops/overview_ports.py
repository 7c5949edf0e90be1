"""What pages need from outside beside what the services have, in their own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.overview import (
        OperationSummary,
        RunSummary,
        SchedulePage,
        ScheduleQuery,
    )


class Overview(Protocol):
    """Many kitchens at once: each answer takes the same few reads, however many there are."""

    def latest_operations(self, kitchens: Iterable[Kitchen]) -> dict[str, OperationSummary]:
        """The last operation on each kitchen, by the kitchen's id."""

    def pipeline_counts(self, kitchens: Iterable[Kitchen]) -> dict[str, int]:
        """How many pipelines Airflow has of each kitchen, by the kitchen's id."""

    def recent_runs(self, dag_ids: Sequence[str], *, at_most: int) -> dict[str, list[RunSummary]]:
        """The last runs of each DAG, the newest first, by the DAG's id."""

    def schedules(self, kitchens: Iterable[Kitchen], asked: ScheduleQuery) -> SchedulePage:
        """Pipelines that have a schedule, or of which one is enabled, by kitchen and name."""

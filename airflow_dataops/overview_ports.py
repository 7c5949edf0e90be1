"""What pages need from outside beside what the services have, in their own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from airflow_dataops.domain.data_tests import Outcome
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.overview import (
        LastRuns,
        OpenMerge,
        OperationSummary,
        RunSummary,
        ScheduleCounts,
        SchedulePage,
        ScheduleQuery,
    )
    from airflow_dataops.domain.provisioning import Progress
    from airflow_dataops.domain.shown_code import ShownCode


class ShownCodeRegister(Protocol):
    """What Airflow has of kitchens' code."""

    def of(self, kitchen: Kitchen) -> ShownCode:
        """The code that Airflow has of a kitchen now."""

    def commits(self, kitchen: Kitchen, versions: Iterable[str]) -> dict[str, str]:
        """The kitchen's commit in each of these versions of its bundle, by version."""


class Overview(Protocol):
    """Many kitchens at once: each answer takes the same few reads, however many there are."""

    def latest_operations(
        self, kitchens: Iterable[Kitchen], *, only: Progress | None = None
    ) -> dict[str, OperationSummary]:
        """The last operation on each kitchen, by the kitchen's id; or those of them that are so."""

    def pipeline_counts(self, kitchens: Iterable[Kitchen]) -> dict[str, int]:
        """How many pipelines Airflow has of each kitchen, by the kitchen's id."""

    def recent_runs(self, dag_ids: Sequence[str], *, at_most: int) -> dict[str, list[RunSummary]]:
        """The last runs of each DAG, the newest first, by the DAG's id."""

    def last_runs(self, kitchens: Iterable[Kitchen]) -> dict[str, LastRuns]:
        """What the last run of each pipeline came to, by the id of a kitchen that has some."""

    def run_counts(
        self, kitchens: Iterable[Kitchen], *, since: datetime, until: datetime
    ) -> dict[str, dict[str, Counter[str]]]:
        """Runs that were due in a time, by state, by pipeline, by the kitchen's id."""

    def verdict_counts(self, kitchens: Iterable[Kitchen]) -> dict[str, dict[Outcome, int]]:
        """How many data tests said what in their last run, by the kitchen's id.

        Tests of pipelines that are in the code no more do not count.
        """

    def verdicts_by_pipeline(self, kitchen: Kitchen) -> dict[str, dict[Outcome, int]]:
        """The same of one kitchen, by pipeline, whether it is in the code or not."""

    def shown_commits(self, kitchens: Iterable[Kitchen]) -> dict[str, str]:
        """The commit that Airflow shows of each kitchen, by the kitchen's id."""

    def open_merges(self, kitchens: Iterable[Kitchen]) -> list[OpenMerge]:
        """Merges of one of these kitchens into another that are not over, the oldest first."""

    def schedules(self, kitchens: Iterable[Kitchen], asked: ScheduleQuery) -> SchedulePage:
        """Pipelines that have a schedule, or of which one is enabled, by kitchen and name."""

    def schedule_counts(self, kitchens: Iterable[Kitchen]) -> ScheduleCounts:
        """How many schedules are enabled, and how many wait to be, in one read."""

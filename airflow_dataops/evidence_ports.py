"""What evidence of runs, and the queue of merges, need from outside, in their own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_dataops.domain.evidence import Evidence, FinishedRun, RunKey
    from airflow_dataops.domain.input_tree import TreeInputs
    from airflow_dataops.domain.kitchen import Kitchen


class RunsOfKitchens(Protocol):
    """Runs of kitchens' pipelines, as Airflow keeps them."""

    def over(self, kitchen: Kitchen) -> list[RunKey]:
        """A kitchen's runs that are over, the last one first; as many as a person looks at."""

    def told(self, runs: Sequence[RunKey]) -> list[FinishedRun]:
        """Runs with all that is known of them; those that begin anew meanwhile are left out."""


class EvidenceBook(Protocol):
    """Evidence that was recorded; nothing in it is ever changed."""

    def recorded(self, kitchen: Kitchen, *, since: datetime) -> set[RunKey]:
        """The runs of a kitchen that are in it and ended since a moment."""

    def record(self, found: Sequence[Evidence]) -> None:
        """Write evidence down; what is there already stays as it is."""

    def about(self, project: str, inputs: Mapping[str, str]) -> dict[str, list[Evidence]]:
        """Evidence of a project by pipeline, about the input tree that each is asked for with.

        Also that of kitchens that are gone.
        """

    def of(self, kitchen: Kitchen, *, pipeline: str | None = None) -> list[Evidence]:
        """What runs of a kitchen were evidence of, the last one first."""


class RanCode(Protocol):
    """The repository, asked what a run ran."""

    def ran(
        self, version: str, *, kitchen: Kitchen, dags_folder: str
    ) -> tuple[str, TreeInputs] | None:
        """The commit of a kitchen that a version of its bundle names, and what is built from it.

        None where the version names another kitchen, or none, by this name.

        Raises:
            BundleError: what the repository has under this version is not it.
            OutsideSystemError: the repository does not have it, or does not answer.
        """

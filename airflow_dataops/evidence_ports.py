"""What evidence of runs, and the queue of merges, need from outside, in their own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow_dataops.domain.approval import Approval, ApprovalOf
    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.evidence import Evidence, FinishedRun, RunKey
    from airflow_dataops.domain.input_tree import TreeInputs
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge_queue import QueueEntry


class RunsOfKitchens(Protocol):
    """Runs of kitchens' pipelines, as Airflow keeps them."""

    def over(self, kitchen: Kitchen) -> list[RunKey]:
        """A kitchen's runs that are over, the last one first; as many as a person looks at."""

    def told(self, runs: Sequence[RunKey]) -> list[FinishedRun]:
        """Runs with all that is known of them; those that begin anew meanwhile are left out."""


class EvidenceBook(Protocol):
    """Evidence that was recorded; nothing in it is ever changed, until it is forgotten."""

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

    def forget(self, environment: str, *, before: datetime) -> int:
        """Remove what runs in an environment that ended before then were evidence of."""


class ApprovalBook(Protocol):
    """What waits for approval; of the same thing one is open at a time."""

    def open_one(
        self, kitchen: Kitchen, of: ApprovalOf, *, subject: str, exactly: str
    ) -> Approval | None:
        """The approval of exactly this that waits, or was given and is not used up."""

    def one(self, approval_id: str) -> Approval | None:
        """An approval by its id; None where none has it, or its kitchen is gone."""

    def waiting(self, kitchens: Iterable[Kitchen]) -> list[Approval]:
        """What waits to be approved in some kitchens, the longest wait first."""

    def ask(self, approval: Approval, kitchen: Kitchen, *, audit: AuditEntry) -> Approval:
        """Have something wait to be approved; gives what waits already, if it does.

        Raises:
            KitchenBusy: the kitchen is being deleted.
            KitchenNotFound: it is deleted.
        """

    def change(self, before: Approval, after: Approval, *, audit: AuditEntry | None = None) -> bool:
        """Replace what became of an approval, unless somebody did meanwhile: then False."""


class MergeQueue(Protocol):
    """Kitchens that wait to be merged into their parents."""

    def join(self, entry: QueueEntry, kitchen: Kitchen, *, audit: AuditEntry) -> None:
        """Let a kitchen wait, in the place of an earlier wait of its own.

        Raises:
            KitchenBusy: it joins in this moment already, or is being deleted.
            KitchenNotFound: it is deleted.
        """

    def waiting(self, parent: Kitchen) -> list[QueueEntry]:
        """Kitchens that wait to be merged into one, the longest wait first."""

    def end(self, entry: QueueEntry, *, audit: AuditEntry | None = None) -> bool:
        """Write down what became of a wait, unless somebody did meanwhile: then False."""


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

    def tips_with_inputs(
        self, branches: Sequence[str], *, dags_folder: str
    ) -> dict[str, tuple[str, TreeInputs]]:
        """Of each branch that there is, the commit at its tip and what is built from it.

        Raises:
            OutsideSystemError: the repository does not answer.
        """


class RunNeeds(Protocol):
    """Which DAGs wait for which others."""

    def of(self, dag_ids: Iterable[str]) -> dict[str, set[str]]:
        """For each DAG, those of the others that it waits for."""

"""What merging needs from outside, in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.input_tree import TreeInputs
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse
    from airflow_dataops.domain.merge import FileChange, MergePreview, Undoing
    from airflow_dataops.domain.merge_draft import KitchenMerge, Resolution, Resolved
    from airflow_dataops.domain.merge_meaning import TreeOutline
    from airflow_dataops.domain.merge_text import Parts
    from airflow_dataops.domain.promotion import PromotionFacts
    from airflow_dataops.domain.pull_request import GateStatus, Proposal, PullRequest
    from airflow_dataops.domain.release import Commit
    from airflow_dataops.domain.revert import ChartsSince, PutBack
    from airflow_dataops.domain.source_change import Authorship


class MergeRepository(Protocol):
    """The repository that holds a project's branches, to merge them in. Commits are their ids."""

    def tips(self, branches: Sequence[str]) -> dict[str, str]:
        """Commit at the tip of each branch that there is, by branch.

        Raises:
            OutsideSystemError: the repository does not answer.
        """

    def contains(self, commit: str, *, within: str) -> bool:
        """Whether a commit is another, or one of those that led to it."""

    def apart(self, ours: str, theirs: str) -> tuple[int, int]:
        """How many commits ours has that theirs has not, and the other way round.

        Raises:
            OutsideSystemError: the repository does not answer, or has them no more.
        """

    def missing(self, ours: str, theirs: str, *, at_most: int = 0) -> tuple[int, list[Commit]]:
        """Commits of theirs that ours has not: how many, and the last ones, the newest first.

        Raises:
            OutsideSystemError: the repository does not answer, or has them no more.
        """

    def preview(self, ours: str, theirs: str) -> tuple[MergePreview, list[FileChange]]:
        """What merging theirs into ours comes to, and what it makes of ours' files.

        Raises:
            CannotMerge: they have nothing in common.
        """

    def difference(self, preview: MergePreview, changed: FileChange) -> str:
        """What git prints about a file that a merge changes, from ours to the merged tree."""

    def inputs(
        self, preview: MergePreview, *, dags_folder: str
    ) -> tuple[TreeInputs, TreeInputs | None]:
        """What ours' pipelines are built from, and the merged ones; None with conflicts."""

    def texts(self, ours: str, theirs: str) -> dict[str, Parts]:
        """The files whose text is in conflict, by path."""

    def contents(self, commits: tuple[str, str], blobs: Sequence[str]) -> dict[str, bytes]:
        """Contents of two commits by their ids; those it has not are left out."""

    def laid_out(
        self, preview: MergePreview, *, paths: Sequence[str]
    ) -> AbstractContextManager[dict[str, Path]]:
        """Folders with ours' files and the merged ones below some paths, while they are needed.

        They are given by the id of what they show, ours first; with conflicts, ours alone.
        """

    def write(
        self,
        preview: MergePreview,
        resolved: Mapping[str, Resolved | None],
        authorship: Authorship,
    ) -> str:
        """Make the commit of a merge, on no branch yet; gives its id.

        Args:
            preview: of the merge.
            resolved: what stands at each path in conflict.
            authorship: who merges, and what the commit says.
        """

    def promoted(self, merge: KitchenMerge, *, dags_folder: str) -> PromotionFacts:
        """What became what by a merge that is over; without its commits.

        Raises:
            OutsideSystemError: the repository does not answer, or has its commits no more.
        """

    def undoing(self, merge: KitchenMerge, *, within: str, dags_folder: str) -> Undoing:
        """What taking a merge out of a commit that came of it comes to.

        Raises:
            OutsideSystemError: the repository has one of the commits no more.
        """

    def undo(self, merge: KitchenMerge, *, within: str, authorship: Authorship) -> str:
        """Make the commit that takes a merge out, on no branch yet; gives its id.

        There are no conflicts. Where nothing is left to take out, it is the same commit.
        """

    def move(self, branch: str, *, seen: str, to: str) -> None:
        """Move a branch from the commit that it was seen at to one that follows it.

        Raises:
            BranchMoved: it is not there any more.
            PushRefused: the repository does not take it.
            OutsideSystemError: it does not answer, so that it may have moved or not.
        """


class PipelineRuns(Protocol):
    """Runs of pipelines that a kitchen had."""

    def retire(self, kitchen: Kitchen, pipelines: Sequence[str]) -> int:
        """End the runs of pipelines that are gone, and let nobody begin others.

        Once it is done, the same again changes nothing. Gives how many runs it ended.
        """


class OutlineReader(Protocol):
    """Who knows what pipelines files make."""

    def of(self, trees: Mapping[str, Path], kitchen: KitchenAtParse) -> list[TreeOutline]:
        """The outline of each tree's pipelines, as they are built in a kitchen.

        Args:
            trees: folders by the id of the commit or tree that they show.
            kitchen: what the pipelines may know of theirs.
        """


class MergeBook(Protocol):
    """Merges of kitchens: those under way with what people decided, and those that are over."""

    def under_way(self, kitchen: Kitchen, other: Kitchen) -> KitchenMerge | None:
        """The merge of the other into the kitchen that is not over."""

    def of(self, kitchen: Kitchen) -> list[KitchenMerge]:
        """Merges into the kitchen, the last one first, without their resolutions."""

    def one(self, kitchen: Kitchen, merge_id: str) -> KitchenMerge | None:
        """A merge into the kitchen by its id, without its resolutions; None where none has it."""

    def proposed(self) -> list[KitchenMerge]:
        """Merges that wait at a repository's host, of whatever kitchens."""

    def begin(
        self, merge: KitchenMerge, kitchen: Kitchen, *, audit: AuditEntry | None = None
    ) -> None:
        """Write down that a merge into a kitchen is under way.

        Raises:
            KitchenBusy: another one of the two is, or the kitchen is being deleted.
            KitchenNotFound: the kitchen is deleted.
        """

    def resolve(self, merge: KitchenMerge, given: Sequence[Resolution]) -> bool:
        """Add decisions, unless the merge has come further meanwhile: then False, and none."""

    def change(
        self, before: KitchenMerge, after: KitchenMerge, *, audit: AuditEntry | None = None
    ) -> bool:
        """Replace how far a merge has come, unless somebody did meanwhile: then False."""


class PromotionBook(Protocol):
    """What a repository knew of merges, kept for when it does no more."""

    def unwritten(self, kitchen: Kitchen) -> list[KitchenMerge]:
        """Merges into a kitchen of which nothing is kept, the oldest first; some at a time."""

    def write(self, merge: KitchenMerge, facts: PromotionFacts, *, now: datetime) -> None:
        """Keep what a repository knows of a merge; what is kept already stays as it is."""

    def of(self, merge: KitchenMerge) -> PromotionFacts | None:
        """What is kept of a merge; None where nothing is."""

    def runs_there(self, runs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of these runs, by DAG and run id, that Airflow still has."""

    def forget(self, environment: str, *, before: datetime) -> int:
        """Forget what is kept of merges into an environment's kitchens that ended before then."""


class RevertBook(Protocol):
    """What is put back with a merge, beside its code."""

    def kitchen(self, kitchen_id: str) -> Kitchen:
        """A kitchen by its id, living or gone.

        Raises:
            KitchenNotFound: there never was one.
        """

    def charts_since(
        self, kitchen: Kitchen, pipelines: Collection[str], *, since: datetime, reverted: str
    ) -> ChartsSince:
        """What charts of some pipelines were told and measured since a merge."""

    def finish(
        self,
        pushing: KitchenMerge,
        done: KitchenMerge,
        kitchen: Kitchen,
        put_back: PutBack,
        *,
        audit: Sequence[AuditEntry],
    ) -> bool:
        """Put everything back and end the revert, unless somebody did meanwhile: then False.

        Raises:
            KitchenBusy: the kitchen is being deleted.
            KitchenNotFound: it is deleted.
        """


class PullRequests(Protocol):
    """The host of a repository, where merges are proposed and made by its rules.

    Every call raises ``PullRequestRefused`` where the host does not take what is asked, and
    ``GitHostUnavailable`` where it does not answer.

    Attributes:
        name: of the host, as an environments file says it.
    """

    name: str

    def propose(self, proposal: Proposal) -> PullRequest:
        """Open a pull request, or bring the open one of the same branches up to date."""

    def open_one(self, *, head: str, base: str) -> PullRequest | None:
        """The open pull request of one branch into another."""

    def show(self, number: int) -> PullRequest:
        """A pull request, whatever became of it."""

    def put_status(self, commit: str, status: GateStatus) -> None:
        """Say beside a commit whether the gate is open; said twice, it stands there once."""

    def close(self, number: int) -> None:
        """Close a pull request without merging it; one that is closed is no error."""

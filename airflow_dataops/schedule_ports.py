"""What scheduling needs from outside, in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.schedule import EnabledSchedule, PipelineSchedule
    from airflow_dataops.domain.source_change import Authorship, SourceChange
    from airflow_dataops.domain.switch import Switch


class Schedules(Protocol):
    """What kitchens' pipelines declare, as Airflow has read them, and what was enabled."""

    def of(self, kitchens: Iterable[Kitchen]) -> dict[str, list[PipelineSchedule]]:
        """Every pipeline with its schedule, by name, by the kitchen's id.

        Also those that are not in the code any more, as long as their schedule is enabled.
        """

    def enabled_in(self, kitchen: str, *, environment: str) -> dict[str, EnabledSchedule]:
        """What is enabled in the living kitchen of this name, by pipeline; none in another's."""

    def enable(self, kitchen: Kitchen, enabled: EnabledSchedule, *, audit: AuditEntry) -> None:
        """Write down that a schedule is enabled, in place of what was enabled before.

        Raises:
            KitchenNotFound: the kitchen is deleted.
            KitchenBusy: it is being deleted.
        """

    def disable(self, kitchen: Kitchen, pipeline: str, *, audit: AuditEntry) -> bool:
        """Forget that a schedule is enabled; False where it was not.

        From then on the scheduler starts nothing for it, also before the code is read again.

        Raises:
            KitchenNotFound: the kitchen is deleted.
            KitchenBusy: it is being deleted.
        """


class Switches(Protocol):
    """Airflow's own pause switch."""

    def of(self, kitchens: Iterable[Kitchen], *, since: datetime) -> list[Switch]:
        """Uses of the switch on pipelines of some living kitchens, the oldest first."""


class SourceBranches(Protocol):
    """The branches of a project's repository, to change a file on."""

    def rewrite(
        self,
        branch: str,
        paths: Sequence[str],
        edit: Callable[[str, bytes], bytes],
        authorship: Authorship,
    ) -> SourceChange | None:
        """Change the first of these files that a branch has, as one commit on its tip.

        Args:
            branch: where; nobody else's commit is lost.
            paths: where the file may be.
            edit: gives a file's new content from its path and its content; the same again makes
                no commit.
            authorship: who changes it, and what the commit says.

        Returns:
            What became of it; None where the branch has none of the files.

        Raises:
            BranchMoved: somebody pushed to the branch meanwhile.
            OutsideSystemError: git or the repository refuses.
        """

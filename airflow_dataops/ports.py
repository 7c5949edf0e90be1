"""What services need from outside, in their own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow_dataops.domain.audit import AuditEntry, AuditQuery
    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import Measure
    from airflow_dataops.domain.issued_login import IssuedLogin
    from airflow_dataops.domain.kitchen import Kitchen, KitchenSettings
    from airflow_dataops.domain.leases import Lease
    from airflow_dataops.domain.measured import Measured
    from airflow_dataops.domain.provisioning import Operation, Part, Progress
    from airflow_dataops.domain.staff import Member


class Repository(Protocol):
    """The project's git repository, which holds one branch per kitchen."""

    def tip(self, branch: str) -> str | None:
        """Commit id of a branch's tip; None where there is no such branch."""

    def cut_branch(self, name: str, *, source: str) -> None:
        """Create a branch at the tip of another; the same branch again is no error."""

    def delete_branch(self, name: str) -> None:
        """Delete a branch; one that is gone already is no error."""


class KitchenRegistry(Protocol):
    """Which kitchens there are and who works in them. Names are unique among the living."""

    def kitchens(self, *, environment: str | None = None) -> list[Kitchen]:
        """Living kitchens by name, of one environment or of all."""

    def named(self, names: Iterable[str]) -> list[Kitchen]:
        """Those of these names that live, by name."""

    def kitchen(self, name: str) -> Kitchen:
        """The living kitchen of this name.

        Raises:
            KitchenNotFound: there is none.
        """

    def former(self, name: str) -> list[Kitchen]:
        """Deleted kitchens that had this name, the last one first."""

    def check(self, kitchen: Kitchen) -> None:
        """Raise what ``add`` would raise at this moment, and record nothing."""

    def add(
        self, kitchen: Kitchen, *, staff: Sequence[Member], operation: Operation, audit: AuditEntry
    ) -> None:
        """Record a new kitchen with its staff and its creation, all or nothing.

        Raises:
            KitchenExists: a living kitchen or a DAG outside of kitchens has this namespace.
            KitchenNotFound: its project has no living kitchen that is named as its parent.
            KitchenBusy: its parent is being deleted.
        """

    def change(self, kitchen: Kitchen, settings: KitchenSettings, *, audit: AuditEntry) -> Kitchen:
        """Replace a kitchen's settings; gives the kitchen as it is from now on.

        Raises:
            KitchenNotFound: it is deleted.
            KitchenBusy: it is being deleted.
        """

    def note_warning(self, kitchen: Kitchen, *, at: datetime) -> bool:
        """Note that a kitchen's staff is warned about its end; False where it was before.

        Another end is another warning.
        """

    def mark_deleting(self, kitchen: Kitchen, operation: Operation, *, audit: AuditEntry) -> None:
        """Note that a kitchen goes, and how; from then on none can be cut from it.

        A creation that is under way ends with this.

        Raises:
            KitchenHasChildren: kitchens that were cut from it live.
            KitchenNotFound: it is deleted.
            KitchenBusy: another operation deletes it.
        """

    def staff(self, kitchen: Kitchen) -> list[Member]:
        """Who works there, by name."""

    def staffs(self, kitchens: Iterable[Kitchen]) -> dict[str, list[Member]]:
        """The staff of several kitchens, by kitchen id, in one read."""

    def put_member(self, kitchen: Kitchen, member: Member, *, audit: AuditEntry) -> None:
        """Put somebody on the staff, or give them another role.

        Raises:
            KitchenNotFound: the kitchen is deleted.
            KitchenBusy: it is being deleted.
        """

    def remove_member(self, kitchen: Kitchen, who: str, *, audit: AuditEntry) -> None:
        """Take somebody off the staff; who is not on it is no error.

        Raises:
            KitchenNotFound: the kitchen is deleted.
            KitchenBusy: it is being deleted.
        """

    def ask_for_parsing(self, kitchen: Kitchen) -> None:
        """Have the kitchen's DAGs read at once instead of at the next interval."""


class Operations(Protocol):
    """What is being done to kitchens, and what was done to them."""

    def operation(self, operation_id: str) -> Operation:
        """One operation with its steps, and its kitchen as it is now, or was.

        Raises:
            OperationNotFound: there is no such operation.
        """

    def latest(self, kitchen: Kitchen) -> Operation | None:
        """The last operation on a kitchen, over or not."""

    def all_of(self, kitchen: Kitchen) -> list[Operation]:
        """Every operation on a kitchen, the last one first."""

    def next_attempt(self, operation: Operation) -> Operation:
        """Take over an operation: whoever works for the attempt before is told to stop.

        Raises:
            Superseded: somebody else has taken it over meanwhile, or it is over.
        """

    def started(self, operation: Operation, *, run_id: str) -> None:
        """Note the provisioning run of this attempt.

        Raises:
            Superseded: this is not the present attempt.
        """

    def step(
        self, operation: Operation, part: Part, progress: Progress, *, detail: str = ""
    ) -> None:
        """Note how far one step of an operation has come; one that is done stays done.

        Raises:
            Superseded: this is not the present attempt.
            ValueError: the operation has no such step.
        """

    def failed(self, operation: Operation, *, error: str) -> None:
        """Note why this attempt ended early; another can follow.

        Raises:
            Superseded: this is not the present attempt.
        """

    def finish(self, operation: Operation, *, audit: AuditEntry) -> None:
        """Note that nothing is left to do: the kitchen is ready now, or deleted.

        Raises:
            Superseded: this is not the present attempt.
            ValueError: a step is left.
        """


class AuditTrail(Protocol):
    """Who did what to which kitchen. Entries are added and never changed."""

    def add(self, entry: AuditEntry) -> None:
        """Write an entry."""

    def entries(self, asked: AuditQuery) -> list[AuditEntry]:
        """Entries that were asked for, newest first."""


class AccessRoles(Protocol):
    """Roles that let a kitchen's staff into Airflow's own pages, and nobody else."""

    def put(self, kitchen: Kitchen, staff: Sequence[Member]) -> str:
        """Make the kitchen's roles, with exactly this staff in them; says what there is."""

    def remove(self, kitchen: Kitchen) -> None:
        """Remove the kitchen's roles; those that are gone are no error."""

    def exist(self, kitchen: Kitchen) -> bool:
        """Whether any of the kitchen's roles is there."""


class Workers(Protocol):
    """Who makes and unmakes the parts that the server does not reach."""

    def start(self, operation: Operation) -> str:
        """Have the parts that are left made or unmade; gives the id of the run that does it.

        Returns when it is under way or, where this process does the work, when it is over.

        Raises:
            OutsideSystemError: nobody can do it now.
        """

    def is_working(self, operation: Operation) -> bool:
        """Whether an attempt waits for its turn or shows signs of life."""

    def stop(self, operation: Operation) -> None:
        """End what an attempt has running; nothing running is no error."""


class HookEvent(Protocol):
    """Something that is to be done, or was."""

    @property
    def what(self) -> str:
        """What it is, in the words of a refusal."""


class Hooks(Protocol):
    """What an installation wants to know, or to have a say in: kitchens come, go, are merged."""

    def before(self, event: HookEvent) -> None:
        """Ask whether something may be done.

        Raises:
            Vetoed: a hook refuses, fails, or does not answer in time.
        """

    def after(self, event: HookEvent) -> None:
        """Tell that something was done; what a hook makes of it changes nothing any more."""


class Runs(Protocol):
    """Airflow's runs of kitchens' DAGs."""

    def cancel_all(self, kitchen: Kitchen) -> int:
        """End every unfinished run of a kitchen's DAGs; gives their number."""

    def forget(self, kitchen: Kitchen) -> int:
        """Remove the DAGs, with their runs, that an earlier kitchen of this name left behind."""


class KitchenPart(Protocol):
    """One part of a kitchen, where it is made. Each call may follow a half-done one."""

    def make(self) -> str:
        """Make it, or find it made; says what there is, never a secret.

        Raises:
            KitchenExists: something of this name is there that is not this kitchen's.
        """

    def unmake(self) -> str:
        """Unmake it with all it holds; gone already is no error. Says what there was."""

    def exists(self) -> bool:
        """Whether any of it is there."""


class ProvisioningReport(Protocol):
    """What the worker that makes parts tells the server."""

    def begins(self, part: Part) -> None:
        """A part's turn has come.

        Raises:
            Superseded: another attempt has taken over.
        """

    def is_done(self, part: Part, detail: str) -> None:
        """A part is made, or unmade and seen to be gone.

        Raises:
            Superseded: another attempt has taken over.
        """


class SecretStore(Protocol):
    """One release environment's vault, logged in as this installation."""

    def read(self, path: str) -> Mapping[str, str] | None:
        """Fields of a secret; None where the vault says that there is none.

        Raises:
            VaultUnavailable: sealed, down, hung, or it refuses our login.
        """


class LoginIssuer(Protocol):
    """The engine of an environment's vault that makes logins on demand."""

    def issue_login(self, role: str, ttl_seconds: int) -> IssuedLogin:
        """A new login of a role; one that lasts shorter than asked says so.

        Raises:
            VaultUnavailable: the vault or the tool does not answer, or refuses.
        """

    def revoke_lease(self, lease_id: str) -> None:
        """End a login, and return when it is gone; gone already is no error.

        Raises:
            VaultUnavailable: the vault or the tool does not answer, or refuses.
        """


class Leases(Protocol):
    """Which issued logins somebody still has to see to the end of."""

    def add(self, lease: Lease) -> None:
        """Write down who holds a login."""

    def is_in_force(self, lease_id: str, *, now: datetime) -> bool:
        """Whether a login may still be used: nobody has begun to take it back."""

    def end(self, task_instance: str, *, now: datetime) -> list[Lease]:
        """Put what a try held until now out of force; gives the logins to take back."""

    def over(self, environment: str, *, now: datetime) -> list[Lease]:
        """Logins that nobody may use any more, the oldest first and some hundreds at most.

        They have expired, their try is not running, or their kitchen is going or gone.
        """

    def remove(self, lease_id: str) -> None:
        """Forget a login that was taken back; forgotten already is no error."""


class Warehouse(Protocol):
    """A SQL database that holds a kitchen's tables."""

    def holds_tables(self, schema: str) -> bool:
        """Whether a schema has anything in it; one that does not exist has nothing."""

    def create_schema(self, name: str) -> None:
        """Create a schema; one that exists is no error."""

    def drop_schema(self, name: str) -> None:
        """Drop a schema with all it holds; one that is gone is no error."""

    def measures(self, measures: Sequence[Measure]) -> list[Measured]:
        """One answer per measure, in their order; one that fails hides no other.

        Raises:
            ToolUnreachable: the database does not answer at all.
        """

    def cancel(self) -> None:
        """End what is measured at this moment; called from another thread or a signal."""

    def offenders(self, sql: str, table: Table, *, at_most: int) -> list[str]:
        """Rows that a query finds, each as one line; ``{table}`` stands for the table's slice.

        A value is shown only where it is sure that it comes from no masked column.

        Raises:
            OutsideSystemError: the database refuses.
        """

    def count_rows(self, sql: str, *, table: Table | None = None) -> int:
        """How many rows a query finds; ``{table}`` in it stands for the table's slice."""

    def load_csv(
        self,
        chunks: Iterable[bytes],
        *,
        table: str,
        where: str | None,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
    ) -> int:
        """Replace a table's slice by CSV data with a header, in one transaction.

        Args:
            chunks: the file's bytes, in order, of any size.
            table: unqualified, or ``schema.table``.
            where: the slice that is replaced; None replaces the whole table.
            columns: SQL type of each column, to create the table where it is missing.
            constants: columns that the file lacks, with the value that each row gets.

        Returns:
            Number of rows loaded.

        Raises:
            BadDataFile: the file does not fit the table, or its rows do not lie in the slice.
        """

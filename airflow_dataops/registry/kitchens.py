"""The kitchens of an installation and their staff, kept in Airflow's metadata database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, delete, func, select, table, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.provisioning import Progress
from airflow_dataops.errors import KitchenExists, KitchenHasChildren, KitchenNotFound
from airflow_dataops.registry import rows
from airflow_dataops.registry.among import among
from airflow_dataops.registry.held_rows import (
    changed_one,
    hold_living,
    hold_parent,
    living_names,
    living_row,
    put_row,
)
from airflow_dataops.registry.models import BundleVersionRow, KitchenRow, MemberRow, OperationRow
from airflow_dataops.registry.schedules import forget_schedules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine, Row, Select

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen, KitchenSettings
    from airflow_dataops.domain.provisioning import Operation
    from airflow_dataops.domain.staff import Member

_dag = table("dag", column("dag_id"), column("bundle_name"))


class KitchenTable:
    """Which kitchens there are, for the API server, the dag-processor's manager and the CLI."""

    def __init__(self, engine: Engine, *, bundle_name: Callable[[str], str]) -> None:
        """Work on a database.

        Args:
            engine: Airflow's metadata database.
            bundle_name: name of the bundle that serves an environment's kitchens.
        """
        # Not Airflow's own session: that one is shared by a thread, and a refused step of ours
        # would roll back the work of others.
        self._sessions = sessionmaker(engine)
        self._engine = engine
        self._bundle_name = bundle_name

    def kitchens(self, *, environment: str | None = None) -> list[Kitchen]:
        """Living kitchens by name, of one environment or of all."""
        query = rows.living_kitchens_by_column().order_by(KitchenRow.name)
        if environment is not None:
            query = query.where(KitchenRow.environment == environment)
        return self._listed(query)

    def named(self, names: Iterable[str]) -> list[Kitchen]:
        """Those of these names that live, by name."""
        query = rows.living_kitchens_by_column().where(among(KitchenRow.name, names))
        return self._listed(query.order_by(KitchenRow.name))

    def kitchen(self, name: str) -> Kitchen:
        """The living kitchen of this name.

        Raises:
            KitchenNotFound: there is none.
        """
        with self._sessions() as session:
            row = session.execute(rows.living_kitchens().where(KitchenRow.name == name)).first()
            if row is None:
                raise KitchenNotFound(name, living_names(session))
            return rows.kitchen_of(row)

    def former(self, name: str) -> list[Kitchen]:
        """Deleted kitchens that had this name, the last one first."""
        query = (
            rows.kitchens()
            .where(KitchenRow.name == name, KitchenRow.deleted_at.is_not(None))
            .order_by(KitchenRow.deleted_at.desc(), KitchenRow.created_at.desc())
        )
        with self._sessions() as session:
            return [rows.kitchen_of(row) for row in session.execute(query)]

    def check(self, kitchen: Kitchen) -> None:
        """Raise what ``add`` would raise at this moment, and record nothing."""
        with self._adding(kitchen) as session:
            session.rollback()

    def add(
        self, kitchen: Kitchen, *, staff: Sequence[Member], operation: Operation, audit: AuditEntry
    ) -> None:
        """Record a new kitchen with its staff and its creation, all or nothing.

        Raises:
            KitchenExists: a living kitchen or a DAG outside of kitchens has this namespace.
            KitchenNotFound: its project has no living kitchen that is named as its parent.
            KitchenBusy: its parent is being deleted.
        """
        with self._adding(kitchen) as session:
            session.add_all(
                MemberRow(
                    kitchen_id=kitchen.id,
                    who=member.who,
                    role=member.role,
                    since=audit.at,
                    added_by=audit.by,
                )
                for member in staff
            )
            _begin(session, operation, audit)

    def change(self, kitchen: Kitchen, settings: KitchenSettings, *, audit: AuditEntry) -> Kitchen:
        """Replace a kitchen's settings; gives the kitchen as it is from now on.

        Raises:
            KitchenNotFound: it is deleted.
            KitchenBusy: it is being deleted.
        """
        before = rows.settings_columns(kitchen.settings)
        # Those alone that differ: two heads who change different ones at once both get theirs.
        changed = {
            name: value
            for name, value in rows.settings_columns(settings).items()
            if value != before[name]
        }
        if "ends_at" in changed:
            changed["warned_at"] = None
        with self._sessions.begin() as session:
            session.execute(living_row(kitchen).values(state=KitchenRow.state, **changed))
            hold_living(session, kitchen)
            session.add(rows.audit_row(audit))
        return self.kitchen(kitchen.name)

    def note_warning(self, kitchen: Kitchen, *, at: datetime) -> bool:
        """Note that a kitchen's staff is warned about its end; False where it was before."""
        unwarned = living_row(kitchen).where(KitchenRow.warned_at.is_(None))
        with self._sessions.begin() as session:
            return changed_one(session, unwarned.values(warned_at=at))

    def mark_deleting(self, kitchen: Kitchen, operation: Operation, *, audit: AuditEntry) -> None:
        """Note that a kitchen goes, and how; from then on none can be cut from it.

        A creation that is under way ends with this.

        Raises:
            KitchenHasChildren: kitchens that were cut from it live.
            KitchenNotFound: it is deleted.
            KitchenBusy: another operation deletes it.
        """
        children = (
            select(KitchenRow.name)
            .where(KitchenRow.parent_id == kitchen.id, KitchenRow.deleted_at.is_(None))
            .order_by(KitchenRow.name)
        )
        marked = living_row(kitchen).where(KitchenRow.state != KitchenState.DELETING)
        with self._sessions.begin() as session:
            # The row is marked first: it is locked from then on, so no child can be added
            # between the question for children and the end of this transaction.
            if not changed_one(session, marked.values(state=KitchenState.DELETING)):
                hold_living(session, kitchen)
            if living := list(session.scalars(children)):
                raise KitchenHasChildren(kitchen.name, living)
            session.execute(
                update(OperationRow)
                .where(OperationRow.kitchen_id == kitchen.id, OperationRow.ended_at.is_(None))
                .values(
                    progress=Progress.FAILED,
                    ended_at=audit.at,
                    error=f"{audit.by} had the kitchen deleted before it was ready",
                )
            )
            forget_schedules(session, kitchen)
            _begin(session, operation, audit)

    def staff(self, kitchen: Kitchen) -> list[Member]:
        """Who works there, by name."""
        return self.staffs([kitchen])[kitchen.id]

    def staffs(self, kitchens: Iterable[Kitchen]) -> dict[str, list[Member]]:
        """The staff of several kitchens, by kitchen id, in one read."""
        found: dict[str, list[Member]] = {kitchen.id: [] for kitchen in kitchens}
        # By column: hundreds of kitchens have thousands of members.
        query = (
            select(MemberRow.kitchen_id, MemberRow.who, MemberRow.role)
            .where(among(MemberRow.kitchen_id, found))
            .order_by(MemberRow.who)
        )
        with self._engine.connect() as connection:
            for kitchen_id, who, role in connection.execute(query).all():
                found[kitchen_id].append(rows.member(who, role))
        return found

    def put_member(self, kitchen: Kitchen, member: Member, *, audit: AuditEntry) -> None:
        """Put somebody on the staff, or give them another role.

        Raises:
            KitchenNotFound: the kitchen is deleted.
            KitchenBusy: it is being deleted.
        """
        role = {"role": member.role.value, "since": audit.at, "added_by": audit.by}
        with self._sessions.begin() as session:
            put_row(session, kitchen, MemberRow, key={"who": member.who}, values=role)
            session.add(rows.audit_row(audit))

    def remove_member(self, kitchen: Kitchen, who: str, *, audit: AuditEntry) -> None:
        """Take somebody off the staff; who is not on it is no error.

        Raises:
            KitchenNotFound: the kitchen is deleted.
            KitchenBusy: it is being deleted.
        """
        with self._sessions.begin() as session:
            session.execute(
                delete(MemberRow).where(MemberRow.kitchen_id == kitchen.id, MemberRow.who == who)
            )
            hold_living(session, kitchen)
            session.add(rows.audit_row(audit))

    def ask_for_parsing(self, kitchen: Kitchen) -> None:
        """Have the kitchen's DAGs read at once instead of at the next interval.

        The dag-processor looks for requests every second; it refreshes the whole bundle before
        it reads the file.
        """
        from airflow.models.dagbag import DagPriorityParsingRequest

        request = DagPriorityParsingRequest(
            bundle_name=self._bundle_name(kitchen.environment),
            relative_fileloc=names.loader_file(kitchen.name),
        )
        try:
            with self._sessions.begin() as session:
                session.add(request)
        except IntegrityError:
            return  # the same request waits already: its id is made from its content

    def _listed(self, query: Select[Any]) -> list[Kitchen]:
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        return [rows.kitchen_from(row) for row in found]

    @contextmanager
    def _adding(self, kitchen: Kitchen) -> Iterator[Session]:
        """A transaction with the kitchen in it; a refusal by the database becomes ours."""
        names.check_kitchen_name(kitchen.name)
        try:
            with self._sessions.begin() as session:
                self._add(session, kitchen)
                yield session
        except IntegrityError as error:
            # The index on living names judges, so that of two at the same time one is refused.
            if kitchen.name in {living.name for living in self.kitchens()}:
                raise KitchenExists(kitchen.name) from error
            raise

    def _add(self, session: Session, kitchen: Kitchen) -> None:
        parent_id = None
        if kitchen.parent is not None:
            parent_id = hold_parent(session, kitchen, kitchen.parent)
        session.add(rows.kitchen_row(kitchen, parent_id=parent_id))
        session.flush()
        # Asked after our row is written: SQLite locks no rows, only who writes first.
        if kitchen.parent is not None:
            hold_parent(session, kitchen, kitchen.parent)
        if foreign := self._foreign_dag(session, kitchen):
            why = (
                f"DAG {foreign.dag_id!r} of bundle {foreign.bundle_name!r} lies in its namespace; "
                "choose another name"
            )
            raise KitchenExists(kitchen.name, why)

    def _foreign_dag(self, session: Session, kitchen: Kitchen) -> Row[Any, Any] | None:
        """A DAG in the kitchen's namespace that belongs to a bundle which serves no kitchens."""
        namespace = names.dag_id(kitchen.name, "")
        ours = select(BundleVersionRow.bundle_name)
        # Compared letter by letter: LIKE takes an underscore for any letter.
        query = (
            select(_dag.c.dag_id, _dag.c.bundle_name)
            .where(func.substr(_dag.c.dag_id, 1, len(namespace)) == namespace)
            .where(_dag.c.bundle_name != self._bundle_name(kitchen.environment))
            .where(_dag.c.bundle_name.not_in(ours))
            .order_by(_dag.c.dag_id)
            .limit(1)
        )
        return session.execute(query).first()


def _begin(session: Session, operation: Operation, audit: AuditEntry) -> None:
    operation_row, *steps = rows.operation_rows(operation)
    session.add(operation_row)
    session.flush()  # the steps refer to it
    session.add_all(steps)
    session.add(rows.audit_row(audit))

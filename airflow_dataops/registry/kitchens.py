"""The kitchens of an installation, kept in Airflow's metadata database."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, func, select, table, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, sessionmaker

from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen import Kitchen
from airflow_dataops.errors import KitchenExists, KitchenHasChildren, KitchenNotFound
from airflow_dataops.registry.models import BundleVersionRow, KitchenRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine, Row, Select

_Parent = aliased(KitchenRow)
_dag = table("dag", column("dag_id"), column("bundle_name"))


def _now() -> datetime:
    return datetime.now(tz=UTC)


class KitchenTable:
    """Which kitchens there are, for the API server, the dag-processor's manager and the CLI."""

    def __init__(
        self,
        engine: Engine,
        *,
        bundle_name: Callable[[str], str],
        now: Callable[[], datetime] = _now,
    ) -> None:
        """Work on a database.

        Args:
            engine: Airflow's metadata database.
            bundle_name: name of the bundle that serves an environment's kitchens.
            now: the clock that says when a kitchen was deleted.
        """
        # Not Airflow's own session: that one is shared by a thread, and a refused step of ours
        # would roll back the work of others.
        self._sessions = sessionmaker(engine)
        self._bundle_name = bundle_name
        self._now = now

    def kitchens(self, *, environment: str | None = None) -> list[Kitchen]:
        """Living kitchens by name, of one environment or of all."""
        query = _living().order_by(KitchenRow.name)
        if environment is not None:
            query = query.where(KitchenRow.environment == environment)
        with self._sessions() as session:
            return [_kitchen(row) for row in session.execute(query)]

    def kitchen(self, name: str) -> Kitchen:
        """The living kitchen of this name.

        Raises:
            KitchenNotFound: there is none.
        """
        with self._sessions() as session:
            row = session.execute(_living().where(KitchenRow.name == name)).first()
            if row is None:
                raise KitchenNotFound(name, _living_names(session))
            return _kitchen(row)

    def check(self, kitchen: Kitchen) -> None:
        """Raise what ``add`` would raise at this moment, and record nothing."""
        with self._adding(kitchen) as session:
            session.rollback()

    def add(self, kitchen: Kitchen) -> None:
        """Record a new kitchen.

        Raises:
            KitchenExists: a living kitchen or a DAG outside of kitchens has this namespace.
            KitchenNotFound: its project has no living kitchen that is named as its parent.
        """
        with self._adding(kitchen):
            pass

    def remove(self, kitchen: Kitchen, *, by: str | None = None) -> None:
        """Mark a kitchen as deleted; its row and id stay. One that is gone is no error.

        Args:
            kitchen: the kitchen; its id counts, not its name.
            by: who deletes it, as far as that is known.

        Raises:
            KitchenHasChildren: kitchens that were cut from it live.
        """
        marked = (
            update(KitchenRow)
            .where(KitchenRow.id == kitchen.id, KitchenRow.deleted_at.is_(None))
            .values(deleted_at=self._now(), deleted_by=by)
        )
        children = (
            select(KitchenRow.name)
            .where(KitchenRow.parent_id == kitchen.id, KitchenRow.deleted_at.is_(None))
            .order_by(KitchenRow.name)
        )
        with self._sessions.begin() as session:
            # The row is marked first: it is locked from then on, so no child can be added
            # between the question for children and the end of this transaction.
            session.execute(marked)
            if living := list(session.scalars(children)):
                raise KitchenHasChildren(kitchen.name, living)

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
            parent_id = _lock_parent(session, kitchen, kitchen.parent)
        session.add(
            KitchenRow(
                id=kitchen.id,
                name=kitchen.name,
                project=kitchen.project,
                environment=kitchen.environment,
                branch=kitchen.branch,
                parent_id=parent_id,
                created_at=kitchen.created_at,
                created_by=kitchen.created_by,
            )
        )
        session.flush()
        # Asked after our row is written: SQLite locks no rows, only who writes first.
        if kitchen.parent is not None:
            _lock_parent(session, kitchen, kitchen.parent)
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


def _living() -> Select[KitchenRow, str]:
    return (
        select(KitchenRow, _Parent.name)
        .outerjoin(_Parent, KitchenRow.parent_id == _Parent.id)
        .where(KitchenRow.deleted_at.is_(None))
    )


def _living_names(session: Session, *, project: str | None = None) -> list[str]:
    query = select(KitchenRow.name).where(KitchenRow.deleted_at.is_(None)).order_by(KitchenRow.name)
    if project is not None:
        query = query.where(KitchenRow.project == project)
    return list(session.scalars(query))


def _lock_parent(session: Session, kitchen: Kitchen, parent: str) -> str:
    query = (
        select(KitchenRow.id)
        .where(
            KitchenRow.name == parent,
            KitchenRow.project == kitchen.project,
            KitchenRow.deleted_at.is_(None),
            KitchenRow.id != kitchen.id,
        )
        # Keeps the parent from being deleted until our row is there; others may add beside us.
        .with_for_update(read=True)
    )
    found = session.scalars(query).first()
    if found is None:
        raise KitchenNotFound(parent, _living_names(session, project=kitchen.project))
    return found


def _kitchen(row: Row[KitchenRow, str]) -> Kitchen:
    found, parent = row
    return Kitchen(
        id=found.id,
        name=found.name,
        project=found.project,
        environment=found.environment,
        branch=found.branch,
        parent=parent,
        created_at=found.created_at,
        created_by=found.created_by,
    )

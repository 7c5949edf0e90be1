"""Pending tables of a kitchen: written by a stage, tested, and published in one transaction.

The rows of the published table's slice are deleted and the pending ones inserted, the table
itself stays: so do its grants, owner, indexes, comments, triggers and the views on it, and who
reads it meanwhile sees the old rows until the new ones are all there. Renaming tables would be
faster and would lose all of that; ``truncate`` would show an empty table.

Who may write a pending table is a row of a table of ours in the pending schema. It is locked
while the table is begun or published, so that none of the two is done twice at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier, Literal

from airflow_dataops.adapters.sql_warehouse import publishing
from airflow_dataops.domain import names
from airflow_dataops.domain.publishing import StageRun
from airflow_dataops.errors import NothingToPublish, OutsideSystemError, PendingTableLost

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from airflow_dataops.adapters.sql_warehouse.dialects import Dialect
    from airflow_dataops.adapters.sql_warehouse.publishing import Place
    from airflow_dataops.adapters.sql_warehouse.sessions import Session, Sessions
    from airflow_dataops.domain.data_assets import Table

_CLAIMS = "dataops_claims"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    by: StageRun
    published_rows: int | None


class SqlPendingTables:
    """Pending tables of one database; implements ``PendingTables``.

    Args:
        sessions: of the login.
        dialect: what the database speaks.
        tool: what the database is called in messages.
    """

    def __init__(self, sessions: Sessions, dialect: Dialect, *, tool: str) -> None:
        self._sessions = sessions
        self._dialect = dialect
        self._tool = tool

    def begin(
        self, tables: Sequence[Table], by: StageRun, *, is_over: Callable[[StageRun], bool]
    ) -> StageRun | None:
        """Claim empty pending tables, all or none."""
        wanted = _names(tables)
        with self._sessions.writing() as session:
            schemas = self._schemas(session)
            if not self._dialect.turns_need_claims:
                _turn(session, schemas)
            _provide(session, schemas)
            if self._dialect.turns_need_claims:
                _turn(session, schemas)
            claims = _claims(session, schemas, wanted)
            for claim in claims.values():
                if claim.by != by and claim.published_rows is None and not is_over(claim.by):
                    return claim.by
            for name in wanted:
                publishing.begin(session, schemas.place(name))
                _claim(session, schemas, name, by)
        return None

    def resume(self, tables: Sequence[Table], by: StageRun) -> None:
        """Have the claimed tables in place, for a task that may be tried again."""
        wanted = _names(tables)
        with self._sessions.writing() as session:
            schemas = self._schemas(session)
            _turn(session, schemas)
            claims = _own(session, schemas, wanted, by)
            if not schemas.is_pending_first:
                message = (
                    f"sessions of {self._tool} begin in schema {schemas.published} and not in"
                    f" {schemas.pending}, so this task would write published tables; declare"
                    f" schema_per_kitchen: true for {self._tool} in the environments file"
                )
                raise OutsideSystemError(message)
            for name in wanted:
                if claims[name].published_rows is not None:
                    publishing.begin(session, schemas.place(name))
                    _claim(session, schemas, name, by)
                else:
                    publishing.provide(session, schemas.place(name))

    def check(self, tables: Sequence[Table], by: StageRun) -> None:
        """Make sure that what is tested is what was written."""
        wanted = _names(tables)
        with self._sessions.reading() as session:
            schemas = self._schemas(session)
            claims = _own(session, schemas, wanted, by, lock=False)
            for name in wanted:
                if claims[name].published_rows is not None:
                    message = (
                        f"{by} has published {name} already; to test it again, clear the stage's"
                        " task prepare as well"
                    )
                    raise PendingTableLost(message)
                publishing.check_written(session, schemas.place(name))

    def publish(
        self, tables: Sequence[Table], by: StageRun, *, may_be_empty: Collection[str]
    ) -> list[int]:
        """Put pending tables in the place of the published ones' slices, in one transaction."""
        wanted = _names(tables)
        slices = {table.name: table.where for table in tables}
        with self._sessions.writing() as session:
            schemas = self._schemas(session)
            claims = _own(session, schemas, wanted, by)
            rows = {name: claims[name].published_rows for name in wanted}
            for name in wanted:
                if rows[name] is None:
                    place = schemas.place(name)
                    publishing.check_written(session, place)
                    count = publishing.publish(session, place, slices[name])
                    if count == 0 and name not in may_be_empty:
                        raise NothingToPublish(name, by.stage)
                    _note_published(session, schemas, name, count)
                    rows[name] = count
        return [rows[table.name] or 0 for table in tables]

    def _schemas(self, session: Session) -> _Schemas:
        ((first,),) = session.rows(SQL("select current_schema()::varchar"))
        if first is None:
            message = (
                f"sessions of {self._tool} begin in no schema that exists; the kitchen's schema"
                " is made with the kitchen, or by the database's administrator"
            )
            raise OutsideSystemError(message)
        published = first.removesuffix(names.PENDING)
        return _Schemas(
            published=published, is_pending_first=first != published, dialect=self._dialect
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Schemas:
    published: str
    is_pending_first: bool
    dialect: Dialect

    @property
    def pending(self) -> str:
        return names.pending_schema(self.published)

    @property
    def claims(self) -> Identifier:
        return Identifier(self.pending, _CLAIMS)

    def place(self, name: str) -> Place:
        return publishing.Place(
            name=name, published=self.published, pending=self.pending, dialect=self.dialect
        )


def _names(tables: Sequence[Table]) -> list[str]:
    """In one order for everybody, so that no two wait for each other."""
    for table in tables:
        if "." in table.name or table.name == _CLAIMS:
            message = (
                f"table {table.name} cannot be published: a stage publishes tables of its"
                " kitchen's own schema, named without a schema"
            )
            raise OutsideSystemError(message)
    return sorted(table.name for table in tables)


def _provide(session: Session, schemas: _Schemas) -> None:
    """The pending schema and the table of claims, where they are missing."""
    found = SQL("select 1 from pg_namespace where nspname = {}").format(Literal(schemas.pending))
    if not session.rows(found):
        ((may,),) = session.rows(SQL("select has_database_privilege(current_database(), 'create')"))
        if not may:
            message = (
                f"there is no schema {schemas.pending} for tables that are not published yet, and"
                " this login may not make one; have an administrator run: create schema"
                f" {schemas.pending} authorization (owner of schema {schemas.published})"
            )
            raise OutsideSystemError(message)
        session.rows(SQL("create schema if not exists {}").format(Identifier(schemas.pending)))
    session.rows(
        SQL(
            "create table if not exists {} (table_name varchar(127) primary key,"
            " dag_id varchar(250) not null, run_id varchar(250) not null,"
            " stage varchar(250) not null, published_rows bigint)"
        ).format(schemas.claims)
    )


def _turn(session: Session, schemas: _Schemas) -> None:
    """Wait for others who begin tables in the same schema."""
    session.rows(schemas.dialect.turn(schemas.pending, schemas.claims))


def _claims(
    session: Session, schemas: _Schemas, wanted: Sequence[str], *, lock: bool = True
) -> dict[str, _Claim]:
    found = SQL(
        "select table_name, dag_id, run_id, stage, published_rows from {}"
        " where table_name in ({}) order by table_name"
    ).format(schemas.claims, SQL(", ").join(map(Literal, wanted)))
    return {
        name: _Claim(by=StageRun(dag_id=dag, run_id=run, stage=stage), published_rows=published)
        for name, dag, run, stage, published in session.rows(
            found + schemas.dialect.lock_row if lock else found
        )
    }


def _own(
    session: Session, schemas: _Schemas, wanted: Sequence[str], by: StageRun, *, lock: bool = True
) -> dict[str, _Claim]:
    """The claims of these tables, if they are all ours."""
    claims: dict[str, _Claim] = {}
    if publishing.kind(session, schemas.pending, _CLAIMS) is not None:
        claims = _claims(session, schemas, wanted, lock=lock)
    for name in wanted:
        holder = claims[name].by if name in claims else None
        if holder != by:
            whose = f"is {holder}'s now" if holder else "was never begun"
            message = (
                f"the pending table {name} of {by} {whose}; nothing was changed. Clear the"
                " stage's task prepare, with all that follows"
            )
            raise PendingTableLost(message)
    return claims


def _claim(session: Session, schemas: _Schemas, name: str, by: StageRun) -> None:
    values = SQL(", ").join(map(Literal, (name, by.dag_id, by.run_id, by.stage)))
    session.rows(SQL("delete from {} where table_name = {}").format(schemas.claims, Literal(name)))
    session.rows(SQL("insert into {} values ({}, null)").format(schemas.claims, values))


def _note_published(session: Session, schemas: _Schemas, name: str, rows: int) -> None:
    noted = SQL("update {} set published_rows = {} where table_name = {}")
    session.rows(noted.format(schemas.claims, Literal(rows), Literal(name)))

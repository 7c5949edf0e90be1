"""An object of S3 into a slice of a Redshift table: COPY, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composed, Identifier, Literal

from airflow_dataops.adapters.sql_warehouse.fitting import check_columns, check_slice
from airflow_dataops.adapters.sql_warehouse.statements import identifier, rows
from airflow_dataops.domain.file_formats import FileFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.adapters.sql_warehouse.redshift import RedshiftSession, RedshiftSessions
    from airflow_dataops.domain.data_assets import File, Table

_LOADED = Identifier("dataops_loaded")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Access:
    """With which key Redshift reads an object.

    Attributes:
        token: of a key that is lent for hours; empty for one that lasts.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)
    region: str = ""


class RedshiftLoads:
    """Loads of one Redshift database; implements ``CopyingWarehouse``.

    Args:
        sessions: of the login.
        access: to the object store that files lie in.
    """

    def __init__(self, sessions: RedshiftSessions, access: S3Access) -> None:
        self._sessions = sessions
        self._access = access

    def copy(
        self,
        source: File,
        target: Table,
        *,
        names: Sequence[str],
        kind: FileFormat,
        columns: Mapping[str, str] | None,
        constants: Mapping[str, str],
    ) -> int:
        """Replace a table's slice by an object's rows, in one transaction."""
        with self._sessions.writing() as session:
            check_columns(
                target.name,
                [*names, *constants],
                known=_columns(session, target.name),
                types=columns,
                execute=session.rows,
            )
            listed = SQL(", ").join(map(Identifier, names))
            # A table of its own has room for what the file lacks, and shows what it brought.
            session.rows(
                SQL("create temporary table {} as select {} from {} where false").format(
                    _LOADED, listed, identifier(target.name)
                )
            )
            session.rows(self._copy(source, listed, kind))
            session.rows(SQL("delete {}").format(rows(target.name, target.where)))
            values = SQL(", ").join([*map(Identifier, names), *map(Literal, constants.values())])
            session.rows(
                SQL("insert into {} ({}) select {} from {}").format(
                    identifier(target.name),
                    SQL(", ").join(map(Identifier, [*names, *constants])),
                    values,
                    _LOADED,
                )
            )
            loaded = _count(session, SQL("from {}").format(_LOADED))
            if target.where is not None:
                inside = _count(session, rows(target.name, target.where))
                check_slice(target.where, loaded=loaded, inside=inside)
        return loaded

    def _copy(self, source: File, listed: Composed, kind: FileFormat) -> Composed:
        access = self._access
        options = SQL("format as parquet")
        if kind is FileFormat.CSV:
            options = SQL("csv ignoreheader 1 dateformat 'auto' timeformat 'auto'")
        statement = SQL("copy {} ({}) from {} access_key_id {} secret_access_key {}").format(
            _LOADED,
            listed,
            Literal(f"s3://{source.bucket}/{source.key}"),
            Literal(access.access_key),
            Literal(access.secret_key),
        )
        if access.token:
            statement += SQL(" session_token {}").format(Literal(access.token))
        if access.region and kind is FileFormat.CSV:
            statement += SQL(" region {}").format(Literal(access.region))
        return statement + SQL(" ") + options


def _columns(session: RedshiftSession, table: str) -> list[str]:
    schema, _, name = table.rpartition(".")
    place = (
        SQL("nspname = {}").format(Literal(schema))
        if schema
        else SQL("pg_table_is_visible(pg_class.oid)").format()
    )
    found = SQL(
        "select attname::varchar from pg_attribute join pg_class on pg_class.oid = attrelid"
        " join pg_namespace on pg_namespace.oid = relnamespace"
        " where relname = {} and {} and attnum > 0 and not attisdropped order by attnum"
    )
    return [row[0] for row in session.rows(found.format(Literal(name), place))]


def _count(session: RedshiftSession, source: Composed) -> int:
    return int(session.rows(SQL("select count(*) ") + source)[0][0])

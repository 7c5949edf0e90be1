"""What the demo left in the warehouses.

A base kitchen's tables are read with its environment's own login. Those of another kitchen belong
to the kitchen's own role, which the login that makes kitchens takes on for the moment.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_dataops.demo.stack import StackAddresses

PUBLISHED = ("transactions", "households", "segment_profit")


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenRows:
    """One kitchen's tables.

    Attributes:
        logins: who owns the tables: the login that the kitchen's tasks worked under, or the
            kitchen's role, which each of the logins that are issued for a task becomes.
        weeks: days that the mart has profit for.
    """

    kitchen: str
    environment: str
    place: str
    logins: tuple[str, ...]
    transactions: int
    households: int
    segments: int
    weeks: tuple[str, ...]


def rows_of(kitchen: str, environment: str, addresses: StackAddresses) -> KitchenRows:
    """Count a kitchen's rows; zeros where it has no tables."""
    known = addresses.environments[environment]
    schema = names.schema(kitchen)
    with _reader(kitchen, environment, addresses) as connection:
        owners = connection.execute(
            "select distinct tableowner::text from pg_tables where schemaname = %s order by 1",
            [schema],
        ).fetchall()
        return KitchenRows(
            kitchen=kitchen,
            environment=environment,
            place=f"{known.warehouse_database}.{schema}",
            logins=tuple(owner for (owner,) in owners),
            transactions=_count(connection, schema, "transactions"),
            households=_count(connection, schema, "households"),
            segments=_count(connection, schema, "segment_profit"),
            weeks=_weeks(connection, schema),
        )


def checksums(kitchen: str, environment: str, addresses: StackAddresses) -> dict[str, str]:
    """A checksum over all rows of each table that the pipeline publishes, by its name.

    Rows are compared as text, in the order of that text: equal sums are equal tables.
    """
    whole = sql.SQL(
        "select coalesce(md5(string_agg(row_text, chr(10) order by row_text)), 'no rows')"
        ' from (select t::text collate "C" as row_text from {} as t) as every_row'
    )
    found = {}
    schema = names.schema(kitchen)
    with _reader(kitchen, environment, addresses) as connection:
        for table in PUBLISHED:
            found[table] = "no table"
            if _exists(connection, schema, table):
                row = connection.execute(whole.format(sql.Identifier(schema, table))).fetchone()
                found[table] = str(row[0]) if row else "no rows"
    return found


def newest(
    kitchen: str, table: str, by: str, *, environment: str, addresses: StackAddresses
) -> tuple[object, ...] | None:
    """The last row of a kitchen's table in the order of a column; None where there is none."""
    with _reader(kitchen, environment, addresses) as connection:
        if not _exists(connection, names.schema(kitchen), table):
            return None
        query = sql.SQL("select * from {} order by {} desc limit 1")
        place = sql.Identifier(names.schema(kitchen), table)
        return connection.execute(query.format(place, sql.Identifier(by))).fetchone()


def what_is_wrong(found: Sequence[KitchenRows], weeks: dict[str, Sequence[str]]) -> list[str]:
    """What is not as it should be, a sentence each; nothing if all is well.

    Args:
        found: rows of each kitchen that ran.
        weeks: days that each kitchen's mart must have, by kitchen.
    """
    problems = []
    for rows in found:
        # An earlier start may have run more weeks than this one.
        if not set(weeks[rows.kitchen]) <= set(rows.weeks):
            problems.append(f"{rows.kitchen} has the weeks {rows.weeks}, not {weeks[rows.kitchen]}")
        if min(rows.transactions, rows.households, rows.segments) == 0:
            problems.append(f"{rows.kitchen} has an empty table")
        if len(rows.logins) != 1:
            problems.append(f"{rows.kitchen}'s tables belong to {rows.logins}, not to one login")
        if not set(rows.logins) <= {f"etl_{rows.environment}", names.database_role(rows.kitchen)}:
            problems.append(f"{rows.kitchen} worked under {rows.logins}, which is not its own")
    logins = {rows.kitchen: rows.logins for rows in found}
    if len(set(logins.values())) != len(logins):
        problems.append(f"two kitchens worked under one login: {logins}")
    return problems


@contextmanager
def _reader(
    kitchen: str, environment: str, addresses: StackAddresses
) -> Iterator[psycopg.Connection]:
    known = addresses.environments[environment]

    def connected(user: str, password: str) -> psycopg.Connection:
        return psycopg.connect(
            host=addresses.postgres_host,
            port=addresses.postgres_port,
            dbname=known.warehouse_database,
            user=user,
            password=password,
        )

    role = names.database_role(kitchen)
    with connected(known.provision_login, known.provision_password) as connection:
        exists = "select 1 from pg_roles where rolname = %s"
        if connection.execute(exists, [role]).fetchone() is not None:
            connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(role)))
            yield connection
            connection.rollback()
            return
    with connected(known.warehouse_login, known.warehouse_password) as connection:
        yield connection


def _count(connection: psycopg.Connection, schema: str, table: str) -> int:
    if not _exists(connection, schema, table):
        return 0
    query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _weeks(connection: psycopg.Connection, schema: str) -> tuple[str, ...]:
    if not _exists(connection, schema, "segment_profit"):
        return ()
    query = sql.SQL("select distinct loaded_for::text from {} order by 1")
    table = sql.Identifier(schema, "segment_profit")
    return tuple(day for (day,) in connection.execute(query.format(table)))


def _exists(connection: psycopg.Connection, schema: str, table: str) -> bool:
    known = "select 1 from pg_tables where schemaname = %s and tablename = %s"
    return connection.execute(known, [schema, table]).fetchone() is not None

"""Where PostgreSQL and Redshift say the same thing differently."""

from __future__ import annotations

from dataclasses import dataclass, replace

from psycopg.sql import SQL, Composed, Identifier, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What publishing and measuring say to a warehouse.

    Attributes:
        like: what a new table takes over from the one that it is like.
        take_turns: makes those wait who begin tables in the same schema; has a place for its
            name, or for the table of claims.
        turns_need_claims: whether that table has to be there first.
        lock_row: keeps a claim that is read from being changed by others.
        lock_writers: keeps others from writing a table, and nobody from reading it; None where a
            lock would do both: there, transactions that disagree fail and are tried again.
        moves_tables: whether a table can be given to another schema.
        makes_itself: SQL that says whether a column numbers or computes itself.
        now: the moment at which the transaction began, without regard to zones.
        age_hours: hours since the latest of a column's dates or times.
        columns: name and type of each column of a table.
        duplicate_rows: how many rows of a slice another row equals.
        like_pattern, unlike_pattern: a regular expression is found in a text, or not.
    """

    like: SQL
    take_turns: SQL
    turns_need_claims: bool
    lock_row: SQL
    lock_writers: SQL | None
    moves_tables: bool
    makes_itself: SQL
    now: SQL
    age_hours: SQL
    columns: SQL
    duplicate_rows: SQL
    like_pattern: SQL
    unlike_pattern: SQL

    def turn(self, schema: str, claims: Identifier) -> Composed:
        """Wait for others who begin tables in this schema."""
        return self.take_turns.format(name=Literal(f"airflow_dataops {schema}"), claims=claims)


POSTGRES = Dialect(
    like=SQL("including all"),
    take_turns=SQL("select pg_advisory_xact_lock(hashtextextended({name}, 0))"),
    turns_need_claims=False,
    lock_row=SQL(" for update"),
    lock_writers=SQL("lock table {} in share row exclusive mode"),
    moves_tables=True,
    makes_itself=SQL("attidentity <> '' or attgenerated <> ''"),
    now=SQL("now()"),
    age_hours=SQL("extract(epoch from now() - max({})) / 3600"),
    columns=SQL(
        "select attname || E'\\t' || format_type(atttypid, atttypmod), attnum from pg_attribute"
        " where attrelid = {}::regclass and attnum > 0 and not attisdropped order by attnum"
    ),
    duplicate_rows=SQL(
        "select coalesce(sum(n), 0) from (select count(*) as n from (select * {}) as q group by q"
        " having count(*) > 1) as r"
    ),
    like_pattern=SQL("{}::text ~ {}"),
    unlike_pattern=SQL("{}::text !~ {}"),
)
REDSHIFT = Dialect(
    like=SQL("including defaults"),
    take_turns=SQL("lock table {claims}"),
    turns_need_claims=True,
    lock_row=SQL(""),
    lock_writers=None,
    moves_tables=False,
    makes_itself=SQL(
        "exists (select 1 from pg_attrdef where adrelid = attrelid and adnum = attnum"
        " and pg_get_expr(adbin, adrelid) like '%identity%')"
    ),
    now=SQL("getdate()"),
    age_hours=SQL("datediff(second, max({}), getdate()) / 3600.0"),
    columns=SQL(
        "select attname || chr(9) || format_type(atttypid, atttypmod), attnum from pg_attribute"
        " where attrelid = {}::regclass and attnum > 0 and not attisdropped order by attnum"
    ),
    # Redshift groups by no whole row; it says so itself.
    duplicate_rows=SQL(
        "select coalesce(sum(n), 0) from (select count(*) as n from (select * {}) as q group by q"
        " having count(*) > 1) as r"
    ),
    like_pattern=SQL("{}::text ~ {}"),
    unlike_pattern=SQL("{}::text !~ {}"),
)
# The dialect of files: DuckDB measures them, and nothing is published there.
DUCKDB = replace(
    POSTGRES,
    now=SQL("get_current_timestamp()::timestamp"),
    age_hours=SQL("extract(epoch from get_current_timestamp()::timestamp - max({})) / 3600"),
    columns=SQL(
        "select column_name || chr(9) || lower(data_type), column_index from duckdb_columns()"
        " where table_name = trim({}, '\"') order by column_index"
    ),
    like_pattern=SQL("regexp_matches({}::text, {})"),
    unlike_pattern=SQL("not regexp_matches({}::text, {})"),
)

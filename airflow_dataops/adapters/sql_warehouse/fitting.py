"""Whether a file fits a table: its columns are there, its rows lie in the slice they replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composed, Identifier

from airflow_dataops.adapters.sql_warehouse.statements import identifier, raw
from airflow_dataops.errors import BadDataFile, OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def check_columns(
    table: str,
    needed: Sequence[str],
    *,
    known: Sequence[str],
    types: Mapping[str, str] | None,
    execute: Callable[[Composed], object],
) -> None:
    """Create the table where it is missing; refuse names that it lacks.

    Args:
        table: the file's target.
        needed: columns that the file fills.
        known: columns that the table has; none where there is no table.
        types: SQL types to create it with.
        execute: carries a statement out in the load's transaction.
    """
    if not known and types:
        definitions = SQL(", ").join(
            SQL("{} {}").format(Identifier(name), raw(kind)) for name, kind in types.items()
        )
        execute(SQL("create table if not exists {} ({})").format(identifier(table), definitions))
        known = list(types)
    if not known:
        message = (
            f"there is no table {table}; create it in an earlier task, or give the SQL type of"
            " each column (columns={…}) to have it created"
        )
        raise OutsideSystemError(message)
    unknown = [name for name in needed if name not in known]
    if unknown:
        message = (
            f"table {table} has no column {', '.join(unknown)}; it has: {', '.join(known)}."
            " Names must be the same in the file's header and in the table, letter case included"
        )
        raise BadDataFile(message)


def check_slice(where: str, *, loaded: int, inside: int) -> None:
    """Refuse rows that the next load of this slice would not take away again."""
    if inside < loaded:
        message = (
            f"{loaded - inside} of {loaded} rows lie outside of the slice they replace ({where}),"
            " so a second load would double them; nothing was loaded. Correct the slice, the"
            " file, or give the column that it is about (constants={…})"
        )
        raise BadDataFile(message)

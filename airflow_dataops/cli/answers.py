"""How every command answers: tables on standard output, errors as one sentence."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

from airflow_dataops.errors import DataOpsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def command(body: Callable[[Any], None]) -> Callable[[Any], None]:
    """Print a user's error instead of a traceback, and leave with exit code 1."""

    @wraps(body)
    def run(arguments: Any) -> None:
        from sqlalchemy.exc import DBAPIError

        try:
            body(arguments)
        except DataOpsError as error:
            sys.exit(f"error: {error}")
        except DBAPIError as error:
            reason = str(error.orig).partition("\n")[0]
            sys.exit(
                f"error: Airflow's metadata database refused: {reason}; if tables are missing, "
                "run `airflow db migrate`"
            )

    return run


def show_table(rows: Sequence[Mapping[str, str]], *, output: str) -> None:
    """Print rows as Airflow's own commands do.

    Args:
        rows: the same keys in each, in the order of the columns.
        output: ``table``, ``plain``, ``json`` or ``yaml``.
    """
    from airflow.cli.simple_table import AirflowConsole

    AirflowConsole().print_as(data=[dict(row) for row in rows], output=output)

"""How every command answers: tables on standard output, errors as one sentence.

Exit codes: 0 done, 1 refused or failed, 2 a command line that cannot be meant so, 130 stopped
with Ctrl-C.
"""

from __future__ import annotations

import re
import sys
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_dataops.errors import DataOpsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

INTERRUPTED = 130
# What makes a terminal do things: other people's words are shown, not carried out.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def command(body: Callable[[Any], None]) -> Callable[[Any], None]:
    """Print a user's error instead of a traceback, and leave with an exit code."""

    @wraps(body)
    def run(arguments: Any) -> None:
        _print_what_can_be_printed()
        try:
            body(arguments)
        except UsageError as error:
            fail(str(error), code=2)
        except DataOpsError as error:
            fail(str(error))
        except KeyboardInterrupt:
            say_aside("stopped; what was asked before that may have been done")
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            _leave_quietly()
        except Exception as error:
            refusal = _refusal_of_database(error)
            if refusal is None:
                raise
            fail(f"Airflow's metadata database refused: {refusal}")

    return run


def fail(sentence: str, *, code: int = 1) -> NoReturn:
    """End the command with a sentence on standard error."""
    say_aside(f"error: {sentence}")
    sys.exit(code)


def say_aside(sentence: str) -> None:
    """Print a sentence on standard error, beside what the command answers."""
    shown = "\n".join(printable(line) for line in sentence.splitlines())
    print(shown, file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """Text without what would move a terminal's cursor, colour it or name it anew."""
    return _CONTROLS.sub(" ", text)


def show_table(rows: Sequence[Mapping[str, object]], *, output: str) -> None:
    """Print rows as Airflow's own commands do.

    Args:
        rows: the same keys in each, in the order of the columns.
        output: ``table``, ``plain``, ``json`` or ``yaml``.
    """
    from airflow.cli.simple_table import AirflowConsole

    shown = [dict(row) for row in rows]
    if output in {"table", "plain"}:
        shown = [{name: as_cell(value, output) for name, value in row.items()} for row in shown]
    AirflowConsole().print_as(data=shown, output=output)


def show_drawing(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows whose first column is a drawing: it keeps its lines, however narrow it gets."""
    from airflow.cli.simple_table import AirflowConsole, SimpleTable

    table = SimpleTable(show_header=True)
    for position, name in enumerate(rows[0] if rows else ()):
        table.add_column(name, no_wrap=position == 0)
    for row in rows:
        table.add_row(*(as_cell(value, "table") for value in row.values()))
    AirflowConsole().print(table if rows else "No data found")


def as_cell(value: object, output: str) -> str:
    """A value as a person reads it in one cell."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(as_cell(item, output) for item in value)
    text = "" if value is None else printable(str(value))
    if output == "plain":
        return text
    from rich.markup import escape

    # Otherwise [words] in brackets are taken for the table's own markup.
    return escape(text)


def _refusal_of_database(error: Exception) -> str | None:
    from sqlalchemy.exc import DBAPIError

    if not isinstance(error, DBAPIError):
        return None
    reason = str(error.orig).partition("\n")[0]
    return f"{reason}; if tables are missing, run `airflow db migrate`"


def _print_what_can_be_printed() -> None:
    """A name that the terminal's character set lacks is no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _leave_quietly() -> None:
    """Whoever read our output has gone, for example ``head``."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)

"""Measures of files, in the words of tables: DuckDB reads them where they lie, and runs the SQL.

Each file is there twice: with the types that its values have, for numbers and moments, and as the
texts that stand in it, for patterns, lengths and lists: ``007`` is no 7 there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from threading import Timer
from typing import TYPE_CHECKING, Any

from airflow_dataops.adapters.sql_warehouse.dialects import DUCKDB
from airflow_dataops.adapters.sql_warehouse.measuring import Answers
from airflow_dataops.domain.data_assets import File, Table
from airflow_dataops.domain.file_formats import FileFormat, format_of
from airflow_dataops.domain.measured import Measured
from airflow_dataops.errors import ConfigurationError, OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from airflow_dataops.adapters.sql_warehouse.plans import Statement
    from airflow_dataops.domain.data_tests import Measure

_TEXT_RULES = frozenset({"unlike", "like", "length_outside", "blank"})
_LIST_RULES = frozenset({"outside_set", "inside_set"})
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_FIELDS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_MEMORY = "1GB"
# What DuckDB guesses where it is not told: that lines with a # are no records, that those before
# the first that fits are none, that other signs are quotes. What is left out is not measured.
_READ_CSV = (
    "read_csv({}, delim = {}, header = true, quote = '\"', escape = '\"', comment = '', skip = 0,"
    " allow_quoted_nulls = false, strict_mode = true, null_padding = false, {})"
)
_TYPED, _AS_TEXT = "sample_size = -1", "all_varchar = true"
_DELIMITERS = ",;\t|"
_LONGEST_HEADER = 1_000_000
# What DuckDB calls otherwise.
_MACROS = "create macro btrim(value, letters) as trim(value, letters)"


def measures(
    wanted: Sequence[Measure], places: Mapping[File, Path], *, seconds: float
) -> list[Measured]:
    """One answer per measure of files, in their order.

    Args:
        wanted: all of files, and of no pending tables.
        places: where each file lies on this host, under names of their formats.
        seconds: after which a statement is ended.

    Raises:
        ConfigurationError: this process has no library for it.
    """
    duckdb = _duckdb()
    tables = {file: f"{_named(file)}_{number}" for number, file in enumerate(places)}
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    try:
        session = _Session(connection, duckdb.Error, seconds)
        session.shut_in(sorted({str(path.parent) for path in places.values()}))
        unread = session.look_at({file: (tables[file], path) for file, path in places.items()})
        errors = {m: Measured(error=unread[f]) for m in wanted for f in _files(m) if f in unread}
        asked = [measure for measure in wanted if measure not in errors]
        answers = Answers([_of_tables(m, tables) for m in asked], DUCKDB, _has_few_values)
        answers.work(session)
        listed = [_by_their_names(answer, tables) for answer in answers.listed()]
        found = {**errors, **dict(zip(asked, listed, strict=True))}
        return [found[measure] for measure in wanted]
    finally:
        connection.close()


def _by_their_names(answer: Measured, tables: Mapping[File, str]) -> Measured:
    """An answer whose error names files as people do, not the tables that stand for them."""
    if answer.error is None:
        return answer
    said = str(answer.error)
    for file, name in tables.items():
        said = said.replace(f"{name}_text", name).replace(name, file.title)
    return answer._replace(error=OutsideSystemError(said))


def _has_few_values(_table: Table, _column: str) -> bool:
    """Whether a rule is better checked once per value: nothing is known of a file's values."""
    return False


def _files(measure: Measure) -> list[File]:
    return [each for each in (measure.asset, *measure.arguments) if isinstance(each, File)]


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        message = (
            "tests of what is in a file need DuckDB, which is not installed here; install"
            " airflow-provider-dataops[files] on the workers, or test the table that the file is"
            " loaded into"
        )
        raise ConfigurationError(message) from None
    return duckdb


def _named(file: File) -> str:
    return re.sub(r"\W", "_", file.title)


def _of_tables(measure: Measure, tables: Mapping[File, str]) -> Measure:
    """The same measure of the table that stands for its file."""
    suffix = "_text" if _is_about_text(measure) else ""

    def table(asset: object) -> Any:
        if not isinstance(asset, File):
            return asset
        return Table(tool=asset.tool, name=tables[asset] + suffix)

    arguments = tuple(map(table, measure.arguments))
    return replace(measure, asset=table(measure.asset), arguments=arguments)


def _is_about_text(measure: Measure) -> bool:
    rule = measure.counted
    if rule is not None and rule.kind in _LIST_RULES:
        return any(isinstance(value, str) for value in rule.arguments)
    if rule is not None:
        return rule.kind in _TEXT_RULES
    has_texts = any(isinstance(value, str) for value in measure.arguments)
    return measure.aggregate == "missing_values" and has_texts


class _Session:
    """Implements ``measuring.Asked``."""

    def __init__(self, connection: Any, error: type[Exception], seconds: float) -> None:
        self._connection = connection
        self._error = error
        self._seconds = seconds

    def shut_in(self, folders: Sequence[str]) -> None:
        """Let nothing of this host be read but these folders."""
        for setting, value in (
            ("memory_limit", _MEMORY), ("TimeZone", "UTC"), ("allowed_directories", [*folders]),
            ("temp_directory", folders[0]),
        ):  # fmt: skip
            self._run(f"set {setting} = {value!r}")
        self._run("set enable_external_access = false")
        self._run(_MACROS)

    def look_at(self, files: Mapping[File, tuple[str, Path]]) -> dict[File, OutsideSystemError]:
        """Make files tables; the errors of those that cannot be read."""
        unread: dict[File, OutsideSystemError] = {}
        for file, (name, path) in files.items():
            kind = format_of(file.key)
            if kind not in _READ:
                message = f"{file.title} is not looked into; .csv and .parquet files are"
                unread[file] = OutsideSystemError(message)
                continue
            try:
                for view, read in zip((name, f"{name}_text"), _READ[kind](path), strict=True):
                    self._run(f'create view "{view}" as select * from {read}')  # noqa: S608
            except OutsideSystemError as error:
                unread[file] = error
        return unread

    def ask(self, statement: Statement) -> list[tuple[Any, ...]]:
        """The rows of a statement.

        Raises:
            OutsideSystemError: the file does not fit what is asked.
        """
        return self._run(statement.sql.as_string(None))

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        ending = Timer(self._seconds, self._connection.interrupt)
        ending.start()
        try:
            return list(self._connection.execute(sql).fetchall())
        except self._error as error:
            raise OutsideSystemError(_told(error)) from None
        finally:
            ending.cancel()


def _read_csv(path: Path) -> tuple[str, str]:
    """How a CSV is read with types, and as the texts in it."""
    with path.open("rb") as file:
        header = _QUOTED.sub("", file.readline(_LONGEST_HEADER).decode("utf-8", "replace"))
    delimiter = max(_DELIMITERS, key=header.count)  # a comma where there is none
    about = f"'{path}'", f"'{delimiter}'"
    return _READ_CSV.format(*about, _TYPED), _READ_CSV.format(*about, _AS_TEXT)


def _read_parquet(path: Path) -> tuple[str, str]:
    return (f"read_parquet('{path}')",) * 2


_READ = {FileFormat.CSV: _read_csv, FileFormat.PARQUET: _read_parquet}


def _told(error: Exception) -> str:
    """What went wrong, without any value of the file."""
    kind = type(error).__name__
    if kind == "InterruptException":
        return (
            "the file took too long; a statement may take as long as [dataops] data_test_seconds"
            " says"
        )
    if "sniffing" in str(error):
        return (
            "the file cannot be read as CSV: each record needs as many fields as the header, each"
            " quote its end, and lines end all alike; correct the file"
        )
    if (line := _LINE.search(str(error))) is not None:
        # DuckDB goes on with the line itself.
        found = _FIELDS.search(str(error))
        reason = (
            f"{found[2]} fields, the header has {found[1]}" if found else "not UTF-8, or no CSV"
        )
        return f"line {line[1]} of the file: {reason}; correct the file"
    said = " ".join(_QUOTED.sub("…", str(error).partition("LINE ")[0]).split())
    return f"the file does not fit what is asked: {said[:300]}; correct the test, or the file"

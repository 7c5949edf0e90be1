"""Data tests of a stage: measure, judge, and let no test hide another's verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from airflow_dataops.domain.csv_records import count_records
from airflow_dataops.domain.data_assets import Table
from airflow_dataops.domain.data_tests import Check, Measure, Outcome, Verdict
from airflow_dataops.domain.file_formats import FileFormat, format_of
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from airflow_dataops.data_ports import FileStore
    from airflow_dataops.domain.data_assets import File
    from airflow_dataops.domain.data_tests import DataTest
    from airflow_dataops.ports import Warehouse

Number = TypeVar("Number")
Measured = float | None | OutsideSystemError


def run_tests(
    tests: Sequence[DataTest],
    warehouse_for: Callable[[str], Warehouse],
    object_store_for: Callable[[str], FileStore],
    count_parquet_rows: Callable[[BinaryIO], int] | None = None,
) -> list[Verdict]:
    """One verdict per test, in their order.

    What cannot be measured becomes the verdict ``error`` of its own test. A tool that does not
    answer is asked once, not once for each of its tests.

    Args:
        tests: with their templates rendered.
        warehouse_for: the warehouse behind a connection id.
        object_store_for: the object store or file server behind a connection id.
        count_parquet_rows: of a Parquet file; needed for such files alone.
    """
    asking = _Asking(warehouse_for, object_store_for, count_parquet_rows)
    numbers = asking.measure([test.measure for test in tests if not isinstance(test, Check)])
    verdicts = []
    for test in tests:
        if isinstance(test, Check):
            rows_found = asking.count(test)
            verdicts.append(
                _error(test, rows_found)
                if isinstance(rows_found, OutsideSystemError)
                else test.judge(rows_found)
            )
        else:
            measured = numbers[test.measure]
            verdicts.append(
                _error(test, measured)
                if isinstance(measured, OutsideSystemError)
                else test.judge(measured)
            )
    return verdicts


class _Asking:
    """The tools of one run of tests, and which of them do not answer."""

    def __init__(
        self,
        warehouse_for: Callable[[str], Warehouse],
        object_store_for: Callable[[str], FileStore],
        count_parquet_rows: Callable[[BinaryIO], int] | None,
    ) -> None:
        self._warehouse_for = warehouse_for
        self._object_store_for = object_store_for
        self._count_parquet_rows = count_parquet_rows
        self._silent: dict[str, ToolUnreachable] = {}

    def measure(self, measures: Sequence[Measure]) -> dict[Measure, Measured]:
        """Each different measure once; those of a warehouse together."""
        of_warehouses: dict[str, list[Measure]] = {}
        measured: dict[Measure, Measured] = {}
        for measure in dict.fromkeys(measures):
            asset = measure.asset
            if isinstance(asset, Table):
                of_warehouses.setdefault(asset.tool, []).append(measure)
            else:
                measured[measure] = self._of_file(asset, measure)
        for tool, together in of_warehouses.items():
            measured |= self._of_tables(tool, together)
        return measured

    def count(self, check: Check) -> int | OutsideSystemError:
        """Rows that break a check's rule."""
        tool = check.asset.tool
        return self._ask(
            tool, lambda: self._warehouse_for(tool).count_rows(check.sql, table=check.asset)
        )

    def _of_tables(self, tool: str, measures: Sequence[Measure]) -> dict[Measure, Measured]:
        """One question for all; where it fails, halves, until those that fail stand alone."""
        numbers = self._ask(tool, lambda: self._warehouse_for(tool).measures(measures))
        if not isinstance(numbers, OutsideSystemError):
            return dict(zip(measures, numbers, strict=True))
        if isinstance(numbers, ToolUnreachable) or len(measures) == 1:
            return dict.fromkeys(measures, numbers)
        half = len(measures) // 2
        return self._of_tables(tool, measures[:half]) | self._of_tables(tool, measures[half:])

    def _of_file(self, file: File, measure: Measure) -> Measured:
        def question() -> float:
            store = self._object_store_for(file.tool)
            if measure.aggregate == "size_bytes":
                return store.size_bytes(bucket=file.bucket, key=file.key)
            return self._rows_of_file(store, file)

        return self._ask(file.tool, question)

    def _rows_of_file(self, store: FileStore, file: File) -> int:
        kind, count = format_of(file.key), self._count_parquet_rows
        if kind is FileFormat.PARQUET and count is not None:
            with store.opened(bucket=file.bucket, key=file.key) as opened:
                return count(opened)
        if kind is not FileFormat.CSV:
            message = f"rows of {file.title} are not counted; count those of .csv or .parquet"
            raise OutsideSystemError(message)
        with store.chunks(bucket=file.bucket, key=file.key) as chunks:
            return count_records(chunks)

    def _ask(self, tool: str, question: Callable[[], Number]) -> Number | OutsideSystemError:
        if tool in self._silent:
            return self._silent[tool]
        try:
            return question()
        except ToolUnreachable as error:
            self._silent[tool] = error
            return error
        except OutsideSystemError as error:
            return error


def _error(test: DataTest, error: OutsideSystemError) -> Verdict:
    return Verdict(test=test.name, outcome=Outcome.ERROR, measured=None, detail=str(error))

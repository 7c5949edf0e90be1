"""Ask the tools of one run for all that its tests measure, each tool once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.csv_records import count_records
from airflow_dataops.domain.data_assets import File, Table
from airflow_dataops.domain.file_formats import FileFormat, format_of
from airflow_dataops.domain.measured import Measured
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import BinaryIO

    from airflow_dataops.data_ports import FileStore, MeasuresOfFiles
    from airflow_dataops.domain.data_tests import Measure
    from airflow_dataops.ports import Warehouse


def _looks_inside(measure: Measure) -> bool:
    """Whether more than the number of a file's records or bytes is asked."""
    is_plain = measure.counted is None and measure.only is None and measure.by is None
    return not (measure.aggregate == "size_bytes" or (measure.aggregate == "count" and is_plain))


class Asking:
    """The tools of one run of tests, and which of them do not answer."""

    def __init__(
        self,
        warehouse_for: Callable[[str], Warehouse],
        file_store_for: Callable[[str], FileStore],
        count_parquet_rows: Callable[[BinaryIO], int] | None,
        measures_of_files: MeasuresOfFiles | None = None,
    ) -> None:
        self._measures_of_files = measures_of_files
        self._warehouse_for = warehouse_for
        self._file_store_for = file_store_for
        self._count_parquet_rows = count_parquet_rows
        self._silent: dict[str, ToolUnreachable] = {}

    def measure(self, measures: Iterable[Measure]) -> dict[Measure, Measured]:
        """Each different measure once; those of a warehouse together."""
        of_warehouses: dict[str, list[Measure]] = {}
        of_files: list[Measure] = []
        measured: dict[Measure, Measured] = {}
        for measure in dict.fromkeys(measures):
            asset = measure.asset
            if isinstance(asset, Table):
                of_warehouses.setdefault(asset.tool, []).append(measure)
            elif _looks_inside(measure):
                of_files.append(measure)
            else:
                measured[measure] = self._of_file(asset, measure)
        for tool, together in of_warehouses.items():
            measured |= zip(together, self._of_tables(tool, together), strict=True)
        if of_files:
            measured |= zip(of_files, self._of_files(of_files), strict=True)
        return measured

    def _of_files(self, measures: Sequence[Measure]) -> Sequence[Measured]:
        if self._measures_of_files is None:
            message = "this process cannot look into files"
            return [Measured(error=OutsideSystemError(message))] * len(measures)
        answers: dict[Measure, Measured] = {}
        asked: list[Measure] = []
        for measure in measures:
            needed = [
                each for each in (measure.asset, *measure.arguments) if isinstance(each, File)
            ]
            silent = next((self._silent[f.tool] for f in needed if f.tool in self._silent), None)
            if silent is None:
                asked.append(measure)
            else:
                answers[measure] = Measured(error=silent)
        answers |= zip(asked, self._measures_of_files(asked, self._file_store_for), strict=True)
        return [answers[measure] for measure in measures]

    def _of_tables(self, tool: str, measures: Sequence[Measure]) -> Sequence[Measured]:
        try:
            return self._warehouse_for(tool).measures(measures)
        except OutsideSystemError as error:
            return [Measured(error=error)] * len(measures)

    def _of_file(self, file: File, measure: Measure) -> Measured:
        if file.tool in self._silent:
            return Measured(error=self._silent[file.tool])
        try:
            return Measured(found=self._number_of_file(file, measure))
        except ToolUnreachable as error:
            self._silent[file.tool] = error
            return Measured(error=error)
        except OutsideSystemError as error:
            return Measured(error=error)

    def _number_of_file(self, file: File, measure: Measure) -> float:
        store = self._file_store_for(file.tool)
        if measure.aggregate == "size_bytes":
            return store.size_bytes(bucket=file.bucket, key=file.key)
        kind, count = format_of(file.key), self._count_parquet_rows
        if kind is FileFormat.PARQUET and count is not None:
            with store.opened(bucket=file.bucket, key=file.key) as opened:
                return count(opened)
        if kind is not FileFormat.CSV:
            message = f"rows of {file.title} are not counted; count those of .csv or .parquet"
            raise OutsideSystemError(message)
        with store.chunks(bucket=file.bucket, key=file.key) as chunks:
            return count_records(chunks)

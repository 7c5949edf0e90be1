"""What services need from warehouses and stores beyond plain loads and measures.

And what is kept of the data tests that run there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from typing import BinaryIO

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.data_assets import File, Table
    from airflow_dataops.domain.data_test_rules import External
    from airflow_dataops.domain.data_tests import Measure, Verdict
    from airflow_dataops.domain.file_formats import FileFormat
    from airflow_dataops.domain.identity import KitchenTask
    from airflow_dataops.domain.judging import Judged
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.measured import Measured
    from airflow_dataops.domain.publishing import StageRun
    from airflow_dataops.domain.quality import Said
    from airflow_dataops.domain.result_columns import Rows
    from airflow_dataops.domain.results import (
        ChartAct,
        KitchenPast,
        PipelineStage,
        Result,
        TestingRun,
    )

    TableWriter = Callable[[Rows, BinaryIO], int]
    # Answers measures of files, of whichever stores.
    MeasuresOfFiles = Callable[
        [Sequence["Measure"], Callable[[str], "FileStore"]], Sequence["Measured"]
    ]
    ParquetReader = Callable[[BinaryIO], Iterator[bytes]]


class QueriedWarehouse(Protocol):
    """A SQL database that can be asked for rows."""

    def rows(self, sql: str) -> AbstractContextManager[Rows]:
        """What a query finds, read while the block lasts, all of one state.

        Raises:
            OutsideSystemError: the database refuses, or the query gives no rows.
        """


class CopyingWarehouse(Protocol):
    """A SQL database that fetches files from an object store itself."""

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
        """Replace a table's slice by an object's rows, in one transaction.

        Args:
            source: with its templates rendered.
            target: with its templates rendered.
            names: of the file's columns, in their order.
            kind: of the file.
            columns: SQL type of each column, to create the table where it is missing.
            constants: columns that the file lacks, with the value that each row gets.

        Returns:
            Number of rows loaded.

        Raises:
            BadDataFile: the file does not fit the table, or its rows do not lie in the slice.
        """


class Validator(Protocol):
    """Judges expectations that are not compiled to SQL of our own."""

    def validate(self, table: Table, expectation: External) -> Judged:
        """What an expectation says of a table's slice.

        Raises:
            OutsideSystemError: there is no such expectation, or it cannot be asked.
        """


class FileStore(Protocol):
    """Files of an object store or a file server.

    ``bucket`` is the empty text where the store has none; ``key`` is a path there.
    """

    def chunks(self, *, bucket: str, key: str) -> AbstractContextManager[Iterator[bytes]]:
        """A file's bytes in order, read as they are asked for."""

    def opened(self, *, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        """A file to be read at any place."""

    def size_bytes(self, *, bucket: str, key: str) -> int:
        """Size of a file."""

    def written(self, *, bucket: str, key: str, writer: str) -> AbstractContextManager[BinaryIO]:
        """Write a file that is there as a whole once the block ends, or not at all.

        Until then, and if the block or its process ends otherwise, readers find what was there.

        Args:
            bucket: where there are buckets.
            key: of the file.
            writer: who writes: a name without slashes, a hyphen and the number of the try; what
                earlier tries left is removed.
        """


class PendingTables(Protocol):
    """The tables of one warehouse that stages write before they are published."""

    def begin(
        self, tables: Sequence[Table], by: StageRun, *, is_over: Callable[[StageRun], bool]
    ) -> StageRun | None:
        """Claim empty pending tables, all or none.

        Args:
            tables: unqualified; each gets the columns of its published table, if there is one.
            by: who claims them; what it left in them earlier is dropped.
            is_over: whether another holder's run has ended, so that its claim is void.

        Returns:
            None, or who holds one of them.

        Raises:
            OutsideSystemError: a table's name is qualified, or the database refuses.
        """

    def resume(self, tables: Sequence[Table], by: StageRun) -> None:
        """Have the claimed tables in place, for a task that may be tried again.

        Tables that the claim has published already are begun anew.

        Raises:
            PendingTableLost: the claim is somebody else's, or nobody's.
            OutsideSystemError: sessions of the tool do not begin in the pending schema.
        """

    def check(self, tables: Sequence[Table], by: StageRun) -> None:
        """Make sure that what is tested is what was written.

        Raises:
            PendingTableLost: the claim is somebody else's, or nobody's.
            OutsideSystemError: the stage wrote no such table.
        """

    def publish(
        self, tables: Sequence[Table], by: StageRun, *, may_be_empty: Collection[str]
    ) -> list[int]:
        """Put pending tables in the place of the published ones' slices, in one transaction.

        Once it is done, the same again changes nothing and gives the same answer.

        Args:
            tables: as they were claimed; ``where`` is the slice that is replaced.
            by: who holds the claim.
            may_be_empty: names of tables that may be published without a row.

        Returns:
            Rows published of each table.

        Raises:
            PendingTableLost: the claim is somebody else's, or nobody's.
            NothingToPublish: a pending table is empty that may not be.
            OutsideSystemError: the pending table does not fit the published one, or holds rows
                outside of the slice.
        """


class ResultBook(Protocol):
    """Verdicts of kitchens' data tests, and what people said about them."""

    def run_of(self, task: KitchenTask, *, map_index: int) -> TestingRun:
        """What the server knows of the run of tests that a task makes.

        Raises:
            CredentialRefused: the task runs no stage's tests.
        """

    def record(self, run: TestingRun, verdicts: Sequence[Verdict], *, now: datetime) -> bool:
        """Keep a try's verdicts in the place of an earlier try's; the first report of a try counts.

        Returns:
            Whether they are kept.
        """

    def pasts(self, run: TestingRun) -> list[KitchenPast]:
        """Earlier results of a run's stage: its own kitchen's first, then its ancestors'.

        Ancestors of another environment, and what lies behind them, are left out.
        """

    def results(
        self, kitchen: Kitchen, *, place: PipelineStage | None = None, run_id: str | None = None
    ) -> list[Result]:
        """A kitchen's results, the last first."""

    def said(self, kitchen: Kitchen, *, since: datetime) -> list[Said]:
        """What its tests said in runs about that moment and later ones."""

    def forget(self, environment: str, *, before: datetime) -> int:
        """Remove results of an environment's kitchens that were kept before then; their number."""

    def latest(self, kitchen: Kitchen) -> list[Result]:
        """What each task that tests said in its last run, by pipeline, stage and test."""

    def past(self, kitchen: Kitchen, place: PipelineStage) -> list[KitchenPast]:
        """The same as ``pasts`` of a kitchen at this moment."""

    def note(self, kitchen: Kitchen, act: ChartAct, *, audit: AuditEntry) -> None:
        """Write down what somebody said about a chart.

        Raises:
            KitchenNotFound: the kitchen is deleted.
            KitchenBusy: it is being deleted.
        """

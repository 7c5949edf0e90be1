"""Tables and files that stages make, and the measures that data tests are made from.

Every text here may hold a Jinja template (``{{ run_date }}``): it is rendered when the test
runs, not when the pipeline is parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_dataops.domain.data_tests import Check, Measure

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a tool, in the kitchen's schema unless the name is qualified.

    Attributes:
        tool: connection id of the warehouse.
        where: SQL condition that limits it to the slice a run is about.
    """

    tool: str
    name: str
    where: str | None = None

    def row_count(self) -> Measure:
        """Number of rows in the slice."""
        return Measure(asset=self, aggregate="row_count")

    def null_count(self, column: str) -> Measure:
        """Number of rows in the slice whose column is null."""
        return Measure(asset=self, aggregate="null_count", column=column)

    def distinct_count(self, column: str) -> Measure:
        """Number of different values of a column, nulls left out."""
        return Measure(asset=self, aggregate="distinct_count", column=column)

    def sum(self, column: str) -> Measure:
        """Sum of a column, nulls left out; a slice without rows has no sum."""
        return Measure(asset=self, aggregate="sum", column=column)

    def mean(self, column: str) -> Measure:
        """Arithmetic mean of a column, nulls left out."""
        return Measure(asset=self, aggregate="mean", column=column)

    def minimum(self, column: str) -> Measure:
        """Smallest value of a column."""
        return Measure(asset=self, aggregate="minimum", column=column)

    def maximum(self, column: str) -> Measure:
        """Largest value of a column."""
        return Measure(asset=self, aggregate="maximum", column=column)

    def rendered(self, render: Callable[[str], str]) -> Table:
        """The same table with the templates in its texts rendered."""
        return replace(self, name=render(self.name), where=self.where and render(self.where))

    @property
    def title(self) -> str:
        """What it is called in the names of its tests."""
        return self.name

    def check(self, sql: str, *, name: str, on_violation: str = "fail") -> Check:
        """Test that a query finds nothing.

        Args:
            sql: selects the rows that must not exist; ``{table}`` stands for this slice and can
                stand wherever a table's name can: ``from {table} as t``, ``{table}.sales``.
            name: what holds when the query finds nothing, as a person would say it.
            on_violation: ``log``, ``warn`` or ``fail``.
        """
        return Check(asset=self, sql=sql, name=name, on_violation=on_violation)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An object of an object store, or a file of a file server.

    Attributes:
        tool: connection id of the store or server.
        key: the object's key; write ``{{ kitchen.prefix }}`` first to stay in the kitchen's part.
            On a file server the file's path.
        bucket: by default the bucket that the environment declares for the tool; empty on a file
            server.
    """

    tool: str
    key: str
    bucket: str

    def row_count(self) -> Measure:
        """Number of CSV records, the header not counted."""
        return Measure(asset=self, aggregate="row_count")

    def size_bytes(self) -> Measure:
        """Size of the object in bytes."""
        return Measure(asset=self, aggregate="size_bytes")

    def rendered(self, render: Callable[[str], str]) -> File:
        """The same file with the templates in its texts rendered."""
        return replace(self, key=render(self.key), bucket=render(self.bucket))

    @property
    def title(self) -> str:
        """What it is called in the names of its tests: its key without the folders."""
        return self.key.rpartition("/")[2]


def table(tool: str, name: str, *, where: str | None = None) -> Table:
    """Name a table of a tool: ``table("redshift", "transactions", where="day = '…'")``."""
    return Table(tool=tool, name=name, where=where)


def file(
    tool: str, *, key: str | None = None, bucket: str | None = None, path: str | None = None
) -> File:
    """Name an object of an object store, or a file of an SFTP server.

    ``file("s3", key="{{ kitchen.prefix }}orders.csv")``, ``file("sftp", path="/out/orders.csv")``

    Raises:
        ValueError: both a key and a path, or neither.
    """
    if path is not None and key is None and bucket is None:
        return File(tool=tool, key=path, bucket="")
    if key is None or path is not None:
        message = f"file({tool!r}): give the key of an object (key=…) or a path (path=…)"
        raise ValueError(message)
    return File(tool=tool, key=key, bucket=bucket or f"{{{{ tools.{tool}.bucket }}}}")

"""Tables and files that stages make, and the measures that data tests are made from.

Every text here may hold a Jinja template (``{{ run_date }}``): it is rendered when the test
runs, not when the pipeline is parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_dataops.domain import measure_words, row_tests, shift_tests, table_tests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.domain.data_tests import DataTest


class _Words:
    """What can be measured and tested of tables and files alike."""

    __slots__ = ()

    row_count = measure_words.row_count
    null_count = measure_words.null_count
    null_share = measure_words.null_share
    blank_share = measure_words.blank_share
    rows_where = measure_words.rows_where
    share_where = measure_words.share_where
    distinct_count = measure_words.distinct_count
    duplicate_count = measure_words.duplicate_count
    sum = measure_words.sum_
    mean = measure_words.mean
    minimum = measure_words.minimum
    maximum = measure_words.maximum
    standard_deviation = measure_words.standard_deviation
    median = measure_words.median
    quantile = measure_words.quantile
    aggregate = measure_words.aggregate
    outlier_share = measure_words.outlier_share
    age_hours = measure_words.age_hours
    longest_gap_hours = measure_words.longest_gap_hours

    check = table_tests.check
    not_null = row_tests.not_null
    in_set = row_tests.in_set
    in_range = row_tests.in_range
    matches = row_tests.matches
    length_between = row_tests.length_between
    of_type = row_tests.of_type
    not_in_future = row_tests.not_in_future
    holds = row_tests.holds
    unique = table_tests.unique
    no_duplicate_rows = table_tests.no_duplicate_rows
    has_all = table_tests.has_all
    references = table_tests.references
    monotone = table_tests.monotone
    no_missing = table_tests.no_missing
    fresh = table_tests.fresh
    no_gap = table_tests.no_gap
    same_columns = table_tests.same_columns
    reconcile = table_tests.reconcile
    mean_shift = shift_tests.mean_shift
    median_shift = shift_tests.median_shift
    quantile_shift = shift_tests.quantile_shift
    standard_deviation_shift = shift_tests.standard_deviation_shift
    proportion_shift = shift_tests.proportion_shift
    distribution_shift = shift_tests.distribution_shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(_Words):
    """A table of a tool, in the kitchen's schema unless the name is qualified.

    Attributes:
        tool: connection id of the warehouse.
        where: SQL condition that limits it to the slice a run is about.
        masked: columns whose values no sample, log or result shows.
        sampled: share of the rows that there would be; a text while it is a template.
    """

    tool: str
    name: str
    where: str | None = None
    sampled: float | str = 1.0
    # Another mask is no other data: a merge that adds one changes no test.
    masked: tuple[str, ...] = field(default=(), repr=False)

    def expect(self, expectation: str, /, **arguments: object) -> DataTest:
        """Test what an expectation of Great Expectations says.

        ``expect("column_values_to_be_between", column="sales", min_value=0, mostly=0.99)``; the
        name with or without ``expect_`` before it. ``row_condition`` is SQL.

        Args:
            expectation: its name.
            arguments: the expectation's own, and ``mostly``, ``row_condition``, ``name``,
                ``on_violation``.

        Raises:
            ValueError: an argument is missing, or none of this expectation's.
        """
        # Late: most pipelines use the catalogue's own words.
        from airflow_dataops.domain import expectations

        return expectations.expect(self, expectation, arguments)

    def rendered(self, render: Callable[[str], str]) -> Table:
        """The same table with the templates in its texts rendered."""
        return replace(
            self,
            name=render(self.name),
            where=self.where and render(self.where),
            sampled=_share(self.sampled, render),
        )

    @property
    def title(self) -> str:
        """What it is called in the names of its tests."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class File(_Words):
    """An object of an object store, or a file of a file server.

    Attributes:
        tool: connection id of the store or server.
        key: the object's key; write ``{{ kitchen.prefix }}`` first to stay in the kitchen's part.
            On a file server the file's path.
        bucket: by default the bucket that the environment declares for the tool; empty on a file
            server.
        sampled: share of the records that there would be; a text while it is a template.
    """

    tool: str
    key: str
    bucket: str
    sampled: float | str = 1.0

    size_bytes = measure_words.size_bytes

    def expect(self, expectation: str, /, **arguments: object) -> DataTest:
        """Test what an expectation of Great Expectations says; see ``Table.expect``.

        Raises:
            ValueError: an argument is missing or unknown, or the expectation is one that Great
                Expectations itself judges, which looks at tables alone.
        """
        from airflow_dataops.domain import expectations

        return expectations.expect(self, expectation, arguments)

    def rendered(self, render: Callable[[str], str]) -> File:
        """The same file with the templates in its texts rendered."""
        return replace(
            self,
            key=render(self.key),
            bucket=render(self.bucket),
            sampled=_share(self.sampled, render),
        )

    @property
    def title(self) -> str:
        """What it is called in the names of its tests: its key without the folders."""
        return self.key.rpartition("/")[2]


def table(
    tool: str,
    name: str,
    *,
    where: str | None = None,
    masked: Sequence[str] = (),
    sampled: float | str = 1.0,
) -> Table:
    """Name a table of a tool: ``table("redshift", "transactions", where="day = '…'")``.

    Args:
        tool: connection id of the warehouse.
        name: in the kitchen's schema unless it is qualified.
        where: SQL condition that limits it to the slice a run is about.
        masked: columns whose values no sample, log or result shows.
        sampled: share of the rows that there would be without a sample, such as 0.05; what runs
            on another sample measured is rescaled by it.

    Raises:
        ValueError: the share is none.
    """
    columns = (masked,) if isinstance(masked, str) else tuple(masked)
    return Table(tool=tool, name=name, where=where, masked=columns, sampled=_share(sampled))


def file(
    tool: str,
    *,
    key: str | None = None,
    bucket: str | None = None,
    path: str | None = None,
    sampled: float | str = 1.0,
) -> File:
    """Name an object of an object store, or a file of an SFTP server.

    ``file("s3", key="{{ kitchen.prefix }}orders.csv")``, ``file("sftp", path="/out/orders.csv")``

    Raises:
        ValueError: both a key and a path, or neither; or the share of the sample is none.
    """
    share = _share(sampled)
    if path is not None and key is None and bucket is None:
        return File(tool=tool, key=path, bucket="", sampled=share)
    if key is None or path is not None:
        message = f"file({tool!r}): give the key of an object (key=…) or a path (path=…)"
        raise ValueError(message)
    own = bucket or f"{{{{ tools.{tool}.bucket }}}}"
    return File(tool=tool, key=key, bucket=own, sampled=share)


def _share(sampled: float | str, render: Callable[[str], str] | None = None) -> float | str:
    """The share of a sample; its text while that is a template that is not rendered."""
    said = render(sampled) if render is not None and isinstance(sampled, str) else sampled
    if isinstance(said, str) and render is None and "{" in said:
        return said
    try:
        share = float(said)
    except (TypeError, ValueError):
        share = 0.0
    if not 0 < share <= 1:
        message = f"sampled is {said!r}; write the share of rows that are there, such as 0.05"
        raise ValueError(message)
    return share

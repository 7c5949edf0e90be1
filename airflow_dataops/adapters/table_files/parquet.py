"""Parquet: read in batches as CSV, which every warehouse loads, and written in row groups."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_dataops.domain.result_columns import Kind
from airflow_dataops.errors import BadDataFile, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_dataops.domain.result_columns import ResultColumn, Rows

_BATCH_ROWS = 1 << 16
_DECIMAL_DIGITS = 38


def row_count(file: BinaryIO) -> int:
    """Number of rows, from the file's footer.

    Raises:
        BadDataFile: it is no Parquet file.
    """
    with _told():
        return int(_parquet().ParquetFile(file).metadata.num_rows)


def csv_chunks(file: BinaryIO) -> Iterator[bytes]:
    """A file's rows as CSV with a header; null is nothing, an empty text is ``""``.

    Raises:
        BadDataFile: it is no Parquet file, or a column holds lists or the like.
    """
    import pyarrow as pa
    from pyarrow import csv

    with _told():
        source = _parquet().ParquetFile(file)
        header = csv.WriteOptions(include_header=True)
        body = csv.WriteOptions(include_header=False)
        yield _as_csv(pa.Table.from_batches([], schema=source.schema_arrow), header)
        for batch in source.iter_batches(batch_size=_BATCH_ROWS):
            yield _as_csv(batch, body)


def write(rows: Rows, out: BinaryIO) -> int:
    """Write a result; the number of rows.

    Raises:
        BadDataFile: a value does not fit its column's type.
    """
    pq = _parquet()
    import pyarrow as pa

    schema = pa.schema([(column.name, _type(column)) for column in rows.columns])
    count = 0
    waiting: list[tuple[object, ...]] = []
    with _told(), pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in rows.batches():
            waiting += batch
            if len(waiting) >= _BATCH_ROWS:
                writer.write_table(_table(waiting, schema))
                count, waiting = count + len(waiting), []
        if waiting:
            writer.write_table(_table(waiting, schema))
    return count + len(waiting)


def _table(rows: list[tuple[object, ...]], schema: Any) -> Any:
    import pyarrow as pa

    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(_fitting(values, field.type), type=field.type)
        for values, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _fitting(values: tuple[object, ...], kind: Any) -> Any:
    """Decimals without a limit become floats, which pyarrow does not do by itself."""
    import pyarrow as pa

    if pa.types.is_floating(kind):
        return [None if value is None else float(value) for value in values]  # type: ignore[arg-type]
    return values


def _type(column: ResultColumn) -> Any:
    import pyarrow as pa

    if column.kind is Kind.DECIMAL:
        if column.precision > _DECIMAL_DIGITS:
            message = (
                f"column {column.name} has {column.precision} digits, Parquet takes"
                f" {_DECIMAL_DIGITS}; cast it in the query"
            )
            raise BadDataFile(message)
        return pa.decimal128(column.precision, column.scale)
    return {
        Kind.BOOLEAN: pa.bool_(),
        Kind.INTEGER: pa.int64(),
        Kind.FLOAT: pa.float64(),
        Kind.DATE: pa.date32(),
        Kind.TIME: pa.time64("us"),
        Kind.TIMESTAMP: pa.timestamp("us"),
        Kind.MOMENT: pa.timestamp("us", tz="UTC"),
        Kind.BYTES: pa.binary(),
        Kind.TEXT: pa.string(),
    }[column.kind]


def _as_csv(data: Any, options: Any) -> bytes:
    import io

    from pyarrow import csv

    sink = io.BytesIO()
    csv.write_csv(data, sink, options)
    return sink.getvalue()


def _parquet() -> Any:
    try:
        from pyarrow import parquet
    except ImportError as error:
        message = (
            "Parquet needs pyarrow on the worker: pip install 'airflow-provider-dataops[parquet]'"
        )
        raise ConfigurationError(message) from error
    return parquet


@contextmanager
def _told() -> Iterator[None]:
    """Turn pyarrow's errors into ours; they may hold values, so little of them is kept."""
    import pyarrow as pa

    try:
        yield
    except pa.ArrowException as error:
        kind = type(error).__name__
        message = (
            f"the Parquet file cannot be read or written ({kind}): it is none, it is cut off, or"
            " a column holds lists, structures or numbers that do not fit its type"
        )
        raise BadDataFile(message) from None

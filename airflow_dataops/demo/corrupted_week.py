"""A week's file as it goes wrong in real life: cents for dollars, and cut off at two thirds.

Only its data tests can tell: every line is well-formed, every column is there.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MONEY = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")


def corrupt(transactions: Path) -> None:
    """Make a delivered file a corrupted one, completely or not at all.

    Args:
        transactions: a sound ``transactions.csv``.
    """
    with transactions.open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["transaction_timestamp"])
    kept = rows[: len(rows) * 2 // 3]
    for row in kept:
        row.update({column: _in_cents(row[column]) for column in _MONEY})
    # Beside the outbox, not in it, as all that the partner has not finished writing.
    partial = transactions.parents[2] / f".corrupted-{transactions.parent.name}"
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    partial.replace(transactions)


def _in_cents(amount: str) -> str:
    return str(round(float(amount) * 100))

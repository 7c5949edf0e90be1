"""The file that goes wrong is wrong in what its data tests look at, and in nothing else."""

from __future__ import annotations

import csv
from statistics import fmean

import pytest

from airflow_dataops.demo.corrupted_week import corrupt

COLUMNS = "household_id,sales_value,retail_disc,coupon_disc,coupon_match_disc,transaction_timestamp"
# Three purchases on each of seven days, the last day first: a sample is not in the order of time.
SOUND = [
    f"{household},{household}.50,0.10,0,0,2017-12-{day} 10:00:00"
    for household in (1, 2, 3)
    for day in range(24, 17, -1)
]


@pytest.fixture
def corrupted(tmp_path):
    file = tmp_path / "outbox" / "2017-12-25" / "transactions.csv"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join([COLUMNS, *SOUND]) + "\n")
    corrupt(file)
    with file.open(newline="") as opened:
        return file, list(csv.DictReader(opened))


def test_the_last_third_of_the_week_is_missing(corrupted):
    _, rows = corrupted
    assert len(rows) == 14
    assert {row["transaction_timestamp"][:10] for row in rows} == {
        f"2017-12-{day}" for day in range(18, 23)
    }


def test_dollars_are_cents(corrupted):
    _, rows = corrupted
    assert {row["sales_value"] for row in rows} == {"150", "250", "350"}
    assert {row["retail_disc"] for row in rows} == {"10"}
    assert fmean(float(row["sales_value"]) for row in rows) > 100


def test_it_looks_like_any_other_file(corrupted):
    file, rows = corrupted
    assert file.read_text().splitlines()[0] == COLUMNS
    assert [entry.name for entry in file.parents[2].rglob("*") if entry.is_file()] == [file.name]
    assert len(rows[0]) == len(COLUMNS.split(","))

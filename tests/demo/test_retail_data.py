from __future__ import annotations

import csv
from datetime import date

import pytest

from airflow_dataops.demo.retail_data import (
    MONDAYS,
    hashed_id,
    sampled_households,
    write_weeks,
)

KEY = b"the demo's own key"
WEEKS = [date(2017, 3, 6), date(2017, 3, 13)]
TRANSACTIONS = (
    "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,"
    "coupon_match_disc,week,transaction_timestamp"
)
HOUSEHOLDS = (
    "household_id,age,income,home_ownership,marital_status,household_size,household_comp,kids_count"
)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    outbox = tmp_path_factory.mktemp("production") / "outbox"
    write_weeks(outbox, WEEKS)
    return outbox


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    outbox = tmp_path_factory.mktemp("development") / "outbox"
    write_weeks(outbox, WEEKS, sample_key=KEY)
    return outbox


def transactions(outbox):
    return [row for week in WEEKS for row in rows(outbox / str(week) / "transactions.csv")]


def test_2017_has_52_mondays():
    assert len(MONDAYS) == 52
    assert {monday.weekday() for monday in MONDAYS} == {0}
    assert (MONDAYS[0], MONDAYS[-1]) == (date(2017, 1, 2), date(2017, 12, 25))


def test_only_the_weeks_that_were_asked_for_are_written(real):
    assert sorted(entry.name for entry in real.iterdir()) == ["2017-03-06", "2017-03-13"]
    assert [entry.name for entry in real.parent.iterdir()] == ["outbox"]


def test_file_of_a_monday_holds_the_seven_days_before(real):
    moments = [row["transaction_timestamp"] for row in rows(real / "2017-03-06/transactions.csv")]
    days = sorted({moment[:10] for moment in moments})
    assert (days[0], days[-1], len(days)) == ("2017-02-27", "2017-03-05", 7)


def test_weeks_have_the_columns_and_rows_of_the_source(real):
    assert ",".join(transactions(real)[0]) == TRANSACTIONS
    assert ",".join(rows(real / "2017-03-06/households.csv")[0]) == HOUSEHOLDS
    assert len(rows(real / "2017-03-06/households.csv")) == 801
    assert len(transactions(real)) == 57_654


def test_money_has_cents_and_time_has_seconds(real):
    row = transactions(real)[0]
    assert len(row["transaction_timestamp"]) == len("2017-02-27 00:00:00")
    for column in ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"):
        assert row[column][-3] == "."


def test_unknown_facts_about_a_household_are_empty(real):
    owners = {row["home_ownership"] for row in rows(real / "2017-03-06/households.csv")}
    assert owners == {"Homeowner", "Renter", "Probable Homeowner", "Probable Renter", ""}


def test_sample_is_labelled_and_the_real_data_are_not(sample, real):
    label = (sample / "README.txt").read_text()
    assert label.startswith("sample: 5 % of households, ids hashed\n")
    assert not (real / "README.txt").exists()


def test_sample_has_no_raw_id(sample, real):
    for column in ("household_id", "basket_id"):
        raw = {row[column] for row in transactions(real)}
        hashed = {row[column] for row in transactions(sample)}
        assert hashed
        assert not raw & hashed
    raw = {row["household_id"] for row in rows(real / "2017-03-06/households.csv")}
    assert not raw & {row["household_id"] for row in rows(sample / "2017-03-06/households.csv")}


def test_sample_holds_every_purchase_of_the_chosen_households(sample, real):
    bought = transactions(real)
    shoppers = {int(row["household_id"]) for row in bought}
    hashes = {hashed_id("household_id", raw, key=KEY): raw for raw in range(1, 2501)}
    chosen = {hashes[int(row["household_id"])] for row in transactions(sample)}
    assert chosen <= shoppers
    expected = [row for row in bought if int(row["household_id"]) in chosen]
    assert len(transactions(sample)) == len(expected)
    total = sum(float(row["sales_value"]) for row in expected)
    assert sum(float(r["sales_value"]) for r in transactions(sample)) == pytest.approx(total)


def test_sampled_files_join_as_the_real_ones_do(sample, real):
    hashes = {hashed_id("household_id", raw, key=KEY): raw for raw in range(1, 2501)}
    described = {row["household_id"] for row in rows(real / "2017-03-06/households.csv")}
    sampled = {row["household_id"] for row in rows(sample / "2017-03-06/households.csv")}
    shoppers = {row["household_id"] for row in transactions(sample)}
    # A shopper is described in the sample if and only if it is described in the source.
    assert {s for s in shoppers if str(hashes[int(s)]) in described} == shoppers & sampled
    assert shoppers & sampled


def test_a_basket_belongs_to_one_household_in_the_sample(sample):
    pairs = {(row["basket_id"], row["household_id"]) for row in transactions(sample)}
    assert len(pairs) == len({basket for basket, _ in pairs})


def test_five_percent_of_households_are_chosen_by_key_alone():
    everybody = list(range(1, 2470))
    chosen = sampled_households(everybody, key=KEY)
    assert len(chosen) == 123  # 5 % of 2,469
    assert sampled_households(reversed(everybody), key=KEY) == chosen
    assert sampled_households(everybody, key=b"another") != chosen


def test_same_key_writes_the_same_sample(sample, tmp_path):
    write_weeks(tmp_path / "outbox", WEEKS[:1], sample_key=KEY)
    for name in ("2017-03-06/transactions.csv", "2017-03-06/households.csv"):
        assert (tmp_path / "outbox" / name).read_bytes() == (sample / name).read_bytes()


def test_hash_of_an_id_depends_on_key_and_kind_and_survives_floating_point():
    hashed = hashed_id("household_id", 900, key=KEY)
    assert hashed != hashed_id("basket_id", 900, key=KEY)
    assert hashed != hashed_id("household_id", 900, key=b"another")
    assert int(float(hashed)) == hashed


def test_week_that_is_there_is_replaced(tmp_path):
    write_weeks(tmp_path / "outbox", WEEKS[:1])
    file = tmp_path / "outbox" / "2017-03-06" / "transactions.csv"
    whole = file.read_bytes()
    file.write_bytes(whole[:1000])
    write_weeks(tmp_path / "outbox", WEEKS[:1])
    assert file.read_bytes() == whole


@pytest.mark.parametrize("day", [date(2017, 3, 7), date(2018, 1, 8), date(2016, 12, 26)])
def test_other_days_are_refused(day, tmp_path):
    with pytest.raises(ValueError, match=f"{day} is no Monday of 2017"):
        write_weeks(tmp_path / "outbox", [day])
    assert not (tmp_path / "outbox").exists()

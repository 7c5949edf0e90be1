"""What is measured inside of files, and what to do where that cannot be."""

from __future__ import annotations

import sys

import pytest

from airflow_dataops.domain.data_assets import file, table
from tests.services.test_planted_defects_in_files import Folder, run

ORDERS = file("s3", key="in/orders.csv", bucket="b")
SHOPS = file("s3", key="in/shops.csv", bucket="b")


@pytest.fixture
def folder():
    folder = Folder()
    folder.files["in/orders.csv"] = (
        b'id,code,sales,day,note\n1,007,1.5,2026-01-01,""\n2,012,2.5,2026-01-02,x\n'
        b"3,1234,,2026-01-03,secret-note\n"
    )
    folder.files["in/shops.csv"] = b"id\n1\n2\n"
    return folder


def said(folder, *tests):
    return [(str(v.outcome), v.measured) for v in run(folder, tests)]


def test_texts_are_what_stands_in_the_file_and_numbers_are_numbers(folder):
    assert said(
        folder,
        ORDERS.length_between("code", 3, 4),
        ORDERS.matches("code", r"^\d{3}$", mostly=0.6),
        ORDERS.in_set("code", ["007", "012", "1234"]),
        ORDERS.in_set("code", [7, 12, 1234]),
        ORDERS.has_all("code", ["007"]),
        ORDERS.sum("sales").between(4, 4),
        ORDERS.row_count(by="note").at_most(1),
        ORDERS.null_count("note").at_most(0),
        ORDERS.blank_share("note").at_most(0.34),
    ) == [
        ("pass", 0.0), ("pass", 1.0), ("pass", 0.0), ("pass", 0.0), ("pass", 0.0), ("pass", 4.0),
        ("pass", None), ("pass", 0.0), ("pass", pytest.approx(1 / 3)),
    ]  # fmt: skip


def test_files_are_compared_with_each_other_and_each_is_fetched_once(folder):
    assert said(
        folder,
        ORDERS.references("id", SHOPS),
        ORDERS.reconcile(SHOPS, ["id"], share=0.5),
        ORDERS.references("id", SHOPS, mostly=0.6),
    ) == [("fail", 1.0), ("fail", 3.0), ("pass", 1.0)]
    # Two counts of records, and one of each file for all that is looked up inside.
    assert sorted(folder.asked) == ["in/orders.csv"] * 2 + ["in/shops.csv"] * 2


@pytest.mark.parametrize(
    ("columns", "outcome"),
    [
        ({"id": "bigint", "code": "varchar", "sales": "double"}, "pass"),
        ({"id": "bigint"}, "pass"),
        ({"day": "date", "note": "varchar"}, "pass"),
        ({"id": "varchar"}, "fail"),
        ({"sales": "date"}, "fail"),
        ({"colour": "varchar"}, "fail"),
    ],
)
def test_columns_of_a_file_and_their_types_are_compared(folder, columns, outcome):
    folder.files["in/orders.csv"] = folder.files["in/orders.csv"].replace(b"007", b"A07")
    [(found, _)] = said(folder, ORDERS.same_columns(columns, more_allowed=True))
    assert found == outcome


@pytest.mark.parametrize(
    ("test", "told"),
    [
        (file("s3", key="none.csv", bucket="b").not_null("id"), "there is no object none.csv"),
        (file("s3", key="a.xlsx", bucket="b").sum("id").at_least(1), "a.xlsx is not looked into"),
        (file("s3", key="torn.parquet", bucket="b").sum("n").at_least(1), "does not fit"),
        (ORDERS.not_null("colour"), "correct the test, or the file"),
        (ORDERS.sum("note").at_least(1), "does not fit what is asked"),
        (ORDERS.aggregate("sum(note::int)").at_least(1), "Could not convert string …"),
        (ORDERS.holds("id >"), "does not fit what is asked"),
        (ORDERS.check("select * from read_csv('/etc/passwd')", name="p"), "Permission Error"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_cannot_be_measured_is_an_error_of_its_own_without_a_value(folder, test, told):
    folder.files["a.xlsx"], folder.files["torn.parquet"] = b"PK", b"PAR1 and no more"
    first, broken = run(folder, [ORDERS.sum("sales").at_least(1), test])
    # A file that cannot be read at all takes nothing from those of its own run that can.
    assert str(broken.outcome) == "error"
    assert told in broken.detail
    assert "secret" not in broken.detail
    assert str(first.outcome) == "pass"


def test_more_than_a_thousand_groups_are_too_many(folder):
    folder.files["in/orders.csv"] = b"n\n" + b"".join(b"%d\n" % n for n in range(10_000))
    [verdict] = run(folder, [ORDERS.row_count(by="n").at_least(1)])
    assert (str(verdict.outcome), "more than 1000 groups" in verdict.detail) == ("error", True)


def test_a_store_that_does_not_answer_is_asked_once(folder):
    folder.is_silent = True
    verdicts = run(folder, [ORDERS.sum("id").at_least(1), SHOPS.sum("id").at_least(1)])
    assert {v.detail for v in verdicts} == {"s3 does not answer"}
    assert len(folder.asked) == 1


def test_without_the_library_it_is_said_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    counted, summed = run(folder, [ORDERS.row_count().between(3, 3), ORDERS.sum("id").at_least(1)])
    assert str(counted.outcome) == "pass"
    assert "install airflow-provider-dataops[files]" in summed.detail


def test_what_only_tables_have_is_refused_where_it_is_made():
    with pytest.raises(ValueError, match="Great Expectations looks at tables"):
        ORDERS.expect("column_kl_divergence_to_be_less_than", column="id")
    with pytest.raises(ValueError, match="two tables or two files of one tool"):
        ORDERS.references("id", table("redshift", "shops"))
    assert ORDERS.expect("column_values_to_not_be_null", column="id").asset == ORDERS

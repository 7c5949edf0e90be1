from __future__ import annotations

import pytest

from airflow_dataops.domain.data_assets import file, table
from airflow_dataops.domain.data_tests import (
    Outcome,
    Verdict,
    may_differ_when_tried_again,
    number,
    stops_the_line,
)
from airflow_dataops.domain.judging import judge

TRANSACTIONS = table("redshift", "transactions", where="loaded_for = '{{ run_date }}'")


def verdict(outcome: str) -> Verdict:
    return Verdict(test="t", outcome=Outcome(outcome), measured=1.0, detail="")


@pytest.mark.parametrize(
    ("measured", "outcome"),
    [(9, "fail"), (10, "pass"), (20, "pass"), (20.001, "fail"), (float("nan"), "fail")],
)
def test_both_bounds_are_allowed(measured, outcome):
    assert judge(TRANSACTIONS.row_count().between(10, 20), [measured]).outcome == outcome


@pytest.mark.parametrize(
    ("on_violation", "outcome"), [("fail", "fail"), ("warn", "warn"), ("log", "pass")]
)
def test_on_violation_says_what_a_crossed_bound_means(on_violation, outcome):
    test = TRANSACTIONS.row_count().between(10, 20, on_violation=on_violation)
    assert judge(test, [21]).outcome == outcome


def test_nothing_to_measure_is_an_error():
    assert judge(TRANSACTIONS.mean("sales").between(0, 1), [None]).outcome == "error"


def test_a_check_passes_when_no_row_breaks_it():
    check = TRANSACTIONS.check("select * from {table} where sales < 0", name="no refunds")
    assert judge(check, [0]).outcome == "pass"
    assert judge(check, [3]).outcome == "fail"
    assert judge(check, [3]).detail == "rows that break it: 3"


def test_a_test_is_named_after_its_measure_and_bounds():
    assert TRANSACTIONS.null_count("day").between(0, 1234567).name == (
        "null_count(day) of transactions between 0 and 1234567"
    )
    incoming = file("s3", key="{{ kitchen.prefix }}{{ run_date }}/orders.csv")
    assert incoming.row_count().between(1, 9e9).name == (
        "row_count of orders.csv between 1 and 9000000000"
    )


def test_templates_are_rendered_and_the_name_stays():
    check = table("redshift", "{{ t }}", where="{{ w }}").check("{{ q }}", name="{{ n }}")
    rendered = check.rendered(lambda text: text.strip("{} ").upper())
    assert (rendered.asset.name, rendered.asset.where) == ("T", "W")
    assert rendered.measures[0].arguments == ("Q",)
    assert rendered.name == "{{ n }}"


def test_the_measure_of_a_file_is_rendered():
    test = file("s3", key="{{ k }}").row_count().between(1, 2)
    rendered = test.rendered(lambda text: f"<{text}>")
    assert rendered.asset.key == "<{{ k }}>"
    assert rendered.asset.bucket == "<{{ tools.s3.bucket }}>"


def test_failures_and_errors_stop_the_line():
    verdicts = [verdict(o) for o in ("pass", "warn", "fail", "learning", "error")]
    assert [v.outcome for v in stops_the_line(verdicts)] == ["fail", "error"]


def test_only_errors_may_differ_when_tried_again():
    assert may_differ_when_tried_again([verdict("pass"), verdict("error")])
    assert not may_differ_when_tried_again([verdict("fail"), verdict("error")])


def test_bounds_in_the_wrong_order_are_a_mistake():
    with pytest.raises(ValueError, match="lower bound is above"):
        TRANSACTIONS.row_count().between(2, 1)


def test_an_unknown_on_violation_is_a_mistake():
    with pytest.raises(ValueError, match="'stop'; use one of log, warn, fail"):
        TRANSACTIONS.row_count().between(1, 2, on_violation="stop")


@pytest.mark.parametrize(
    ("value", "text"), [(9e9, "9000000000"), (0.1 + 0.2, "0.3"), (84213, "84213")]
)
def test_numbers_are_written_without_an_exponent(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda n: n.between(float("nan"), 1), "between: nan is no number"),
        (lambda n: n.between(0, "ten"), "between: 'ten' is no number"),
        (lambda n: n.at_least(None), "at_least: None is no number"),
        (lambda n: n.at_most(high=True), "at_most: True is no number"),
        (lambda n: n.no_drop(-0.1), "no_drop: -0.1 is less than 0"),
        (lambda n: n.changes_at_most(-1), "changes_at_most: -1 is less than 0"),
        (lambda n: n.equals(n, tolerance=-1), "equals: -1 is less than 0"),
    ],
)
def test_a_bound_that_nothing_could_be_held_against_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make(TRANSACTIONS.row_count())

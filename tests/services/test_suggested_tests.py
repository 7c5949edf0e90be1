"""Suggested tests: what a profile speaks for, and a file that builds and passes on its table."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from airflow_dataops.dag_factory.adoption import NO_KITCHEN, importable
from airflow_dataops.dag_factory.build import branch_dags
from airflow_dataops.dag_factory.ordinary import Branch
from airflow_dataops.domain import suggestions
from airflow_dataops.domain.data_assets import table
from airflow_dataops.domain.profiles import ColumnProfile, TableProfile
from airflow_dataops.errors import OutsideSystemError
from airflow_dataops.operators import DataTestsOperator
from airflow_dataops.services import data_testing
from airflow_dataops.services.data_testing import Places, run_tests
from airflow_dataops.specs.suggested_file import suggested_file

pytestmark = [pytest.mark.airflow, pytest.mark.service]
ORDERS = table("redshift", "orders")
LINES = """
create table orders as select
  n / 3 as basket_id, n % 3 as line, 'shop ' || n % 4 as shop, (n % 97) * 1.25 as sales,
  (n % 10) / 10.0 as discount, case when n % 50 > 0 then 'x' || n % 300 end as note,
  current_date - n % 30 as day, 'P-' || 10000 + n as code, n as "Line No",
  md5(n::text)::uuid::text as ticket, n % 2 = 0 as gift, '{}'::json as extra, ''::text as blank
from generate_series(0, 2999) n"""


@pytest.fixture
def suggested(warehouse, database):
    """Give the suggestions for a table that a statement makes, and its profile."""

    def suggested(sql=LINES, where=None):
        database.execute(sql)
        asked = dataclasses.replace(ORDERS, where=where)
        profile = data_testing.profile(asked, warehouse, now=datetime.now(tz=UTC))
        return profile, suggestions.suggest(profile)

    return suggested


def test_what_a_table_speaks_for_is_suggested_with_its_reason(suggested):
    _, made = suggested()
    said = {f"{next(iter(s.form.values()))}/{next(iter(s.form))}": s for s in made}
    reasons = {key: one.reason for key, one in said.items()}
    assert reasons["None/row_count"] == "3,000 rows now; a chart learns how many are usual"
    assert reasons["shop/in_set"] == "4 values in 3,000 rows, the rarest in 750"
    assert said["shop/in_set"].form["values"] == ["shop 0", "shop 1", "shop 2", "shop 3"]
    assert reasons["note/null_share"].startswith("2.00% of 3,000 rows lack it")
    assert said["note/null_share"].form["at_most"] == 0.028
    assert reasons["discount/in_range"] == "3,000 values from 0 to 0.9, as a share has"
    assert said["sales/sum"].form == {"sum": "sales", "within_control_limits": None}
    assert reasons["day/no_missing"] == "each of 30 days has rows"
    assert reasons["ticket/of_type"] == "each of 3,000 texts can be read as uuid"
    assert "code/unique" in said
    assert said["day/fresh"].form["within_hours"] == 48


def test_a_key_of_two_columns_is_found_where_none_is_one_alone(suggested):
    made = suggested(
        "create table orders as select n / 3 as basket_id, n % 3 as line, n / 3 % 7 as shop"
        " from generate_series(0, 2999) n"
    )[1]
    [key] = [one for one in made if "unique" in one.form]
    assert key.form == {"unique": ["basket_id", "line"]}
    assert key.reason == (
        "no two of 3,000 rows have the same basket_id and line, where chance alone would give"
        " some 2,000"
    )


@pytest.mark.parametrize(
    "rows",
    [
        "select n as a, 'x' as b from generate_series(1, 99) n",  # too few to say anything
        "select null::int as a from generate_series(1, 500)",  # a column without values
    ],
)
def test_little_evidence_suggests_nothing_of_columns(suggested, rows):
    made = suggested(f"create table orders as {rows}")[1]
    assert [next(iter(one.form)) for one in made] == ["row_count", "same_columns"]


def test_weak_suggestions_are_left_out(suggested):
    # A value that occurs once, amounts that happen to differ, days with holes, no bound at today's
    # largest number, templates in values.
    made = suggested(
        "create table orders as select case when n = 1 then 'rare' else 'x' || n % 3 end as word,"
        " n * 1.5 as amount, current_date - n * 2 as day, '{{ x }}' || n % 2 as odd"
        " from generate_series(1, 600) n"
    )[1]
    words = {(next(iter(one.form)), str(next(iter(one.form.values())))) for one in made}
    assert not words & {
        ("in_set", "word"), ("in_set", "odd"), ("unique", "amount"), ("no_missing", "day"),
        ("fresh", "day"),
    }  # fmt: skip
    assert all("high" not in one.form for one in made if "in_range" in one.form)


@pytest.mark.parametrize("written", ["yaml", "python"])
def test_the_file_builds_and_passes_on_its_table(suggested, warehouse, tmp_path, written):
    profile, made = suggested(where="basket_id >= 0")
    text = suggested_file(profile, made, pipeline="orders_tests", written=written)
    assert all(" ".join(one.reason.split()) in text for one in made)
    folder = tmp_path / "pipelines" / "orders_tests"
    folder.mkdir(parents=True)
    folder.joinpath({"yaml": "pipeline.yaml", "python": "pipeline.py"}[written]).write_text(text)
    with importable(tmp_path):
        dags, _ = branch_dags(Branch(kitchen=NO_KITCHEN, code=tmp_path, shown=tmp_path))
    [dag] = dags.values()
    [task] = [task for task in dag.tasks if isinstance(task, DataTestsOperator)]
    assert len(task.tests) == len(made) > 20
    places = Places(warehouse_for=lambda _: warehouse, file_store_for=lambda _: None)
    said = {v.test: (str(v.outcome), v.detail) for v in run_tests(task.tests, places)}
    assert {outcome for outcome, _ in said.values()} <= {"pass", "learning"}, said


def test_both_formats_say_the_same_tests(suggested, tmp_path):
    profile, made = suggested()
    built = []
    for written, name in (("yaml", "pipeline.yaml"), ("python", "pipeline.py")):
        folder = tmp_path / written / "pipelines" / "orders_tests"
        folder.mkdir(parents=True)
        text = suggested_file(profile, made, pipeline="orders_tests", written=written)
        folder.joinpath(name).write_text(text)
        root = tmp_path / written
        with importable(root):
            dags, _ = branch_dags(Branch(kitchen=NO_KITCHEN, code=root, shown=root))
        [dag] = dags.values()
        built.append([t.tests for t in dag.tasks if isinstance(t, DataTestsOperator)])
    assert built[0] == built[1]


def test_a_table_without_rows_and_one_that_is_not_there_are_told(suggested, warehouse):
    with pytest.raises(OutsideSystemError, match="orders has no rows to learn from"):
        suggested("create table orders (a int)")
    with pytest.raises(OutsideSystemError, match="does a stage before this write the table"):
        data_testing.profile(table("redshift", "nope"), warehouse, now=datetime.now(tz=UTC))


def test_a_latest_day_of_long_ago_is_not_said_to_be_fresh():
    now = datetime(2026, 3, 1, tzinfo=UTC)
    old = now - timedelta(days=40)
    day = ColumnProfile(
        name="day", type="date", nulls=0, distinct=30, low=(old - timedelta(days=29)).timestamp(),
        high=old.timestamp(), missing_days=0,
    )  # fmt: skip
    profile = TableProfile(table=ORDERS, at=now, rows=900, columns=(day,))
    words = [next(iter(one.form)) for one in suggestions.suggest(profile)]
    assert words == ["row_count", "same_columns", "not_null", "not_in_future", "no_missing"]

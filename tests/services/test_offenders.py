"""Samples of the rows that break a test, and columns whose values nothing shows."""

from __future__ import annotations

import logging

import pytest

from airflow_dataops.domain.data_assets import table
from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.operators.data_tests import verdict_lines
from airflow_dataops.services.data_testing import Places, run_tests
from airflow_dataops.specs.pipeline_file import load_pipeline

pytestmark = [pytest.mark.airflow, pytest.mark.service]
PEOPLE = table("redshift", "people")
MASKED = table("redshift", "people", where="id < 90", masked=["email", "salary"])
SECRETS = ("ann@example.com", "bob@example.com", "1704071234", "1904091234")


@pytest.fixture
def run(warehouse, database):
    database.execute("create table shops (id int, email text)")
    database.execute("insert into shops values (1, 'shop@example.com')")
    database.execute('create table people (id int, email text, salary int, "the note" text)')
    database.execute(
        "insert into people values (1, 'ann@example.com', 1704071234, E'two\\nlines'),"
        " (2, 'bob@example.com', 1904091234, null), (99, 'eve@example.com', 1, 'elsewhere')"
    )
    places = Places(warehouse_for=lambda _: warehouse, file_store_for=lambda _: None)
    return lambda *tests: run_tests(tests, places)


def test_a_check_that_fails_shows_some_rows_after_its_verdict(run):
    [verdict] = run(PEOPLE.check('select id, "the note" from {table} where id < 3', name="none"))
    assert sorted(verdict.sample) == ["id 1, the note two lines", "id 2, the note null"]
    assert verdict.detail == "rows that break it: 2"
    assert verdict_lines([verdict])[0].endswith(f"for example: {' | '.join(verdict.sample)}")


def test_a_sample_has_no_more_rows_than_asked_and_none_where_all_is_well(run):
    several = "select id from {table}"
    one, none, passed = run(
        PEOPLE.check(several, name="a", sample=1),
        PEOPLE.check(several, name="b", sample=0),
        PEOPLE.check("select id from {table} where id > 500", name="c"),
    )
    assert [len(v.sample) for v in (one, none, passed)] == [1, 0, 0]
    with pytest.raises(ValueError, match="show 0 to 10 rows"):
        PEOPLE.check(several, name="d", sample=11)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("select * from {table} where id = 1", "id 1, email ●●●, salary ●●●, the note two lines"),
        ("select p.email as id from {table} as p where id = 1", "id ●●●"),
        ("select id, upper(email) as city from {table} where id = 1", "id 1, city ●●●"),
        ("select email as \"the note\" from (select * from {table}) as q where id = 1",
         "the note ●●●"),
        ("select t.id, s.email from {table} t join shops s using (id)", "id 1, email ●●●"),
        ("select max(salary) as id from {table} where id = 1", "id ●●●"),
        ("with x as (select email as id from {table} where id = 1) select * from x", "id ●●●"),
        (
            "select id from {table} where id = 1 union select salary from {table} limit 1",
            "id ●●●",
        ),
    ],
)  # fmt: skip
def test_a_masked_column_shows_no_value_under_any_name(run, query, shown):
    [verdict] = run(MASKED.check(query, name="none"))
    assert verdict.outcome is Outcome.FAIL
    assert list(verdict.sample) == [shown]


def test_no_verdict_of_a_masked_column_holds_a_value(run, caplog):
    caplog.set_level(logging.DEBUG)
    verdicts = run(
        MASKED.check("select email::int from {table}", name="no number"),
        MASKED.of_type("email", "number"),
        MASKED.aggregate("sum(email::int)").at_most(1),
        MASKED.unique("email"),
        MASKED.in_range("salary", 0, 10),
        MASKED.matches("email", "^x"),
        MASKED.sum("salary").at_most(1),
        MASKED.row_count(by="the note").at_least(9),
    )
    told = repr(verdicts) + caplog.text
    assert not [secret for secret in SECRETS if secret in told]
    assert {str(v.outcome) for v in verdicts} == {"fail", "pass", "error"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: MASKED.row_count(by="email"),
        lambda: MASKED.maximum("salary"),
        lambda: MASKED.minimum("salary"),
        lambda: MASKED.median("salary"),
        lambda: MASKED.quantile_shift("salary", 0.9),
        lambda: MASKED.distribution_shift("email"),
        lambda: MASKED.expect("column_max_to_be_between", column="salary", max_value=1),
    ],
)
def test_what_shows_values_by_its_nature_is_refused_where_it_is_made(make):
    with pytest.raises(ValueError, match="is masked, and "):
        make()


def test_yaml_says_the_same(tmp_path):
    folder = tmp_path / "pipelines" / "people"
    folder.mkdir(parents=True)
    folder.joinpath("pipeline.yaml").write_text(
        "tables:\n  people: {tool: redshift, masked: [email]}\n"
        "stages:\n  - stage: look\n    tests:\n"
        "      - {check: select 1, of: people, name: none, sample: 1}\n"
    )
    pipeline, _ = load_pipeline(tmp_path, "people")
    [stage] = pipeline.stages
    [test] = stage.tests
    assert (test.asset.masked, test.sample) == (("email",), 1)

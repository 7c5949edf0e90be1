"""A suite of data tests is written once: pipelines share it, and kitchens cut later reuse it."""

from __future__ import annotations

from dataclasses import replace

import pytest

PYTHON_SUITE = """
def money_tests(sales, *, rows=100):
    return [
        sales.row_count().at_least(rows),
        sales.sum("value").within_control_limits(on_violation="warn"),
        sales.in_range("value", 0, 10_000, mostly=0.999),
        sales.unique(["basket", "line"]),
        sales.expect("column_values_to_match_regex", column="code", regex="^P-"),
        sales.check("select * from {table} where cost > value", name="no cost above value"),
    ]
"""
PYTHON = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow_dataops import pipeline, stage, table
from lib.suites import money_tests

sales = table("redshift", "PIPELINE_sales", where="day = '{{ run_date }}'")


@pipeline
def PIPELINE():
    with stage("load", publish=sales) as load:
        EmptyOperator(task_id="empty")
        load.test(*money_tests(sales), sales.not_null("shop"))
"""
YAML_SUITE = """
- {row_count: null, at_least: 100}
- {sum: value, within_control_limits: null, on_violation: warn}
- {in_range: value, low: 0, high: 10000, mostly: 0.999}
- {unique: [basket, line]}
- {expect: column_values_to_match_regex, column: code, regex: ^P-}
- {check: "select * from {table} where cost > value", name: no cost above value}
"""
YAML = """
tables:
  sales: {tool: redshift, name: PIPELINE_sales, where: "day = '{{ run_date }}'"}
stages:
  - stage: load
    publish: sales
    tasks: [empty]
    tests:
      - include: lib/suites/money.yaml
      - {not_null: shop}
"""
FORMS = {
    "python": ({"lib/suites.py": PYTHON_SUITE}, "pipelines/PIPELINE/pipeline.py", PYTHON),
    "yaml": ({"lib/suites/money.yaml": YAML_SUITE}, "pipelines/PIPELINE/pipeline.yaml", YAML),
}


def declared(kitchens, kitchen, form):
    """The tests of each pipeline of a kitchen whose code is written in a form."""
    suite, path, text = FORMS[form]
    pipelines = {
        path.replace("PIPELINE", name): text.replace("PIPELINE", name) for name in ("web", "shops")
    }
    kitchens.write(kitchen, {**suite, **pipelines})
    found = kitchens.dags(kitchen)
    for dag in found.values():
        dag.validate()
    return {
        dag_id.partition(".")[2]: dag.get_task("load.data_tests").tests
        for dag_id, dag in found.items()
    }


@pytest.mark.parametrize("form", FORMS)
def test_pipelines_share_a_suite_and_other_kitchens_reuse_it(kitchens, form):
    own = declared(kitchens, "dev_kitchen", form)
    assert {name: len(tests) for name, tests in own.items()} == {"web": 7, "shops": 7}
    assert {test.asset.name for test in own["web"]} == {"web_sales"}
    assert declared(kitchens, "audit_kitchen", form) == own
    # The same tests of another table, under names of their own.
    moved = [replace(test.asset, name="shops_sales") for test in own["web"]]
    assert moved == [test.asset for test in own["shops"]]
    assert [test.rule for test in own["web"]] == [test.rule for test in own["shops"]]


def test_a_suite_says_the_same_in_yaml_and_in_python(kitchens):
    assert declared(kitchens, "dev_kitchen", "yaml") == declared(
        kitchens, "audit_kitchen", "python"
    )

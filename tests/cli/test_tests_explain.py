"""``airflow dataops tests explain``: the SQL of a branch's data tests, without a warehouse."""

from __future__ import annotations

import pytest
from airflow.cli import cli_parser

PIPELINE = """
from airflow_dataops import file, pipeline, stage, table

incoming = file("s3", key="orders.csv")
orders = table("redshift", "orders", where="day = '{{ run_date }}'")


@pipeline
def profit():
    with stage("load") as load:
        load.test(
            incoming.row_count().between(1, 10),
            orders.row_count().between(1, 10),
            orders.sum("amount").between(1, 10),
            orders.check("select * from {table} where amount < 0", name="no loss"),
        )
"""


@pytest.fixture
def explain(tmp_path, capsys):
    def run(*words, **pipelines):
        for name, text in pipelines.items():
            folder = tmp_path / "pipelines" / name
            folder.mkdir(parents=True)
            (folder / "pipeline.py").write_text(text)
        code = 0
        command = ["dataops", "tests", "explain", str(tmp_path), *words]
        try:
            arguments = cli_parser.get_parser().parse_args(command)
            arguments.func(arguments)
        except SystemExit as left:
            code = left.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_tests_of_one_slice_are_one_statement_and_templates_stand_as_they_are(explain):
    code, said, _ = explain(profit=PIPELINE)
    assert code == 0
    assert "-- profit.load.data_tests: 4 tests" in said
    assert "-- row_count of orders.csv between 1 and 10: read from the file" in said
    assert "for: row_count of orders between 1 and 10; sum(amount) of orders between" in said
    assert said.count("where (day = '{{ run_date }}')") == 2
    assert said.count(";\n") == 2


def test_what_cannot_be_built_is_said_and_the_others_are_explained(explain):
    code, said, aside = explain(profit=PIPELINE, broken="1 / 0\n")
    assert code == 0
    assert "profit.load" in said
    assert "pipelines/broken cannot be built: " in aside
    assert "ZeroDivisionError" in aside


def test_a_pipeline_that_is_not_there_is_named_with_those_that_are(explain):
    code, _, aside = explain("--pipeline", "loss", profit=PIPELINE)
    assert code != 0
    assert "no pipeline 'loss'" in aside
    assert "there are: profit" in aside

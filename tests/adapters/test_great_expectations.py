"""Expectations that only Great Expectations judges, through a task's own connection."""

from __future__ import annotations

import functools

import pytest

from airflow_dataops import task_tools
from airflow_dataops.domain.data_assets import table
from airflow_dataops.services.data_testing import Places, run_tests

pytestmark = pytest.mark.service


@pytest.mark.usefixtures("tools_as_connections")
def test_what_our_sql_does_not_say_is_judged_by_great_expectations(database, login):
    database.execute(
        "create table words as select * from (values ('{\"a\": 1}', 1), ('no', 1), (null, 2))"
        " as v (said, shop)"
    )
    words, ones = table("redshift", "words"), table("redshift", "words", where="shop = 2")
    places = Places(
        warehouse_for=task_tools.warehouse,
        file_store_for=task_tools.file_store,
        validator_for=functools.cache(task_tools.validator),
    )
    verdicts = run_tests(
        [
            words.expect("table_column_count_to_equal", value=2),
            ones.expect("column_most_common_value_to_be_in_set", column="shop", value_set=[1]),
            words.expect(
                "column_most_common_value_to_be_in_set",
                column="shop", value_set=[2], row_condition="said is null",
            ),
            words.expect("column_values_to_match_like_pattern", column="said", like_pattern="{%"),
            words.expect("column_values_to_be_lovely", column="said"),
            words.expect("column_values_to_match_like_pattern", column="colour", like_pattern="%"),
            words.expect("column_values_to_match_like_pattern", colour="said"),
            table("redshift", "nope").expect("table_columns_to_match_set", column_set=["a"]),
        ],
        places,
    )  # fmt: skip
    assert [str(verdict.outcome) for verdict in verdicts] == [
        "pass", "fail", "pass", "fail", "error", "error", "error", "error",
    ]  # fmt: skip
    assert "1 of 3 rows break it" in verdicts[3].detail
    assert "has no column_values_to_be_lovely" in verdicts[4].detail
    assert "does not take these arguments" in verdicts[6].detail
    assert not any(str(login["password"]) in verdict.detail for verdict in verdicts)

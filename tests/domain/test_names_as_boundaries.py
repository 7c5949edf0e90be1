"""No name that a person gives carries a template, a line of a log, a path or a statement."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dataops.domain import names
from airflow_dataops.errors import DataOpsError

CHECKS = {
    "kitchen": names.check_kitchen_name,
    "pipeline": names.check_pipeline_name,
    "stage": names.check_stage_name,
    "environment": names.check_environment_name,
    "tool": names.check_tool_name,
    "branch": names.check_branch_name,
}
HOSTILE = (
    "a{{ conn.redshift.password }}", "{%x%}", "a\nWARNING - forged", "a\r", "a\x1b[2J", "../up",
    "a/../b", "a'; drop table b; --", 'a"b', "$(id)", "`id`", "a;b", "--upload-pack=x", "-a", "a b",
    "", "é", "a\u202eb", "a\x00b", "%2e%2e", "a@{0}",
)  # fmt: skip
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./")


@pytest.mark.parametrize("kind", CHECKS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(kind, name):
    with pytest.raises(DataOpsError):
        CHECKS[kind](name)


@pytest.mark.parametrize("kind", CHECKS)
@settings(max_examples=60)
@given(name=st.text(min_size=1, max_size=40))
def test_what_is_accepted_is_letters_digits_and_marks_that_mean_nothing_elsewhere(kind, name):
    try:
        CHECKS[kind](name)
    except DataOpsError:
        return
    assert set(name) <= PLAIN
    assert ".." not in name
    assert not name.startswith(("-", "/", "."))

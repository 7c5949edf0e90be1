"""In which order pipelines are run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.domain.run_order import waves

NAMES = "abcdef"


def test_what_waits_comes_after_what_it_waits_for():
    assert waves("abc", {"c": {"b"}, "b": {"a"}}) == [("a",), ("b",), ("c",)]
    assert waves("abc", {"c": {"a", "elsewhere"}}) == [("a", "b"), ("c",)]


def test_those_in_a_circle_come_last_together():
    assert waves("abc", {"a": {"b"}, "b": {"a"}, "c": {"c"}}) == [("c",), ("a", "b")]


@given(
    st.sets(st.sampled_from(NAMES)),
    st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES))),
)
def test_each_is_run_once_and_none_before_what_it_needs(pipelines, needs):
    found = waves(pipelines, needs)
    assert sorted(name for wave in found for name in wave) == sorted(pipelines)
    done = set()
    for number, wave in enumerate(found):
        if number < len(found) - 1:
            assert all(set(needs.get(name, ())) & pipelines <= done | {name} for name in wave)
        done |= set(wave)

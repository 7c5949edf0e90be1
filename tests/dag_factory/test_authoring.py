"""Stages: their order, and the tests that stand between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_dataops import pipeline, stage, table
from airflow_dataops.dag_factory.authoring import collecting_stages
from airflow_dataops.errors import InvalidName, PipelineError

if TYPE_CHECKING:
    from airflow_dataops.dag_factory.authoring import Stage

ORDERS = table("redshift", "orders")
TEST = ORDERS.row_count().between(1, 10)


def before(dag, task_id):
    return set(dag.get_task(task_id).upstream_task_ids)


def test_a_stage_starts_after_the_tests_of_the_one_written_before(kitchens):
    dag = kitchens.dag("""
        @pipeline
        def profit():
            with stage("collect") as collect:
                EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
                collect.test(orders.row_count().between(1, 10))
            with stage("load"):
                EmptyOperator(task_id="c")
    """)
    assert before(dag, "collect.a") == set()
    assert before(dag, "collect.data_tests") == {"collect.b"}
    assert before(dag, "load.c") == {"collect.data_tests"}


def test_tests_wait_for_every_leaf_of_their_stage(kitchens):
    dag = kitchens.dag("""
        @pipeline
        def profit():
            with stage("collect") as collect:
                first = EmptyOperator(task_id="first")
                first >> [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]
                EmptyOperator(task_id="alone")
                collect.test(orders.row_count().between(1, 10), orders.check("…", name="c"))
                collect.test(orders.null_count("id").between(0, 0))
    """)
    assert before(dag, "collect.data_tests") == {"collect.left", "collect.right", "collect.alone"}
    assert len(dag.get_task("collect.data_tests").tests) == 3


def test_a_stage_without_tests_hands_on_to_the_next(kitchens):
    dag = kitchens.dag("""
        @pipeline
        def profit():
            with stage("collect"):
                EmptyOperator(task_id="a")
            with stage("load"):
                EmptyOperator(task_id="b")
    """)
    assert before(dag, "load.b") == {"collect.a"}
    assert {task.task_id for task in dag.tasks} == {"collect.a", "load.b"}


def test_a_stage_of_nothing_but_tests_stands_in_the_order(kitchens):
    dag = kitchens.dag("""
        @pipeline
        def profit():
            with stage("collect"):
                EmptyOperator(task_id="a")
            with stage("inspect") as inspect:
                inspect.test(orders.row_count().between(1, 10))
            with stage("load"):
                EmptyOperator(task_id="b")
    """)
    assert before(dag, "inspect.data_tests") == {"collect.a"}
    assert before(dag, "load.b") == {"inspect.data_tests"}


def test_after_says_which_stages_must_have_passed(kitchens):
    dag = kitchens.dag("""
        @pipeline
        def profit():
            with stage("one") as one:
                EmptyOperator(task_id="a")
            with stage("two", after=[]) as two:
                EmptyOperator(task_id="b")
            with stage("three", after=[one, two]):
                EmptyOperator(task_id="c")
    """)
    assert before(dag, "two.b") == set()
    assert before(dag, "three.c") == {"one.a", "two.b"}


def test_a_measure_without_a_bound_is_no_test():
    with (
        collecting_stages(),
        DAG("k.p", schedule=None),
        stage("collect") as collect,
        pytest.raises(PipelineError, match=r"'collect'.*is no data test; say what must hold"),
    ):
        collect.test(ORDERS.row_count())


def test_two_tests_of_a_stage_have_two_names():
    with (
        collecting_stages(),
        DAG("k.p", schedule=None),
        stage("collect") as collect,
        pytest.raises(PipelineError, match=r"'collect': two data tests are called 'row_count of"),
    ):
        collect.test(TEST, TEST)


def test_a_test_that_comes_too_late_is_refused_and_not_forgotten():
    with collecting_stages(), DAG("k.p", schedule=None):
        with stage("collect") as collect:
            EmptyOperator(task_id="fetch")
        with pytest.raises(PipelineError, match=r"write \.test\(…\) inside of its 'with' block"):
            collect.test(TEST)


def test_a_stage_outside_of_a_pipeline_is_refused():
    with (
        DAG("k.p", schedule=None),
        pytest.raises(PipelineError, match="outside of a function with @pipeline"),
        stage("collect"),
    ):
        EmptyOperator(task_id="a")


def test_an_error_inside_of_a_stage_is_told_as_it_is():
    with (
        collecting_stages() as stages,
        DAG("k.p", schedule=None),
        pytest.raises(ZeroDivisionError),
        stage("collect"),
    ):
        _ = 1 / 0
    assert stages == []


@pytest.mark.parametrize("name", ["Collect", "1st", "two words", "a.b", ""])
def test_stages_and_pipelines_are_named_in_snake_case(name):
    with pytest.raises(InvalidName), DAG("k.p", schedule=None):
        stage(name)


def test_a_pipeline_is_declared_with_or_without_parentheses():
    def profit() -> None: ...

    assert pipeline(profit).build is profit
    assert pipeline()(profit).name == pipeline(profit).name == "profit"


@pytest.mark.parametrize("schedule", ["0 6 * * 1", "*/5 * * * *", "0 6 1,15 * *", "@daily"])
def test_usual_schedules_are_accepted(schedule):
    @pipeline(schedule=schedule)
    def profit() -> None: ...

    assert profit.schedule == schedule


STAGES = st.integers(1, 6).flatmap(
    lambda number: st.tuples(
        *(
            st.tuples(
                st.none() | st.sets(st.integers(0, n - 1)) if n else st.none() | st.just(set()),
                st.integers(0, 3),  # tasks, one after the other
                st.booleans(),  # with data tests
            )
            for n in range(number)
        )
    )
)


@given(STAGES)
@settings(max_examples=60, deadline=None)
def test_every_stage_starts_after_the_tests_of_the_stages_before(graph):
    """The roots of a stage wait for what ends each stage before it: its tests, where it has any."""
    made: list[Stage] = []
    with collecting_stages(), DAG("k.p", schedule=None) as dag:
        for n, (after, tasks, is_tested) in enumerate(graph):
            chosen = None if after is None else [made[m] for m in sorted(after)]
            with stage(f"s{n}", after=chosen) as opened:
                # A stage without any task has nothing that could wait or be waited for.
                for task in range(max(tasks, 0 if is_tested else 1)):
                    EmptyOperator(task_id=f"t{task}")
                if is_tested:
                    opened.test(TEST)
            made.append(opened)
    dag.check_cycle()
    for n, (after, _, _) in enumerate(graph):
        direct = ({n - 1} if n else set()) if after is None else after
        for m in direct:
            ends = _ends(dag, m, is_tested=graph[m][2])
            for root in made[n].group.get_roots():
                assert ends <= set(root.upstream_task_ids)


def _ends(dag, number, *, is_tested):
    if is_tested:
        return {f"s{number}.data_tests"}
    own = {t for t in dag.task_ids if t.startswith(f"s{number}.")}
    return {t for t in own if not dag.get_task(t).downstream_task_ids & own}

"""What the templates of a kitchen's pipelines can name."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

FIELDS = """
    @pipeline(timezone={timezone!r})
    def profit():
        EmptyOperator(task_id="only")
"""


def rendered(dag, text, *, params=None, logical_date=None, run_after=None):
    """A text as a task's field renders it in a run."""
    run = SimpleNamespace(logical_date=logical_date, run_after=run_after)
    context = {"params": {"run_date": None, **(params or {})}, "dag_run": run, "dag": dag}
    return dag.get_task("only").render_template(text, context, dag.get_template_env())


@pytest.fixture
def dag(kitchens):
    return kitchens.dag(FIELDS.format(timezone="America/Chicago"))


class TestRunDate:
    LATE = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)  # 22:30 of the day before in Chicago

    def test_is_the_parameter_before_anything_else(self, dag):
        params = {"run_date": "2017-01-02"}
        text = rendered(dag, "{{ run_date }}", params=params, logical_date=self.LATE)
        assert text == "2017-01-02"

    def test_is_the_logical_date_in_the_pipelines_timezone(self, dag):
        run_after = datetime(2026, 3, 20, 12, tzinfo=UTC)
        text = rendered(dag, "{{ run_date }}", logical_date=self.LATE, run_after=run_after)
        assert text == "2026-03-02"

    def test_is_the_moment_it_was_due_where_there_is_no_logical_date(self, dag):
        assert rendered(dag, "{{ run_date }}", run_after=self.LATE) == "2026-03-02"

    @pytest.mark.parametrize(
        ("timezone", "day"), [("UTC", "2026-03-03"), ("Pacific/Auckland", "2026-03-03")]
    )
    def test_follows_the_timezone(self, kitchens, timezone, day):
        dag = kitchens.dag(FIELDS.format(timezone=timezone))
        assert rendered(dag, "{{ run_date }}", run_after=self.LATE) == day

    def test_can_be_used_like_any_variable(self, dag):
        text = "{% set day = run_date %}{{ day[:4] }}{% for _ in [1] %} {{ run_date }}{% endfor %}"
        assert rendered(dag, text, run_after=self.LATE) == "2026 2026-03-02"

    def test_is_known_inside_of_included_files_and_macros(self, kitchens):
        dag = kitchens.dag(
            FIELDS.format(timezone="UTC"),
            more={"pipelines/profit/part.sql": "day = '{{ run_date }}'"},
        )
        text = "where {% include 'part.sql' %}"
        assert rendered(dag, text, run_after=self.LATE) == "where day = '2026-03-03'"


class TestKitchen:
    def test_has_the_names_of_the_kitchen(self, dag):
        text = (
            "{{ CurrentKitchen }} {{ kitchen }} {{ kitchen.schema }} {{ kitchen.prefix }} "
            "{{ kitchen.environment }} {{ tools.s3.bucket }}"
        )
        assert rendered(dag, text) == (
            "dev_kitchen dev_kitchen dev_kitchen dev_kitchen/ development acme-development"
        )

    def test_is_not_replaced_by_a_pipelines_own_macro(self, kitchens):
        dag = kitchens.dag("""
            @pipeline(user_defined_macros={"kitchen": "mine", "twice": lambda n: 2 * n})
            def profit():
                EmptyOperator(task_id="only")
        """)
        assert rendered(dag, "{{ kitchen }} {{ twice(2) }}") == "dev_kitchen 4"

    def test_keeps_a_pipelines_own_extensions(self, kitchens):
        dag = kitchens.dag("""
            @pipeline(jinja_environment_kwargs={
                "extensions": ["jinja2.ext.do"], "variable_start_string": "[[",
                "variable_end_string": "]]",
            })
            def profit():
                EmptyOperator(task_id="only")
        """)
        run_after = datetime(2026, 3, 3, tzinfo=UTC)
        text = "{% set days = [] %}{% do days.append(run_date) %}[[ days[0] ]]"
        assert rendered(dag, text, run_after=run_after) == "2026-03-03"


class TestFiles:
    def test_beside_the_pipeline_are_found_before_the_kitchens(self, kitchens):
        dag = kitchens.dag(
            FIELDS.format(timezone="UTC"),
            more={
                "pipelines/profit/both.sql": "near",
                "both.sql": "far",
                "sql/shared.sql": "select * from {{ kitchen.schema }}.t",
            },
        )
        text = "{% include 'both.sql' %} {% include 'sql/shared.sql' %}"
        assert rendered(dag, text) == "near select * from dev_kitchen.t"

    def test_become_a_fields_text(self, kitchens):
        dag = kitchens.dag(
            """
            @pipeline
            def profit():
                BashOperator(task_id="only", bash_command="run.sh")
            """,
            more={"pipelines/profit/run.sh": "echo {{ kitchen }}"},
        )
        dag.resolve_template_files()
        text = dag.get_task("only").bash_command
        assert rendered(dag, text) == "echo dev_kitchen"

    def test_of_a_pipelines_own_place_are_searched_last(self, kitchens, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "own.sql").write_text("own")
        dag = kitchens.dag(f"""
            @pipeline(template_searchpath={str(tmp_path / "elsewhere")!r})
            def profit():
                EmptyOperator(task_id="only")
        """)
        assert rendered(dag, "{% include 'own.sql' %}") == "own"


def test_a_data_tests_texts_are_rendered_with_the_run(kitchens):
    dag = kitchens.dag("""
        @pipeline
        def profit():
            with stage("load") as load:
                EmptyOperator(task_id="only")
                load.test(orders.row_count().between(1, 10))
    """)
    tests = dag.get_task("load.data_tests")
    run = SimpleNamespace(logical_date=None, run_after=datetime(2026, 3, 3, tzinfo=UTC))
    context = {"params": {"run_date": None}, "dag_run": run, "dag": dag}
    (test,) = tests.render_template(tests.tests, context, dag.get_template_env())
    assert test.asset.where == "day = '2026-03-03'"


def test_every_try_has_a_name_of_its_own_that_docker_takes(dag):
    def name(**other):
        about = {"run_id": "manual__2026-03-03T04:30:00+00:00", "try_number": 1, **other}
        ti = SimpleNamespace(dag_id="dev_kitchen.profit", task_id="score", map_index=-1)
        ti.__dict__.update(about)
        text = "{{ try_name }}"
        return dag.get_task("only").render_template(text, {"ti": ti}, dag.get_template_env())

    names = [name(), name(try_number=2), name(map_index=0), name(run_id="other")]
    assert names[0] == name()
    assert len(set(names)) == 4
    for each in names:
        assert re.fullmatch(r"dev_kitchen\.profit\.score-[0-9a-f]{8}-[12]", each)


def test_a_container_gets_the_name_of_its_try_and_its_environments_image(kitchens):
    dag = kitchens.dag("""
        from airflow.providers.docker.operators.docker import DockerOperator

        @pipeline
        def profit():
            DockerOperator(
                task_id="score",
                docker_conn_id="docker",
                image="{{ var.value.score_image }}",
                container_name="{{ try_name }}",
            )
    """)
    score = dag.get_task("score")
    variables = SimpleNamespace(value=SimpleNamespace(score_image="registry.example/score:3"))
    ti = SimpleNamespace(
        dag_id=dag.dag_id, run_id="monday", task_id="score", map_index=-1, try_number=2
    )
    score.render_template_fields({"ti": ti, "var": variables})
    assert score.image == "registry.example/score:3"
    assert re.fullmatch(r"dev_kitchen\.profit\.score-[0-9a-f]{8}-2", score.container_name)

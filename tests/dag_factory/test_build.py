"""From a kitchen's folder to its DAGs."""

from __future__ import annotations

import os
import re
import sys

import pytest
from airflow.dag_processing.dagbag import DagBag

from airflow_dataops.dag_factory import kitchen_dags
from airflow_dataops.errors import PipelineError
from tests.dag_factory.conftest import Kitchens, pipeline_file, pipeline_text

EMPTY = """
    @pipeline
    def {name}():
        EmptyOperator(task_id="only")
"""


def plain(name):
    return {pipeline_file(name): pipeline_text(EMPTY.format(name=name))}


def test_each_pipelines_folder_becomes_a_dag_in_the_kitchens_namespace(kitchens):
    kitchens.write("dev_kitchen", plain("profit") | plain("loss") | {"README.md": "no pipeline"})
    assert list(kitchens.dags()) == ["dev_kitchen.loss", "dev_kitchen.profit"]


def test_bundles_of_one_process_keep_their_code_apart(kitchens, tmp_path):
    other = Kitchens(base=tmp_path / "another bundle")
    for bundle, task in ((kitchens, "ours"), (other, "theirs")):
        text = plain("profit")[pipeline_file("profit")].replace('task_id="', f'task_id="{task}_')
        bundle.write("dev_kitchen", {pipeline_file("profit"): text})
    for bundle, task in ((kitchens, "ours"), (other, "theirs"), (kitchens, "ours")):
        (dag,) = bundle.dags().values()
        assert {name.partition("_")[0] for name in dag.task_ids} == {task}


def test_a_kitchen_without_pipelines_has_no_dags(kitchens):
    kitchens.write("dev_kitchen", {"README.md": "nothing yet"})
    assert kitchens.dags() == {}


def test_a_dag_can_be_run_by_hand_and_starts_nothing_by_itself(kitchens):
    dag = kitchens.dag("""
        @pipeline(schedule="0 6 * * 1", timezone="America/Chicago")
        def profit():
            EmptyOperator(task_id="only")
    """)
    assert dag.schedule is None
    assert dag.is_paused_upon_creation is False
    assert dag.catchup is False
    assert str(dag.timezone) == "America/Chicago"


def test_tags_tell_kitchen_environment_and_the_inert_schedule(kitchens):
    dag = kitchens.dag("""
        @pipeline(schedule="0 6 * * 1", timezone="America/Chicago", tags=["weekly"])
        def profit():
            EmptyOperator(task_id="only")
    """)
    assert set(dag.tags) == {
        "kitchen:dev_kitchen",
        "environment:development",
        "inert schedule: 0 6 * * 1 America/Chicago",
        "weekly",
    }


def test_a_pipeline_without_a_schedule_has_no_tag_for_one(kitchens):
    dag = kitchens.dag(EMPTY.format(name="profit"))
    assert set(dag.tags) == {"kitchen:dev_kitchen", "environment:development"}


def test_tasks_belong_to_the_kitchens_owner_unless_the_pipeline_says_otherwise(kitchens):
    dag = kitchens.dag("""
        @pipeline(default_args={"retries": 2})
        def profit():
            EmptyOperator(task_id="hers")
            EmptyOperator(task_id="other", owner="chris")
    """)
    assert dag.get_task("hers").owner == "padma"
    assert dag.get_task("other").owner == "chris"
    assert dag.get_task("hers").retries == 2


def test_the_docstring_is_the_description(kitchens):
    dag = kitchens.dag('''
        @pipeline
        def profit():
            """Profit by segment."""
            EmptyOperator(task_id="only")
    ''')
    assert dag.description == "Profit by segment."


def test_run_date_is_the_first_parameter_and_a_date(kitchens):
    dag = kitchens.dag("""
        @pipeline(params={"region": "west"})
        def profit():
            EmptyOperator(task_id="only")
    """)
    assert list(dag.params) == ["run_date", "region"]
    assert dag.params.dump() == {"run_date": None, "region": "west"}
    assert dag.params.get_param("run_date").schema == {"type": ["null", "string"], "format": "date"}


def test_a_pipelines_own_run_date_stands(kitchens):
    dag = kitchens.dag("""
        @pipeline(params={"run_date": "2026-03-02"})
        def profit():
            EmptyOperator(task_id="only")
    """)
    assert dag.params.dump() == {"run_date": "2026-03-02"}


def test_parameters_are_of_one_dag_alone(kitchens):
    kitchens.write("dev_kitchen", plain("profit") | plain("loss"))
    profit, loss = kitchens.dags().values()
    profit.params["run_date"] = "2026-03-02"
    assert loss.params["run_date"] is None


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("dag_id='mine'", "named after its kitchen"),
        ("is_paused_upon_creation=True", "can always be run by hand"),
        ("disable_bundle_versioning=True", "pinned to a version"),
        ("start_date=None", "starts when it is enabled"),
        ("catchup=True", "nothing runs before"),
        ("timezone='Mars/Olympus'", "write an IANA name"),
        ("schedule=60", "write a cron expression"),
        ("schedule='@sometimes'", "no cron expression"),
        ("schedule='61 6 * * 1'", "no cron expression"),
    ],
)
def test_what_the_kitchen_decides_is_refused(kitchens, argument, reason):
    text = f"""
    @pipeline({argument})
    def profit():
        EmptyOperator(task_id="only")
    """
    kitchens.write("dev_kitchen", {pipeline_file("profit"): pipeline_text(text)})
    (stand_in,) = kitchens.dags().values()
    with pytest.raises(PipelineError, match=reason):
        stand_in.validate()


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("x = 1", "none"),
        ("@pipeline\ndef other():\n    EmptyOperator(task_id='only')", "other"),
        ("@pipeline\ndef profit(): ...\n@pipeline\ndef loss(): ...", "profit, loss"),
        ("from pipelines.loss.pipeline import loss", "none"),
    ],
)
def test_a_file_declares_the_pipeline_that_its_folder_names(kitchens, text, declared):
    files = plain("loss") | {pipeline_file("profit"): pipeline_text(text)}
    kitchens.write("dev_kitchen", files)
    dags = kitchens.dags()
    assert "dev_kitchen.loss" in dags
    with pytest.raises(PipelineError, match=rf"folder \(profit\); declared here: {declared}"):
        dags["dev_kitchen.broken_pipelines"].validate()


class TestBroken:
    BROKEN = """
        @pipeline
        def broken():
            EmptyOperator(task_id="made_before")
            raise RuntimeError("half-way")
    """

    def test_pipelines_do_no_harm_to_the_others(self, kitchens):
        kitchens.write(
            "dev_kitchen",
            plain("profit") | {pipeline_file("broken"): pipeline_text(self.BROKEN)},
        )
        assert set(kitchens.dags()) == {"dev_kitchen.profit", "dev_kitchen.broken_pipelines"}

    def test_pipelines_are_an_import_error_with_place_and_cause(self, kitchens):
        folder = kitchens.write(
            "dev_kitchen",
            plain("profit")
            | {
                pipeline_file("broken"): pipeline_text(self.BROKEN),
                pipeline_file("typo"): "def typo(:\n",
            },
        )
        bag = DagBag(str(folder / "dataops_kitchen.py"), safe_mode=False)
        assert set(bag.dags) == {"dev_kitchen.profit"}
        (error,) = bag.import_errors.values()
        assert "2 of 3 pipelines could not be built, the others are not affected" in error
        assert re.search(r'File "pipelines/broken/pipeline.py", line \d+, in broken', error)
        assert "RuntimeError: half-way" in error
        assert 'File "pipeline.py", line 1' in error
        assert "SyntaxError" in error
        assert str(folder.parent.parent) not in error

    def test_files_are_read_again_when_they_are_asked_for_again(self, kitchens):
        kitchens.write("dev_kitchen", {pipeline_file("profit"): "raise ValueError('first')"})
        for _ in range(2):
            (stand_in,) = kitchens.dags().values()
            with pytest.raises(PipelineError, match="ValueError: first"):
                stand_in.validate()

    def test_pipelines_stop_their_own_task(self, kitchens, monkeypatch):
        kitchens.write("dev_kitchen", {pipeline_file("broken"): pipeline_text(self.BROKEN)})
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "dev_kitchen.broken")
        with pytest.raises(RuntimeError, match="half-way"):
            kitchens.dags()


class TestWanted:
    def test_one_pipeline_alone_is_imported_and_built_before_a_task_starts(
        self, kitchens, monkeypatch
    ):
        kitchens.write("dev_kitchen", plain("profit") | plain("loss"))
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "dev_kitchen.profit")
        assert list(kitchens.dags()) == ["dev_kitchen.profit"]
        assert "pipelines.profit.pipeline" in sys.modules
        assert "pipelines.loss.pipeline" not in sys.modules

    def test_nothing_is_built_for_a_pipeline_that_is_gone(self, kitchens, monkeypatch):
        kitchens.write("dev_kitchen", plain("profit"))
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "dev_kitchen.gone")
        assert kitchens.dags() == {}

    def test_all_are_built_where_another_kitchens_dag_is_wanted(self, kitchens, monkeypatch):
        kitchens.write("dev_kitchen", plain("profit") | plain("loss"))
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "demo_dev.profit")
        assert len(kitchens.dags()) == 2


class TestCurrentKitchen:
    ASKS = """
        ASKED_BY_FILE = current_kitchen().name

        @pipeline
        def profit():
            kitchen = current_kitchen()
            BashOperator(task_id="tell", bash_command="echo", env={
                "file": ASKED_BY_FILE, "name": kitchen.name, "schema": kitchen.schema,
                "prefix": kitchen.prefix, "bucket": kitchen.tools["s3"]["bucket"],
                "owner": kitchen.owner, "environment": kitchen.environment, "id": kitchen.id,
            })
    """

    def test_answers_while_pipelines_are_loaded(self, kitchens):
        assert kitchens.dag(self.ASKS).get_task("tell").env == {
            "file": "dev_kitchen",
            "name": "dev_kitchen",
            "schema": "dev_kitchen",
            "prefix": "dev_kitchen/",
            "bucket": "acme-development",
            "owner": "padma",
            "environment": "development",
            "id": "id-of-dev_kitchen",
        }

    def test_each_kitchen_of_one_commit_is_told_its_own_name(self, kitchens):
        files = {pipeline_file("profit"): pipeline_text(self.ASKS)}
        for name in ("demo_dev", "dev_kitchen"):
            kitchens.write(name, files)
        told = {
            name: kitchens.dags(name)[f"{name}.profit"].get_task("tell").env
            for name in ("demo_dev", "dev_kitchen", "demo_dev")
        }
        assert {k: (env["file"], env["name"]) for k, env in told.items()} == {
            "demo_dev": ("demo_dev", "demo_dev"),
            "dev_kitchen": ("dev_kitchen", "dev_kitchen"),
        }

    def test_has_no_answer_elsewhere(self):
        from airflow_dataops import current_kitchen

        with pytest.raises(PipelineError, match="while a kitchen's pipelines are loaded"):
            current_kitchen()


class TestModules:
    """Several kitchens in one process; their modules have the same names."""

    def files(self, text):
        return {
            "shared/words.py": f"WORD = {text!r}",
            "pipelines/profit/near.py": f"WORD = {text!r}",
            pipeline_file("profit"): pipeline_text("""
                from pipelines.profit import near
                from pipelines.profit.near import WORD
                from shared.words import WORD as FAR
                from . import near as again

                @pipeline
                def profit():
                    assert near is again
                    BashOperator(task_id="say", bash_command=f"echo {near.WORD} {FAR}")
            """),
        }

    def said(self, kitchens, name):
        return kitchens.dags(name)[f"{name}.profit"].get_task("say").bash_command

    def test_of_each_kitchen_are_its_own(self, kitchens):
        for name in ("one", "two"):
            kitchens.write(name, self.files(name))
        assert [self.said(kitchens, name) for name in ("one", "two", "one")] == [
            "echo one one",
            "echo two two",
            "echo one one",
        ]

    def test_of_one_kitchen_alone_are_on_the_path(self, kitchens):
        for name in ("one", "two"):
            kitchens.write(name, self.files(name))
            kitchens.dags(name)
        of_kitchens = [place for place in sys.path if place.startswith(str(kitchens.base))]
        assert of_kitchens == [os.path.realpath(kitchens.base / "tracking/two/code")]

    def test_of_packages_are_run_in_the_usual_order(self, kitchens):
        files = plain("profit")
        files["pipelines/profit/__init__.py"] = "WORD = 'package'"
        files[pipeline_file("profit")] += "\nimport sys\nassert 'pipelines.profit' in sys.modules\n"
        kitchens.write("dev_kitchen", files)
        dag = kitchens.dags()["dev_kitchen.profit"]
        dag.validate()

    def test_may_import_each_others_pipelines(self, kitchens):
        files = plain("loss")
        files[pipeline_file("profit")] = pipeline_text("""
            from pipelines.loss.pipeline import loss

            @pipeline
            def profit():
                EmptyOperator(task_id=loss.name)
        """)
        files[pipeline_file("earlier")] = files[pipeline_file("profit")].replace(
            "def profit", "def earlier"
        )
        kitchens.write("dev_kitchen", files)
        assert sorted(kitchens.dags()) == [
            "dev_kitchen.earlier",
            "dev_kitchen.loss",
            "dev_kitchen.profit",
        ]


def test_a_kitchen_that_is_swapped_meanwhile_is_read_in_one_state(kitchens):
    folder = kitchens.write("dev_kitchen", plain("profit"))
    before = folder.resolve()
    files = plain("profit")
    files[pipeline_file("profit")] += f"""
import os
import re
os.unlink({str(folder)!r})
"""
    folder = kitchens.write("dev_kitchen", files | plain("zebra"))
    assert folder.resolve() != before
    dags = kitchen_dags(str(folder / "dataops_kitchen.py"))
    assert sorted(dags) == ["dev_kitchen.profit", "dev_kitchen.zebra"]


def test_a_dag_is_the_same_from_commit_to_commit(kitchens):
    first = kitchens.dag(EMPTY.format(name="profit"))
    second = kitchens.dag(EMPTY.format(name="profit"), more={"README.md": "another commit"})
    assert first.template_searchpath == second.template_searchpath
    assert str(kitchens.base / "tracking") in first.template_searchpath[0]


def test_the_pipelines_that_are_shown_become_dags_and_the_others_are_not_even_read(kitchens):
    files = plain("profit") | plain("loss")
    files[pipeline_file("hidden")] = "raise SystemExit('read')\n"
    kitchens.write("dev_kitchen", files, pipelines=("profit", "not_there"))
    assert sorted(kitchens.dags()) == ["dev_kitchen.profit"]


def test_a_kitchen_can_show_no_pipeline(kitchens):
    kitchens.write("dev_kitchen", plain("profit"), pipelines=())
    assert kitchens.dags() == {}


def test_a_kitchen_shows_others_once_its_settings_are_changed(kitchens):
    files = plain("profit") | plain("loss")
    folder = kitchens.write("dev_kitchen", files, pipelines=("profit",))
    before = folder.resolve()
    kitchens.write("dev_kitchen", files, pipelines=None)
    assert sorted(kitchens.dags()) == ["dev_kitchen.loss", "dev_kitchen.profit"]
    assert folder.resolve() != before

"""Ordinary DAG files of a branch become DAGs of its kitchen, unchanged."""

from __future__ import annotations

import sys
import textwrap

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.definitions._internal.contextmanager import DagContext

from airflow_dataops.domain import names

PLAIN = """
from datetime import datetime
from airflow.sdk.api.datamodels._generated import DagRunType
from airflow.sdk import DAG, Asset, AssetAlias, Label, Param, dag, get_parsing_context, task
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor
"""
OLD = """
with DAG("sales_daily", schedule="@daily", start_date=datetime(2024, 1, 1), tags=["old"]):
    EmptyOperator(task_id="only")
"""


def bag_of(kitchens, files, kitchen="dev_kitchen"):
    """What Airflow finds in a kitchen whose branch has these ordinary files."""
    written = {
        f"dags/{name}": text if text.startswith("#as is") else PLAIN + textwrap.dedent(text)
        for name, text in files.items()
    }
    folder = kitchens.write(kitchen, written)
    return DagBag(str(folder / names.LOADER_FILE), safe_mode=False, load_op_links=False)


def only(kitchens, text):
    bag = bag_of(kitchens, {"sales.py": text})
    assert bag.import_errors == {}
    (dag,) = bag.dags.values()
    return dag


def test_a_dag_gets_its_kitchens_name_and_keeps_its_own_tags(kitchens):
    dag = only(kitchens, OLD)
    assert dag.dag_id == "dev_kitchen.sales_daily"
    assert dag.dag_display_name == "dev_kitchen.sales_daily"
    assert set(dag.tags) == {
        "old",
        "kitchen:dev_kitchen",
        "environment:development",
        "inert schedule: @daily UTC",
    }


def test_a_dag_has_no_schedule_and_can_be_run_by_hand(kitchens):
    dag = only(kitchens, """
        with DAG("d", schedule="0 6 * * 1", catchup=True, start_date=datetime(2024, 1, 1),
                 is_paused_upon_creation=True, allowed_run_types=[DagRunType.SCHEDULED],
                 disable_bundle_versioning=True):
            EmptyOperator(task_id="only")
    """)  # fmt: skip
    assert dag.schedule is None
    assert not dag.timetable.can_be_scheduled
    assert (dag.catchup, dag.is_paused_upon_creation) == (False, False)
    assert dag.allowed_run_types is None
    assert dag.disable_bundle_versioning is False


FORMS = {
    "context": "with DAG('one'):\n    EmptyOperator(task_id='t')",
    "assigned": "d = DAG('one')\nEmptyOperator(task_id='t', dag=d)",
    "decorated": "@dag\ndef one():\n    EmptyOperator(task_id='t')\none()",
    "in a function": (
        "def make():\n    with DAG('one'):\n        EmptyOperator(task_id='t')\nmake()"
    ),
    "asset": "from airflow.sdk import asset\n@asset(schedule=None)\ndef one(): ...",
    "already named": "with DAG('dev_kitchen.one'):\n    EmptyOperator(task_id='t')",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_dag_is_found_once(kitchens, form):
    bag = bag_of(kitchens, {"x.py": FORMS[form]})
    assert (list(bag.dags), bag.import_errors) == (["dev_kitchen.one"], {})


def test_a_file_can_make_many_dags(kitchens):
    text = """
        for name in ("a", "b", "c"):
            with DAG(name) as made:
                EmptyOperator(task_id="t")
            globals()[name] = made
    """
    assert sorted(bag_of(kitchens, {"many.py": text}).dags) == [
        "dev_kitchen.a",
        "dev_kitchen.b",
        "dev_kitchen.c",
    ]


def test_a_dag_that_does_not_register_itself_is_left_out(kitchens):
    text = "def make():\n    with DAG('x', auto_register=False): ...\nmake()"
    assert bag_of(kitchens, {"x.py": text}).dags == {}


def test_the_file_that_a_person_wrote_is_the_dags_file(kitchens):
    dag = only(kitchens, OLD)
    assert dag.fileloc == str(kitchens.base / "tracking/dev_kitchen/code/dags/sales.py")


def test_files_lie_beside_the_file_and_are_the_same_from_commit_to_commit(kitchens):
    text = """
        from pathlib import Path
        HERE = Path(__file__).parent
        with DAG("d", template_searchpath=str(HERE / "sql")):
            BashOperator(task_id="near", bash_command="near.sh")
            BashOperator(task_id="deep", bash_command="deep.sh", cwd=str(HERE))
            BashOperator(task_id="root", bash_command="{% include 'root.txt' %}")
    """
    files = {"team/d.py": text, "team/near.sh": "#as is near", "team/sql/deep.sh": "#as is deep"}
    first = bag_of(kitchens, files).dags["dev_kitchen.d"]
    second = bag_of(kitchens, files | {"new.txt": "#as is"}).dags["dev_kitchen.d"]
    assert first.get_task("near").bash_command == "#as is near"
    assert first.get_task("deep").bash_command == "#as is deep"
    assert first.get_task("deep").cwd == second.get_task("deep").cwd
    assert first.template_searchpath == second.template_searchpath
    assert first.get_template_env().get_template("new.txt")


def test_files_import_modules_of_their_folder_and_of_the_branch(kitchens):
    files = {
        "common/words.py": "#as is\nWORD = 'near'",
        "x.py": "from common.words import WORD\nfrom dags.common.words import WORD as FAR\n"
        "with DAG('x', description=WORD + FAR): EmptyOperator(task_id='t')",
    }
    assert bag_of(kitchens, files).dags["dev_kitchen.x"].description == "nearnear"


def test_two_kitchens_in_one_process_keep_their_own_modules_and_names(kitchens):
    def said(kitchen, word):
        files = {
            "words.py": f"#as is\nWORD = {word!r}",
            "x.py": "from words import WORD\nfrom airflow_dataops import current_kitchen\n"
            "with DAG('x', description=f'{WORD} {current_kitchen()}'):\n"
            "    EmptyOperator(task_id='t', outlets=[Asset('a')])",
        }
        (dag,) = bag_of(kitchens, files, kitchen).dags.values()
        return dag.dag_id, dag.description, dag.get_task("t").outlets[0].name

    assert [said(*asked) for asked in (("one", "a"), ("two", "b"), ("one", "a"))] == [
        ("one.x", "a one", "one.a"),
        ("two.x", "b two", "two.a"),
        ("one.x", "a one", "one.a"),
    ]


def test_an_airflowignore_of_the_branch_holds(kitchens):
    files = {"old/x.py": OLD, "new.py": OLD.replace("daily", "weekly")}
    bag = bag_of(kitchens, files | {".airflowignore": "#as is\nold/"})
    assert list(bag.dags) == ["dev_kitchen.sales_weekly"]


def test_names_that_cross_dags_are_those_of_the_kitchen(kitchens):
    dag = only(kitchens, """
        with DAG("d"):
            ExternalTaskSensor(task_id="wait", external_dag_id="first", external_task_id="t")
            ExternalTaskSensor(task_id="own", external_dag_id="dev_kitchen.first")
            ExternalTaskMarker(task_id="mark", external_dag_id="last", external_task_id="t")
            TriggerDagRunOperator(task_id="start", trigger_dag_id="next")
            TriggerDagRunOperator(task_id="late", trigger_dag_id="{{ params.which }}")
            TriggerDagRunOperator.partial(task_id="each", trigger_dag_id="next").expand(
                conf=[{"n": 1}, {"n": 2}]
            )
    """)  # fmt: skip
    assert {t: dag.get_task(t).external_dag_id for t in ("wait", "own", "mark")} == {
        "wait": "dev_kitchen.first",
        "own": "dev_kitchen.first",
        "mark": "dev_kitchen.last",
    }
    assert dag.get_task("start").trigger_dag_id == "dev_kitchen.next"
    assert dag.get_task("late").trigger_dag_id == "{{ params.which }}"
    assert dag.get_task("each").partial_kwargs["trigger_dag_id"] == "dev_kitchen.next"


def test_a_dag_of_a_readable_kitchen_is_named_as_it_is(kitchens):
    kitchens.readable = ("demo_dev",)
    dag = only(kitchens, """
        with DAG("d"):
            ExternalTaskSensor(task_id="theirs", external_dag_id="demo_dev.first")
            ExternalTaskSensor(task_id="own", external_dag_id="demo_production.first")
    """)  # fmt: skip
    assert dag.get_task("theirs").external_dag_id == "demo_dev.first"
    assert dag.get_task("own").external_dag_id == "dev_kitchen.demo_production.first"


ASSETS = """
    sales = Asset("sales", uri="s3://acme/sales")
    with DAG("d", schedule=[sales]):
        latest = AssetAlias("latest")
        EmptyOperator(task_id="t", outlets=[sales, latest], inlets=Asset.ref(name="x"))
        EmptyOperator.partial(task_id="m", outlets=[sales]).expand(doc=["a", "b"])
"""


def test_assets_are_those_of_the_kitchen(kitchens):
    dag = only(kitchens, ASSETS)
    task, mapped = dag.get_task("t"), dag.get_task("m")
    assert [outlet.name for outlet in task.outlets] == ["dev_kitchen.sales", "dev_kitchen.latest"]
    assert task.outlets[0].uri == "dataops://dev_kitchen/s3%3A%2F%2Facme%2Fsales"
    assert [inlet.name for inlet in task.inlets] == ["dev_kitchen.x"]
    assert [outlet.name for outlet in mapped.outlets] == ["dev_kitchen.sales"]
    assert "inert schedule: assets" in dag.tags


def test_a_task_that_runs_keeps_the_assets_that_its_code_names(kitchens, monkeypatch):
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "dev_kitchen.d")
    assert [outlet.name for outlet in only(kitchens, ASSETS).get_task("t").outlets] == [
        "sales",
        "latest",
    ]


def test_the_kitchens_templates_are_at_hand_and_the_authors_own_stand(kitchens):
    dag = only(kitchens, """
        with DAG("d", user_defined_macros={"tools": "mine"}):
            EmptyOperator(task_id="t")
    """)  # fmt: skip
    template = dag.get_template_env().from_string("{{ kitchen.schema }} {{ tools }}")
    assert template.render(**dag.user_defined_macros) == "dev_kitchen mine"


def test_what_the_environment_decides_is_taken_from_tasks(kitchens):
    dag = only(kitchens, """
        with DAG("d", default_args={"owner": "anna"}):
            EmptyOperator(task_id="hers", executor="KubernetesExecutor", run_as_user="root")
        with dag:
            pass
    """.replace("with dag:", "with DAG('e', auto_register=False):"))  # fmt: skip
    assert dag.get_task("hers").executor is None
    assert dag.get_task("hers").run_as_user is None
    assert dag.get_task("hers").owner == "anna"
    assert only(kitchens, OLD).get_task("only").owner == "padma"


BROKEN = {
    "raises.py": "raise ValueError('half-way')",
    "leaves.py": "import sys\nsys.exit(3)",
    "inside.py": "with DAG('x'):\n    raise ValueError('inside')",
    "typo.py": "def dag(:\n",
    "twice.py": OLD,
}


class TestBrokenFiles:
    def test_do_no_harm_to_the_others_and_are_named(self, kitchens):
        bag = bag_of(kitchens, {"sales.py": OLD, **BROKEN})
        assert list(bag.dags) == ["dev_kitchen.sales_daily"]
        (error,) = bag.import_errors.values()
        assert "5 of 6 pipelines could not be built" in error
        assert 'File "dags/raises.py", line' in error
        assert "leaves.py: airflow_dataops.errors.PipelineError: it leaves the process" in error
        assert "declared in dags/sales.py and in dags/twice.py" in error
        assert str(kitchens.base) not in error

    def test_leave_no_dag_open_that_the_next_file_would_add_to(self, kitchens):
        bag_of(kitchens, BROKEN)
        assert DagContext.get_current() is None

    def test_stop_their_own_task(self, kitchens, monkeypatch):
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "dev_kitchen.x")
        (error,) = bag_of(kitchens, {"inside.py": BROKEN["inside.py"]}).import_errors.values()
        assert "ValueError: inside" in error


class TestBeforeATask:
    def test_the_file_that_names_the_dag_is_executed_alone(self, kitchens, monkeypatch):
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "dev_kitchen.sales_daily")
        bag = bag_of(kitchens, {"a.py": "raise ValueError('not asked')", "z.py": OLD})
        assert (list(bag.dags), bag.import_errors) == (["dev_kitchen.sales_daily"], {})

    def test_a_file_that_makes_only_the_wanted_dag_finds_the_id_it_knows(
        self, kitchens, monkeypatch
    ):
        text = """
            for number in range(3):
                dag_id = f"part_{number}"
                if get_parsing_context().dag_id not in (None, dag_id):
                    continue
                with DAG(dag_id):
                    EmptyOperator(task_id="t")
        """
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "dev_kitchen.part_1")
        assert list(bag_of(kitchens, {"other.py": OLD, "x.py": text}).dags) == [
            "dev_kitchen.part_1"
        ]


def test_a_pipeline_and_a_file_cannot_have_the_same_name(kitchens):
    folder = kitchens.write(
        "dev_kitchen",
        {
            "dags/x.py": PLAIN + "with DAG('profit'): EmptyOperator(task_id='t')",
            "pipelines/profit/pipeline.py": "from airflow_dataops import pipeline\n"
            "from airflow.providers.standard.operators.empty import EmptyOperator\n"
            "@pipeline\ndef profit(): EmptyOperator(task_id='t')",
        },
    )
    bag = DagBag(str(folder / names.LOADER_FILE), safe_mode=False)
    assert list(bag.dags) == ["dev_kitchen.profit"]
    assert "declared in pipelines and in dags/x.py" in str(bag.import_errors)


def test_files_that_a_kitchen_does_not_show_are_not_executed(kitchens):
    files = {"dags/hidden.py": PLAIN + "raise ValueError('read')", "dags/seen.py": PLAIN + OLD}
    for shown in (("seen",), ("dags/seen.py",)):
        folder = kitchens.write("dev_kitchen", files, pipelines=shown)
        bag = DagBag(str(folder / names.LOADER_FILE), safe_mode=False)
        assert (list(bag.dags), bag.import_errors) == (["dev_kitchen.sales_daily"], {})


def test_no_module_of_a_kitchen_stays_on_the_path(kitchens):
    bag_of(kitchens, {"x.py": OLD}, "one")
    bag_of(kitchens, {"x.py": OLD + "\n# other"}, "two")
    code = (kitchens.base / "tracking/two/code").resolve()
    assert [p for p in sys.path if p.startswith(str(kitchens.base / "store"))] == [
        str(code),
        str(code / "dags"),
    ]


@pytest.mark.parametrize(
    ("folder", "file"), [(".", "sales.py"), (".", "team/sales.py"), ("etl/dags", "etl/dags/x.py")]
)
def test_a_project_says_which_folder_has_its_dag_files(kitchens, folder, file):
    kitchens.dags_folder = folder
    files = {file: PLAIN + OLD, "pipelines/old/x.py": "raise ValueError('dag of airflow')"}
    written = kitchens.write("dev_kitchen", files | {"dags.py": "", "other/airflow.txt": "dag"})
    bag = DagBag(str(written / names.LOADER_FILE), safe_mode=False)
    assert (list(bag.dags), bag.import_errors) == (["dev_kitchen.sales_daily"], {})


def test_a_cron_timetable_is_declared_like_a_cron_expression(kitchens):
    dag = only(kitchens, """
        from airflow.sdk import CronTriggerTimetable
        with DAG("d", schedule=CronTriggerTimetable("0  6 * * 1", timezone="America/Chicago")):
            EmptyOperator(task_id="only")
    """)  # fmt: skip
    assert "inert schedule: 0 6 * * 1 America/Chicago" in dag.tags

"""What existing DAG files need before they run in a kitchen, and on which line."""

from __future__ import annotations

import textwrap

import pytest

from airflow_dataops.dag_factory.adoption import adopted_files

HEAD = """\
from airflow.sdk import DAG, Asset, BaseHook, Variable
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
"""
FIRST = len(HEAD.splitlines())
ONE = "with DAG('one'):\n    {task}"


def looked_at(tmp_path, text, *, tools=None, pools=None, more=()):
    for name, content in {"one.py": HEAD + textwrap.dedent(text), **dict(more)}.items():
        file = tmp_path / "dags" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    files = adopted_files(tmp_path / "dags", tools=tools, pools=pools)
    return next(file for file in files if file.path == "one.py")


def needs(file):
    return [(f.line - FIRST, f.text) for f in file.findings if f.needs_change]


def test_an_ordinary_file_runs_as_it_is(tmp_path):
    file = looked_at(tmp_path, ONE.format(task="EmptyOperator(task_id='t')"))
    assert file.runs_as_it_is
    assert (file.dags, file.findings) == (("one",), ())


def test_a_schedule_is_fine_and_said_to_be_inert(tmp_path):
    text = "with DAG('one', schedule='@daily'):\n    EmptyOperator(task_id='t')"
    file = looked_at(tmp_path, text)
    assert file.runs_as_it_is
    assert [(f.line - FIRST, f.text) for f in file.findings] == [
        (1, "inert schedule: @daily UTC; one that is a cron expression can be enabled in a kitchen")
    ]


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("EmptyOperator(task_id=Variable.get('name', default='x'))", "Variable.get is refused"),
        ("TriggerDagRunOperator(task_id='t', trigger_dag_id='gone')", "DAG gone is not in this"),
        ("BashOperator(task_id='t', bash_command='airflow dags list ')", "the airflow command"),
        ("BashOperator(task_id='t', bash_command='ls; airflow db x')", "the airflow command"),
        ("EmptyOperator(task_id='t', doc='/opt/airflow/dags/x.sql')", "is a path of one machine"),
        ("EmptyOperator(task_id='t') >> nothing", "NameError: name 'nothing' is not defined"),
        ("import airflow.operators.subdag", "SubDAGs are gone"),
        ("from airflow.utils.session import create_session", "do not reach Airflow's database"),
    ],
)  # fmt: skip
def test_what_does_not_work_is_said_with_its_line(tmp_path, task, said, monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_NAME", "from_environment")
    file = looked_at(tmp_path, ONE.format(task=task))
    assert [line for line, text in needs(file) if said in text] in ([2], [1]), file.findings
    assert not file.runs_as_it_is


def test_what_a_task_does_later_is_said_too(tmp_path):
    text = """
        def work(ti):
            Variable.set("last", "1")
            BaseHook.get_connection("fine")
            return ti.xcom_pull(dag_id="gone", task_ids="t")
        with DAG("one"):
            EmptyOperator(task_id="t")
    """
    assert needs(looked_at(tmp_path, text)) == [
        (3, "kitchens' tasks may not write variables; keep it in a table or an object"),
        (5, "DAG gone is not in this folder, and a kitchen reaches its own alone; bring its file"),
    ]


def test_a_dag_of_another_file_of_the_folder_is_reached(tmp_path):
    other = HEAD + "with DAG('other'):\n    EmptyOperator(task_id='t')"
    task = "TriggerDagRunOperator(task_id='t', trigger_dag_id='other')"
    assert needs(looked_at(tmp_path, ONE.format(task=task), more={"b/other.py": other})) == []


SQL = "SQLExecuteQueryOperator(task_id='t', conn_id='warehouse', sql='select 1')"


def test_a_connection_has_to_be_a_tool_of_some_environment(tmp_path):
    text = ONE.format(task=SQL)
    assert needs(looked_at(tmp_path, text, tools={"warehouse"})) == []
    assert needs(looked_at(tmp_path, text, tools={"s3", "sftp"})) == [
        (2, "no environment declares a tool warehouse; declared: s3, sftp")
    ]


POOL = "EmptyOperator(task_id='t', pool='warehouse')"


def test_a_pool_has_to_be_one_of_some_environment(tmp_path):
    text = ONE.format(task=POOL)
    assert needs(looked_at(tmp_path, text, pools={"warehouse"})) == []
    assert needs(looked_at(tmp_path, text, pools={"b", "a"})) == [
        (2, "no environment declares a pool warehouse; declared: a, b")
    ]
    unknown = looked_at(tmp_path, text)
    assert unknown.runs_as_it_is
    assert "pool warehouse has to be one that the release environment" in unknown.findings[0].text


def test_where_nobody_says_which_tools_there_are_a_connection_is_named(tmp_path):
    file = looked_at(tmp_path, ONE.format(task=SQL))
    assert file.runs_as_it_is
    assert "warehouse has to be a tool" in file.findings[0].text


def test_looking_leaves_nothing_behind(tmp_path):
    more = {"words.py": "WORD = 1", "two.py": HEAD + "import sys\nsys.exit('no')\ndag = 1"}
    looked_at(tmp_path, "from words import WORD\n" + ONE.format(task=SQL), more=more)
    assert not list(tmp_path.rglob("__pycache__"))
    from airflow.sdk.definitions._internal.contextmanager import DagContext

    assert DagContext.get_current() is None

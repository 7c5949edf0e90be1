"""``airflow dataops adopt FOLDER --check`` at the command line."""

from __future__ import annotations

import json

import pytest
from airflow.cli import cli_parser

FIT = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
with DAG("one"):
    EmptyOperator(task_id="t")
"""


@pytest.fixture
def adopt(tmp_path, capsys):
    def run(*words, files=None):
        for name, text in (files or {}).items():
            (tmp_path / name).write_text(text)
        code = 0
        try:
            arguments = cli_parser.get_parser().parse_args(["dataops", "adopt", *words])
            arguments.func(arguments)
        except SystemExit as left:
            code = left.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_files_that_run_as_they_are_leave_with_0(adopt, tmp_path):
    code, out, aside = adopt(
        str(tmp_path), "--check", "--output", "json", files={"fit.py": FIT}
    )  # fmt: skip
    assert code == 0
    assert json.loads(out) == [
        {"file": "fit.py", "dags": ["one"], "verdict": "as it is", "findings": []}
    ]
    assert aside == "1 of 1 files run as they are\n"


def test_a_file_that_needs_something_leaves_with_1_and_names_the_line(adopt, tmp_path):
    files = {"fit.py": FIT, "unfit.py": f"{FIT}    EmptyOperator(task_id='/opt/airflow/x')\n"}
    code, out, aside = adopt(str(tmp_path), "--check", "--output", "plain", files=files)
    assert code == 1
    assert "unfit.py:6 needs a change" in " ".join(out.split())
    assert aside.endswith("1 of 2 files run as they are\n")


def test_something_that_is_no_folder_is_a_wrong_command_line(adopt, tmp_path):
    code, _, aside = adopt(str(tmp_path / "gone"), "--check")
    assert code == 2
    assert "is no folder; give the one that holds your DAG files" in aside


def test_the_check_has_to_be_asked_for(adopt, tmp_path):
    code, _, aside = adopt(str(tmp_path))
    assert code == 2
    assert "required: --check" in aside

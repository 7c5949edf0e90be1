"""``airflow dataops kitchen run`` from a laptop, against a whole Airflow."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.airflow, pytest.mark.service]
PIPELINE = "pipelines/first_table/pipeline.py"


@dataclass(kw_only=True)
class Clone:
    """Somebody's clone of a kitchen's branch, on a computer with a login and nothing else."""

    folder: Path
    environ: dict

    def run(self, *words, code=0):
        command = [sys.executable, "-m", "airflow", "dataops", "kitchen", "run", *words]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def edit(self, old, new):
        file = self.folder / PIPELINE
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
        self.git("commit", "--quiet", "--all", "-m", "Edit")

    def git(self, *words):
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=self.environ, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()


@pytest.fixture(scope="module")
def clone(live_airflow, tmp_path_factory):
    home = tmp_path_factory.mktemp("laptop")
    token = live_airflow.person("chris").headers["Authorization"].removeprefix("Bearer ")
    who = {"NAME": "Chris", "EMAIL": "chris@example.com"}
    environ = {
        **{name: value for name, value in os.environ.items() if "AIRFLOW" not in name},
        **{f"GIT_{role}_{what}": who[what] for role in ("AUTHOR", "COMMITTER") for what in who},
        "AIRFLOW_HOME": str(home / "airflow"),
        "HOME": str(home),
        "DATAOPS_API_URL": live_airflow.airflow.url,
        "DATAOPS_TOKEN": token,
        "PYTHONWARNINGS": "ignore",
    }
    clone = Clone(folder=home / "clone", environ=environ)
    clone.folder.mkdir()
    clone.git("clone", "--quiet", "--branch", "demo_dev", str(live_airflow.branches.path), ".")
    return clone


def test_what_was_just_pushed_runs_and_its_end_is_the_commands(clone, live_airflow):
    clone.edit('task_id="make"', 'task_id="make_it"')
    commit = clone.git("rev-parse", "HEAD")
    done = clone.run("demo_dev", "first_table", "--push", "--date", "2026-03-02")
    lines = done.stdout.splitlines()
    assert lines[0] == f"pushed {commit[:10]} to branch demo_dev"
    run_id = lines[1].split()[1]
    assert lines[1] == f"run {run_id} of demo_dev.first_table of commit {commit[:10]}"
    assert lines[2].startswith("make_it: success")
    assert lines[3].startswith("demo_dev.first_table: success after")
    run = live_airflow.get(f"/dags/demo_dev.first_table/dagRuns/{run_id}")
    assert (run["conf"], run["triggering_user_name"]) == ({"run_date": "2026-03-02"}, "chris")


def test_a_task_that_fails_says_why_and_fails_the_command(clone):
    clone.edit("select current_user", "select no_such_column, current_user")
    done = clone.run("demo_dev", "first_table", "--push", code=1)
    assert "make_it: failed" in done.stdout
    assert "no_such_column" in done.stdout
    assert "ended as failed" in done.stderr


def test_code_that_cannot_be_read_is_told_with_its_line_and_nothing_runs(clone, live_airflow):
    count = "select count(*) from dag_run where dag_id = 'demo_dev.first_table'"
    before = live_airflow.rows(count)
    clone.edit("SQLExecuteQueryOperator(", "SQLExecuteQueryOperator((")
    done = clone.run("demo_dev", "first_table", "--push", code=1)
    assert "cannot be run as it is" in done.stderr
    assert f'File "{PIPELINE}", line' in done.stderr.replace("pipeline.py", PIPELINE)
    assert live_airflow.rows(count) == before
    clone.git("revert", "--no-edit", "HEAD", "HEAD~1")


def test_a_program_gets_the_run_as_json_and_need_not_wait(clone):
    done = clone.run("demo_dev", "first_table", "--push", "--no-follow", "--output", "json")
    (row,) = json.loads(done.stdout)
    assert row["commit"] == clone.git("rev-parse", "HEAD")
    assert (row["dag_id"], row["state"]) == ("demo_dev.first_table", "queued")


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("demo_dev", "no_such"), "is not there; the kitchen shows: .*first_table", 1),
        (("demo_dev", "first_table", "--date", "today"), "--date is 'today'; write a day", 2),
        (("dev_kitchen", "first_table", "--push"), "is on branch 'demo_dev'.*git switch dev", 2),
        (("no_kitchen", "first_table"), "no kitchen named 'no_kitchen'", 1),
        (("demo_dev", "First Table"), "'First Table'", 1),
    ],
    ids=["pipeline", "date", "branch", "kitchen", "name"],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(clone, words, said, code):
    assert re.search(said, clone.run(*words, code=code).stderr.replace("\n", " "))

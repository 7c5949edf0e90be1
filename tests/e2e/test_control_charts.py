"""A year of weekly files, and what control charts say of the weeks after it, in a whole Airflow.

The weeks before are kept as their runs would have kept them: fifty runs take minutes. What is
judged is run: a sound week, one cut off at two thirds, one of a loss that grows from week to week,
and the cut-off week again as the first run of a kitchen that was just made.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from airflow_dataops.demo.retail_data import MONDAYS, weekly_numbers
from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.results import PipelineStage, TestingRun
from airflow_dataops.registry.results import ResultTable
from tests.e2e.service import API, Service
from tests.e2e.test_persons_logins import login_of
from tests.live_airflow import PROJECT, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.service]
KITCHEN, CHILD = "charted", "charted_child"
EACH, TOGETHER = "rows of the week", "rows of late"
WEEKS = {week.monday: week.rows for week in weekly_numbers(MONDAYS[1:])}
SOUND, CUT_OFF = list(WEEKS)[-2:]
# So much more of each file is missing than of the one before, since a Monday in September.
LEAKS_SINCE, WARNED = date(2017, 9, 4), date(2017, 10, 23)
LEAKING = {
    monday: round(rows * (1 - 0.012 * max(0, (monday - LEAKS_SINCE).days // 7 + 1)))
    for monday, rows in WEEKS.items()
    if monday <= WARNED
}
FILE = PROJECT / "charted" / "pipelines" / "takings" / "pipeline.py"


def at(monday):
    return datetime.combine(monday, time(6), UTC)


class Charted:
    """The kitchen, the weeks that it has, and those that it runs."""

    def __init__(self, live, home):
        self.live = live
        self.service = Service(live=live, person=live.person("chris"))
        token = self.service.person.headers["Authorization"].removeprefix("Bearer ")
        self.environ = {
            **{name: value for name, value in os.environ.items() if "AIRFLOW" not in name},
            "AIRFLOW_HOME": str(home / "airflow"),
            "DATAOPS_API_URL": live.airflow.url,
            "DATAOPS_TOKEN": token,
            "PYTHONWARNINGS": "ignore",
        }

    def remember(self, pipeline, weeks):
        [(kitchen_id,)] = self.live.rows(
            "select id from dataops_kitchen where name = :name", name=KITCHEN
        )
        book = ResultTable(self.live.engine)
        for monday, rows in weeks.items():
            run = TestingRun(
                kitchen_id=kitchen_id, place=PipelineStage(pipeline=pipeline, stage="load"),
                run_id=f"week-{monday}", task_id="load.data_tests", map_index=-1, try_number=1,
                at=at(monday), version=None,
            )  # fmt: skip
            verdicts = [
                Verdict(
                    test=test, outcome=Outcome.PASS, measured=float(rows), detail="",
                    holds=True, numbers=(float(rows),),
                )
                for test in (EACH, TOGETHER)
            ]  # fmt: skip
            assert book.record(run, verdicts, now=at(monday) + timedelta(hours=1))

    def run(self, pipeline, monday, rows, *, kitchen=KITCHEN):
        """Run a week; what the run ended as, and what its tests said by their names."""
        dag_id, run_id = f"{kitchen}.{pipeline}", f"run-{monday}"
        body = {
            "dag_run_id": run_id,
            "logical_date": at(monday).isoformat(),
            "conf": {"rows": rows},
        }
        self.live.api("POST", f"/dags/{dag_id}/dagRuns", body).raise_for_status()
        state = self.live.ended(dag_id, run_id)
        listed = self.command("results", kitchen, "--run-id", run_id, "--pipeline", pipeline)
        return state, {one["test"]: one for one in listed}

    def published(self, pipeline, *, kitchen=KITCHEN):
        """Rows by week, as readers of the kitchen's table see them."""
        asked = self.service.person.post(f"{API}/kitchens/{kitchen}/credentials/redshift", json={})
        with psycopg.connect(**login_of(asked)) as connection:
            place = Identifier(kitchen, pipeline)
            query = SQL("select made_for, count(*) from {} group by made_for").format(place)
            return dict(connection.execute(query).fetchall())

    def told(self, run_id):
        """What people read in Slack of a run, with the pictures below it."""
        url = self.live.stack.addresses.slack_url
        channels = httpx.get(f"{url}/double/messages").raise_for_status().json()
        files = httpx.get(f"{url}/double/files").raise_for_status().json()
        return [
            SimpleNamespace(
                channel=channel,
                text=json.dumps(message, ensure_ascii=False),
                pictures=[f for f in files.values() if f.get("thread_ts") == message["ts"]],
            )
            for channel, messages in channels.items()
            for message in messages
            if f"run {run_id} " in str(message["blocks"])
        ]

    def command(self, *words, is_json=True):
        """What ``airflow dataops tests …`` prints on Chris' laptop."""
        form = ["--output", "json"] if is_json else []
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "dataops", "tests", *words, *form],
            env=self.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if is_json else done.stdout


@pytest.fixture(scope="module")
def charted(live_airflow, tmp_path_factory):
    live, home = live_airflow, tmp_path_factory.mktemp("charted")
    charted = Charted(live, home)
    charted.service.done(charted.service.create(KITCHEN))
    for name in ("takings", "leaking"):
        folder = home / "branch" / "pipelines" / name
        folder.mkdir(parents=True)
        (folder / "pipeline.py").write_text(FILE.read_text().replace("takings", name))
    shutil.copytree(FILE.parents[1] / "dawdling", home / "branch" / "pipelines" / "dawdling")
    live.branches.push(KITCHEN, home / "branch")
    live.refresh(KITCHEN)
    eventually("its DAGs are there", lambda: live.has_dag(f"{KITCHEN}.leaking"))
    charted.branch = home / "branch"
    charted.remember("takings", {m: rows for m, rows in WEEKS.items() if m < SOUND})
    charted.remember("leaking", {m: rows for m, rows in LEAKING.items() if m < WARNED})
    return charted


def test_a_sound_week_is_published_and_a_cut_off_one_is_stopped_before_that(charted):
    state, said = charted.run("takings", SOUND, WEEKS[SOUND])
    assert state == "success"
    assert {one["outcome"] for one in said.values()} == {"pass"}
    state, said = charted.run("takings", CUT_OFF, WEEKS[CUT_OFF] * 2 // 3)
    assert state == "failed"
    assert said[EACH]["outcome"] == "fail"
    assert charted.published("takings") == {SOUND: WEEKS[SOUND]}
    message = eventually("it is told", lambda: charted.told(f"run-{CUT_OFF}"))[0]
    assert message.channel == "development"
    assert EACH in message.text
    assert "beyond the limits" in message.text
    [picture, *_] = eventually("with its picture", lambda: told_picture(charted, CUT_OFF))
    assert EACH in picture["alt"] + picture["title"]


def told_picture(charted, monday):
    return [one for message in charted.told(f"run-{monday}") for one in message.pictures]


def test_a_loss_that_grows_slowly_is_a_warning_and_the_week_is_published(charted):
    state, said = charted.run("leaking", WARNED, LEAKING[WARNED])
    assert state == "success"
    assert {test: one["outcome"] for test, one in said.items()} == {EACH: "pass", TOGETHER: "warn"}
    assert charted.published("leaking") == {WARNED: LEAKING[WARNED]}
    message = eventually("it is told", lambda: charted.told(f"run-{WARNED}"))[0]
    assert "the weighted mean of the last" in message.text


def test_the_first_run_of_a_new_kitchen_is_judged_by_its_parents_weeks(charted):
    charted.service.done(charted.service.create(CHILD, parent=KITCHEN))
    eventually("its DAGs are there", lambda: charted.live.has_dag(f"{CHILD}.takings"))
    state, said = charted.run("takings", CUT_OFF, WEEKS[CUT_OFF] * 2 // 3, kitchen=CHILD)
    assert (state, said[EACH]["outcome"]) == ("failed", "fail")
    assert f"of {KITCHEN}" in said[EACH]["baseline"]


def test_what_people_say_of_a_chart_is_said_by_commands_and_counts_for_the_next_run(charted):
    place = (KITCHEN, "takings", "load")
    drawn = charted.command("chart", *place, EACH, is_json=False)
    assert str(CUT_OFF) in drawn
    before = charted.command("history", *place, EACH)
    since, until = f"{LEAKS_SINCE}", f"{LEAKS_SINCE + timedelta(days=8)}"
    reason = "the partner was on strike"
    charted.command("incident", *place, "--since", since, "--until", until, "--reason", reason,
                    is_json=False)  # fmt: skip
    after = charted.command("history", *place, EACH)
    assert len(after) == len(before)
    assert len([one for one in after if one != before[after.index(one)]]) == 2
    charted.command("rebaseline", *place, "--since", str(SOUND), "--reason", "a new partner",
                    is_json=False)  # fmt: skip
    assert len(charted.command("history", *place, EACH)) < len(before)


def test_the_sql_of_its_tests_and_tests_that_its_table_speaks_for_are_printed(charted):
    asked = charted.command("explain", str(charted.branch), "--pipeline", "takings", is_json=False)
    assert "count(*)" in asked.lower()
    suggested = charted.command("suggest", KITCHEN, "leaking", is_json=False)
    assert "{row_count: leaking, within_control_limits: null}" in suggested


def test_a_scan_ends_with_its_task(charted):
    live, dag_id = charted.live, f"{KITCHEN}.dawdling"
    database = live.stack.addresses.environments["development"].warehouse_database

    def sessions():
        found = live.rows("select pid from pg_stat_activity where datname = :it", it=database)
        return {pid for (pid,) in found}

    before = sessions()
    live.trigger(dag_id, "slow")
    live.running_task(dag_id, "slow", "load.data_tests")
    scanning = eventually("it scans", lambda: sessions() - before)
    live.api(
        "PATCH", f"/dags/{dag_id}/dagRuns/slow/taskInstances/load.data_tests",
        {"new_state": "failed"},
    ).raise_for_status()  # fmt: skip
    assert live.ended(dag_id, "slow") == "failed"
    eventually("its scan has ended", lambda: not sessions() & scanning)
    said = charted.command("results", KITCHEN, "--run-id", "slow")
    assert {one["outcome"] for one in said} <= {"error"}

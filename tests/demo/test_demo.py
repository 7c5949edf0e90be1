"""The demo as a newcomer runs it, and the tutorial that goes on from there, word for word."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.airflow, pytest.mark.service]

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "first-kitchen.md"
STAYS = "Ctrl-C stops the demo"
LONGEST_SECONDS = 720
WEEKS = "2017-01-09, 2017-01-16"


@dataclass(slots=True)
class RunningDemo:
    """A demo in a folder of its own, and what it has said so far."""

    folder: Path
    process: subprocess.Popen[str]
    started: float
    lines: list[tuple[float, str]] = field(default_factory=list)

    def read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                self.lines.append((time.monotonic() - self.started, line.rstrip()))

    @property
    def text(self) -> str:
        return "\n".join(line for _, line in self.lines)

    def second_of(self, words: str) -> float:
        """When it said this, in seconds after its start."""
        return next(second for second, line in self.lines if words in line)

    def wait_for(self, words: str) -> None:
        while words not in self.text:
            assert self.process.poll() is None, f"the demo ended early:\n{self.text}"
            waited = time.monotonic() - self.started
            assert waited < LONGEST_SECONDS, f"no {words!r} yet:\n{self.text}"
            time.sleep(0.2)


def start(folder: Path, *arguments: str) -> RunningDemo:
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow_dataops.demo", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")},
    )  # fmt: skip
    demo = RunningDemo(folder, process, time.monotonic())
    Thread(target=demo.read, daemon=True).start()
    return demo


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    from tests.stack_fixtures import temporary_home

    for home in temporary_home():
        (home / ".venv").symlink_to(sys.prefix)
        yield home


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[RunningDemo]:
    # The least that tells the whole story: a newcomer's demo runs six weeks.
    running = start(folder, "--weeks", "2")
    try:
        running.wait_for(STAYS)
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGINT)
        running.process.wait(60)


def test_the_demo_shows_what_it_does_at_once(demo: RunningDemo) -> None:
    assert demo.lines[0][0] < 5, demo.lines[0]


def test_each_kitchen_worked_under_a_login_of_its_own_environments_vault(
    demo: RunningDemo,
) -> None:
    production, development = demo.text.split("dev_kitchen.profitability, weeks")

    assert re.search(r"vault +mount 'production'\n.*login +etl_production\n", production)
    assert re.search(r"vault +mount 'development'\n.*login +kitchen_dev_kitchen\n", development)


@pytest.mark.parametrize("kitchen", ["demo_production", "dev_kitchen"])
def test_each_kitchen_ran_the_weeks_of_the_same_code(demo: RunningDemo, kitchen: str) -> None:
    assert f"{kitchen}.profitability, weeks {WEEKS}\n" in demo.text
    blobs = re.findall(r"pipelines/profitability/pipeline.py is git blob (\w{40})", demo.text)
    assert len(blobs) == 2
    assert len(set(blobs)) == 1


@pytest.mark.parametrize(
    ("kitchen", "channel"), [("demo_production", "production"), ("dev_kitchen", "dev-kitchen")]
)
def test_a_corrupted_week_is_stopped_told_and_changes_nothing(
    demo: RunningDemo, kitchen: str, channel: str
) -> None:
    after = demo.text.partition(f"{kitchen}.profitability was stopped at load.data_tests\n")[2]
    *tables, slack = [line.partition("] ")[2].strip() for line in after.splitlines()[:4]]

    shown = [re.fullmatch(r"(\w+) +([0-9a-f]{32}) -> \2  as it was", line) for line in tables]
    assert [m and m[1] for m in shown] == ["transactions", "households", "segment_profit"]
    assert re.fullmatch(rf"Slack #{channel}: .*{kitchen}\.profitability.*", slack)


def test_extracts_arrive_in_both_formats_in_each_environments_own_place(
    demo: RunningDemo,
) -> None:
    found = re.findall(r"(s(?:ftp|3)://\S+)  (\d+) rows: week, segment, households", demo.text)

    assert {place: int(rows) > 10 for place, rows in found} == {
        "sftp://partner_production@/kitchens/demo_production/segment_profit.xlsx": True,
        "s3://acme-production/demo_production/extracts/segment_profit.parquet": True,
        "sftp://partner_development@/kitchens/dev_kitchen/segment_profit.xlsx": True,
        "s3://acme-development/dev_kitchen/extracts/segment_profit.parquet": True,
    }


def test_an_ordinary_dag_files_python_wrote_into_the_kitchen(demo: RunningDemo) -> None:
    assert re.search(r"dev_kitchen.households_known, written by .*: [1-9]\d*, ", demo.text)


def test_a_conflict_is_decided_tested_and_merged_up_to_production(demo: RunningDemo) -> None:
    said = demo.text.partition("Chris and Padma change one line of ")[2]
    steps = [
        r"padma\$ airflow dataops merge down dev_kitchen\n",
        r"edit/edit +pipelines/segment_report/segment_profit.sql, 1 region\n",
        r"merged demo_dev into dev_kitchen, commit \w{40}\n",
        r"the merge of dev_kitchen up into demo_dev is not ready: segment_report: never tested",
        r"segment_report: green, 3 pass\n",
        r"merged dev_kitchen into demo_dev, commit \w{40}\n",
        r"eric\$ airflow dataops merge up demo_dev ",
        r"merged demo_dev into demo_production, commit \w{40}\n",
    ]
    assert re.search(".*".join(steps), said, re.DOTALL), said


def test_a_ticket_followed_its_work_from_person_to_person(demo: RunningDemo) -> None:
    assert "padma$ airflow dataops kitchen hand-off dev_kitchen --to chris" in demo.text
    assert "ticket DATA-117 is Done, and eric's" in demo.text
    jira = re.search(r"Jira +(http\S+)", demo.text.rpartition("Airflow   ")[2])
    assert jira, demo.text
    told = httpx.get(f"{jira[1]}/double/tickets").json()
    assert told["tickets"]["DATA-117"] == ["Done", "eric"]
    [note] = told["comments"]["DATA-117"]
    assert note.startswith("padma to chris: both columns are in")


def test_eric_looked_enabled_took_back_and_brought_again_with_evidence(
    demo: RunningDemo, folder: Path
) -> None:
    steps = [
        r"eric\$ airflow dataops release show production\n",
        r"waits for merge up by eric",
        r"eric\$ airflow dataops kitchen run demo_production segment_report",
        r"pass +row_count of segment_profit",
        r"eric\$ airflow dataops schedule enable demo_production segment_report",
        r"schedule of segment_report: 0 7 \* \* 1 America/Chicago -> none\n",
        r"took it back, commit \w{40}\n",
        r"schedule of segment_report: none -> 0 7 \* \* 1 America/Chicago, as eric enabled it",
        r"scheduled +\| demo_production \| eric",
    ]
    assert re.search(".*".join(steps), demo.text, re.DOTALL), demo.text
    evidence = (folder / ".demo" / "promotion.html").read_text()
    assert "tested in dev_kitchen on exactly these files" in evidence


def test_chris_prepared_a_schedule_and_eric_enabled_one(demo: RunningDemo) -> None:
    assert "chris$ airflow dataops schedule set demo_dev profitability" in demo.text
    assert "eric$ airflow dataops schedule enable demo_production segment_report" in demo.text
    said = demo.text.rpartition("schedules:\n")[2]
    assert re.search(r"demo_dev.profitability +30 6 \* \* 1 America/Chicago: inert\n", said)
    assert re.search(r"demo_production.segment_report .*: enabled, by eric\n", said)
    assert said.count(": enabled") == 1


def test_without_a_docker_engine_the_demo_says_so_and_goes_on(demo: RunningDemo) -> None:
    ran = "dev_kitchen.forecast for 2017-01-16: predict.publish success" in demo.text
    assert ran != ("NO CONTAINER: " in demo.text)


def test_airflow_is_where_the_demo_says_with_the_password_it_says(demo: RunningDemo) -> None:
    url, user, password = airflow_login(demo)

    answer = httpx.post(f"{url}/auth/token", json={"username": user, "password": password})

    assert answer.status_code == 201


def test_the_tutorial_can_be_followed_word_for_word(demo: RunningDemo) -> None:
    before, delete = (console_lines(text) for text in TUTORIAL.read_text().split("## Delete it"))
    assert before.pop(0) == "make demo"

    shell(demo.folder, before)

    assert wait_for_run(demo, "my_kitchen.profitability", "first") == "success"
    assert "2" in segments_of(demo, "my_kitchen"), "households are segmented by size now"
    listed = shell(demo.folder, [before[0], *delete])
    assert "schema:redshift my_kitchen: gone with all it held" in listed
    assert "my_kitchen" not in listed.rpartition("your_role")[2]
    assert segments_of(demo, "dev_kitchen"), "the kitchen beside it is untouched"


def test_ctrl_c_stops_the_demo_and_a_second_start_goes_on_from_there(
    demo: RunningDemo, folder: Path
) -> None:
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(60) == 0, demo.text
    assert not list((folder / ".demo" / "run").glob("*.pid"))

    again = start(folder, "--once", "--weeks", "2")
    assert again.process.wait(LONGEST_SECONDS) == 0, again.text

    # On a quiet machine it takes half a minute (benchmarks/demo.py measures that).
    assert again.second_of("Airflow serves at") < 150
    assert again.text.count(WEEKS) == 2
    assert "kitchen create" not in again.text
    assert "schedule set" not in again.text
    assert "merge up" not in again.text
    assert "collect.data_tests success" not in again.text, "nothing is told, or run, twice"


def console_lines(page: str) -> list[str]:
    blocks = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def shell(folder: Path, lines: list[str]) -> str:
    script = "\n".join(["set -euo pipefail", *lines])
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "XDG_CONFIG_HOME": str(folder / "config")},
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def airflow_login(demo: RunningDemo) -> tuple[str, str, str]:
    found = re.search(r"Airflow +(http\S+) +user (\S+) +password (\S+)", demo.text)
    assert found, demo.text
    return found[1], found[2], found[3]


def wait_for_run(demo: RunningDemo, dag_id: str, run_id: str) -> str:
    url, user, password = airflow_login(demo)
    with httpx.Client(base_url=url) as client:
        login = client.post("/auth/token", json={"username": user, "password": password}).json()
        client.headers["Authorization"] = f"Bearer {login['access_token']}"
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            run = client.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}").json()
            if run["state"] in {"success", "failed"}:
                return str(run["state"])
            time.sleep(1)
    pytest.fail(f"{dag_id} did not finish within 180 seconds; it is {run['state']}")


def segments_of(demo: RunningDemo, kitchen: str) -> set[str]:
    home = demo.folder / ".demo"
    ports = re.search(r'"postgres": (\d+)', (home / "ports.json").read_text())
    assert ports
    with psycopg.connect(
        host="127.0.0.1", port=int(ports[1]), dbname="warehouse_development",
        user="postgres", password=(home / "secrets/postgres_superuser").read_text(),
    ) as connection:  # fmt: skip
        table = sql.Identifier(kitchen, "segment_profit")
        rows = connection.execute(sql.SQL("select segment from {}").format(table))
        return {segment for (segment,) in rows}

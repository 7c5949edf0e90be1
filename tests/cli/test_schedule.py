"""``airflow dataops schedule …`` from a laptop, through the real REST API on real tables."""

from __future__ import annotations

import pytest

from tests.cli.service import *  # noqa: F403 - fixtures
from tests.web.test_schedules import PYTHON, declare

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
PROFIT = ("demo_production", "profit")


@pytest.fixture
def eric(laptop, retail_service):
    """Eric's laptop; production lists him, and Airflow has read one of its pipelines."""
    declare(retail_service.site, "demo_production.profit")
    retail_service.log_in(laptop, "eric")
    return laptop


@pytest.fixture
def padma(laptop, retail_service):
    """Padma's laptop, and a pipeline on the branch of her kitchen."""
    retail_service.site.origins["retail"].commit(
        {"pipelines/profit/pipeline.py": PYTHON}, branch="dev_kitchen", source="main"
    )
    retail_service.log_in(laptop, "padma")
    return laptop


def cells(text):
    rows = [line.split("|") for line in text.splitlines() if "|" in line]
    return [[cell.strip() for cell in row] for row in rows]


def test_a_schedule_is_enabled_seen_and_disabled(eric):
    enabled = eric.dataops("schedule", "enable", *PROFIT, "--reason", "DATA-117")
    assert enabled.code == 0, enabled.stderr
    header, row = cells(enabled.stdout)
    assert header == [
        "kitchen", "pipeline", "declared", "state", "next_run", "enabled", "enabled_at",
    ]  # fmt: skip
    assert row[:4] == [*PROFIT, "0 6 * * 1 America/Chicago", "enabled"]
    assert row[4].endswith(":00:00 UTC")
    assert row[5] == "0 6 * * 1 America/Chicago by eric"
    [listed] = eric.dataops("schedule", "list", "demo_production", "-o", "json").rows
    assert (listed["state"], listed["enabled_by"]) == ("enabled", "eric")
    assert eric.dataops("schedule", "list", "-o", "json").rows == [listed]
    disabled = eric.dataops("schedule", "disable", *PROFIT)
    assert (disabled.code, disabled.stdout) == (0, "demo_production.profit runs by hand alone\n")
    [listed] = eric.dataops("schedule", "list", "-o", "json").rows
    assert (listed["state"], listed["next_run_at"]) == ("inert", None)


def test_what_one_expects_is_held_against_the_code(eric):
    refused = eric.dataops("schedule", "enable", *PROFIT, "--schedule", "0 7 * * 1")
    assert refused.code == 1
    assert (
        "cannot be enabled as '0 7 * * 1 UTC': the code that Airflow has read says" in refused.said
    )
    expected = ("--schedule", "0 6 * * 1", "--timezone", "America/Chicago")
    assert eric.dataops("schedule", "enable", *PROFIT, *expected).code == 0


def test_who_is_not_listed_is_told_who_is(padma, retail_service):
    declare(retail_service.site, "demo_production.profit")
    refused = padma.dataops("schedule", "enable", *PROFIT)
    assert refused.code == 1
    assert refused.said == (
        "error: padma may not enable the schedule of demo_production.profit: "
        "schedules_enabled_by of environment 'production' lists eric"
    )


def test_a_schedule_is_written_into_the_code(padma, retail_service):
    origin = retail_service.site.origins["retail"]
    zone = ("--timezone", "America/Chicago")
    place = ("dev_kitchen", "profit")
    done = padma.dataops("schedule", "set", *place, "0 6 * * 1", *zone, "--reason", "DATA-117")
    assert done.code == 0, done.stderr
    commit = origin.bare("rev-parse", "dev_kitchen")
    path = "pipelines/profit/pipeline.py"
    assert done.stdout == f"wrote {path} on branch dev_kitchen, commit {commit}\n"
    assert 'schedule="0 6 * * 1"' in origin.bare("show", f"dev_kitchen:{path}")
    assert origin.bare("log", "-1", "--format=%an", "dev_kitchen") == "padma"
    [again] = padma.dataops("schedule", "set", *place, "0 6 * * 1", "-o", "json").rows
    assert (again["commit"], again["is_new"]) == (commit, "False")
    gone = padma.dataops("schedule", "set", *place, "--none")
    assert gone.code == 0, gone.stderr
    assert "schedule=None" in origin.bare("show", f"dev_kitchen:{path}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "dev_kitchen", "profit"), "give a cron expression such as '0 6 * * 1', or --none"),
        (("set", "dev_kitchen", "profit", "@daily", "--none"), "give a cron expression"),
        (("enable", "dev_kitchen", "profit", "--timezone", "UTC"), "--timezone says in which"),
    ],
)
def test_a_command_that_cannot_be_meant_so_asks_nobody(padma, words, said):
    outcome = padma.dataops("schedule", *words)
    assert outcome.code == 2
    assert said in outcome.stderr

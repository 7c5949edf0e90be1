"""``airflow dataops kitchen …`` from a laptop, through the real REST API on real tables."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import pytest

from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.audit import whole_trail
from airflow_dataops.cli.login_file import Login
from tests.cli.service import *  # noqa: F403 - fixtures

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


@pytest.fixture
def padma(laptop, retail_service):
    """Padma's laptop; she is head of dev_kitchen and a cook in demo_dev."""
    retail_service.log_in(laptop, "padma")
    return laptop


@pytest.fixture
def lab(laptop, service):
    """Chris's laptop; he owns the lab, whose kitchens have a schema that workers make."""
    service.site.origins["retail"].commit({"README.md": "lab"}, branch="demo_lab")
    service.log_in(laptop, "chris")
    made = laptop.dataops("kitchen", "create", "demo_lab")
    assert made.code == 0, made.stderr
    return laptop


def test_the_tree_is_drawn_below_its_project(padma):
    listed = padma.dataops("kitchen", "list")
    assert listed.code == 0, listed.stderr
    lines = [line.split("|")[0].rstrip() for line in listed.stdout.splitlines()]
    assert [line for line in lines if line and "=" not in line] == [
        "kitchen",
        "retail",
        "└─ demo_production",
        "   └─ demo_dev",
        "      └─ dev_kitchen",
    ]
    row = next(line for line in listed.stdout.splitlines() if "dev_kitchen" in line)
    assert [cell.strip() for cell in row.split("|")[1:]] == [
        "development", "dev_kitchen", "ready", "padma", "head", "", "",
    ]  # fmt: skip


def test_the_tree_is_typed_where_the_output_has_no_box_drawing(padma):
    listed = padma.dataops("kitchen", "list", encoding="ascii")
    assert "`- demo_production" in listed.stdout
    assert "?" not in listed.stdout


@pytest.mark.parametrize("output", ["json", "yaml", "plain"])
def test_programs_get_flat_rows_with_each_ones_parent(padma, output):
    listed = padma.dataops("kitchen", "list", "-o", output)
    assert listed.code == 0, listed.stderr
    if output == "json":
        assert [(row["kitchen"], row["parent"]) for row in listed.rows] == [
            ("demo_dev", "demo_production"),
            ("demo_production", None),
            ("dev_kitchen", "demo_dev"),
        ]
    else:
        assert "─" not in listed.stdout
        assert "demo_production" in listed.stdout


def test_a_kitchen_is_created_with_all_that_is_asked_for_shown_and_deleted(padma, retail_service):
    made = padma.dataops(
        *("kitchen", "create", "quick_look", "--from", "demo_dev", "--for", "14d", "--private"),
        *("--ticket", "DATA-117", "--slack-channel", "#quick", "--pipelines", "profit, other"),
        *("--staff", "carl:cook", "--staff", "role:analysts:guest", "--reason", "a [/b] look"),
    )
    assert made.code == 0, made.stderr
    *steps, ready = made.stdout.splitlines()
    assert steps[0] == "branch quick_look: cut from demo_dev"
    assert ready.startswith("kitchen quick_look is ready in development, after ")
    assert "quick_look" in retail_service.site.origins["retail"].branches()

    (shown,) = padma.dataops("kitchen", "show", "quick_look", "-o", "json").rows
    assert shown["parent"] == "demo_dev"
    assert (shown["ticket"], shown["slack_channel"]) == ("DATA-117", "#quick")
    assert (shown["shared"], shown["pipelines"]) == ("False", ["profit", "other"])
    assert {member["who"]: member["role"] for member in shown["staff"]} == {
        "carl": "cook",
        "padma": "head",
        "role:analysts": "guest",
    }
    assert shown["operation"]["progress"] == "done"
    for_people = padma.dataops("kitchen", "show", "quick_look").stdout
    assert "a [/b] look" in for_people
    assert "its staff" in for_people

    gone = padma.dataops("kitchen", "delete", "quick_look")
    assert gone.code == 0, gone.stderr
    assert "inventory of kitchen quick_look:" in gone.stdout
    row = next(
        line for line in gone.stdout.splitlines() if line.startswith("branch") and "|" in line
    )
    assert [cell.strip() for cell in row.split("|")][:3] == ["branch", "quick_look", "yes"]
    assert "gone; its last commit was" in row
    assert "quick_look" not in retail_service.site.origins["retail"].branches()
    assert padma.dataops("kitchen", "show", "quick_look").said == (
        "error: no kitchen named 'quick_look'"
    )


def test_workers_steps_are_followed_to_their_end(lab):
    made = lab.dataops("kitchen", "create", "bench", "--from", "demo_lab")
    assert made.code == 0, made.stderr
    steps = made.stdout.splitlines()
    assert "schema:redshift bench: schema is seen to" in steps
    assert steps[-1].startswith("kitchen bench is ready in lab")
    gone = lab.dataops("kitchen", "delete", "bench", "-o", "json")
    assert gone.code == 0, gone.stderr
    (operation,) = gone.rows
    assert {step["part"] for step in operation["steps"]} >= {"branch", "schema:redshift"}
    assert {step["progress"] for step in operation["steps"]} == {"done"}
    assert "schema:redshift bench: schema is seen to" in gone.stderr


def test_a_failed_attempt_is_told_and_resumed_once(lab, service):
    service.labourer.failures = ["redshift refuses: disk full"]
    made = lab.dataops("kitchen", "create", "bench", "--from", "demo_lab")
    assert made.code == 0, made.stderr
    assert "redshift refuses: disk full; trying again" in made.stdout.splitlines()
    (operation,) = lab.dataops("kitchen", "show", "bench", "-o", "json").rows
    assert operation["operation"]["attempt"] == "2"


def test_what_fails_twice_is_left_with_what_to_do_and_goes_on_when_asked_again(lab, service):
    service.labourer.failures = ["disk full", "disk still full"]
    made = lab.dataops("kitchen", "create", "bench", "--from", "demo_lab")
    assert made.code == 1
    assert "error: create kitchen bench: disk still full" in made.said
    assert "the same command again goes on from there" in made.said
    again = lab.dataops("kitchen", "create", "bench", "--from", "demo_lab")
    assert (again.code, again.stdout.splitlines()[-1][:22]) == (0, "kitchen bench is ready")


def test_no_wait_returns_while_the_work_is_under_way(lab, service):
    service.labourer.is_away = True
    begun = lab.dataops(
        "kitchen", "create", "bench", "--from", "demo_lab", "--no-wait", "-o", "json"
    )
    assert begun.code == 0, begun.stderr
    (operation,) = begun.rows
    assert operation["progress"] == "running"
    assert f"airflow dataops operation show {operation['id']}" in begun.said
    (shown,) = lab.dataops("operation", "show", operation["id"], "-o", "json").rows
    assert shown["kitchen"] == "bench"
    assert "schema:redshift" in lab.dataops("operation", "show", operation["id"]).stdout


def test_ctrl_c_stops_watching_and_says_that_the_work_goes_on(lab, service):
    service.labourer.is_away = True
    words = ("kitchen", "create", "bench", "--from", "demo_lab")
    with lab.at_terminal(*words) as (terminal, number):
        terminal.wait_for(" done, ")
        terminal.type("\x03")
        stopped = lab.finish(number)
        assert stopped.code == 130
    assert "stopped watching; the work goes on. Look with `airflow dataops operation show" in (
        terminal.plain
    )
    assert "Traceback" not in terminal.plain
    with lab.at_terminal(*words) as (terminal, number):
        terminal.wait_for(" done, ")
        service.labourer.is_away = False
        assert lab.finish(number).code == 0
    assert "kitchen bench is ready in lab" in terminal.plain


def test_a_terminal_shows_finished_steps_and_a_living_line(lab):
    words = ("kitchen", "create", "bench", "--from", "demo_lab")
    with lab.at_terminal(*words) as (terminal, number):
        assert lab.finish(number).code == 0
    assert "\x1b[" in terminal.text
    assert "branch bench: cut from demo_lab" in terminal.plain
    assert "kitchen bench is ready in lab" in terminal.plain


@pytest.mark.parametrize(("answer", "is_gone"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_deletion_is_asked_about_on_a_terminal(padma, retail_service, answer, is_gone):
    with padma.at_terminal("kitchen", "delete", "dev_kitchen") as (terminal, number):
        terminal.wait_for("Delete kitchen dev_kitchen? [y/N]")
        assert "dev_kitchen" in retail_service.site.names(by="padma")
        terminal.type(answer)
        assert padma.finish(number).code == (0 if is_gone else 1)
    assert ("dev_kitchen" in retail_service.site.names(by="padma")) is not is_gone
    assert ("nothing was deleted" in terminal.plain) is not is_gone


def test_yes_is_not_asked_about(padma):
    with padma.at_terminal("kitchen", "delete", "dev_kitchen", "--yes") as (terminal, number):
        assert padma.finish(number).code == 0
    assert "[y/N]" not in terminal.plain


def test_settings_are_changed_one_by_one_and_taken_away(padma):
    changed = padma.dataops(
        *("kitchen", "change", "dev_kitchen", "--ticket", "DATA-9", "--pinned", "--no-shared"),
        *("--ends", "2099-01-01T00:00Z", "-o", "json"),
    )
    assert changed.code == 0, changed.stderr
    (row,) = changed.rows
    assert (row["ticket"], row["pinned"], row["shared"]) == ("DATA-9", "True", "False")
    assert row["ends_at"].startswith("2099-01-01")
    taken = padma.dataops(
        *("kitchen", "change", "dev_kitchen", "--ticket", "none", "--ends", "never", "-o", "json")
    )
    (row,) = taken.rows
    assert (row["ticket"], row["ends_at"], row["pinned"]) == (None, None, "True")


def test_staff_is_put_on_given_another_role_and_taken_off(padma):
    def staff(*words):
        done = padma.dataops("kitchen", "staff", "dev_kitchen", *words, "-o", "json")
        assert done.code == 0, done.stderr
        return {row["who"]: row["role"] for row in done.rows}

    assert staff() == {"carl": "cook", "gus": "guest", "padma": "head"}
    odd = "o'hara+x@example.com"
    words = ("--add", f"{odd}:cook", "--add", "role:data team:guest", "--add", "gus:cook")
    assert staff(*words, "--remove", "carl") == {
        "gus": "cook",
        odd: "cook",
        "padma": "head",
        "role:data team": "guest",
    }
    assert staff("--remove", "role:data team", "--remove", odd) == {"gus": "cook", "padma": "head"}


def test_who_may_not_is_told_in_the_servers_words(laptop, retail_service):
    retail_service.log_in(laptop, "gus")
    for words in (
        ("kitchen", "delete", "dev_kitchen"),
        ("kitchen", "change", "dev_kitchen", "--pinned"),
        ("kitchen", "staff", "dev_kitchen", "--add", "una:head"),
        ("kitchen", "refresh", "dev_kitchen"),
        ("kitchen", "create", "mine", "--from", "dev_kitchen"),
    ):
        refused = laptop.dataops(*words)
        assert refused.code == 1, words
        assert refused.said.startswith("error: gus may not"), refused.said
        assert refused.stdout == ""


def test_history_and_audit_tell_who_did_what_and_why(padma):
    padma.dataops("kitchen", "change", "dev_kitchen", "--pinned", "--reason", "=1+1 [red]")
    history = padma.dataops("kitchen", "history", "dev_kitchen")
    assert "=1+1 [red]" in history.stdout
    rows = padma.dataops("kitchen", "history", "dev_kitchen", "-o", "json").rows
    assert (rows[0]["by"], rows[0]["action"]) == ("padma", "change")

    exported = padma.dataops("audit", "export", "--kitchen", "dev_kitchen")
    entries = json.loads(exported.stdout)
    assert entries[0]["reason"] == "=1+1 [red]"
    assert {entry["kitchen"] for entry in entries} == {"dev_kitchen"}
    as_csv = padma.dataops("audit", "export", "--format", "csv", "--since", "1h")
    first, *_ = csv.DictReader(io.StringIO(as_csv.stdout))
    assert first["reason"] == "'=1+1 [red]"
    assert padma.dataops("audit", "export", "--until", "2020-01-01T00:00Z").rows == []


@pytest.mark.parametrize("at_once", [3, 4, 1000])
def test_a_trail_longer_than_one_answer_is_exported_whole(retail_service, at_once):
    login = Login(url=retail_service.url, token=retail_service.token("padma"))
    with ApiClient(login) as api:
        told = [
            (entry.at, entry.action, entry.details)
            for entry in whole_trail(api, {"kitchen": "dev_kitchen"}, None, at_once=at_once)
        ]
    asked = retail_service.site.ask("GET", "/audit?kitchen=dev_kitchen", by="padma").json()
    assert len(asked) > 3
    assert [(at.isoformat(), action, details) for at, action, details in told] == [
        (datetime.fromisoformat(one["at"]).isoformat(), one["action"], one["details"])
        for one in asked
    ]


def test_a_refresh_asks_for_parsing(padma):
    done = padma.dataops("kitchen", "refresh", "dev_kitchen")
    assert (done.code, done.stdout) == (0, "kitchen dev_kitchen: its branch will be read now\n")

"""The demo's thread: one pipeline, two release environments, real data.

Production runs three weeks of the pipeline, the development kitchen one, each with its own
vault's credentials into its own schema; then the warehouses are asked what is there.
"""

from __future__ import annotations

import signal
from datetime import date
from typing import TYPE_CHECKING

from airflow_dataops.demo.airflow_processes import DemoAirflow
from airflow_dataops.demo.evidence import KitchenRows, rows_of, what_is_wrong
from airflow_dataops.demo.project_repository import provide_repository
from airflow_dataops.demo.runs import AirflowApi, DemoRun
from airflow_dataops.demo.stack import EmbeddedStack
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_dataops.demo.stack import StackAddresses

    Say = Callable[[str], None]

PIPELINE = "profitability"
KITCHENS = {
    "demo_production": ("production", ()),
    "demo_dev": ("development", ("--from", "demo_production", "--staff", "padma:cook")),
    "dev_kitchen": ("development", ("--from", "demo_dev", "--staff", "padma:head")),
}
WEEKS = {
    "demo_production": ("2017-01-09", "2017-01-16", "2017-01-23"),
    "dev_kitchen": ("2017-01-09",),
}


def run(home: Path, *, stays: bool, say: Say) -> int:
    """Bring everything up, run the pipeline where it is to run, and look at what it left.

    Args:
        home: folder of the state; a second start finds the first one's there.
        stays: go on serving until Ctrl-C.
        say: is told of every step.

    Returns:
        Exit code: 0 if everything is as it should be.
    """
    with EmbeddedStack(home, repository=home / "repository.git") as stack:
        addresses = stack.start(say)
        provide_repository(stack.repository)
        airflow = DemoAirflow(stack.home, addresses)
        try:
            _bring_up(airflow, stack, say)
            problems = _run_weeks(airflow, addresses, say)
            _say_where(airflow, addresses, say)
            if stays and not problems:
                say("Ctrl-C stops the demo; the next start goes on from here")
                signal.pause()
        finally:
            say("stopping")
            airflow.stop()
    return 1 if problems else 0


def _bring_up(airflow: DemoAirflow, stack: EmbeddedStack, say: Say) -> None:
    airflow.configure()
    airflow.migrate(say)
    airflow.launch()
    say("starting Airflow; meanwhile the partner's files and the kitchens are made")
    stack.deliver([date.fromisoformat(day) for day in WEEKS["demo_production"]])
    if commands := _commands(airflow):
        for line in airflow.run_several(commands).splitlines():
            say(f"  {line}")
    airflow.wait_until_serving()
    say(f"Airflow serves at {airflow.url}")


def _commands(airflow: DemoAirflow) -> list[list[str]]:
    """What makes the kitchens that are missing; nothing where an earlier start made them."""
    made = airflow.kitchens_made
    created = [
        ["dataops", "kitchen", "create", kitchen, *options, "--local"]
        for kitchen, (_, options) in KITCHENS.items()
        if kitchen not in made
    ]
    if not created:
        return []
    return [
        *created,
        ["dataops", "kitchen", "list", "--local"],
        ["dataops", "environment", "check"],
    ]


def _run_weeks(airflow: DemoAirflow, addresses: StackAddresses, say: Say) -> list[str]:
    api = AirflowApi(airflow.url, user="eric", password=airflow.password("eric"))
    try:
        api.wait_for_dags([names.dag_id(kitchen, PIPELINE) for kitchen in KITCHENS])
        runs = [
            DemoRun(dag_id=names.dag_id(kitchen, PIPELINE), run_date=week)
            for kitchen, weeks in WEEKS.items()
            for week in weeks
        ]
        for started in runs:
            api.start(started)
        say(f"{len(runs)} runs are under way")
        failed = api.watch(runs, say)
    finally:
        api.close()
    found = [rows_of(kitchen, KITCHENS[kitchen][0], addresses) for kitchen in WEEKS]
    problems = [f"{run} failed" for run in failed] + what_is_wrong(found, dict(WEEKS))
    _say_rows(found, say)
    for problem in problems:
        say(f"NOT AS IT SHOULD BE: {problem}")
    return problems


def _say_rows(found: list[KitchenRows], say: Say) -> None:
    say("")
    say("the same code, each kitchen with its own vault's credentials, in its own schema:")
    for rows in found:
        say(f"  {rows.kitchen}.{PIPELINE}, weeks {', '.join(rows.weeks)}")
        say(f"    vault        mount {rows.environment!r}")
        say(f"    login        {', '.join(rows.logins)}")
        say(f"    rows         in {rows.place}: transactions {rows.transactions:,},")
        say(f"                 households {rows.households:,}, segment_profit {rows.segments}")
    say("  development is served a fixed sample: 5 % of households, ids hashed")


def _say_where(airflow: DemoAirflow, addresses: StackAddresses, say: Say) -> None:
    say("")
    say(f"Airflow   {airflow.url}   user eric   password {airflow.password('eric')}")
    say(f"Slack     {addresses.slack_url}   what was told, by channel (a double of Slack)")
    say(f"commands  .venv/bin/airflow dataops login --url {airflow.url} --username padma")
    say(f"          password {airflow.password('padma')}")

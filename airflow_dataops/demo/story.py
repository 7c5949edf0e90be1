"""The demo's story: one project, two release environments, three kitchens, real data.

Several weeks run in production and in a development kitchen, each with its own vault's credentials
into its own schema. Then a corrupted file arrives, reports are delivered, a schedule is enabled,
and whoever was to get something is asked what arrived.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from airflow_dataops.demo import chapters, containers
from airflow_dataops.demo.airflow_processes import DemoAirflow
from airflow_dataops.demo.cast import KITCHENS, Cast
from airflow_dataops.demo.project_repository import provide_repository
from airflow_dataops.demo.retail_data import MONDAYS
from airflow_dataops.demo.runs import AirflowApi
from airflow_dataops.demo.stack import EmbeddedStack
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    Say = Callable[[str], None]

# The first Monday's file holds New Year's Day alone, the last one is the one that goes wrong.
SOUND_WEEKS, CORRUPTED_WEEK = MONDAYS[1:-1], MONDAYS[-1]


def run(home: Path, *, weeks: int, stays: bool, say: Say) -> int:
    """Bring everything up, tell the story, and look at what it left.

    Args:
        home: folder of the state; a second start finds the first one's there.
        weeks: how many run in each kitchen, 1 to 50.
        stays: go on serving until Ctrl-C.
        say: is told of every step.

    Returns:
        Exit code: 0 if everything is as it should be.
    """
    with EmbeddedStack(home, repository=home / "repository.git") as stack:
        stack.start(say)
        provide_repository(stack.repository)
        airflow = DemoAirflow(stack.home, stack.addresses)
        try:
            _bring_up(airflow, stack, SOUND_WEEKS[:weeks], say)
            problems = _tell(airflow, stack, SOUND_WEEKS[:weeks], say)
            _say_where(airflow, stack, say)
            if stays and not problems:
                say("Ctrl-C stops the demo; the next start goes on from here")
                signal.pause()
        finally:
            say("stopping")
            airflow.stop()
    return 1 if problems else 0


def _bring_up(airflow: DemoAirflow, stack: EmbeddedStack, weeks: Sequence[date], say: Say) -> None:
    airflow.configure()
    airflow.migrate(say)
    airflow.launch()
    say("starting Airflow; meanwhile the partner's files and the kitchens are made")
    _deliver(stack, weeks)
    for environment in stack.environments:
        image = {"value": containers.IMAGE}
        stack.put_secret(environment.name, names.variable("forecast_image"), image)
    if commands := _commands(airflow):
        for line in airflow.run_several(commands).splitlines():
            say(f"  {line.rstrip()}")
    airflow.wait_until_serving()
    say(f"Airflow serves at {airflow.url}")


def _deliver(stack: EmbeddedStack, weeks: Sequence[date]) -> None:
    """Have the partner deliver what an earlier start did not see delivered."""

    def is_missing(monday: date) -> bool:
        return not all(
            (stack.outbox(e.name) / monday.isoformat() / "transactions.csv").exists()
            for e in stack.environments
        )

    stack.deliver([monday for monday in weeks if is_missing(monday)])
    if is_missing(CORRUPTED_WEEK):
        stack.deliver_corrupted(CORRUPTED_WEEK)


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


def _tell(airflow: DemoAirflow, stack: EmbeddedStack, weeks: Sequence[date], say: Say) -> list[str]:
    api = AirflowApi(airflow.url, user="eric", password=airflow.password("eric"))
    cast = Cast(
        airflow=airflow,
        stack=stack,
        api=api,
        weeks=[monday.isoformat() for monday in weeks],
        corrupted=CORRUPTED_WEEK.isoformat(),
        say=say,
    )
    try:
        problems = chapters.tell(cast)
    finally:
        api.close()
    for problem in problems:
        say(f"NOT AS IT SHOULD BE: {problem}")
    return problems


def _say_where(airflow: DemoAirflow, stack: EmbeddedStack, say: Say) -> None:
    say("")
    say(f"Airflow   {airflow.url}   user eric   password {airflow.password('eric')}")
    say(f"Slack     {stack.addresses.slack_url}   what was told, by channel (a double of Slack)")
    say(f"Jira      {stack.addresses.jira_url}   what tickets say (a double of Jira)")
    say(f"commands  .venv/bin/airflow dataops login --url {airflow.url} --username padma")
    say(f"          password {airflow.password('padma')}")

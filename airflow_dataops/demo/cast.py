"""Who and what the demo's story is told with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.demo.airflow_processes import DemoAirflow
    from airflow_dataops.demo.runs import AirflowApi
    from airflow_dataops.demo.stack import EmbeddedStack

# What the story's work is done in, and the ticket that ordered it.
WORK, TICKET = "dev_kitchen", "DATA-117"
PIPELINE, REPORT = "profitability", "segment_report"
FORECAST, ORDINARY = "forecast", "households_known"
KITCHENS = {
    "demo_production": ("production", ()),
    "demo_dev": ("development", ("--from", "demo_production", "--staff", "padma:cook")),
    "dev_kitchen": (
        "development",
        (
            *("--from", "demo_dev", "--staff", "padma:head", "--slack-channel", "#dev-kitchen"),
            *("--ticket", TICKET),
        ),
    ),
}
# Kitchens that run the story, with the channel in which their people are told.
CHANNELS = {"demo_production": "production", "dev_kitchen": "dev-kitchen"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """What the story is told with.

    Attributes:
        api: Airflow's, as Eric.
        weeks: days of the sound files.
        corrupted: day of the file that is not.
        say: tells the person who watches.
    """

    airflow: DemoAirflow
    stack: EmbeddedStack
    api: AirflowApi
    weeks: Sequence[str]
    corrupted: str
    say: Callable[[str], None]

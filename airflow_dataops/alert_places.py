"""Rounds over this installation's environments: what the alerting service works with."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from airflow_dataops import bootstrap, config
from airflow_dataops.domain import names
from airflow_dataops.domain.events import MESSENGER, MOST_PICTURES, Picture
from airflow_dataops.errors import ConfigurationError, CredentialRefused, DataOpsError
from airflow_dataops.services import alerting, announcing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_dataops.adapters.slack import SlackMessenger
    from airflow_dataops.adapters.task_reports import TaskReports
    from airflow_dataops.alert_ports import AlertBook
    from airflow_dataops.data_ports import ResultBook
    from airflow_dataops.domain.events import Event, Message
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.registry.happenings import AirflowHappenings

log = logging.getLogger(__name__)


def make_rounds(holder: str, *, is_urgent: bool) -> alerting.Round:
    """Tell every environment's people what is to be told.

    Args:
        holder: names this process.
        is_urgent: something is known to have happened.
    """
    if not config.has_environments():
        return alerting.Round(is_done=True)
    done = [
        _make_round(environment, holder, is_urgent=is_urgent)
        for environment in config.environments().environments()
    ]
    return alerting.Round(
        is_done=all(one.is_done for one in done),
        open_incidents=sum(one.open_incidents for one in done),
    )


def places(environment: ReleaseEnvironment) -> alerting.Places:
    """What a round over an environment works with."""
    return alerting.Places(
        book=alert_book(),
        happenings=happenings(),
        messenger=lambda: messenger(environment),
        render=rendered,
        clock=lambda: datetime.now(tz=UTC),
    )


def rendered(events: Sequence[Event], *, remark: str | None = None) -> Message:
    """The message about events, with the charts of the tests that it tells of."""
    message = announcing.message(events, base_url=config.pages_url(), remark=remark)
    if len(events) > 1 or not events[0].verdicts:
        return message
    try:
        return replace(message, pictures=tuple(_pictures(events[0])))
    except ConfigurationError as error:
        log.warning("messages stand without their charts: %s", error)
    except Exception as error:  # noqa: BLE001 - people are told whether or not it can be drawn
        log.warning("a message stands without its charts: %s", type(error).__name__)
    return message


def alert_book() -> AlertBook:
    """What people are to be told, and were."""
    from airflow_dataops.registry.alerts import AlertTable

    return AlertTable(bootstrap.metadata_database())


def happenings() -> AirflowHappenings:
    """What happened to kitchens and their tasks."""
    from airflow_dataops.registry.happenings import AirflowHappenings

    return AirflowHappenings(bootstrap.metadata_database())


def messenger(environment: ReleaseEnvironment) -> SlackMessenger:
    """The environment's Slack, with the token that its vault holds.

    No task asks here and no kitchen's code runs: the server itself tells what happened, so it
    reads this one secret with its own login.

    Raises:
        UnknownTool: the environment declares no tool ``slack``.
        CredentialRefused: the vault has no token for it.
        VaultUnavailable: the vault does not answer.
    """
    from airflow_dataops.adapters.slack import SlackMessenger

    connection = bootstrap.connection_of(environment, MESSENGER)
    if not connection.password:
        place = names.tool_secret(MESSENGER)
        message = f"the secret at {place} of {environment.name} has no password: the bot's token"
        raise CredentialRefused(message)
    return SlackMessenger(connection)


def result_book() -> ResultBook:
    """What data tests of this installation said, in Airflow's metadata database."""
    from airflow_dataops.registry.results import ResultTable

    return ResultTable(bootstrap.metadata_database())


def task_reports(*, is_patient: bool = False) -> TaskReports:
    """Where the task that asks tells the server what people are to hear, and its results."""
    from airflow.configuration import conf
    from airflow.sdk import BaseHook

    from airflow_dataops.adapters.task_reports import TaskReports

    # The same file that Airflow's own supervisor trusts.
    certificate = conf.get("api", "ssl_cert", fallback="") or None
    login = BaseHook.get_connection(names.PLATFORM)
    return TaskReports(login, certificate=certificate, is_patient=is_patient)


def _pictures(event: Event) -> Iterator[Picture]:
    """Charts of the tests that did not pass, while there are points to draw."""
    from airflow_dataops.adapters import chart_pictures
    from airflow_dataops.services import charting

    drawn = charting.of_event(event, bootstrap.kitchen_registry(), result_book())
    for number, (title, told, svg) in enumerate(islice(drawn, MOST_PICTURES), start=1):
        content = chart_pictures.png(svg)
        yield Picture(name=f"chart-{number}.png", title=title, told=told, content=content)


def _make_round(environment: ReleaseEnvironment, holder: str, *, is_urgent: bool) -> alerting.Round:
    here = places(environment)
    try:
        return alerting.make_round(environment, here, holder=holder, is_urgent=is_urgent)
    except DataOpsError as error:
        log.warning("alerts of %s are not told: %s", environment.name, error)
    except Exception as error:  # noqa: BLE001 - the other environments' rounds go on
        # Its text may hold a database URL.
        log.warning("alerts of %s are not told: %s", environment.name, type(error).__name__)
    return alerting.Round(is_done=True)

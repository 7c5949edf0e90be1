"""Body of ``airflow dataops alerts list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_dataops.cli.answers import command, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.api_models import AlertAnswer
from airflow_dataops.cli.facts import exactly, readably
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Mapping


@command
def list_alerts(arguments: Any) -> None:
    """Show what people were told, and what waits to be told, newest first."""
    query: dict[str, str] = {}
    if arguments.kitchen is not None:
        query["kitchen"] = names.check_kitchen_name(arguments.kitchen)
    if arguments.undelivered:
        query["undelivered"] = "true"
    with ApiClient.of_present_login() as api:
        found = api.several(AlertAnswer, "GET", "alerts", query=query)
    is_for_people = arguments.output in {"table", "plain"}
    rows = [_row(alert, is_for_people=is_for_people) for alert in found]
    show_table(rows, output=arguments.output)


def _row(alert: AlertAnswer, *, is_for_people: bool) -> Mapping[str, object]:
    if is_for_people:
        return {
            "at": readably(alert.at),
            "what": alert.what,
            "state": alert.state,
            "channel": alert.channel,
            "error": alert.error,
        }
    return {
        **alert.model_dump(),
        "at": exactly(alert.at),
        "sent_at": exactly(alert.sent_at),
    }

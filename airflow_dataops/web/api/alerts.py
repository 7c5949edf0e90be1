"""What people were told, and what waits to be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query

from airflow_dataops.domain import names, permissions
from airflow_dataops.domain.events import AlertState, EventKind
from airflow_dataops.errors import KitchenNotFound
from airflow_dataops.services.announcing import headline
from airflow_dataops.web.schemas import Name
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.events import Alert
    from airflow_dataops.web.visit import Seen, Visit

router = APIRouter(prefix="/alerts", tags=["alerts"])
MOST_ALERTS = 1000


@dataclass(frozen=True, kw_only=True)
class AlertAnswer:
    """An alert.

    Attributes:
        channel: where it was posted; None where it was not.
        error: why it could not be posted when that was tried last.
    """

    at: datetime
    kind: EventKind
    environment: str
    kitchen: str | None
    what: str
    state: AlertState
    channel: str | None
    sent_at: datetime | None
    attempts: int
    error: str | None


@router.get("")
def list_alerts(
    visit: PresentVisit,
    kitchen: Annotated[Name | None, Query()] = None,
    undelivered: Annotated[bool, Query()] = False,  # noqa: FBT002 - of the query
    limit: Annotated[int, Query(ge=1, le=MOST_ALERTS)] = 100,
) -> list[AlertAnswer]:
    """Alerts of your environments and of kitchens you are staff of, newest first."""
    if kitchen is not None:
        names.check_kitchen_name(kitchen)
    return alerts_of(visit, visit.visible(), kitchen=kitchen, undelivered=undelivered, limit=limit)


def alerts_of(
    visit: Visit,
    visible: Sequence[Seen],
    *,
    kitchen: str | None = None,
    undelivered: bool = False,
    limit: int,
) -> list[AlertAnswer]:
    """The alerts that a person may read who sees these kitchens.

    Raises:
        KitchenNotFound: it is none of those where the person has a role.
    """
    owned = [
        environment.name
        for environment in visit.installation.projects.environments()
        if permissions.is_owner(visit.person, environment)
    ]
    mine = {seen.kitchen.name: seen.kitchen.id for seen in visible if seen.role is not None}
    if kitchen is not None:
        if kitchen not in mine:
            raise KitchenNotFound(kitchen)
        owned, mine = [], {kitchen: mine[kitchen]}
    found = visit.installation.alert_book.alerts(
        environments=owned,
        kitchen_ids=list(mine.values()),
        at_most=limit,
        undelivered=undelivered,
    )
    return [_answer(alert) for alert in found]


def _answer(alert: Alert) -> AlertAnswer:
    return AlertAnswer(
        at=alert.event.at,
        kind=alert.event.kind,
        environment=alert.event.environment,
        kitchen=alert.event.kitchen,
        what=headline(alert.event),
        state=alert.state,
        channel=alert.channel,
        sent_at=alert.sent_at,
        attempts=alert.attempts,
        error=alert.error,
    )

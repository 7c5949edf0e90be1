"""What the person before a page may do, so that it offers nothing that would be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain import permissions
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.schedule import check_may_disable, check_may_enable
from airflow_dataops.errors import NotAllowed

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.web.visit import Seen, Visit


def may(action: Action, seen: Seen, visit: Visit) -> bool:
    """Whether the person may do this to a kitchen."""
    return not permissions.objection(
        action,
        visit.person,
        kitchen=seen.kitchen,
        staff=seen.staff,
        environment=visit.environment(seen.kitchen),
    )


def kitchens_to_cut_from(visit: Visit) -> list[Kitchen]:
    """Kitchens that the person may cut one from, by name."""
    return [
        seen.kitchen
        for seen in visit.visible()
        if seen.kitchen.state is not KitchenState.DELETING and may(Action.CUT, seen, visit)
    ]


def may_switch(kitchen: Kitchen, visit: Visit, *, is_enabled: bool) -> bool:
    """Whether the person may turn a schedule of a kitchen off that is on, or on that is off."""
    check = check_may_disable if is_enabled else check_may_enable
    try:
        check(visit.person, "", visit.environment(kitchen))
    except NotAllowed:
        return False
    return True

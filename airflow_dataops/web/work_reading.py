"""Pieces of work that a person may see, read from the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain import permissions
from airflow_dataops.domain.ticket import news_of_ticket
from airflow_dataops.errors import InvalidRequest
from airflow_dataops.services.works import works_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.work import Work
    from airflow_dataops.web.visit import Visit


def work_of(kitchen: Kitchen, visit: Visit) -> Work:
    """The work of a kitchen.

    Raises:
        InvalidRequest: it is the kitchen that an environment starts with.
    """
    here = visit.installation
    for found in works_of(here.projects.projects[kitchen.project], here.audit_trail):
        if found.kitchen_id == kitchen.id:
            return found
    message = (
        f"{kitchen.name} is a kitchen that an environment starts with, and nobody's piece of "
        "work; ask for a kitchen that was cut from it"
    )
    raise InvalidRequest(message, field="name")


def ticket_news(visit: Visit) -> Callable[[Work], list[str]]:
    """Where a ticket says something else than its work."""
    here = visit.installation
    known = here.ticket_book.all()

    def news(work: Work) -> list[str]:
        declared = here.projects.projects[work.project].environments.get(work.environment)
        place = declared.tickets if declared else None
        return news_of_ticket(work, known.get(work.kitchen_id), place)

    return news


def visible_works(visit: Visit) -> list[Work]:
    """Works of kitchens that a person sees, and former ones that are their own or in their care."""
    here, visible = visit.installation, {seen.kitchen.id for seen in visit.visible()}
    living = {kitchen.id for kitchen in here.registry.kitchens()}
    owned = {
        environment.name
        for environment in here.projects.environments()
        if permissions.is_owner(visit.person, environment)
    }

    def is_shown(one: Work) -> bool:
        if one.kitchen_id in visible or one.environment in owned:
            return True
        had = {stay.assignee for stay in one.stays}
        return one.kitchen_id not in living and visit.person.name in had

    return [
        one
        for project in here.projects.projects.values()
        for one in works_of(project, here.audit_trail)
        if is_shown(one)
    ]

"""Rounds over this installation's tickets: what the ticketing service works with."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_dataops import bootstrap, config
from airflow_dataops.domain import names
from airflow_dataops.errors import ConfigurationError, CredentialRefused, DataOpsError
from airflow_dataops.services import ticketing, works

if TYPE_CHECKING:
    from airflow_dataops.domain.release_environment import Project, ReleaseEnvironment
    from airflow_dataops.ticket_ports import HandOffs, IssueTracker, TicketBook

log = logging.getLogger(__name__)


def make_rounds(holder: str) -> None:
    """Bring the tickets of every environment that has some into step with their work."""
    if not config.has_environments():
        return
    for project in config.environments().projects.values():
        if any(one.tickets for one in project.environments.values()):
            _make_round(project, holder)


def ticket_book() -> TicketBook:
    """How far tickets were told."""
    from airflow_dataops.registry.tickets import TicketTable

    return TicketTable(bootstrap.metadata_database())


def hand_offs() -> HandOffs:
    """Who was given a piece of work."""
    from airflow_dataops.registry.hand_offs import HandOffTable

    return HandOffTable(bootstrap.metadata_database())


def issue_tracker(environment: ReleaseEnvironment) -> IssueTracker:
    """The tracker of an environment's tickets, with the token that its vault holds.

    Raises:
        CredentialRefused: the vault has no token for it.
        VaultUnavailable: the vault does not answer.
        ConfigurationError: the environment has no tickets, or the library is not installed.
    """
    place, at = environment.tickets, names.ticket_secret()
    if place is None:
        message = f"{environment.name} declares no tickets in the environments file"
        raise ConfigurationError(message)
    fields = bootstrap.secret_store(environment).read(at) or {}
    token = fields.get("password")
    if not token:
        message = f"the vault of {environment.name} has no password at {at}: the token for tickets"
        raise CredentialRefused(message)
    try:
        from airflow_dataops.adapters.jira import JiraTickets
    except ModuleNotFoundError as error:
        message = (
            f"{environment.name} has tickets, and {error.name} is not installed here;"
            " pip install 'airflow-provider-dataops[jira]'"
        )
        raise ConfigurationError(message) from error
    return JiraTickets(place.url, token=token, user=fields.get("username"))


def _make_round(project: Project, holder: str) -> None:
    found = works.works_of(project, bootstrap.audit_trail())
    for environment in project.environments.values():
        if environment.tickets is None:
            continue
        places = ticketing.TicketPlaces(
            book=ticket_book(),
            tracker=lru_cache(lambda environment=environment: issue_tracker(environment)),
            clock=lambda: datetime.now(tz=UTC),
            holder=holder,
        )
        try:
            own = [one for one in found if one.environment == environment.name]
            waiting = ticketing.tell(own, environment.tickets, places)
            if waiting:
                log.info("%s tickets of %s wait to be told", waiting, environment.name)
        except DataOpsError as error:
            log.warning("tickets of %s are not told: %s", environment.name, error)

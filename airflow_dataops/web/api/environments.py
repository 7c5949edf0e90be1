"""Release environments, and who asks."""

from __future__ import annotations

from fastapi import APIRouter

from airflow_dataops.domain import permissions
from airflow_dataops.web.answers import EnvironmentAnswer, PersonAnswer, environment_answer
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(tags=["environments"])


@router.get("/environments")
def list_environments(visit: PresentVisit) -> list[EnvironmentAnswer]:
    """The release environments that are declared, by name."""
    return [environment_answer(one) for one in visit.installation.projects.environments()]


@router.get("/environments/{name}")
def show_environment(visit: PresentVisit, name: str) -> EnvironmentAnswer:
    """One release environment with its tools."""
    return environment_answer(visit.installation.projects.environment(name))


@router.get("/me")
def show_me(visit: PresentVisit) -> PersonAnswer:
    """Who you are here: your roles in Airflow, what you own, and where you work."""
    environments = visit.installation.projects.environments()
    return PersonAnswer(
        name=visit.person.name,
        roles=sorted(visit.person.roles),
        owns=[e.name for e in environments if permissions.is_owner(visit.person, e)],
        kitchens={seen.kitchen.name: seen.role for seen in visit.visible() if seen.role},
    )

"""Logins of a kitchen's tools for people: short-lived, recorded, shown once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from airflow_dataops.domain.permissions import Action
from airflow_dataops.services import credentials
from airflow_dataops.web.answers import CredentialsAnswer, credentials_answer
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.schemas import GetCredentials
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(prefix="/kitchens/{name}/credentials", tags=["credentials"])


@router.post("/{tool}", openapi_extra=described(GetCredentials))
def get_credentials(
    visit: PresentVisit,
    response: Response,
    name: str,
    tool: str,
    body: Annotated[GetCredentials, Depends(body_of(GetCredentials))],
) -> CredentialsAnswer:
    """Get a login of your own, which ends by itself; the audit trail says that you did."""
    kitchen = visit.kitchen(name, Action.GET_CREDENTIALS)
    asked = credentials.PersonsRequest(
        kitchen=kitchen,
        tool=tool,
        ttl_seconds=body.seconds(),
        by=visit.person.name,
        source=visit.source,
        reason=body.reason,
        now=visit.now,
    )
    places = visit.installation.login_places(visit.environment(kitchen))
    login = credentials.issue(asked, places)
    response.headers["Cache-Control"] = "no-store"
    return credentials_answer(login)

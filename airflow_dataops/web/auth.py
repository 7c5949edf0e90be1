"""Who asks, as Airflow's auth manager knows them; the only importer of Airflow's own auth.

A request that a browser makes by itself carries the user's cookie, whatever page made it. So one
that changes something must prove that it comes from Airflow's own pages, unless it brings a
token, which no foreign page can.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, Request

from airflow_dataops.domain.staff import Person
from airflow_dataops.errors import NotAllowed

_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})


def asking_person(request: Request, user: GetUserDep) -> Person:
    """The user of Airflow who asks, with the roles that the auth manager gives them now.

    Raises:
        NotAllowed: a page of another site asks in the user's name.
    """
    name = user.get_name()
    request.state.asker = name
    _refuse_foreign_pages(request, name)
    # FAB knows several roles with names; the SimpleAuthManager one, which is a name.
    roles = getattr(user, "roles", None)
    single = getattr(user, "role", None)
    held = {role.name for role in roles} if roles else {single} if single else set()
    return Person(name=name, roles=frozenset(held))


AskingPerson = Annotated[Person, Depends(asking_person)]


def _refuse_foreign_pages(request: Request, user: str) -> None:
    if request.method in _HARMLESS or _brings_token(request):
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_own = site == "same-origin"
    else:
        origin = urlsplit(request.headers.get("origin", ""))
        is_own = bool(origin.netloc) and origin.netloc == request.headers.get("host")
    if not is_own:
        why = (
            "the request comes from another site's page and brings no token; ask from Airflow's "
            "own pages, or send the header Authorization: Bearer <token>"
        )
        raise NotAllowed(user, "do this with a browser's cookie", why)


def _brings_token(request: Request) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and bool(token.strip())

"""The app that Airflow's API server mounts at ``/dataops``.

Closed by default: authentication stands on each app as a whole, so a route that forgets it is
refused, too. People and tasks have an app of their own each, because they are known by different
tokens; the pages have one because they answer in HTML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI
from pydantic.json_schema import models_json_schema

from airflow_dataops.web import result_bodies, schemas
from airflow_dataops.web.api import (
    alerts,
    approvals,
    audit,
    credentials,
    environments,
    evidence,
    kitchen_tasks,
    kitchens,
    merge_conflicts,
    merge_queue,
    merges,
    operations,
    promotions,
    pushes,
    releases,
    reports,
    results,
    reverts,
    schedules,
    staff,
    tasks,
    ticket_calls,
    works,
)
from airflow_dataops.web.auth import asking_person
from airflow_dataops.web.installation import this_installation
from airflow_dataops.web.limits import HideFaults, LimitBody
from airflow_dataops.web.pages.app import PREFIX as PAGES
from airflow_dataops.web.pages.app import create_pages
from airflow_dataops.web.problems import answer_with_problems
from airflow_dataops.web.push_auth import signed
from airflow_dataops.web.task_auth import asking_task, reporting_task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import APIRouter

    from airflow_dataops.web.installation import Installation

API = "/api/v1"
_FOR_PEOPLE = (
    kitchens,
    staff,
    schedules,
    results,
    merge_conflicts,
    merges,
    merge_queue,
    approvals,
    reverts,
    promotions,
    evidence,
    releases,
    reports,
    works,
    credentials,
    operations,
    audit,
    alerts,
    environments,
)


def create_app(open_installation: Callable[[], Installation] = this_installation) -> FastAPI:
    """The whole app.

    Args:
        open_installation: gives what a request acts on.
    """
    app = _closed_app(asking_person, [one.router for one in _FOR_PEOPLE], prefix=API)
    app.add_api_route(f"{API}/openapi.json", lambda: _openapi(app), include_in_schema=False)
    for_tasks = _closed_app(asking_task, [tasks.router], prefix="")
    app.mount(f"{API}/task", for_tasks)
    for_reports = _closed_app(reporting_task, [kitchen_tasks.router], prefix="")
    app.mount(f"{API}/kitchen-task", for_reports)
    for_pushes = _closed_app(signed, [pushes.router, ticket_calls.router], prefix="")
    app.mount(f"{API}/push", for_pushes)
    for_browsers = create_pages()
    app.mount(PAGES, for_browsers)
    for one in (app, for_tasks, for_reports, for_pushes, for_browsers):
        one.state.open_installation = open_installation
    app.add_middleware(LimitBody, pushes=f"{API}/push/")
    return app


def _closed_app(
    who_asks: Callable[..., object], routers: Sequence[APIRouter], *, prefix: str
) -> FastAPI:
    app = FastAPI(
        title="DataOps for Apache Airflow",
        version="1",
        dependencies=[Depends(who_asks)],
        # FastAPI's own routes for these would stand outside of the dependencies.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    answer_with_problems(app)
    app.add_middleware(HideFaults)
    for router in routers:
        app.include_router(router, prefix=prefix)
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    described = app.openapi()
    _, found = models_json_schema(
        [(model, "validation") for model in (*schemas.BODIES, *result_bodies.BODIES)],
        ref_template="#/components/schemas/{model}",
    )
    described.setdefault("components", {}).setdefault("schemas", {}).update(found["$defs"])
    return described

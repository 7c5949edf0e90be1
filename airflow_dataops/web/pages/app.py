"""The pages as an app of their own, closed by default like the REST API."""

from __future__ import annotations

from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from airflow_dataops.web.auth import asking_person
from airflow_dataops.web.limits import HideFaults
from airflow_dataops.web.pages import (
    conflicts,
    creation,
    deletion,
    front,
    kitchen,
    kitchens,
    merging,
    operations,
    releases,
    runs,
    schedules,
    settings,
    staff,
    testing,
    tests,
)
from airflow_dataops.web.pages.headers import SafetyHeaders
from airflow_dataops.web.pages.refusals import answer_with_pages, fault

PREFIX = "/pages"
_STATIC = Path(__file__).parents[1] / "static"
_ROUTERS = (
    front,
    creation,
    kitchens,
    kitchen,
    deletion,
    staff,
    operations,
    schedules,
    tests,
    settings,
    runs,
    conflicts,
    merging,
    releases,
    testing,
)


def create_pages() -> FastAPI:
    """The app; who mounts it gives its state an ``open_installation``."""
    app = FastAPI(
        dependencies=[Depends(asking_person)],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    answer_with_pages(app)
    app.add_middleware(HideFaults, unexpected=fault)
    app.add_middleware(SafetyHeaders)
    for one in _ROUTERS:
        app.include_router(one.router)
    # No page of anybody's: style, script and pictures, which everybody may have.
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    return app
